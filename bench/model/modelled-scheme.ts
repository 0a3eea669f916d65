/**
 * The signatures of a modelled network: two keys per validator, as with `by-size`, and mock signatures under both. So the real
 * rule decides which key a committee votes with (node/primitives/key-use.ts), and the size of a key says what its check
 * would have cost.
 */
import { concatBytes } from '../../node/primitives/bytes.ts'
import { hashTagged } from '../../node/primitives/hash.ts'
import { keyFor, pairKeys } from '../../node/primitives/key-use.ts'
import { createMockScheme } from '../../node/primitives/mock-signature.ts'
import type { CertificateScheme } from '../../node/primitives/signature.ts'

/** What a mock key has; the longer key of a pair begins with one. */
const MOCK_KEY_SIZE = 32
/** Beyond this size a key is BLS. */
const LIST_KEY_SIZE_MAX = 32

/** Public and secret are the same, as mock keys are. */
export function modelledKeys(label: Uint8Array): Uint8Array {
  const list = hashTagged('modelled list key', label)
  const aggregate = concatBytes(hashTagged('modelled aggregate key', label), new Uint8Array(16))
  return pairKeys({ list, aggregate })
}

/** Lists grow with their signers, aggregates do not; here both are mock aggregates, and only their cost differs. */
export function isListKey(publicKey: Uint8Array | undefined): boolean {
  return publicKey !== undefined && publicKey.length <= LIST_KEY_SIZE_MAX
}

export function createModelledScheme(): CertificateScheme {
  const mock = createMockScheme()
  const mockKey = (key: Uint8Array): Uint8Array => key.subarray(0, MOCK_KEY_SIZE)
  return {
    name: 'mock',
    sign: (secretKey, message, use = 'list') => mock.sign(mockKey(keyFor(secretKey, use)), message),
    verify: (publicKey, message, signature) => mock.verify(mockKey(publicKey), message, signature),
    aggregate: (signatures) => mock.aggregate(signatures),
    verifyAggregate: (publicKeys, message, aggregate) =>
      mock.verifyAggregate(publicKeys.map(mockKey), message, aggregate),
  }
}

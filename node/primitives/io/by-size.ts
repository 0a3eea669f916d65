/**
 * The scheme of networks whose validators have two keys, Ed25519 and BLS (key-use.ts): whoever verifies gives the key of the
 * use, and the size of the key says which of the two schemes it is. A signature of the other scheme is not valid, so one
 * committee never mixes them.
 *
 * Both secrets follow from the one secret that a validator keeps, under tags of their own.
 */
import { assert, present } from '../assert.ts'
import { hashTagged } from '../hash.ts'
import { keyFor, KEY_PAIR_SIZE, pairKeys, type KeyUse } from '../key-use.ts'
import type { CertificateScheme } from '../signature.ts'
import { BLS_PUBLIC_KEY_SIZE, BLS_SIGNATURE_SIZE } from './bls-size.ts'
import { blsPublicKey, blsSecretKeyFromSeed } from './bls.ts'
import { ed25519PublicKey } from './ed25519.ts'
import { createKeyCache } from './key-cache.ts'

type Secrets = Readonly<Record<KeyUse, Uint8Array>>
type Schemes = Readonly<Record<KeyUse, CertificateScheme>>

export function createBySizeScheme(schemes: Schemes): CertificateScheme {
  const secretsOf = createKeyCache(deriveSecrets)
  const schemeOfKey = (key: Uint8Array | undefined): CertificateScheme =>
    schemes[key?.length === BLS_PUBLIC_KEY_SIZE ? 'aggregate' : 'list']
  return {
    name: 'by-size',
    sign: (secretKey, message, use) => {
      assert(use !== undefined, 'who has two keys says which one signs')
      const secrets = present(secretsOf(secretKey), 'a secret has 32 bytes')
      return schemes[use].sign(secrets[use], message)
    },
    verify: (publicKey, message, signature) =>
      schemeOfKey(publicKey).verify(publicKey, message, signature),
    aggregate: (signatures) => {
      const isBls = signatures[0]?.length === BLS_SIGNATURE_SIZE
      return schemes[isBls ? 'aggregate' : 'list'].aggregate(signatures)
    },
    verifyAggregate: (publicKeys, message, aggregate) =>
      schemeOfKey(publicKeys[0]).verifyAggregate(publicKeys, message, aggregate),
  }
}

export function bySizePublicKey(secretKey: Uint8Array): Uint8Array {
  const { list, aggregate } = deriveSecrets(secretKey)
  return pairKeys({ list: ed25519PublicKey(list), aggregate: blsPublicKey(aggregate) })
}

/** Each key signs for the pair: Ed25519's signature, then that of BLS. */
export function isPossessionOfPair(
  scheme: CertificateScheme,
  publicKey: Uint8Array,
  message: Uint8Array,
  possession: Uint8Array,
): boolean {
  if (publicKey.length !== KEY_PAIR_SIZE) return false
  const end = possession.length - BLS_SIGNATURE_SIZE
  if (end <= 0) return false
  return (
    scheme.verify(keyFor(publicKey, 'list'), message, possession.subarray(0, end)) &&
    scheme.verify(keyFor(publicKey, 'aggregate'), message, possession.subarray(end))
  )
}

function deriveSecrets(secretKey: Uint8Array): Secrets {
  assert(secretKey.length === 32, 'a secret has 32 bytes')
  return {
    list: hashTagged('by-size/list', secretKey),
    aggregate: blsSecretKeyFromSeed(hashTagged('by-size/aggregate', secretKey)),
  }
}

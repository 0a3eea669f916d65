/**
 * Checks of committee signatures, as plain data: what the engines ask of a crypto pool. The same function runs in the
 * worker thread and inline in the simulator and in tests, so that both give one verdict.
 */
import { unreachable } from '../../primitives/assert.ts'
import type { CertificateScheme } from '../../primitives/signature.ts'

export type SignatureCheckMode =
  /** One key, one signature. */
  | 'single'
  /** One aggregate over all keys. */
  | 'aggregate'
  /** One signature per key: aggregate them, check the aggregate once, answer with it. */
  | 'aggregate-now'

export type SignatureCheck = {
  readonly mode: SignatureCheckMode
  /** In seat order, of distinct signers. */
  readonly publicKeys: readonly Uint8Array[]
  readonly message: Uint8Array
  readonly signatures: readonly Uint8Array[]
}

export type SignatureVerdict = {
  readonly ok: boolean
  /** Present exactly when the mode is `aggregate-now` and `ok`. */
  readonly aggregate?: Uint8Array
}

const BAD: SignatureVerdict = { ok: false }

export function checkSignaturesInline(
  scheme: CertificateScheme,
  checks: readonly SignatureCheck[],
): readonly SignatureVerdict[] {
  return checks.map((check) => checkOne(scheme, check))
}

function checkOne(scheme: CertificateScheme, check: SignatureCheck): SignatureVerdict {
  const { publicKeys, message, signatures } = check
  const publicKey = publicKeys[0]
  const signature = signatures[0]
  if (publicKey === undefined || signature === undefined) return BAD
  switch (check.mode) {
    case 'single': {
      const isAlone = publicKeys.length === 1 && signatures.length === 1
      return { ok: isAlone && scheme.verify(publicKey, message, signature) }
    }
    case 'aggregate':
      return {
        ok: signatures.length === 1 && scheme.verifyAggregate(publicKeys, message, signature),
      }
    case 'aggregate-now': {
      if (signatures.length !== publicKeys.length) return BAD
      const aggregate = scheme.aggregate(signatures)
      if (aggregate === undefined) return BAD
      return scheme.verifyAggregate(publicKeys, message, aggregate) ? { ok: true, aggregate } : BAD
    }
    default:
      return unreachable(check.mode)
  }
}

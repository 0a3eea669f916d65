/**
 * Signatures known to be good are not checked again. One signature comes several times: a leader's vote with its proposal
 * and then among the quorum, a vote and then the certificate of a list that holds it, a shard's certificate in its own
 * committee and then in the beacon. Own signatures are good when they are made.
 *
 * Only what verified is kept, so nothing that a stranger sends can push it out; whoever has keys can, and then signatures
 * are checked again, which is all that is lost. The answer never depends on it.
 */

/** Some 40 s of a network of 16 validators with blocks of half a second: 0.5 MB. */
const KNOWN_MAX = 2048

export type VerifiedSignatures = {
  /** `publicKey` and `signature` have the sizes of their scheme, or two triples could have one name. */
  readonly has: (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean
  readonly add: (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => void
}

export function createVerifiedSignatures(): VerifiedSignatures {
  const known = new Set<string>()
  return {
    has: (publicKey, message, signature) => known.has(nameOf(publicKey, message, signature)),
    add: (publicKey, message, signature) => {
      if (known.size >= KNOWN_MAX) {
        for (const oldest of known) {
          known.delete(oldest)
          break
        }
      }
      known.add(nameOf(publicKey, message, signature))
    },
  }
}

function nameOf(...parts: readonly Uint8Array[]): string {
  return parts
    .map((part) => Buffer.from(part.buffer, part.byteOffset, part.length).toString('latin1'))
    .join('')
}

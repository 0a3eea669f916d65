/**
 * Certificates as the audit checks them: q of a committee's registered keys have signed the finalization of exactly this
 * block, on this chain of this network (consensus A.3). The keys come from the genesis, never from the network.
 */
import {
  quorumOf,
  seatsOf,
  signingRoot,
  type Certificate,
} from '../../node/crosslink/certificate.ts'
import { decodeCertificate } from '../../node/crosslink/certificate-codec.ts'
import { present } from '../../node/primitives/assert.ts'
import { equalBytes } from '../../node/primitives/bytes.ts'
import type { Hash } from '../../node/primitives/identifiers.ts'
import type { CertificateScheme } from '../../node/primitives/signature.ts'

export type CertifiedBlock = {
  readonly genesisHash: Hash
  readonly chain: number
  readonly epoch: number
  readonly hash: Hash
  /** Keys of the committee, by seat. */
  readonly keys: readonly Uint8Array[]
}

/** Why the certificate does not prove the block final; undefined if it does. */
export function certificateProblem(
  block: CertifiedBlock,
  certificate: Certificate | Uint8Array,
  scheme: CertificateScheme,
): string | undefined {
  const decoded = certificate instanceof Uint8Array ? decode(certificate) : certificate
  if (decoded === undefined) return 'its certificate does not decode'
  const { kind, view, proposal, signers, signature } = decoded
  if (kind !== 'finalize' || proposal === undefined) return `its certificate is a ${kind} one`
  if (!equalBytes(proposal.hash, block.hash)) return 'its certificate is of another block'
  const { keys, genesisHash, chain, epoch } = block
  const seats = seatsOf(signers, keys.length)
  if (seats === undefined)
    return `its certificate names seats outside a committee of ${keys.length}`
  const quorum = quorumOf(keys.length)
  if (seats.length < quorum) {
    return `its certificate has ${seats.length} signers, ${quorum} of ${keys.length} were expected`
  }
  const signed = seats.map((seat) => present(keys[seat], 'seats were read for these keys'))
  const root = signingRoot({ genesisHash, chain, epoch }, kind, view, proposal)
  const isValid = scheme.verifyAggregate(signed, root, signature)
  return isValid
    ? undefined
    : 'the signature of its certificate does not verify under the genesis keys'
}

function decode(bytes: Uint8Array): Certificate | undefined {
  const decoded = decodeCertificate(bytes)
  return decoded.ok ? decoded.value : undefined
}

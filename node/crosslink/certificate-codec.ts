/**
 * Bytes of proposals and certificates (docs/protocol/consensus.md A.3). A certificate's view is written once, so a
 * certificate whose proposal is of another view has no encoding. Bitmaps are checked against a committee by `seatsOf`,
 * not here: the decoder does not know the committee.
 */
import { assert } from '../primitives/assert.ts'
import {
  createWriter,
  decodeExactly,
  DecodeError,
  type Reader,
  type Writer,
} from '../primitives/codec.ts'
import { HASH_SIZE } from '../primitives/hash.ts'
import { COMMITTEE_SEATS_MAX } from '../primitives/limits.ts'
import type { Result } from '../primitives/result.ts'
import { VOTE_KIND_BYTE, type Certificate, type Proposal, type VoteKind } from './certificate.ts'

export type CertificateBounds = {
  /** Bounds the bitmap. */
  readonly seatCountMax: number
  readonly signatureBytesMax: number
}

/** The largest certificate of any scheme: a list of signatures (Ed25519: 64 bytes each; 96 leaves room for BLS lists). */
export const CERTIFICATE_BOUNDS: CertificateBounds = {
  seatCountMax: COMMITTEE_SEATS_MAX,
  signatureBytesMax: 96 * COMMITTEE_SEATS_MAX,
}

export function writeVoteKind(writer: Writer, kind: VoteKind): void {
  writer.u8(VOTE_KIND_BYTE[kind])
}

export function readVoteKind(reader: Reader): VoteKind {
  switch (reader.u8()) {
    case VOTE_KIND_BYTE.notarize:
      return 'notarize'
    case VOTE_KIND_BYTE.nullify:
      return 'nullify'
    case VOTE_KIND_BYTE.finalize:
      return 'finalize'
    default:
      throw new DecodeError('a vote kind is none of the three')
  }
}

export function writeProposal(writer: Writer, proposal: Proposal): void {
  writer.u64(proposal.view)
  writeProposalLinks(writer, proposal)
}

export function readProposal(reader: Reader): Proposal {
  return readProposalLinks(reader, reader.u64())
}

function writeProposalLinks(writer: Writer, proposal: Proposal): void {
  writer
    .u64(proposal.parentView)
    .fixed(proposal.parentHash, HASH_SIZE)
    .fixed(proposal.hash, HASH_SIZE)
}

function readProposalLinks(reader: Reader, view: number): Proposal {
  return {
    view,
    parentView: reader.u64(),
    parentHash: reader.fixed(HASH_SIZE),
    hash: reader.fixed(HASH_SIZE),
  }
}

export function writeCertificate(writer: Writer, certificate: Certificate): void {
  const { kind, view, proposal } = certificate
  assert((proposal === undefined) === (kind === 'nullify'), 'only a nullification has no proposal')
  writeVoteKind(writer, kind)
  writer.u64(view)
  if (proposal !== undefined) {
    assert(proposal.view === view, 'a certificate and its proposal are of one view')
    writeProposalLinks(writer, proposal)
  }
  writer.variable(certificate.signers).variable(certificate.signature)
}

export function readCertificate(
  reader: Reader,
  bounds: CertificateBounds = CERTIFICATE_BOUNDS,
): Certificate {
  const kind = readVoteKind(reader)
  const view = reader.u64()
  return {
    kind,
    view,
    proposal: kind === 'nullify' ? undefined : readProposalLinks(reader, view),
    signers: reader.variable(Math.ceil(bounds.seatCountMax / 8)),
    signature: reader.variable(bounds.signatureBytesMax),
  }
}

export function encodeCertificate(certificate: Certificate): Uint8Array {
  const writer = createWriter()
  writeCertificate(writer, certificate)
  return writer.finish()
}

export function decodeCertificate(
  bytes: Uint8Array,
  bounds: CertificateBounds = CERTIFICATE_BOUNDS,
): Result<Certificate, 'malformed'> {
  return decodeExactly(bytes, (reader) => readCertificate(reader, bounds))
}

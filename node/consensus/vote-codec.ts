/**
 * Bytes of votes (docs/protocol/consensus.md A.3). Kind, view, links unless it is a nullify, seat; then the signature
 * where there is one.
 */
import type { Proposal } from '../crosslink/certificate.ts'
import { readVoteKind, writeVoteKind } from '../crosslink/certificate-codec.ts'
import { assert } from '../primitives/assert.ts'
import type { Reader, Writer } from '../primitives/codec.ts'
import { HASH_SIZE } from '../primitives/hash.ts'
import type { UnsignedVote, Vote } from './vote.ts'

export function writeUnsignedVote(writer: Writer, vote: UnsignedVote): void {
  const { kind, view, proposal, seat } = vote
  assert((proposal === undefined) === (kind === 'nullify'), 'only a nullify has no proposal')
  writeVoteKind(writer, kind)
  writer.u64(view)
  if (proposal !== undefined) {
    assert(proposal.view === view, 'a vote and its proposal are of one view')
    writeLinks(writer, proposal)
  }
  writer.u16(seat)
}

export function readUnsignedVote(reader: Reader): UnsignedVote {
  const kind = readVoteKind(reader)
  const view = reader.u64()
  const proposal = kind === 'nullify' ? undefined : readLinks(reader, view)
  return { kind, view, proposal, seat: reader.u16() }
}

export function writeVote(writer: Writer, vote: Vote): void {
  writeUnsignedVote(writer, vote)
  writer.variable(vote.signature)
}

export function readVote(reader: Reader, signatureBytesMax: number): Vote {
  return { ...readUnsignedVote(reader), signature: reader.variable(signatureBytesMax) }
}

function writeLinks(writer: Writer, { parentView, parentHash, hash }: Proposal): void {
  writer.u64(parentView).fixed(parentHash, HASH_SIZE).fixed(hash, HASH_SIZE)
}

function readLinks(reader: Reader, view: number): Proposal {
  return {
    view,
    parentView: reader.u64(),
    parentHash: reader.fixed(HASH_SIZE),
    hash: reader.fixed(HASH_SIZE),
  }
}

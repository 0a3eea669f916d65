/**
 * Accusations: two signed statements of one validator, in one view of one engine, that an honest validator never makes both
 * (docs/protocol/beacon.md B.6). What the beacon slashes for.
 *
 * A seat is not named: a signature says who made it, and nobody honest signs for an engine in which it has no seat. So an
 * accusation is judged by the registry alone, also when the committees of its epoch are forgotten.
 *
 * Whoever reports is paid from what is at stake, and whoever is accused loses it: both signatures must be checked one by one,
 * never as an aggregate, in which two bad ones can cancel.
 */
import { assert } from '../primitives/assert.ts'
import { equalBytes } from '../primitives/bytes.ts'
import { createWriter, decodeExactly, type Reader, type Writer } from '../primitives/codec.ts'
import { HASH_SIZE } from '../primitives/hash.ts'
import type { ChainNumber } from '../primitives/identifiers.ts'
import type { Result } from '../primitives/result.ts'
import type { Proposal, VoteKind } from './certificate.ts'
import { readVoteKind, writeVoteKind } from './certificate-codec.ts'

export type Statement = {
  readonly kind: VoteKind
  /** Absent exactly when kind is `nullify`; of the accusation's view. */
  readonly proposal: Proposal | undefined
  readonly signature: Uint8Array
}

export type Accusation = {
  /** Index in the registry. */
  readonly validator: number
  readonly chain: ChainNumber
  readonly epoch: number
  readonly view: number
  readonly first: Statement
  readonly second: Statement
}

/** One signature of any scheme: BLS has 96 bytes, the largest. */
const SIGNATURE_SIZE_MAX = 96

type Stated = Pick<Statement, 'kind' | 'proposal'>

/** Whether no honest validator makes both statements in one view (A.3). */
export function contradict(first: Stated, second: Stated): boolean {
  if (first.kind === second.kind) return !isSame(first.proposal, second.proposal)
  // NOTARIZE then NULLIFY is what a timeout does (R6), NOTARIZE of one and FINALIZE of another is R8: both are honest.
  return first.kind !== 'notarize' && second.kind !== 'notarize'
}

function isSame(first: Proposal | undefined, second: Proposal | undefined): boolean {
  if (first === undefined || second === undefined) return first === second
  return (
    first.parentView === second.parentView &&
    equalBytes(first.parentHash, second.parentHash) &&
    equalBytes(first.hash, second.hash)
  )
}

export function writeAccusation(writer: Writer, accusation: Accusation): void {
  const { validator, chain, epoch, view, first, second } = accusation
  writer.u16(validator).u32(chain).u64(epoch).u64(view)
  for (const { kind, proposal, signature } of [first, second]) {
    assert((proposal === undefined) === (kind === 'nullify'), 'only a nullify has no proposal')
    writeVoteKind(writer, kind)
    if (proposal !== undefined) {
      assert(proposal.view === view, 'a statement and its proposal are of one view')
      writer.u64(proposal.parentView).fixed(proposal.parentHash, HASH_SIZE)
      writer.fixed(proposal.hash, HASH_SIZE)
    }
    writer.variable(signature)
  }
}

export function readAccusation(reader: Reader): Accusation {
  const place = {
    validator: reader.u16(),
    chain: reader.u32(),
    epoch: reader.u64(),
    view: reader.u64(),
  }
  return {
    ...place,
    first: readStatement(reader, place.view),
    second: readStatement(reader, place.view),
  }
}

function readStatement(reader: Reader, view: number): Statement {
  const kind = readVoteKind(reader)
  const proposal =
    kind === 'nullify'
      ? undefined
      : {
          view,
          parentView: reader.u64(),
          parentHash: reader.fixed(HASH_SIZE),
          hash: reader.fixed(HASH_SIZE),
        }
  return { kind, proposal, signature: reader.variable(SIGNATURE_SIZE_MAX) }
}

export function encodeAccusation(accusation: Accusation): Uint8Array {
  const writer = createWriter()
  writeAccusation(writer, accusation)
  return writer.finish()
}

export function decodeAccusation(bytes: Uint8Array): Result<Accusation, 'malformed'> {
  return decodeExactly(bytes, readAccusation)
}

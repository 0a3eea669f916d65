/**
 * Certificates: q votes of one committee for the same thing, aggregated. The shape is shared by consensus (which makes
 * them), the beacon (which includes them) and light clients (which check them); see docs/protocol/consensus.md A.3.
 *
 * Invariant: the bytes that are signed name genesis, chain, epoch, view and kind, so that one signature is good for
 * exactly one vote on one chain of one network.
 */
import { assert } from '../primitives/assert.ts'
import { toHex } from '../primitives/bytes.ts'
import { createWriter } from '../primitives/codec.ts'
import { HASH_SIZE, hashTagged } from '../primitives/hash.ts'
import type { ChainNumber, Hash, Seat } from '../primitives/identifiers.ts'

export type VoteKind = 'notarize' | 'nullify' | 'finalize'

/** What a view is asked to agree on. Chain and epoch are implied by the engine that holds it. */
export type Proposal = {
  readonly view: number
  readonly parentView: number
  readonly parentHash: Hash
  readonly hash: Hash
}

/** The engine a signature belongs to. */
export type EngineDomain = {
  readonly genesisHash: Hash
  readonly chain: ChainNumber
  readonly epoch: number
}

export type Certificate = {
  readonly kind: VoteKind
  readonly view: number
  /** Absent exactly when kind is `nullify`. */
  readonly proposal: Proposal | undefined
  /** ceil(n/8) bytes; bit i of byte floor(i/8) (least significant first) is seat i; bits past n-1 are zero. */
  readonly signers: Uint8Array
  /** The scheme's aggregate over exactly these signers, in seat order where the scheme is a list. */
  readonly signature: Uint8Array
}

/** The byte that stands for a kind in everything encoded or signed (A.3). */
export const VOTE_KIND_BYTE: Readonly<Record<VoteKind, number>> = {
  notarize: 0,
  nullify: 1,
  finalize: 2,
}

/** The 32 bytes that a seat signs (A.3). `proposal` is absent exactly when `kind` is `nullify`; its view is `view`. */
export function signingRoot(
  domain: EngineDomain,
  kind: VoteKind,
  view: number,
  proposal: Proposal | undefined,
): Hash {
  assert((proposal === undefined) === (kind === 'nullify'), 'only a nullification has no proposal')
  const writer = createWriter()
    .u8(VOTE_KIND_BYTE[kind])
    .fixed(domain.genesisHash, HASH_SIZE)
    .u32(domain.chain)
    .u64(domain.epoch)
    .u64(view)
  if (proposal !== undefined) {
    assert(proposal.view === view, 'a vote and its proposal are of one view')
    writer
      .u64(proposal.parentView)
      .fixed(proposal.parentHash, HASH_SIZE)
      .fixed(proposal.hash, HASH_SIZE)
  }
  return writer.lend((bytes) => hashTagged('weft/1', bytes))
}

/** A map key: equal exactly for equal proposals. */
export function proposalKey(proposal: Proposal): string {
  const known = keys.get(proposal)
  if (known !== undefined) return known
  const { view, parentView, parentHash, hash } = proposal
  const key = `${view}:${parentView}:${toHex(parentHash)}:${toHex(hash)}`
  keys.set(proposal, key)
  return key
}

/** A vote is looked at by its key several times. */
const keys = new WeakMap<Proposal, string>()

/** f: how many of n seats may be faulty without harm (A.2; every seat weighs 1). */
export function faultsTolerated(seatCount: number): number {
  assert(Number.isSafeInteger(seatCount) && seatCount >= 1, 'a committee has seats')
  return Math.floor((seatCount - 1) / 3)
}

/** q = n - f, never 2f + 1: with n = 5 and 2f + 1 = 3 two quorums may share no honest seat (A.2). */
export function quorumOf(seatCount: number): number {
  return seatCount - faultsTolerated(seatCount)
}

/** The bitmap of these seats, ceil(seatCount/8) bytes. Seats are distinct and in range, in any order. */
export function bitmapOf(seats: Iterable<Seat>, seatCount: number): Uint8Array {
  const bitmap = new Uint8Array(Math.ceil(seatCount / 8))
  for (const seat of seats) {
    assert(Number.isSafeInteger(seat) && seat >= 0 && seat < seatCount, 'a signer has a seat')
    const index = seat >> 3
    const bit = 1 << (seat & 7)
    assert(((bitmap[index] ?? 0) & bit) === 0, 'no seat signs twice')
    bitmap[index] = (bitmap[index] ?? 0) | bit
  }
  return bitmap
}

/** The seats of a bitmap, ascending; undefined if its length is not that of this committee or a bit is past its end. */
export function seatsOf(bitmap: Uint8Array, seatCount: number): readonly Seat[] | undefined {
  if (bitmap.length !== Math.ceil(seatCount / 8)) return undefined
  const seats: Seat[] = []
  for (let seat = 0; seat < bitmap.length * 8; seat++) {
    if (((bitmap[seat >> 3] ?? 0) & (1 << (seat & 7))) === 0) continue
    if (seat >= seatCount) return undefined
    seats.push(seat)
  }
  return seats
}

/**
 * Fixtures: a committee with mock keys, toy blocks, and signed votes and certificates of any seats.
 */
import type { EngineConfig, EngineTiming } from '../../../../node/consensus/engine-contract.ts'
import type { ChainBlock } from '../../../../node/consensus/message.ts'
import type { UnsignedVote, Vote } from '../../../../node/consensus/vote.ts'
import {
  bitmapOf,
  quorumOf,
  signingRoot,
  type Certificate,
  type Proposal,
  type VoteKind,
} from '../../../../node/crosslink/certificate.ts'
import { present } from '../../../../node/primitives/assert.ts'
import { asciiBytes } from '../../../../node/primitives/bytes.ts'
import { createWriter } from '../../../../node/primitives/codec.ts'
import { hashTagged } from '../../../../node/primitives/hash.ts'
import type { Hash, Seat } from '../../../../node/primitives/identifiers.ts'
import { createMockScheme, mockKeyFromSeed } from '../../../../node/primitives/mock-signature.ts'

export const scheme = createMockScheme()

export const EPOCH = 3
export const domain = { genesisHash: hashTagged('test/genesis'), chain: 1, epoch: EPOCH }
export const genesis = { hash: hashTagged('test/genesis-block'), height: 10, timestampMs: 0 }

/** Delta 100 ms: tL 250, tA 500, repeat 200, retry 300, fetch 200, skip 2000. */
export const timing: EngineTiming = {
  deltaMs: 100,
  blockIntervalMs: 50,
  idleIntervalMs: 5000,
  backoffMax: 16,
}

const keys = Array.from({ length: 16 }, (_, seat) => mockKeyFromSeed(Uint8Array.of(seat)))

function secretKeyOf(seat: Seat): Uint8Array {
  return present(keys[seat], 'tests have sixteen keys').secretKey
}

export function configOf(
  seatCount: number,
  seat: Seat,
  overrides: Partial<EngineTiming> = {},
): EngineConfig {
  return {
    domain,
    committee: keys.slice(0, seatCount).map((key) => key.publicKey),
    seat,
    leaderOrder: Array.from({ length: seatCount }, (_, index) => index),
    genesis,
    timing: { ...timing, ...overrides },
  }
}

export type Parent = { readonly hash: Hash; readonly height: number }

/** A toy block: its bytes are its fields, its hash is of its bytes. */
export function blockOn(
  parent: Parent,
  view: number,
  options: {
    readonly sealing?: boolean
    readonly salt?: string
    readonly timestampMs?: number
  } = {},
): ChainBlock {
  const { sealing = false, salt = '', timestampMs = view } = options
  const height = parent.height + 1
  const bytes = createWriter()
    .fixed(parent.hash, 32)
    .u64(height)
    .u64(view)
    .u64(timestampMs)
    .flag(sealing)
    .variable(asciiBytes(salt))
    .finish()
  return {
    hash: hashTagged('test/block', bytes),
    parentHash: parent.hash,
    height,
    view,
    epoch: EPOCH,
    timestampMs,
    sealing,
    bytes,
  }
}

export function proposalOf(block: ChainBlock, parentView: number, view = block.view): Proposal {
  const parentHash = view === block.view ? block.parentHash : block.hash
  return { view, parentView, parentHash, hash: block.hash }
}

export function signVote(vote: UnsignedVote): Vote {
  const root = signingRoot(domain, vote.kind, vote.view, vote.proposal)
  return { ...vote, signature: scheme.sign(secretKeyOf(vote.seat), root) }
}

export function voteOf(kind: VoteKind, seat: Seat, about: number | Proposal): Vote {
  return typeof about === 'number'
    ? signVote({ kind, view: about, proposal: undefined, seat })
    : signVote({ kind, view: about.view, proposal: about, seat })
}

/** A certificate of the first q seats of a committee, or of the seats given. */
export function certificateOf(
  kind: VoteKind,
  about: number | Proposal,
  seatCount: number,
  seats: readonly Seat[] = Array.from({ length: quorumOf(seatCount) }, (_, seat) => seat),
): Certificate {
  const votes = seats.map((seat) => voteOf(kind, seat, about))
  const aggregate = scheme.aggregate(votes.map((vote) => vote.signature))
  return {
    kind,
    view: typeof about === 'number' ? about : about.view,
    proposal: typeof about === 'number' ? undefined : about,
    signers: bitmapOf(seats, seatCount),
    signature: present(aggregate, 'mock signatures aggregate'),
  }
}

/**
 * What goes into a consensus engine and what comes out. The engine (engine.ts) is a pure machine: it holds no clock,
 * socket, disk, dice, promise or secret key; the host performs the effects and brings their results back as inputs.
 *
 * The order of effects is the durability contract: every `persist` and `store-block` that stands before a `sign`, `send`
 * or `broadcast` (in this list or any earlier one) is durable before that effect is performed (docs/protocol A.5, A.10).
 */
import type { Certificate, EngineDomain, Proposal } from '../crosslink/certificate.ts'
import type { Hash, Seat } from '../primitives/identifiers.ts'
import type { ChainBlock, ConsensusMessage } from './message.ts'
import type { UnsignedVote, Vote } from './vote.ts'

/** Milliseconds (A.7). */
export type EngineTiming = {
  /** Delta: the assumed bound on message delay; leader timeout is 2.5 of it, advance timeout 4, retry 3. */
  readonly deltaMs: number
  readonly blockIntervalMs: number
  /** How long a chain without work stays silent before a heartbeat block. */
  readonly idleIntervalMs: number
  /** Cap of the exponential backoff (R1). */
  readonly backoffMax: number
}

export type EngineConfig = {
  readonly domain: EngineDomain
  /** Public keys by seat; all weights are 1. The host checks signatures with them. */
  readonly committee: readonly Uint8Array[]
  /** Own seat, or OBSERVER_SEAT. */
  readonly seat: Seat
  /** The seats in turn, a permutation where the beacon drew it; leader of view v is order[(v - 1) mod its length]. */
  readonly leaderOrder: readonly Seat[]
  /** View 0: the implicitly finalized block this engine starts from. */
  readonly genesis: { readonly hash: Hash; readonly height: number; readonly timestampMs: number }
  readonly timing: EngineTiming
}

/**
 * The engine's own log. The host returns the records of (chain, epoch) in `start`, in any order of views. It may delete
 * records of views below the last floor's view, but not of that view itself: its FINALIZATION is what laggards are
 * answered with after a restart (R12).
 */
export type JournalRecord =
  | { readonly kind: 'vote'; readonly vote: UnsignedVote }
  /** Lazy: needs no own sync, but is durable before anything that is signed because of it. */
  | { readonly kind: 'certificate'; readonly certificate: Certificate }
  /** Finalized view; monotone (A.10.3). */
  | { readonly kind: 'floor'; readonly view: number; readonly height: number; readonly hash: Hash }

/** A signature somebody else made, to be checked by the host, off the main thread where it matters. */
export type SignatureCheck =
  | { readonly kind: 'vote'; readonly vote: Vote }
  /** Same-message aggregate of the certificate's signers. */
  | { readonly kind: 'certificate'; readonly certificate: Certificate }
  /** q collected votes for the same thing: the host aggregates and checks once; the verdict carries the aggregate (A.9). */
  | { readonly kind: 'aggregate'; readonly votes: readonly Vote[] }

export type CheckVerdict =
  | { readonly ok: true; /** Present for `aggregate`. */ readonly aggregate?: Uint8Array }
  | { readonly ok: false }

export type Evidence = {
  readonly domain: EngineDomain
  readonly seat: Seat
  /** Two signed votes of one seat in one view that an honest validator never makes both (A.3). */
  readonly first: Vote
  readonly second: Vote
}

/** Two certificates of one view that no honest seat signs both; both signatures are good. */
export type ForkEvidence = {
  readonly domain: EngineDomain
  readonly first: Certificate
  readonly second: Certificate
}

export type EngineInput =
  | {
      readonly kind: 'start'
      readonly journal: readonly JournalRecord[]
      /** Blocks above the finalized floor that were stored before the restart, and the floor block itself. */
      readonly blocks: readonly ChainBlock[]
      readonly now: number
    }
  | { readonly kind: 'tick'; readonly now: number }
  /** The chain has, or no longer has, something to put into a block (A.7). */
  | { readonly kind: 'work'; readonly pending: boolean; readonly now: number }
  /** The connection to a seat was lost, or there is one again (R17). Nobody is away at the start. */
  | {
      readonly kind: 'presence'
      readonly seat: Seat
      readonly isAway: boolean
      readonly now: number
    }
  /** From an authenticated committee seat, or undefined for another peer (who may relay certificates and blocks only). */
  | {
      readonly kind: 'message'
      readonly from: Seat | undefined
      readonly peer: string
      readonly message: ConsensusMessage
      readonly now: number
    }
  /** Result of `build`; undefined when the chain could not build (R2: nullify at once). */
  | {
      readonly kind: 'built'
      readonly view: number
      readonly block: ChainBlock | undefined
      readonly now: number
    }
  /** Result of `verify`: executed locally with equal roots, or permanently invalid. "Don't know yet" is no result. */
  | {
      readonly kind: 'verified'
      readonly hash: Hash
      readonly valid: boolean
      readonly now: number
    }
  | { readonly kind: 'signed'; readonly vote: Vote; readonly now: number }
  /**
   * The host has the state after this block from elsewhere: the chain goes on from here (S.8). The certificate is its
   * FINALIZATION, which the host has checked.
   */
  | {
      readonly kind: 'adopt'
      readonly block: ChainBlock
      readonly certificate: Certificate
      readonly now: number
    }
  | {
      readonly kind: 'checked'
      readonly job: number
      readonly verdicts: readonly CheckVerdict[]
      readonly now: number
    }

export type EngineFact =
  | { readonly kind: 'view-entered'; readonly view: number }
  | {
      readonly kind: 'notarized'
      readonly view: number
      readonly hash: Hash
      readonly height: number | undefined
    }
  | { readonly kind: 'nullified'; readonly view: number }
  | { readonly kind: 'invalid-signature'; readonly seat: Seat; readonly peer: string }
  | { readonly kind: 'divergence'; readonly hash: Hash }

export type EngineEffect =
  | { readonly kind: 'persist'; readonly record: JournalRecord }
  /** Body durable before the vote (R5). */
  | { readonly kind: 'store-block'; readonly block: ChainBlock }
  /** The host records the vote in the guard file, signs, and answers `signed`. */
  | { readonly kind: 'sign'; readonly vote: UnsignedVote }
  /** To every other seat. */
  | { readonly kind: 'broadcast'; readonly message: ConsensusMessage }
  | { readonly kind: 'send'; readonly to: Seat; readonly message: ConsensusMessage }
  /** Answer to a peer that may have no seat. */
  | { readonly kind: 'reply'; readonly peer: string; readonly message: ConsensusMessage }
  | { readonly kind: 'check'; readonly job: number; readonly checks: readonly SignatureCheck[] }
  /** Make a block on `parent`, not before the block interval has passed (the engine waits); answer `built`. */
  | {
      readonly kind: 'build'
      readonly view: number
      readonly parent: ChainBlock | undefined
      readonly parentHash: Hash
    }
  /**
   * Execute and compare roots; answer `verified`. Parents are always asked for first. `certified` says that the block is
   * already notarized or finalized: the host then skips acceptance rules (timeliness of anchor and timestamp, C.2), which
   * are no validity rules. A block judged invalid before its certificate arrived is asked for once more with `certified`.
   */
  | {
      readonly kind: 'verify'
      readonly block: ChainBlock
      readonly proposal: Proposal
      readonly certified: boolean
    }
  /** In height order without gaps but for what `adopt` skips, at least once. The certificate is present on the block it names. */
  | {
      readonly kind: 'finalized'
      readonly block: ChainBlock
      readonly certificate: Certificate | undefined
    }
  | { readonly kind: 'epoch-sealed'; readonly block: ChainBlock; readonly certificate: Certificate }
  | { readonly kind: 'evidence'; readonly evidence: Evidence }
  | { readonly kind: 'fork'; readonly proof: ForkEvidence }
  /** Call `tick` at this time; replaces the earlier deadline. Infinity: none. */
  | { readonly kind: 'deadline'; readonly at: number }
  | { readonly kind: 'report'; readonly fact: EngineFact }

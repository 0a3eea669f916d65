/**
 * Faults as data: one vocabulary for the simulator, for real processes, for `weft devnet fault` and for scenario files.
 * A fault names nodes by number (the validator index); whoever speaks of "the leader" or "shard 2" has looked up who that
 * is before. Times in milliseconds, shares in thousandths, so that a plan is plain JSON and replays exactly.
 */

import type { ShardChange } from '../../node/beacon/shard-change.ts'

/** What a directed link does to messages. Everything zero and no rate: a perfect link. */
export type LinkQuality = {
  /** Of a thousand messages so many are lost. */
  readonly lossPerMille: number
  readonly delayMs: number
  /** Added to the delay, uniform from 0: messages overtake each other. */
  readonly jitterMs: number
  readonly duplicatePerMille: number
  /** undefined: as fast as it can. */
  readonly bytesPerSecond: number | undefined
}

export const PERFECT_LINK: LinkQuality = {
  lossPerMille: 0,
  delayMs: 0,
  jitterMs: 0,
  duplicatePerMille: 0,
  bytesPerSecond: undefined,
}

/** A directed link: what `from` sends does not reach `to` unharmed; the way back is another link. */
export type Link = { readonly from: number; readonly to: number }

export type DiskMode =
  | 'ok'
  /** Every write fails as on a full disk; a node ends itself then. */
  | 'full'
  /** Every sync takes a tenth of a second longer. */
  | 'slow'

export type Fault =
  /** Orderly. */
  | { readonly kind: 'stop'; readonly nodes: readonly number[] }
  /** `kill -9`; in the simulator also unsynced writes may be lost. */
  | { readonly kind: 'crash'; readonly nodes: readonly number[] }
  /** Whatever is not running of these; from its disk. */
  | { readonly kind: 'start'; readonly nodes: readonly number[] }
  /** Alive and doing nothing, connections open. */
  | { readonly kind: 'pause'; readonly nodes: readonly number[] }
  | { readonly kind: 'resume'; readonly nodes: readonly number[] }
  /** Nothing passes on these links until `heal`. */
  | { readonly kind: 'cut'; readonly links: readonly Link[] }
  | { readonly kind: 'link'; readonly links: readonly Link[]; readonly quality: LinkQuality }
  /** All links are perfect again. */
  | { readonly kind: 'heal' }
  /** The nodes are started anew with this vice, or without one. */
  | {
      readonly kind: 'byzantine'
      readonly nodes: readonly number[]
      readonly vice: string | undefined
    }
  | { readonly kind: 'disk'; readonly nodes: readonly number[]; readonly mode: DiskMode }
  /** The node's clock is so far ahead; negative: behind. */
  | { readonly kind: 'clock'; readonly nodes: readonly number[]; readonly skewMs: number }
  /** No fault, but ordered like one: what the operators of these nodes want of the set of shards (beacon.md B.7). */
  | {
      readonly kind: 'support'
      readonly nodes: readonly number[]
      readonly changes: readonly ShardChange[]
    }

/** Both ways between every node of one group and every node of another. */
export function linksBetween(groups: readonly (readonly number[])[]): readonly Link[] {
  return groups.flatMap((group, index) =>
    groups.flatMap((other, at) =>
      at === index ? [] : group.flatMap((from) => other.map((to) => ({ from, to }))),
    ),
  )
}

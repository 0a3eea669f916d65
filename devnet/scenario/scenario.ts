/**
 * A scenario as data: what a file says, read and checked (document.ts), before it is known which node leads or sits where.
 * Chains are numbered as everywhere, the beacon is 0. Times are whole milliseconds, shares thousandths.
 */
import type { DiskMode } from '../faults/fault.ts'
import type { ChainNumber } from '../../node/primitives/identifiers.ts'

export type Scenario = {
  readonly name: string
  /** One sentence for people: what happens and what must hold. */
  readonly story: string
  readonly network: ScenarioNetwork
  readonly load: ScenarioLoad
  readonly groups: ReadonlyMap<string, Targets>
  readonly steps: readonly Step[]
}

export type ScenarioNetwork = {
  readonly shards: number
  readonly validators: number
  readonly shardBlockMs: number
  readonly beaconBlockMs: number
  readonly idleMs: number
  /** Beacon blocks per epoch; 0: one epoch for ever. */
  readonly epochBlocks: number
  readonly gasLimit: number
}

export type ScenarioLoad = {
  /** Transactions per second over all shards. */
  readonly perSecond: number
  /** Of a thousand payments so many leave their shard. */
  readonly crossShardPerMille: number
}

/** One or more nodes, by number or by what they are at the time of the step. */
export type Target =
  | { readonly kind: 'node'; readonly node: number }
  | { readonly kind: 'shard'; readonly shard: ChainNumber }
  /** Seats first to last of the shard's committee, both included. */
  | {
      readonly kind: 'seats'
      readonly shard: ChainNumber
      readonly first: number
      readonly last: number
    }
  /** Who proposes next. */
  | { readonly kind: 'leader'; readonly chain: ChainNumber }
  | { readonly kind: 'group'; readonly name: string }
  | { readonly kind: 'all' }
  /** All nodes that no other side of this partition names. */
  | { readonly kind: 'rest' }
  /** As many seats of every shard's committee as it tolerates to be bad. */
  | { readonly kind: 'tolerated' }

export type Targets = readonly Target[]

/** What a link loses and how long it takes; see LinkQuality in faults/fault.ts. */
export type LinkWords = {
  readonly lossPerMille: number
  readonly delayMs: number
  readonly jitterMs: number
  readonly duplicatePerMille: number
  readonly bytesPerSecond: number | undefined
}

export type NodeVerb = 'stop' | 'crash' | 'start' | 'restart' | 'pause' | 'resume'

export type Action =
  | { readonly kind: NodeVerb; readonly targets: Targets }
  /** Nothing passes between any two sides. */
  | { readonly kind: 'partition'; readonly sides: readonly Targets[] }
  /** Nothing passes from these to those; the way back is free. */
  | { readonly kind: 'one-way'; readonly from: Targets; readonly to: Targets }
  | {
      readonly kind: 'link'
      readonly from: Targets
      readonly to: Targets
      readonly bothWays: boolean
      readonly quality: LinkWords
    }
  | { readonly kind: 'heal' }
  | { readonly kind: 'byzantine'; readonly targets: Targets; readonly vice: string }
  /** Byzantine nodes become honest again. */
  | { readonly kind: 'honest'; readonly targets: Targets }
  | { readonly kind: 'disk'; readonly targets: Targets; readonly mode: DiskMode }
  | { readonly kind: 'clock'; readonly targets: Targets; readonly skewMs: number }
  | { readonly kind: 'load'; readonly perSecond: number }
  | {
      readonly kind: 'send'
      readonly count: number
      readonly from: ChainNumber
      readonly to: ChainNumber
    }
  | { readonly kind: 'wait'; readonly ms: number }

/** Chains an expectation speaks of: one, or every shard. */
export type Chains = ChainNumber | 'every-shard'

export type Expectation =
  | { readonly kind: 'advances'; readonly chains: Chains; readonly blocks: number }
  | { readonly kind: 'halted'; readonly chains: Chains }
  /** Payments settled since the beginning. */
  | { readonly kind: 'settled'; readonly least: number }
  /** Payments settled since this step began. */
  | { readonly kind: 'more-settled'; readonly least: number }
  | { readonly kind: 'nothing-pending' }
  | { readonly kind: 'no-violation' }
  | { readonly kind: 'evidence'; readonly targets: Targets }
  | { readonly kind: 'no-evidence' }
  | { readonly kind: 'up' | 'down' | 'caught-up' | 'slashed'; readonly targets: Targets }
  | { readonly kind: 'nobody-slashed' }
  /** Somebody honest has gone over to the branch that the beacon recorded. */
  | { readonly kind: 'reorganised'; readonly chains: ChainNumber }

type Where = {
  /** Line of the file, from 1. */
  readonly line: number
  /** The step as it is written. */
  readonly text: string
  /** Not before this long after the first step; undefined: after the step before. */
  readonly atMs: number | undefined
}

export type Step = Where &
  (
    | {
        readonly kind: 'do'
        readonly action: Action
        /** The opposite is done after this long; the scenario goes on meanwhile. */
        readonly forMs: number | undefined
      }
    | { readonly kind: 'expect'; readonly expectation: Expectation; readonly patience: Patience }
  )

export type Patience =
  /** Now. */
  | { readonly kind: 'now' }
  /** At some time within. */
  | { readonly kind: 'within'; readonly ms: number }
  /** At every look, all the while. */
  | { readonly kind: 'throughout'; readonly ms: number }

/** What is wrong with a file. */
export type Problem = {
  /** From 1. */
  readonly line: number
  readonly sentence: string
}

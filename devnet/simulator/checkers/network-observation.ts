/**
 * What the checkers of a whole network are told, one observation at a time, and what a checker is. Like the rest of this
 * folder it imports nothing of the code under test: accounts, hashes and transactions are texts, equal exactly for equals.
 */
import type { SeenBlock, SeenCut } from './sharded-observation.ts'

/** Constants of the network on trial. */
export type CheckedNetwork = {
  readonly shardCount: number
  /** Node by chain and seat; index 0 is the beacon. */
  readonly committees: readonly (readonly number[])[]
  readonly byzantineNodes: ReadonlySet<number>
  /** Per shard, index = shard - 1. */
  readonly balances: readonly (readonly { readonly account: string; readonly balance: bigint }[])[]
  readonly gasLimit: number
}

/** A transaction as its sender wrote it. */
export type OfferedTransaction = {
  readonly hash: string
  readonly shard: number
  readonly from: string
  readonly nonce: number
}

export type LoadKind = 'rounds' | 'votes' | 'blocks' | 'pool' | 'message-bytes'

export type NetworkObservation =
  /** A node committed a final block of a shard; `isFirst`: no node had committed this height before. */
  | {
      readonly kind: 'block'
      readonly node: number
      readonly block: SeenBlock
      readonly isFirst: boolean
    }
  /** A node's chain took the next final block. */
  | {
      readonly kind: 'final'
      readonly node: number
      readonly chain: number
      readonly height: number
      readonly hash: string
    }
  /** A beacon block is final. Each height once, mostly ascending. */
  | { readonly kind: 'cut'; readonly cut: SeenCut }
  | { readonly kind: 'offered'; readonly transaction: OfferedTransaction }
  /** A node told a client that it took the transaction. */
  | { readonly kind: 'accepted'; readonly node: number; readonly transaction: string }
  /** A node answered a client: the account as of this final height. */
  | {
      readonly kind: 'read'
      readonly node: number
      readonly shard: number
      readonly height: number
      readonly account: string
      readonly nonce: number
      readonly balance: bigint
    }
  /** A node took a shard up while it ran; on its disk the chain stands at this final height. */
  | {
      readonly kind: 'opened'
      readonly node: number
      readonly chain: number
      readonly height: number
    }
  /** A node came back from its disk, where its chains stand at these final heights. */
  | {
      readonly kind: 'started'
      readonly node: number
      readonly heads: readonly { readonly chain: number; readonly height: number }[]
    }
  | { readonly kind: 'stopped'; readonly node: number }
  /** A node's disk is gone: what it promised by itself is void, what others promised is not. */
  | { readonly kind: 'disk-lost'; readonly node: number }
  /** A key signed these 32 bytes for this statement on this chain. */
  | {
      readonly kind: 'signed-root'
      readonly chain: number
      readonly root: string
      readonly statement: string
    }
  /** How much a node holds, or how large a message it sent is. */
  | {
      readonly kind: 'load'
      readonly node: number
      readonly what: LoadKind
      readonly count: number
    }
  | { readonly kind: 'spoken'; readonly node: number }
  /** A node saw a view given up. */
  | {
      readonly kind: 'nullified'
      readonly node: number
      readonly chain: number
      /** Views are counted from one again in every epoch. */
      readonly epoch: number
      readonly view: number
      readonly leader: number
    }
  | {
      readonly kind: 'view-entered'
      readonly node: number
      readonly chain: number
      readonly epoch: number
      readonly view: number
    }
  /** All faults are over, everybody is up. */
  | { readonly kind: 'healed' }
  /** More members of this shard are away than it can spare. */
  | { readonly kind: 'stalled'; readonly shard: number }
  | { readonly kind: 'resumed'; readonly shard: number }
  /** Nothing is offered and nothing is open, from now on or not any more. */
  | { readonly kind: 'idle'; readonly isIdle: boolean }

export type NetworkChecker = {
  /** As in docs/reliability.md. */
  readonly rule: string
  /** `now`: virtual milliseconds. A sentence when the rule is broken. */
  readonly observe: (seen: NetworkObservation, now: number) => string | undefined
  /** Is told of every message (`spoken`), of which there are more than of all else. */
  readonly hearsTalk?: boolean
  /** Asked once, when the run is over. */
  readonly finish?: (now: number) => string | undefined
}

/** The value at `key`, made if it is not there. */
export function entryOf<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}

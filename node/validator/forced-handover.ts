/**
 * Forced handover in one node (docs/protocol/beacon.md B.8): when the beacon has made a shard go on from its recorded head,
 * the chain, its execution and its store go back to that block, and the engine of the forced epoch starts from it.
 *
 * The state goes back first, the chain's own records after it, in one write with the start of the epoch. A crash in between
 * finds a state below its chain, replays, and goes back once more.
 *
 * Until the node stands at the block it follows the old epoch, in which it signs nothing more (validator.ts).
 */
import { equalBytes } from '../primitives/bytes.ts'
import type { ChainNumber } from '../primitives/identifiers.ts'
import type { ShardHeader } from '../crosslink/header.ts'
import type { AccountView } from '../shards/executor.ts'
import type { Context } from './context.ts'
import type { ForcedStart } from './epoch-plans.ts'
import type { EpochStart } from './epoch-start.ts'
import type { CommittedTip } from './execution-state.ts'
import { loadFinalized } from './history.ts'
import { loadOrphans, type Orphans } from './orphans.ts'
import { shardBlockOf } from './shard-block.ts'

/** A worker comes back in some tens of milliseconds. */
const EXECUTOR_RETRY_MS = 100

export type ForcedHandoverOptions = {
  readonly shard: ChainNumber
  /** The next epoch that the shard was forced into, as seen from the one the chain is in. */
  readonly next: () => ForcedStart | undefined
  readonly committed: () => CommittedTip
  /** The chain and its execution stand still. */
  readonly stop: () => void
  /** They go on in the forced epoch, from a state at its first block or below. */
  readonly goOn: (begun: EpochStart, reached: Reached) => void
  /** The beacon made the shard go on from a block that is not on this node's chain (C.7). */
  readonly forked: () => void
}

export type Reached = {
  readonly tip: CommittedTip
  /** Of the block; undefined at genesis. */
  readonly header: ShardHeader | undefined
  readonly orphans: Orphans
  /** The senders of orphaned transactions as they stand now. */
  readonly accounts: readonly AccountView[]
}

export type ForcedHandover = {
  /** The beacon, or the own state, has moved. */
  readonly consider: () => void
  readonly isMoving: () => boolean
  readonly deadline: () => number
  readonly tick: () => void
}

type Handover = {
  readonly context: Context
  readonly options: ForcedHandoverOptions
  moving: ForcedStart | undefined
  retryAt: number
}

export function createForcedHandover(
  context: Context,
  options: ForcedHandoverOptions,
): ForcedHandover {
  const self: Handover = { context, options, moving: undefined, retryAt: Infinity }
  return {
    consider: () => consider(self),
    isMoving: () => self.moving !== undefined,
    deadline: () => self.retryAt,
    tick: () => {
      if (context.now() < self.retryAt || self.moving === undefined) return
      self.retryAt = Infinity
      goBack(self, self.moving)
    },
  }
}

function consider(self: Handover): void {
  const { options, moving } = self
  const start = options.next()
  if (moving !== undefined || start === undefined) return
  if (options.committed().height < start.block.height) return
  self.moving = start
  options.stop()
  goBack(self, start)
}

function goBack(self: Handover, start: ForcedStart): void {
  const { context, options } = self
  const { height } = start.block
  if (height === 0) return rewind(self, start, undefined)
  loadFinalized(context, options.shard, height, ([block]) => {
    if (block?.height !== height || !equalBytes(block.hash, start.block.hash))
      return options.forked()
    rewind(self, start, shardBlockOf(block).header)
  })
}

function rewind(self: Handover, start: ForcedStart, header: ShardHeader | undefined): void {
  const { context, options } = self
  context.execute(options.shard, { kind: 'rewind', header }, (response) => {
    if (response?.kind !== 'status') {
      self.retryAt = context.now() + EXECUTOR_RETRY_MS
      return
    }
    loadOrphans(context, options.shard, start.block.height, (orphans) =>
      readSenders(self, orphans, (accounts) =>
        finish(self, start, { tip: response, header, orphans, accounts }),
      ),
    )
  })
}

/** A pool that remembers their later nonces would never offer the same transactions again. */
function readSenders(
  { context, options }: Handover,
  { senders: addresses }: Orphans,
  answer: (accounts: readonly AccountView[]) => void,
): void {
  const request = { kind: 'accounts', at: { kind: 'finalized' }, addresses } as const
  context.execute(options.shard, request, (response) =>
    answer(response?.kind === 'accounts' ? response.accounts : []),
  )
}

/** One write: what was final above the block goes, and the epoch begins. */
function finish(self: Handover, start: ForcedStart, reached: Reached): void {
  const { context, options } = self
  const { shard } = options
  for (const { table, key } of reached.orphans.records) {
    context.emit({ kind: 'write', write: { kind: 'delete', table, key }, sync: true })
  }
  const { epoch, block } = start
  const { height, hash } = block
  const orphans = reached.orphans.count
  const fact = { kind: 'forced-handover', shard, epoch, height, hash, orphans } as const
  context.emit({ kind: 'report', fact })
  self.moving = undefined
  options.goOn({ epoch, block, sealedEpoch: reached.header?.epoch ?? 0 }, reached)
}

/**
 * Forced handover in one node (docs/protocol/beacon.md B.8): when the beacon has made a shard go on from its recorded head,
 * the chain, its execution and its store go back to that block (take-back.ts), and the engine of the forced epoch starts from
 * it, in one write with the records that go.
 *
 * Until the node stands at the block it follows the old epoch, in which it signs nothing more (validator.ts). A node whose chain
 * does not hold the block reorganises first (reorganisation.ts).
 */
import { equalBytes } from '../primitives/bytes.ts'
import type { ChainNumber } from '../primitives/identifiers.ts'
import type { Context } from './context.ts'
import type { ForcedStart } from './epoch-plans.ts'
import type { EpochStart } from './epoch-start.ts'
import type { CommittedTip } from './execution-state.ts'
import { loadFinalized } from './history.ts'
import { shardBlockOf } from './shard-block.ts'
import { createTakeBack, type Foot, type Reached, type TakeBack } from './take-back.ts'

export type ForcedHandoverOptions = {
  readonly shard: ChainNumber
  /** The next epoch that the shard was forced into, as seen from the one the chain is in. */
  readonly next: () => ForcedStart | undefined
  readonly committed: () => CommittedTip
  /** The chain and its execution stand still. */
  readonly stop: () => void
  /** They go on in the forced epoch, from a state at its first block or below. */
  readonly goOn: (begun: EpochStart, reached: Reached) => void
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
  readonly back: TakeBack
  looking: boolean
  moving: boolean
}

export function createForcedHandover(
  context: Context,
  options: ForcedHandoverOptions,
): ForcedHandover {
  const back = createTakeBack(context, options.shard)
  const self: Handover = { context, options, back, looking: false, moving: false }
  return {
    consider: () => consider(self),
    isMoving: () => self.moving,
    deadline: back.deadline,
    tick: back.tick,
  }
}

function consider(self: Handover): void {
  const { context, options } = self
  const start = options.next()
  if (self.moving || self.looking || start === undefined) return
  const { height, hash } = start.block
  if (options.committed().height < height) return
  if (height === 0) return goBack(self, start, { height, header: undefined })
  self.looking = true
  loadFinalized(context, options.shard, height, ([block]) => {
    self.looking = false
    if (block?.height !== height || !equalBytes(block.hash, hash)) return
    // Meanwhile the chain may have gone elsewhere.
    if (options.next()?.epoch !== start.epoch || options.committed().height < height) return
    goBack(self, start, { height, header: shardBlockOf(block).header })
  })
}

function goBack(self: Handover, start: ForcedStart, foot: Foot): void {
  self.moving = true
  self.options.stop()
  self.back.begin(foot, (reached) => finish(self, start, reached))
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
  const { count: orphans, newest: from } = reached.orphans
  const fact = { kind: 'forced-handover', shard, epoch, height, hash, orphans, from } as const
  context.emit({ kind: 'report', fact })
  self.moving = false
  options.goOn({ epoch, block, sealedEpoch: reached.header?.epoch ?? 0 }, reached)
}

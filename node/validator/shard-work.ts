/**
 * Is there something worth a block (A.7), and may more be sent to a shard (C.6)? Both are asked about the block that the
 * next one will stand on.
 */
import { isRecovering, type AnchorView } from '../crosslink/crosslink.ts'
import type { EngineStatus } from '../consensus/engine.ts'
import type { ChainNumber } from '../primitives/identifiers.ts'
import { ANCHOR_LAG_MAX } from '../primitives/limits.ts'
import type { BlockOutcome } from '../shards/executor.ts'
import { creditOf, inFlightAt, isCongested, type FlowLimits } from '../shards/flow-control.ts'
import { isDrainedAt, successorOf } from '../shards/layout.ts'
import type { Mempool } from '../shards/mempool.ts'
import type { CommittedTip } from './execution-state.ts'
import type { InboxFeed } from './inbox-feed.ts'
import type { CommittedFacts } from './shard-building.ts'
import type { ShardExecution } from './shard-execution.ts'

export type WorkParts = {
  readonly shard: ChainNumber
  readonly limits: FlowLimits
  readonly execution: ShardExecution
  readonly mempool: Mempool
  readonly inbox: InboxFeed
  readonly headAnchor: () => AnchorView
  readonly epoch: () => number
  readonly status: () => Pick<EngineStatus, 'view' | 'notarizedTip'>
  readonly committed: () => CommittedFacts
}

type Channels = Pick<CommittedTip, 'cursors' | 'channels' | 'buffered'>

/**
 * Outcomes above the committed tip up to the block that is being voted on, else up to the newest notarized one. Proposals
 * that failed do not count: what they held is still to be done.
 */
function openPath({ execution, status }: WorkParts): readonly BlockOutcome[] {
  const { view, notarizedTip } = status()
  const proposed = execution.executedIn(view)
  const path = proposed && execution.pathTo(proposed)
  return path ?? execution.pathTo(notarizedTip.hash) ?? []
}

function channelsOf(parts: WorkParts, path: readonly BlockOutcome[]): Channels {
  return path.at(-1) ?? parts.execution.tip()
}

/** A.7: what makes a block worth building now. */
export function hasWork(parts: WorkParts): boolean {
  // B.8: no block could be anchored now.
  if (isRecovering(parts.headAnchor(), parts.shard)) return false
  const path = openPath(parts)
  const after = channelsOf(parts, path)
  const anchor = parts.headAnchor()
  const included = path.reduce((sum, outcome) => sum + outcome.results.length, 0)
  const { count, queued } = parts.mempool.size()
  const anchored = path.at(-1)?.header.anchor ?? parts.committed().anchor
  return (
    count - queued > included ||
    canConsume(parts, anchor, after) ||
    canDrain(parts, anchor, after) ||
    anchor.beaconHeight - (anchored?.beaconHeight ?? 0) > ANCHOR_LAG_MAX ||
    isToSeal(parts, anchor, path) ||
    isToEmpty(parts, anchor, path)
  )
}

/** B.5: the beacon is in a later epoch, and no open block has ended ours; or everything has left us (B.7). An idle shard seals, too. */
function isToSeal(
  { epoch, shard }: WorkParts,
  anchor: AnchorView,
  path: readonly BlockOutcome[],
): boolean {
  const isOver = anchor.epoch > epoch() || isDrainedAt(anchor, shard)
  return isOver && path.at(-1)?.header.sealing !== true
}

/** B.7: the shard is retiring, and the block would move on: balances are left, or its record says that it has not seen it yet. */
function isToEmpty(
  { shard, limits, committed, execution }: WorkParts,
  anchor: AnchorView,
  path: readonly BlockOutcome[],
): boolean {
  const record = anchor.shards[shard - 1]
  if (record?.stage !== 'draining') return false
  const last = path.at(-1)
  const leansOn = last?.header.anchor ?? committed().anchor
  if ((leansOn?.beaconHeight ?? 0) < record.stageHeight) return true
  const destination = successorOf(anchor, shard)
  const { nextSequence = 0 } = (last ?? execution.tip()).channels[destination] ?? {}
  const outBytes = last?.header.outBytes ?? committed().outBytes
  return (
    outBytes > 0 &&
    creditOf(limits, destination, inFlightAt({ anchor, shard, destination, nextSequence })) > 0
  )
}

/** Something was promised and is here: what is missing is no work yet, it is asked for. */
function canConsume({ inbox }: WorkParts, anchor: AnchorView, { cursors }: Channels): boolean {
  if (!inbox.promises(anchor, cursors)) return false
  const items = inbox.assemble(anchor, cursors, 'long-missing')
  return items?.some(({ batches }) => batches.length > 0) === true
}

/** Everything that the newest beacon block promises is here; what is not is asked for. */
export function isInboxComplete(parts: WorkParts): boolean {
  const anchor = parts.headAnchor()
  const { cursors } = channelsOf(parts, openPath(parts))
  return (
    !parts.inbox.promises(anchor, cursors) || parts.inbox.assemble(anchor, cursors) !== undefined
  )
}

/** Receipts wait in a buffer and their channel has credit (C.6). */
function canDrain({ shard, limits }: WorkParts, anchor: AnchorView, after: Channels): boolean {
  return after.buffered.some((count, destination) => {
    if (count === 0) return false
    const nextSequence = after.channels[destination]?.nextSequence ?? 0
    const inFlight = inFlightAt({ anchor, shard, destination, nextSequence })
    return creditOf(limits, destination, inFlight) > 0
  })
}

/** C.6: whether a new transaction to the destination is refused at admission. */
export function isChannelCongested(parts: WorkParts, destination: ChainNumber): boolean {
  const { shard, limits } = parts
  const anchor = parts.headAnchor()
  const after = channelsOf(parts, openPath(parts))
  const nextSequence = after.channels[destination]?.nextSequence ?? 0
  const inFlight = inFlightAt({ anchor, shard, destination, nextSequence })
  const buffered = after.buffered[destination] ?? 0
  return isCongested({ anchor, destination, inFlight, buffered, limits })
}

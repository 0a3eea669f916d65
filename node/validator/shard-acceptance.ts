/**
 * Acceptance of a shard's proposals: timeliness (C.2, R4) and what is skipped (C.5). These rules bind only until a block is
 * certified; they are no rules of validity.
 */
import type { ChainBlock } from '../consensus/message.ts'
import type { AnchorView } from '../crosslink/crosslink.ts'
import type { Hash } from '../primitives/identifiers.ts'
import { ANCHOR_LAG_MAX } from '../primitives/limits.ts'
import type { InboxFeed } from './inbox-feed.ts'
import { shardBlockOf } from './shard-block.ts'
import type { ShardExecution } from './shard-execution.ts'

/** R4: a proposal may be stamped this far ahead of the follower's clock. */
const CLOCK_DRIFT_MAX_MS = 5_000

export type AcceptanceParts = {
  readonly wallMs: number
  readonly headAnchor: AnchorView
  readonly anchorOf: (hash: Hash) => AnchorView | undefined
  readonly execution: Pick<ShardExecution, 'pathTo' | 'tip'>
  readonly inbox: Pick<InboxFeed, 'skipsHeld'>
}

export function isAcceptable(parts: AcceptanceParts, block: ChainBlock): boolean {
  const { anchor } = shardBlockOf(block).header
  const lag = parts.headAnchor.beaconHeight - anchor.beaconHeight
  const early = block.timestampMs - parts.wallMs
  return lag <= ANCHOR_LAG_MAX && early <= CLOCK_DRIFT_MAX_MS && !skipsHeld(parts, block)
}

/** Of what this node cannot judge yet, it says nothing. */
function skipsHeld({ anchorOf, execution, inbox }: AcceptanceParts, block: ChainBlock): boolean {
  const { header, body } = shardBlockOf(block)
  const anchor = anchorOf(header.anchor.beaconHash)
  const path = execution.pathTo(block.parentHash)
  if (anchor === undefined || path === undefined) return false
  const { cursors } = path.at(-1) ?? execution.tip()
  return inbox.skipsHeld(body.inbox, anchor, cursors)
}

/**
 * Anchors: the finalized beacon block that a shard block leans on (docs/protocol/crosslinks.md C.2). Shared by the executor,
 * which makes and checks blocks, and the validator, which decides whether an old anchor is acceptable now.
 */
import { equalBytes } from '../primitives/bytes.ts'
import { ANCHOR_LAG_MAX } from '../primitives/limits.ts'
import { accepted, rejected, type Result } from '../primitives/result.ts'
import type { AnchorView } from './crosslink.ts'
import type { Anchor, ShardHeader } from './header.ts'

export type AnchorReject = 'anchor-unknown' | 'anchor-regressed' | 'anchor-epoch'

export type AnchorClaim = {
  readonly header: Pick<ShardHeader, 'anchor' | 'epoch' | 'sealing'>
  /** The node's own view of the beacon at the height the header names. */
  readonly view: AnchorView
  /** Anchor of the parent block; height 0 for the first block. */
  readonly parentAnchor: Pick<Anchor, 'beaconHeight'>
}

/** Validity (C.2): the anchor is the finalized block of its height, not before the parent's, of the block's own epoch unless it seals. */
export function checkAnchor(claim: AnchorClaim): Result<AnchorView, AnchorReject> {
  const { header, view, parentAnchor } = claim
  const { beaconHeight, beaconHash } = header.anchor
  if (beaconHeight !== view.beaconHeight || !equalBytes(beaconHash, view.beaconHash))
    return rejected('anchor-unknown', 'the anchor is not the finalized beacon block of its height')
  if (beaconHeight < parentAnchor.beaconHeight)
    return rejected('anchor-regressed', `the parent is anchored at ${parentAnchor.beaconHeight}`)
  // B.5: a block whose anchor lies in a later epoch is the sealing block of its own, and only such a block seals.
  if (view.epoch < header.epoch || view.epoch > header.epoch !== header.sealing)
    return rejected('anchor-epoch', `the anchor is of epoch ${view.epoch}`)
  return accepted(view)
}

/**
 * Acceptance (C.2), not validity: a proposal whose anchor lags too far behind the follower's own finalized beacon is
 * nullified, so that a leader cannot starve the inbox; a notarized block is taken regardless.
 */
export function isAnchorFresh(anchor: Anchor, finalizedBeaconHeight: number): boolean {
  return finalizedBeaconHeight - anchor.beaconHeight <= ANCHOR_LAG_MAX
}

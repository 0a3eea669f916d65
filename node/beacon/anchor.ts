/**
 * The beacon as shards see it (docs/protocol/crosslinks.md C.2).
 */
import { beaconChannels } from '../crosslink/beacon-channels.ts'
import type { AnchorView } from '../crosslink/crosslink.ts'
import type { BeaconState } from './state.ts'

/** What a shard block anchored at the head of this state may depend on. */
export function anchorViewOf(state: BeaconState): AnchorView {
  return {
    beaconHeight: state.height,
    beaconHash: state.headHash,
    epoch: state.epoch,
    timestampMs: state.timestampMs,
    shards: state.shards,
    beacon: beaconChannels(state.incoming, state.outgoing),
  }
}

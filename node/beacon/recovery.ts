/**
 * Forced handover (docs/protocol/beacon.md B.8): what the beacon does with a shard that cannot end its epoch, or whose
 * committee was shown to have forked. First it waits for crosslinks of what was finalized; then the shard goes on from its
 * recorded head under the committee of a later epoch, and what was not recorded is gone.
 *
 * Invariant: no block of the old committee leads by its seal into the epoch that is forced. Until the recovery began, anchors
 * lay in earlier epochs; at an anchor where the shard recovers it makes no block (shards/block-execution.ts). So an epoch of a
 * shard has one beginning, and no seat votes twice in a view of it.
 */
import type { ShardRecord } from '../crosslink/crosslink.ts'
import type { ForkProof } from '../crosslink/fork-proof.ts'
import { epochAfter } from './epoch.ts'
import { epochOfShard, type BeaconState } from './state.ts'

/** Beacon blocks in which crosslinks of a recovering shard are still taken: time for anybody who holds one to offer it. */
export const RECOVERY_BLOCKS = 16

/** The records after the head of this state, which is complete but for this. */
export function reviewShards(state: BeaconState): BeaconState {
  const shards = state.shards.map((record) => review(state, record))
  const isSame = shards.every((record, index) => record === state.shards[index])
  return isSame ? state : { ...state, shards }
}

function review(state: BeaconState, record: ShardRecord): ShardRecord {
  if (record.status === 'frozen' || record.stage === 'retired') return record
  if (record.recoveringSince === 0) {
    return isOverdue(state, record) ? beginRecovery(record, state.height) : record
  }
  if (!isOver(state, record)) return record
  return { ...record, status: 'lagging', recoveringSince: 0, forcedEpoch: state.epoch }
}

/** The epoch after the shard's own one has ended, too. */
function isOverdue(state: BeaconState, record: ShardRecord): boolean {
  return epochOfShard(state, record) + 1 < state.epoch
}

/**
 * B.12: a shard whose committee of the epoch it is in was shown to have forked does not wait for the end of that epoch. Where
 * epochs do not end there is nobody to hand it to.
 */
export function recoverForked(
  state: Pick<BeaconState, 'epochRules' | 'height' | 'shards'>,
  forks: readonly ForkProof[],
): readonly ShardRecord[] {
  if (state.epochRules.blocks === 0) return state.shards
  return state.shards.map((record) => {
    const { shard, stage, status, recoveringSince } = record
    const isForked = forks.some(
      ({ chain, epoch }) => chain === shard && epoch === epochOfShard(state, record),
    )
    if (!isForked || recoveringSince > 0 || stage === 'retired' || status === 'frozen')
      return record
    return beginRecovery(record, state.height)
  })
}

export function beginRecovery(record: ShardRecord, beaconHeight: number): ShardRecord {
  return { ...record, status: 'recovering', recoveringSince: beaconHeight }
}

/** Long enough, and in an epoch that no seal can lead to. */
function isOver({ height, epoch, epochRules }: BeaconState, { recoveringSince }: ShardRecord) {
  const isLate = height >= recoveringSince + RECOVERY_BLOCKS
  return isLate && epoch > epochAfter(epochRules, recoveringSince - 1)
}

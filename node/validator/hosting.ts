/**
 * Which shards a node holds (docs/protocol/beacon.md B.11): a pure function of the beacon's finalized state and of who the node
 * is, so a restart comes to the same answer from what is on its disk.
 */
import { epochOfShard, planOf, type BeaconState } from '../beacon/state.ts'
import type { ShardRecord } from '../crosslink/crosslink.ts'
import type { ChainNumber } from '../primitives/identifiers.ts'

export type Host = {
  /** Own index in the registry; undefined: an observer. */
  readonly validator: number | undefined
  /** Shards to hold whoever sits there. */
  readonly followShards: readonly ChainNumber[]
}

/** B.11, ascending: the shards in whose committee this validator is in one of the epochs that count, and those it follows. */
export function shardsToHost(
  state: BeaconState,
  { validator, followShards }: Host,
): readonly ChainNumber[] {
  return state.shards
    .filter((record) => {
      if (followShards.includes(record.shard)) return true
      if (validator === undefined) return false
      return [...epochsOfHolders(state, record), state.epoch + 1].some((epoch) => {
        return planOf(state, epoch)?.committees[record.shard]?.includes(validator) === true
      })
    })
    .map(({ shard }) => shard)
}

/**
 * B.11: the epochs whose committees have the state of a shard or are about to need it: that of its recorded head, until the
 * beacon has a block of those who come after, which proves that they have the state, however long that takes; and all from
 * the one it is in by its record, because its seal may lead to any of them. Of a retired shard only the last (B.7).
 */
export function epochsOfHolders(state: BeaconState, record: ShardRecord): readonly number[] {
  const own = epochOfShard(state, record)
  if (record.stage === 'retired') return [record.epoch, own]
  const later = Array.from({ length: Math.max(0, state.epoch - own) }, (_, at) => own + 1 + at)
  return [record.epoch, own, ...later]
}

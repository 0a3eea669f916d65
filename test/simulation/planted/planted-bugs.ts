/** All planted bugs that are patches. The eight that are switches of the engine or of a disk: planted.ts. */
import { BEACON_BUGS } from './planted-beacon.ts'
import type { PlantedBug } from './planted-bug.ts'
import { CONSENSUS_BUGS } from './planted-consensus.ts'
import { EPOCH_BUGS } from './planted-epochs.ts'
import { SHARD_BUGS } from './planted-shards.ts'
import { STAKE_BUGS } from './planted-stake.ts'

export const PLANTED_BUGS: readonly PlantedBug[] = [
  ...CONSENSUS_BUGS,
  ...SHARD_BUGS,
  ...BEACON_BUGS,
  ...EPOCH_BUGS,
  ...STAKE_BUGS,
]

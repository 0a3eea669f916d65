/**
 * The head of a scenario file: its name, its story, its network and its load. Unknown words are refused, so that a typing
 * error is never a scenario that tests less than it says.
 */
import { z } from 'zod'
import { EPOCH_BLOCKS_MIN } from '../../node/beacon/epoch.ts'
import { COMMITTEE_SEATS_MAX, SHARDS_MAX } from '../../node/primitives/limits.ts'
import { DEFAULT_PARAMETERS } from '../parameters.ts'
import { readDuration, readShare } from './words.ts'

const TPS_MAX = 100_000
/** Weeks. */
const EPOCH_BLOCKS_MAX = 1_000_000
/** One gateway transfer and its receipt must fit a block. */
const GAS_LIMIT_MIN = 210_000
const STORY_CHARACTERS_MAX = 400

const DURATION = 'expected a duration such as 500ms or 2s'
const duration = z
  .string(DURATION)
  .transform(readDuration)
  .pipe(z.int(DURATION).min(50, 'expected at least 50ms'))

const SHARE = 'expected a share such as 25%'
const share = z.string(SHARE).transform(readShare).pipe(z.int(SHARE))

const count = (least: number, most: number) => {
  const words = `expected a whole number from ${least} to ${most}`
  return z.int(words).min(least, words).max(most, words)
}

const network = z
  .strictObject({
    shards: count(1, SHARDS_MAX).default(2),
    validators: count(4, COMMITTEE_SEATS_MAX).default(8),
    'shard-block': duration.default(DEFAULT_PARAMETERS.shardBlockMs),
    'beacon-block': duration.default(DEFAULT_PARAMETERS.beaconBlockMs),
    /** 0: one epoch for ever. */
    'epoch-blocks': z
      .union([z.literal(0), count(EPOCH_BLOCKS_MIN, EPOCH_BLOCKS_MAX)])
      .default(DEFAULT_PARAMETERS.epochBlocks),
    idle: duration.default(DEFAULT_PARAMETERS.idleMs),
    'gas-limit': count(GAS_LIMIT_MIN, 60_000_000).default(DEFAULT_PARAMETERS.gasLimit),
  })
  .prefault({})

const load = z
  .strictObject({ tps: count(0, TPS_MAX).default(20), 'cross-shard': share.default(250) })
  .prefault({})
  .transform((words) => ({ perSecond: words.tps, crossShardPerMille: words['cross-shard'] }))

const NAME = 'expected a name in small letters with hyphens, as the file is called'

export const headSchema = z.strictObject({
  name: z.string(NAME).regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, NAME),
  story: z
    .string('expected one sentence')
    .min(10, 'expected one sentence')
    .max(STORY_CHARACTERS_MAX, 'one sentence is shorter'),
  network,
  load,
  groups: z.record(z.string(), z.string('expected nodes such as shard:2/0..1')).default({}),
  steps: z.array(z.unknown(), 'expected a list of steps').min(1, 'a scenario has steps'),
})

export type Head = z.infer<typeof headSchema>

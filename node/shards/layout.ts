/**
 * The layout: which shards there are (docs/protocol/beacon.md B.7). Shards are only ever added and keep their numbers, so a
 * layout is a count; what has become of a shard stands in its record.
 *
 * Invariant: a block's layout is that of its anchor and of nothing else, so that whoever builds, verifies or replays the
 * block sees the same shards, whatever the beacon has opened since.
 */
import type { AnchorView } from '../crosslink/crosslink.ts'
import type { ShardConfig } from './executor.ts'

/** What the shard knew at its own first block, with the shards of a block anchored there. */
export function configAt<Config extends Pick<ShardConfig, 'shardCount'>>(
  config: Config,
  anchor: Pick<AnchorView, 'shards'>,
): Config {
  const shardCount = anchor.shards.length
  return shardCount === config.shardCount ? config : { ...config, shardCount }
}

/** For admission, which asks where there are shards now: the layout of the newest anchor whenever it is read. */
export function configNow(
  config: ShardConfig,
  newest: () => Pick<AnchorView, 'shards'>,
): ShardConfig {
  return {
    ...config,
    get shardCount() {
      return newest().shards.length
    },
  }
}

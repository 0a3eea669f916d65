/**
 * The layout: which shards there are (docs/protocol/beacon.md B.7). Shards are only ever added and keep their numbers, so a
 * layout is a count; what has become of a shard stands in its record.
 *
 * Invariant: a block's layout is that of its anchor and of nothing else, so that whoever builds, verifies or replays the
 * block sees the same shards, whatever the beacon has opened since.
 */
import type { AnchorView } from '../crosslink/crosslink.ts'
import { present } from '../primitives/assert.ts'
import type { ChainNumber } from '../primitives/identifiers.ts'
import type { ShardConfig } from './executor.ts'

/** What the shard knew at its own first block, with the shards of a block anchored there. */
export function configAt(config: ShardConfig, anchor: Pick<AnchorView, 'shards'>): ShardConfig {
  return { ...config, shardCount: anchor.shards.length, closed: closedIn(anchor) }
}

/** Shards that are retiring, or retired: nobody sends them anything new. */
function closedIn({ shards }: Pick<AnchorView, 'shards'>): readonly ChainNumber[] {
  return shards.filter(({ stage }) => stage !== 'open').map(({ shard }) => shard)
}

/** Whether the shard is itself on its way out: it takes no transactions, and sends what it holds away. */
export function isDraining({ shard, closed }: Pick<ShardConfig, 'shard' | 'closed'>): boolean {
  return closed?.includes(shard) === true
}

/** Whether a block anchored here is the last one of the shard: everything has left it. */
export function isDrainedAt(anchor: Pick<AnchorView, 'shards'>, shard: ChainNumber): boolean {
  return anchor.shards[shard - 1]?.stage === 'drained'
}

/** Where the balances of a retiring shard go: the next open shard in the order of numbers, after the last the first. */
export function successorOf(
  { shards }: Pick<AnchorView, 'shards'>,
  retiring: ChainNumber,
): ChainNumber {
  const open = shards.filter(({ stage }) => stage === 'open').map(({ shard }) => shard)
  return present(open.find((shard) => shard > retiring) ?? open[0], 'one shard at least stays open')
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
    get closed() {
      return closedIn(newest())
    },
  }
}

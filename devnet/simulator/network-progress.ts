/**
 * What a healed network owes: new blocks on every chain at every honest node, an end for every transfer, and the right
 * balances afterwards.
 */
import { toHex } from '../../node/primitives/bytes.ts'
import type { ChainNumber } from '../../node/primitives/identifiers.ts'
import type { Owed, Wallets } from './network-wallets.ts'
import type { ShardedWorld } from './sharded-world.ts'

/** Highest final height of each chain at any honest node. */
export type Tips = ReadonlyMap<ChainNumber, number>

export type Progress = {
  /** When the network was healed. */
  readonly fromTips: Tips
  readonly wallets: Wallets
}

export function tipsOf(world: ShardedWorld, honest: readonly number[]): Tips {
  const tips = new Map<ChainNumber, number>()
  for (const node of honest) {
    for (const [chain, { status }] of world.validator(node).chains) {
      tips.set(chain, Math.max(tips.get(chain) ?? 0, status().deliveredHeight))
    }
  }
  return tips
}

/** The first thing that is not as it should be, as a sentence. */
export function missingProgress(
  world: ShardedWorld,
  honest: readonly number[],
  { fromTips, wallets }: Progress,
): string | undefined {
  const open = wallets.openCount()
  if (open > 0)
    return `${open} transfers have not ended: ${wallets.firstOpen() ?? 'none was signed'}`
  const heights = wallets.lastHeights()
  for (const node of honest) {
    if (!world.isUp(node)) return `node ${node} is down`
    const missing = behind(world, node, { fromTips, heights })
    if (missing !== undefined) return missing
  }
  return undefined
}

function behind(
  world: ShardedWorld,
  node: number,
  goal: { readonly fromTips: Tips; readonly heights: readonly number[] },
): string | undefined {
  const { chains, shards, beacon } = world.validator(node)
  for (const [chain, { status }] of chains) {
    const { deliveredHeight } = status()
    const from = goal.fromTips.get(chain) ?? 0
    if (deliveredHeight <= from)
      return `node ${node} took no block of chain ${chain} above ${deliveredHeight}; ${from} was final when all was healed`
  }
  for (const [index, height] of goal.heights.entries()) {
    const shard = index + 1
    const recorded = beacon.head().shards[index]?.height ?? 0
    if (recorded < height)
      return `the beacon of node ${node} has recorded shard ${shard} up to ${recorded}, not ${height}`
    const committed = shards.get(shard)?.committedHeight() ?? height
    if (committed < height)
      return `node ${node} has executed shard ${shard} up to ${committed}, not ${height}`
  }
  return undefined
}

/** A receiver, at some honest member of its shard, that does not hold what it was sent. */
export function wrongBalance(
  world: ShardedWorld,
  honest: readonly number[],
  expected: ReadonlyMap<string, Owed>,
): string | undefined {
  for (const { shard, address, amount } of expected.values()) {
    for (const node of honest) {
      if (!world.isUp(node) || !world.validator(node).shards.has(shard)) continue
      const request = { kind: 'accounts', at: { kind: 'finalized' }, addresses: [address] } as const
      const answer = world.executor(node, shard).runNow(request)
      const balance = answer.kind === 'accounts' ? (answer.accounts[0]?.balance ?? 0n) : undefined
      if (balance !== amount)
        return `node ${node} says ${toHex(address)} holds ${balance} on shard ${shard}; it was sent ${amount}`
    }
  }
  return undefined
}

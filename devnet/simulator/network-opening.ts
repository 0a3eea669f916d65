/**
 * Plans of networks that get a shard more while they run (docs/protocol/beacon.md B.7). All operators want it from the start; some
 * accounts send themselves money there as soon as it is open, and pay others from there.
 */
import type { ShardChange } from '../../node/beacon/shard-change.ts'
import type { Prng } from '../../node/primitives/prng.ts'
import { personalAccounts } from '../accounts.ts'
import type { NetworkOrder, NetworkPlan } from './network-plan.ts'
import type { ShardedWorld } from './sharded-world.ts'

const PAYERS = 4
/** Enough for one call at `FEE_CAP_ON_OPENED`, and still a number. */
const FUNDS = 8_000_000_000_000_000
/** Of accounts that hold no more than they were sent. */
export const FEE_CAP_ON_OPENED = 10n ** 10n
const ACCOUNTS = personalAccounts()

/** Adds the shard and its first payers to a plan with epochs. */
export function withOpening(plan: NetworkPlan, dice: Prng): NetworkPlan {
  const opened = plan.shardCount + 1
  const node = (): number => dice.below(plan.validatorCount)
  const added = Array.from({ length: PAYERS }, (_, sender): readonly NetworkOrder[] => {
    const atMs = 500 + dice.below(plan.healMs)
    const shard = 1 + dice.below(plan.shardCount)
    const funds = { shard, destination: opened, to: 'self', amount: FUNDS } as const
    const payment = { shard: opened, destination: 1 + dice.below(opened), to: 'account' } as const
    return [
      { atMs, sender, ...funds, node: node() },
      { atMs, sender, ...payment, amount: 1 + dice.below(1_000_000), node: node() },
    ]
  })
  const orders = [...plan.orders, ...added.flat()]
  return { ...plan, opens: true, orders: orders.toSorted((left, right) => left.atMs - right.atMs) }
}

/** What every operator asks for. */
export function openingOf({ shardCount }: Pick<NetworkPlan, 'shardCount'>): ShardChange {
  return { kind: 'open', shard: shardCount + 1 }
}

/** A client waits until every node is there and knows the shard, and until it has something there to pay with. */
export function isBeforeOpening(
  world: ShardedWorld,
  honest: readonly number[],
  { shardCount }: Pick<NetworkPlan, 'shardCount'>,
  { shard, destination, sender }: NetworkOrder,
): boolean {
  if (Math.max(shard, destination) <= shardCount) return false
  const up = honest.filter(world.isUp)
  const isKnown = up.every((node) => world.validator(node).beacon.head().shards.length > shardCount)
  if (up.length < honest.length || !isKnown) return true
  return shard > shardCount && !up.some((node) => isFunded(world, node, { shard, sender }))
}

function isFunded(
  world: ShardedWorld,
  node: number,
  { shard, sender }: Pick<NetworkOrder, 'shard' | 'sender'>,
): boolean {
  if (world.validator(node).served(shard) === undefined) return false
  const addresses = ACCOUNTS.slice(sender, sender + 1).map(({ address }) => address)
  const request = { kind: 'accounts', at: { kind: 'finalized' }, addresses } as const
  const answer = world.executor(node, shard).runNow(request)
  return answer.kind === 'accounts' && (answer.accounts[0]?.balance ?? 0n) > 0n
}

/**
 * A bout in which a shard is forced (B.8): three of four members of shard 1 are cut off and finalize what nobody hears of;
 * when the beacon has made the shard go on from its recorded block they come back, and are restarted.
 */
import { ONE_EPOCH } from '../../../node/beacon/epoch.ts'
import { createPrng } from '../../../node/primitives/prng.ts'
import { createTrial, type Trial } from '../sharded/trial.ts'
import type { BoutEnd } from './bout.ts'

const SHARDS = 3
const EPOCHS = { ...ONE_EPOCH, blocks: 4 }
/** Two epochs and sixteen blocks, under leaders of whom a quarter is away, three times over. */
const FORCED_WITHIN_MS = 300_000
const SETTLE_MS = 60_000
/** What was taken back comes again. */
const REST_MS = 15_000

export function runForcedBout(seed: number): BoutEnd {
  const trial = createTrial({ shardCount: SHARDS, seed, genesis: { epochs: EPOCHS } })
  const { world, court } = trial
  let verdict: string | undefined
  try {
    verdict = fight(trial, seed) ?? court.violation()
  } catch (error) {
    verdict = `thrown at ${world.now()} ms: ${String(error)}`
  }
  return { verdict, virtualMs: world.now() }
}

function fight(trial: Trial, seed: number): string | undefined {
  const { world, traffic, court } = trial
  const isBroken = (): boolean => court.violation() !== undefined
  trial.startAll()
  world.run(3_000)
  const members = world.validator(0).beacon.head().committees[1] ?? []
  const all = Array.from({ length: trial.nodeCount }, (_, node) => node)
  const inside = members.slice(0, 3)
  const outside = all.filter((node) => !inside.includes(node))
  const [observer = 0] = outside
  cut(trial, inside, outside)
  const dice = createPrng(seed).stream('forced')
  for (let sent = 0; sent < 4; sent++) {
    world.run(world.now() + 300)
    const order = { ...traffic.draw(dice), shard: 1, destination: 1, to: 'account' } as const
    traffic.send(order, dice.pick(inside))
  }
  const isForced = (): boolean =>
    (world.validator(observer).beacon.head().shards[0]?.forcedEpoch ?? 0) > 0
  world.run(world.now() + FORCED_WITHIN_MS, () => isForced() || isBroken())
  if (isBroken()) return court.violation()
  if (!isForced()) return 'stuck: the beacon has not forced shard 1'
  world.apply({ kind: 'heal' })
  traffic.sendAgain(observer)
  world.run(world.now() + 5_000, isBroken)
  world.apply({ kind: 'stop', nodes: inside })
  world.apply({ kind: 'start', nodes: inside })
  world.run(world.now() + SETTLE_MS, () => traffic.openCount() === 0 || isBroken())
  if (traffic.openCount() > 0) return `stuck: ${traffic.openCount()} orders are open`
  world.run(world.now() + REST_MS, isBroken)
  if (all.some((node) => !world.isUp(node))) return 'stuck: a node does not start any more'
  return court.violation() ?? scattered(trial, all) ?? robbed(trial, all)
}

function cut({ world }: Trial, inside: readonly number[], outside: readonly number[]): void {
  const links = inside.flatMap((one) =>
    outside.flatMap((other) => [
      { from: one, to: other },
      { from: other, to: one },
    ]),
  )
  world.apply({ kind: 'cut', links })
}

/** Among those who hold shard 1 and have once caught up. */
function scattered({ world }: Trial, nodes: readonly number[]): string | undefined {
  const heads = nodes.flatMap((node) => world.validator(node).served(1)?.committedHeight() ?? [])
  const lowest = Math.min(...heads)
  const highest = Math.max(...heads)
  return lowest + 2 >= highest ? undefined : `stuck: a node is at ${lowest} of ${highest}`
}

/** What every receiver holds is what clients sent; blocks that were taken back paid nobody, or paid again. */
function robbed({ world, traffic }: Trial, nodes: readonly number[]): string | undefined {
  for (const { shard, address, amount } of traffic.expected().values()) {
    const request = { kind: 'accounts', at: { kind: 'finalized' }, addresses: [address] } as const
    const holder = nodes.find((node) => world.validator(node).served(shard) !== undefined)
    if (holder === undefined) return `stuck: nobody holds shard ${shard}`
    const answer = world.executor(holder, shard).runNow(request)
    const balance = answer.kind === 'accounts' ? answer.accounts[0]?.balance : undefined
    if (balance !== amount)
      return `C1: a receiver on shard ${shard} holds ${balance}, not ${amount}`
  }
  return undefined
}

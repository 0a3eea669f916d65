/** Situations by name that random plans reach by chance: clocks two deltas wrong in both directions, a channel congested at both ends. */
import { expect, test } from 'vitest'
import { createPrng } from '../../node/primitives/prng.ts'
import { BEACON_CHAIN } from '../../node/primitives/identifiers.ts'
import { flowLimits } from '../../node/shards/flow-control.ts'
import { createTrial, type Trial } from './sharded/trial.ts'

const DELTA_MS = 100

function expectSettled(trial: Trial): void {
  const settled = trial.settle(180_000)
  expect(trial.court.violation()).toBeUndefined()
  expect(settled, `${trial.traffic.openCount()} orders are open`).toBe(true)
  expect(trial.court.receipts.finish()).toBeUndefined()
}

test('named scenarios: R4: clocks two deltas ahead and two behind cost nothing but time', () => {
  const trial = createTrial({ shardCount: 2, seed: 2 })
  const { world, traffic } = trial
  const dice = createPrng(2).stream('traffic')
  trial.startAll()
  world.apply({ kind: 'clock', nodes: [0, 3, 6], skewMs: 2 * DELTA_MS })
  world.apply({ kind: 'clock', nodes: [1, 4, 7], skewMs: -2 * DELTA_MS })
  world.run(1_500)
  for (let sent = 0; sent < 40; sent++) {
    world.run(world.now() + 100)
    traffic.send(traffic.draw(dice), dice.below(trial.nodeCount))
  }
  expectSettled(trial)
})

/** Wei that left an account of the shard and found the channel's window full. */
function bufferedOn({ world }: Trial, shard: number): bigint {
  const [node = 0] = world.validator(0).beacon.head().committees[shard] ?? []
  const answer = world.executor(node, shard).runNow({ kind: 'supply', at: { kind: 'finalized' } })
  return answer.kind === 'supply' ? answer.supply.buffered : 0n
}

test('named scenarios: C.6: both shards of a channel are congested at once, and both drain, in order and to the last wei', () => {
  let isBeaconCut = false
  const trial = createTrial({
    shardCount: 2,
    seed: 3,
    genesis: { gasLimit: 400_000 },
    events: {
      // Without new anchors nobody learns what was consumed, so both windows fill.
      passes: (_from, _to, message) =>
        !isBeaconCut || message.kind !== 'consensus' || message.chain !== BEACON_CHAIN,
    },
  })
  const { world, traffic } = trial
  const { windowUnits } = flowLimits(trial.genesis)
  trial.startAll()
  world.run(1_500)
  isBeaconCut = true
  for (let sent = 0; sent < 4 * windowUnits; sent++) {
    const shard = 1 + (sent % 2)
    const order = {
      shard,
      destination: 3 - shard,
      sender: sent % 10,
      to: 'account',
      amount: 5n,
    } as const
    traffic.send(order, sent % trial.nodeCount)
    world.run(world.now() + 15)
  }
  world.run(world.now() + 15_000)
  expect(bufferedOn(trial, 1)).toBeGreaterThan(0n)
  expect(bufferedOn(trial, 2)).toBeGreaterThan(0n)
  isBeaconCut = false
  expectSettled(trial)
})

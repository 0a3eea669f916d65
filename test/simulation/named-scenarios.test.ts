/**
 * Situations by name that random plans reach by chance: clocks two deltas wrong in both directions, a channel congested at both
 * ends, a newcomer that has no state when its seat begins.
 */
import { expect, test } from 'vitest'
import { ONE_EPOCH } from '../../node/beacon/epoch.ts'
import { createPrng } from '../../node/primitives/prng.ts'
import { BEACON_CHAIN } from '../../node/primitives/identifiers.ts'
import type { NodeMessage } from '../../node/validator/message.ts'
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

/** What a shard's state comes with: a snapshot, or the blocks to execute. */
function carriesState(message: NodeMessage): boolean {
  if (message.kind === 'chunk') return true
  if (message.kind !== 'consensus' || message.chain !== 1) return false
  return message.message.kind === 'range' || message.message.kind === 'block'
}

test('named scenarios: B.5, B.11: a newcomer without state at its handover stops nobody, and votes when it has it', () => {
  const late = { node: -1, isHeld: true }
  const trial = createTrial({
    shardCount: 2,
    seed: 4,
    genesis: { epochs: { ...ONE_EPOCH, blocks: 12 } },
    events: {
      passes: (_from, to, message) => to !== late.node || !late.isHeld || !carriesState(message),
      onFact: (node, fact) => {
        if (fact.kind !== 'hosting' || !fact.isHosted || fact.shard !== 1) return
        if (late.node < 0 && world.now() > 2_000) late.node = node
      },
    },
  })
  const { world, traffic } = trial
  const dice = createPrng(4).stream('traffic')
  const others = (): readonly number[] =>
    Array.from({ length: trial.nodeCount }, (_, node) => node).filter((node) => node !== late.node)
  const chainOf = (node: number) => world.validator(node).chains.get(1)
  const offer = (): void => {
    world.run(world.now() + 200)
    traffic.send(traffic.draw(dice), dice.pick(others()))
  }
  const seats = () => others().flatMap((node) => chainOf(node)?.committee ?? [])
  trial.startAll()
  world.run(1_500)
  while (world.now() < 60_000 && !seats().includes(late.node)) offer()
  const before = world.validator(0).beacon.head().shards[0]?.height ?? 0
  for (let sent = 0; sent < 20; sent++) offer()
  expect(world.validator(0).beacon.head().shards[0]?.height).toBeGreaterThan(before + 5)
  expect(world.validator(late.node).served(1)).toBeUndefined()
  late.isHeld = false
  world.run(world.now() + 10_000, () => world.validator(late.node).served(1) !== undefined)
  expect(world.validator(late.node).served(1)).toBeDefined()
  traffic.sendAgain(0)
  expectSettled(trial)
})

/**
 * Networks whose committees change every four beacon blocks, in virtual time, through crashes and long absences. The court
 * judges every signature under the committee of its epoch; in the end everything that a client was promised is settled.
 */
import { describe, expect, test } from 'vitest'
import { networkPlanOf, playNetwork, playSeed } from '../../devnet/simulator/network-campaign.ts'
import { EPOCHS_LONG_SHAPE, EPOCHS_SHAPE } from '../../devnet/simulator/network-seed.ts'
import { ONE_EPOCH } from '../../node/beacon/epoch.ts'
import { createPrng, type Prng } from '../../node/primitives/prng.ts'
import { createTrial, type Trial } from './sharded/trial.ts'

/** `chain/epoch` -> seat, per node, as the nodes told of their epochs. */
type Seats = readonly Map<string, number>[]

function open(seed: number, rotationPermille: number) {
  const seats: Seats = Array.from({ length: 8 }, () => new Map<string, number>())
  const trial = createTrial({
    shardCount: 2,
    seed,
    genesis: { epochs: { ...ONE_EPOCH, blocks: 4, rotationPermille } },
    events: {
      onFact: (node, fact) => {
        if (fact.kind === 'epoch') seats[node]?.set(`${fact.chain}/${fact.epoch}`, fact.seat)
      },
    },
  })
  trial.startAll()
  trial.world.run(2_000)
  return { trial, seats, dice: createPrng(seed).stream('traffic') }
}

function offer(trial: Trial, dice: Prng, orders: number, between: () => void = () => {}): void {
  for (let sent = 0; sent < orders; sent++) {
    trial.world.run(trial.world.now() + 150)
    between()
    const up = nodesOf(trial).filter(trial.world.isUp)
    trial.traffic.send(trial.traffic.draw(dice), dice.pick(up))
  }
}

function nodesOf({ nodeCount }: Trial): readonly number[] {
  return Array.from({ length: nodeCount }, (_, node) => node)
}

function expectSettled(trial: Trial): void {
  const settled = trial.settle(120_000)
  expect(trial.court.violation()).toBeUndefined()
  const openOnes = `${trial.traffic.openCount()} of ${trial.traffic.sentCount()} orders are open`
  expect(settled, openOnes).toBe(true)
  expect(trial.court.receipts.finish()).toBeUndefined()
}

/** Every node is in the epoch of its beacon, on every chain on which it has a seat. */
function expectTogether(trial: Trial, epochMin: number): void {
  trial.world.run(trial.world.now() + 12_000)
  expect(trial.court.violation()).toBeUndefined()
  const epochs = nodesOf(trial).flatMap((node) => {
    const { beacon, chains } = trial.world.validator(node)
    const { committees } = beacon.head()
    return [...chains].flatMap(([chain, { epoch }]) =>
      committees[chain]?.includes(node) === true ? [epoch] : [],
    )
  })
  expect(new Set(epochs).size).toBe(1)
  expect(epochs[0]).toBeGreaterThanOrEqual(epochMin)
}

describe('epochs', () => {
  test('epochs: B.3, B.4, B.5: everybody changes shards at every epoch, under load, and everything settles', () => {
    const { trial, seats, dice } = open(1, 1000)
    offer(trial, dice, 80)
    expectSettled(trial)
    expectTogether(trial, 4)
    for (const held of seats) {
      const shards = [...held].filter(([, seat]) => seat >= 0).map(([name]) => name.split('/')[0])
      expect(new Set(shards)).toEqual(new Set(['0', '1', '2']))
    }
  })

  test('epochs: R13: whoever slept through epochs, or crashes in their midst, comes back into the newest', () => {
    const { trial, dice } = open(2, 250)
    const { world } = trial
    world.apply({ kind: 'stop', nodes: [3] })
    offer(trial, dice, 60, () => {
      const node = dice.below(trial.nodeCount)
      if (node === 3) return
      // At most one more is away at a time: the others are a quorum wherever its seats are.
      const isAlone = nodesOf(trial).every((one) => one === 3 || world.isUp(one))
      if (isAlone && dice.chance(1, 3)) {
        const stepsLater = dice.below(20)
        world.apply({ kind: 'crash-amid', node, stepsLater, retention: 'subset' })
      } else world.apply({ kind: 'start', nodes: nodesOf(trial).filter((one) => one !== 3) })
    })
    const slept = world.validator(0).beacon.head().epoch
    expect(slept).toBeGreaterThanOrEqual(2)
    world.calm()
    world.apply({ kind: 'start', nodes: nodesOf(trial) })
    // What only a node had heard of that crashed is lost with it: clients ask again.
    trial.traffic.sendAgain(0)
    offer(trial, dice, 20)
    expectSettled(trial)
    expectTogether(trial, slept + 1)
  })

  test('epochs: R14: seeds of crashes, partitions and losses across epochs stay clean', () => {
    // 614: an answer for an engine that was gone; 1605: a deadline that was past (docs/campaigns.md).
    for (const seed of [1, 2, 3, 614, 1605]) {
      const { ok, violations } = playSeed({ shape: EPOCHS_SHAPE, seed }, false)
      expect(violations, `seed ${seed}`).toEqual([])
      expect(ok).toBe(true)
    }
  })

  test('epochs: L8: while every committee can spare who is away, no chain stands still', () => {
    const { orders, ...plan } = networkPlanOf(7, EPOCHS_LONG_SHAPE)
    const healMs = 25_000
    const early = orders.filter(({ atMs }) => atMs < healMs)
    const outcome = playNetwork({ ...plan, healMs, orders: early })
    expect(outcome.violation).toBeUndefined()
    expect(outcome.epochs).toBeGreaterThan(8)
    expect(outcome.settled).toBe(early.length)
  })

  test('epochs: L8: a shard that nobody hears of is found out', () => {
    const plan = networkPlanOf(7, EPOCHS_LONG_SHAPE)
    const nodes = Array.from({ length: plan.validatorCount }, (_, node) => node)
    // Half of the network from the other half: no chain has a quorum.
    const links = nodes.flatMap((from) =>
      nodes.filter((to) => from % 2 !== to % 2).map((to) => ({ from, to })),
    )
    const cut = { atMs: 5_000, trouble: { kind: 'cut', links } } as const
    const { violation } = playNetwork({ ...plan, orders: [], troubles: [cut] })
    expect(violation?.rule).toBe('L8')
  })
})

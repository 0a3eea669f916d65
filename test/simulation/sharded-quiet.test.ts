/**
 * Whole sharded networks with nothing to do, and with too much to do (A.7, L7; C.6).
 */
import { describe, expect, test } from 'vitest'
import { createPrng } from '../../node/primitives/prng.ts'
import { createTrial, type Trial } from './sharded/trial.ts'

const IDLE_INTERVAL_MS = 10_000
/** Votes, finality, the crosslink to the beacon and the beacon's own block, with their longest delays. */
const ROUND_MS = 2_000

type Spoken = { readonly at: number; readonly isProposal: boolean }

function runIdle(spoken: Spoken[]): Trial {
  const trial: Trial = createTrial({
    shardCount: 4,
    seed: 5,
    events: {
      passes: (_from, _to, message) => {
        const isProposal = message.kind === 'consensus' && message.message.kind === 'proposal'
        spoken.push({ at: trial.world.now(), isProposal })
        return true
      },
    },
  })
  trial.startAll()
  trial.world.run(2_000)
  const dice = createPrng(5).stream('traffic')
  for (let sent = 0; sent < 60; sent++) {
    trial.world.run(trial.world.now() + 100)
    trial.traffic.send(trial.traffic.draw(dice), dice.below(trial.nodeCount))
  }
  expect(trial.settle(60_000)).toBe(true)
  return trial
}

function heightsOf(trial: Trial): readonly number[] {
  const { height, shards } = trial.world.validator(0).beacon.head()
  return [height, ...shards.map((record) => record.height)]
}

describe('sharded: quiet', () => {
  test('sharded: quiet: between heartbeats nobody says anything', () => {
    const spoken: Spoken[] = []
    const trial = runIdle(spoken)
    trial.world.run(trial.world.now() + 2 * IDLE_INTERVAL_MS)
    const before = heightsOf(trial)
    const from = trial.world.now()
    spoken.length = 0
    trial.world.run(from + 300_000)
    expect(trial.court.violation()).toBeUndefined()
    const proposals = spoken.filter(({ isProposal }) => isProposal).map(({ at }) => at)
    const stray = spoken.filter(
      ({ at }) =>
        at > from + ROUND_MS && !proposals.some((start) => at >= start && at <= start + ROUND_MS),
    )
    expect(stray).toEqual([])
    // One heartbeat of a chain per interval. The beacon's records those of the shards: they are no reason for another (A.7).
    const beats = 300_000 / IDLE_INTERVAL_MS
    const [beacon = 0, ...shards] = heightsOf(trial).map((height, at) => height - (before[at] ?? 0))
    for (const blocks of shards) {
      expect(blocks).toBeGreaterThanOrEqual(beats - 2)
      expect(blocks).toBeLessThanOrEqual(beats + 1)
    }
    expect(beacon).toBeGreaterThanOrEqual(beats - 2)
    expect(beacon).toBeLessThanOrEqual(beats + 1)
  })
})

/** Ten orders from shard 1 to shard 2, once in a tenth of a second. */
function push(trial: Trial, rounds: number): void {
  const member = trial.world.validator(0).beacon.head().committees[1]?.[0] ?? 0
  for (let round = 0; round < rounds; round++) {
    trial.world.run(trial.world.now() + 100)
    for (let sender = 0; sender < 10; sender++) {
      const order = { shard: 1, sender, destination: 2, to: 'account', amount: 7n } as const
      trial.traffic.send(order, member)
    }
  }
}

describe('sharded: congestion', () => {
  test('sharded: congestion: a shard that stands still is sent no more than its window', () => {
    let stalled = true
    const trial: Trial = createTrial({
      shardCount: 2,
      seed: 6,
      // With this little gas a channel's window is 300 receipts.
      genesis: { gasLimit: 1_000_000 },
      events: {
        passes: (_from, _to, message) =>
          !(stalled && message.kind === 'consensus' && message.chain === 2),
      },
    })
    trial.startAll()
    trial.world.run(2_000)
    push(trial, 200)
    trial.world.run(trial.world.now() + 30_000)
    const refusals = trial.traffic.refusals().get('shard-congested') ?? 0
    expect(refusals).toBeGreaterThan(100)
    expect(trial.traffic.refusals().size).toBe(1)
    expect(trial.court.receipts.counts().consumed).toBe(0)
    stalled = false
    const settled = trial.settle(300_000)
    expect(trial.court.violation()).toBeUndefined()
    expect(settled, `${trial.traffic.openCount()} are open`).toBe(true)
    expect(trial.court.receipts.finish()).toBeUndefined()
    const admitted = trial.traffic.sentCount() - refusals
    expect(trial.court.receipts.counts().consumed).toBe(admitted)
    expect(admitted).toBeGreaterThanOrEqual(300)
    push(trial, 2)
    expect(trial.settle(60_000)).toBe(true)
    expect(trial.traffic.refusals().get('shard-congested')).toBe(refusals)
  })
})

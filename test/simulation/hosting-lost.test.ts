/**
 * A shard all of whose holders die at once and stay away until the beacon has forced it on: what they had finalized above the
 * recorded head is taken back out of their undo logs, and whoever has got a seat there meanwhile comes by a snapshot (B.8, S.6).
 */
import { expect, test } from 'vitest'
import { ONE_EPOCH } from '../../node/beacon/epoch.ts'
import { present } from '../../node/primitives/assert.ts'
import { createPrng } from '../../node/primitives/prng.ts'
import type { ValidatorFact } from '../../node/validator/contract.ts'
import { createTrial } from './sharded/trial.ts'

const SHARD = 1

test('hosting: lost: B.8, S.6: a shard that died as a whole goes on from what its disks hold', () => {
  const handovers: (ValidatorFact & { readonly kind: 'forced-handover' })[] = []
  const trial = createTrial({
    // The beacon goes on without five of sixteen: those who hold a shard, in this epoch and the next.
    shardCount: 4,
    seed: 5,
    genesis: { epochs: { ...ONE_EPOCH, blocks: 4 } },
    // Newcomers come by snapshot, so hardly anybody has all blocks.
    snapshotRules: { intervalBlocks: 8, replayBlocksMax: 4 },
    events: {
      onFact: (_, fact) => {
        if (fact.kind === 'forced-handover') handovers.push(fact)
      },
    },
  })
  const { world, traffic, court } = trial
  const dice = createPrng(5).stream('traffic')
  trial.startAll()
  world.run(2_000)
  const all = Array.from({ length: trial.nodeCount }, (_, node) => node)
  const send = (count: number): void => {
    for (let sent = 0; sent < count; sent++) {
      world.run(world.now() + 150)
      traffic.send(traffic.draw(dice), dice.pick(all.filter(world.isUp)))
    }
  }
  const record = () => {
    const observer = present(all.find(world.isUp), 'most are up')
    return present(world.validator(observer).beacon.head().shards[SHARD - 1], 'it is recorded')
  }
  send(100)
  const epoch = record().epoch
  expect(epoch).toBeGreaterThan(2)
  const holders = all.filter((node) => world.validator(node).shards.has(SHARD))
  world.apply({ kind: 'crash', nodes: holders })
  world.run(world.now() + 200_000, () => record().forcedEpoch > 0)
  expect(record().forcedEpoch).toBeGreaterThan(epoch)
  world.apply({ kind: 'start', nodes: holders })
  traffic.sendAgain(
    present(
      all.find((node) => !holders.includes(node)),
      'most are others',
    ),
  )
  expect(trial.settle(120_000), `${traffic.openCount()} orders are open`).toBe(true)
  expect(court.violation()).toBeUndefined()
  expect(handovers.some(({ orphans }) => orphans > 0)).toBe(true)
})

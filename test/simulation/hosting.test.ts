/**
 * Validators that hold the shards of their seats only, in virtual time: they open and close shards as seats move, fetch states
 * by snapshot, crash amid it, and sign nothing twice (B.11, S.1). The court judges every signature and every block.
 */
import { describe, expect, test } from 'vitest'
import { ONE_EPOCH } from '../../node/beacon/epoch.ts'
import { createPrng } from '../../node/primitives/prng.ts'
import type { ValidatorFact } from '../../node/validator/contract.ts'
import { createTrial, type Trial } from './sharded/trial.ts'

const SHARDS = 3

type Heard = { readonly node: number; readonly fact: ValidatorFact }

function open(seed: number) {
  const heard: Heard[] = []
  const trial = createTrial({
    shardCount: SHARDS,
    seed,
    genesis: { epochs: { ...ONE_EPOCH, blocks: 4 } },
    events: { onFact: (node, fact) => void heard.push({ node, fact }) },
  })
  trial.startAll()
  trial.world.run(2_000)
  return { trial, heard, dice: createPrng(seed).stream('traffic') }
}

function shardsHeld({ world, nodeCount }: Trial): readonly number[] {
  return Array.from({ length: nodeCount }, (_, node) => world.validator(node).shards.size)
}

function countOf(heard: readonly Heard[], matches: (fact: ValidatorFact) => boolean): number {
  return heard.filter(({ fact }) => matches(fact)).length
}

describe('hosting', () => {
  test('hosting: B.11: seats move, shards are opened and closed, states come by snapshot, everything settles', () => {
    const { trial, heard, dice } = open(11)
    const { world, traffic } = trial
    let most = 0
    for (let sent = 0; sent < 90; sent++) {
      world.run(world.now() + 200)
      traffic.send(traffic.draw(dice), dice.below(trial.nodeCount))
      most = Math.max(most, ...shardsHeld(trial))
    }
    expect(trial.settle(60_000)).toBe(true)
    expect(trial.court.violation()).toBeUndefined()
    expect(trial.court.receipts.finish()).toBeUndefined()
    expect(world.validator(0).beacon.head().epoch).toBeGreaterThan(4)
    expect(countOf(heard, (fact) => fact.kind === 'hosting' && fact.isHosted)).toBeGreaterThan(6)
    expect(countOf(heard, (fact) => fact.kind === 'hosting' && !fact.isHosted)).toBeGreaterThan(6)
    expect(countOf(heard, ({ kind }) => kind === 'state-sync')).toBeGreaterThan(0)
    // The seats of two epochs, and a shard that is being left.
    expect(most).toBeLessThanOrEqual(SHARDS)
    const held = shardsHeld(trial).reduce((sum, count) => sum + count, 0)
    expect(held).toBeLessThan(SHARDS * trial.nodeCount * 0.7)
  })

  test('hosting: B.11: whoever crashes at any step comes back to the shards that its beacon names', () => {
    const { trial, dice } = open(12)
    const { world, traffic, nodeCount } = trial
    for (let sent = 0; sent < 70; sent++) {
      world.run(world.now() + 200)
      const up = Array.from({ length: nodeCount }, (_, node) => node).filter(world.isUp)
      traffic.send(traffic.draw(dice), dice.pick(up))
      if (up.length < nodeCount) {
        world.apply({ kind: 'start', nodes: [...Array(nodeCount).keys()] })
      } else if (dice.chance(1, 3)) {
        const node = dice.below(nodeCount)
        const stepsLater = dice.below(20)
        world.apply({ kind: 'crash-amid', node, stepsLater, retention: 'subset' })
      }
    }
    world.calm()
    trial.startAll()
    const settled = trial.settle(120_000)
    expect(trial.court.violation()).toBeUndefined()
    expect(settled, `${traffic.openCount()} orders are open`).toBe(true)
    expect(trial.court.receipts.finish()).toBeUndefined()
  })
})

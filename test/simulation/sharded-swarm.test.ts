/**
 * Sharded networks under a swarm of faults drawn from a seed: lost messages, stopped nodes, dead executors, everybody down
 * at once, long silences. Afterwards everybody is healthy and everything that clients still want is settled.
 */
import { describe, expect, test } from 'vitest'
import { createPrng, type Prng } from '../../node/primitives/prng.ts'
import { seedCount } from './seeds.ts'
import { createTrial, type Trial } from './sharded/trial.ts'

const STEPS = 120
/** A whole network costs five times what the engines of one chain cost. */
const SEEDS = Math.max(1, Math.floor(seedCount() / 5))

function nodesOf(trial: Trial, up: boolean): readonly number[] {
  const all = Array.from({ length: trial.nodeCount }, (_, node) => node)
  return all.filter((node) => trial.world.isUp(node) === up)
}

/** One thing that happens to somebody. */
function act(trial: Trial, dice: Prng): void {
  const { world, traffic } = trial
  const up = nodesOf(trial, true)
  const down = nodesOf(trial, false)
  const choice = dice.below(24)
  if (choice < 2 && up.length > 0) world.stop(dice.pick(up))
  else if (choice < 5 && down.length > 0) world.start(dice.pick(down))
  else if (choice < 7 && up.length > 0) {
    const node = dice.pick(up)
    for (const shard of world.validator(node).shards.keys()) world.killExecutor(node, shard)
  } else if (choice === 7 && dice.chance(1, 6)) {
    trial.stopAll()
    world.run(world.now() + dice.below(3_000))
    trial.startAll()
  } else if (choice === 8) world.run(world.now() + dice.below(20_000))
  else if (up.length > 0) traffic.send(traffic.draw(dice), dice.pick(up))
}

function heal(trial: Trial, dice: Prng): boolean {
  trial.world.setLoss(0)
  trial.startAll()
  trial.world.run(trial.world.now() + 3_000)
  // Clients send again what nobody has confirmed; twice, for answers cross the last failures.
  for (let tries = 0; tries < 2; tries++) {
    trial.traffic.sendAgain(dice.below(trial.nodeCount))
    if (trial.settle(60_000)) return true
  }
  return false
}

/** After a heartbeat all members of a chain stand at most one block apart. */
function spreadOf(trial: Trial): number {
  trial.world.run(trial.world.now() + 25_000)
  const heights = new Map<number, number[]>()
  for (const node of nodesOf(trial, true)) {
    for (const [chain, { status }] of trial.world.validator(node).chains) {
      heights.set(chain, [...(heights.get(chain) ?? []), status().deliveredHeight])
    }
  }
  return Math.max(...[...heights.values()].map((all) => Math.max(...all) - Math.min(...all)))
}

describe('sharded: swarm', () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    test(`sharded: swarm: seed ${seed} conserves, settles and catches up`, () => {
      const trial = createTrial({ shardCount: 2 + (seed % 2), seed })
      const dice = createPrng(seed).stream('swarm')
      trial.startAll()
      trial.world.run(1_500)
      trial.world.setLoss(dice.below(4) * 60)
      for (let step = 0; step < STEPS; step++) {
        trial.world.run(trial.world.now() + dice.below(300))
        act(trial, dice)
      }
      const settled = heal(trial, dice)
      expect(trial.court.violation()).toBeUndefined()
      expect(settled, `${trial.traffic.openCount()} orders are open`).toBe(true)
      expect(trial.court.receipts.finish()).toBeUndefined()
      expect(spreadOf(trial)).toBeLessThan(2)
      expect(trial.court.violation()).toBeUndefined()
    })
  }
})

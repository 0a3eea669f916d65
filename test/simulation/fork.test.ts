/**
 * A captured shard forks (C.7): its committee finalizes two blocks at one height, and no honest member has heard two votes that
 * contradict each other. The beacon keeps the branch that it recorded first; whoever is on another one goes over to it by itself.
 */
import { describe, expect, test } from 'vitest'
import { holdersOf, openFork, stateOf, wealth, type ForkScene } from './sharded/fork-scene.ts'

/** Everything that clients sent has ended, and honest nodes hold the recorded chain. */
function expectOneChain(scene: ForkScene): void {
  const { trial, honest, recorded } = scene
  const { world, traffic } = trial
  const [first = 0] = honest
  const isQuiet = (): boolean => traffic.openCount() === 0
  // Who closes a shard, or crashes, forgets its pool: clients ask again.
  for (let time = 0; time < 4 && !isQuiet(); time++) {
    world.run(world.now() + 100_000, isQuiet)
    traffic.sendAgain(first)
  }
  expect(traffic.openCount()).toBe(0)
  world.run(world.now() + 15_000)
  for (const [place, hashes] of recorded) expect([place, hashes.size]).toEqual([place, 1])
  for (const { shard } of world.validator(first).beacon.head().shards) {
    for (const node of holdersOf(scene, shard)) {
      const { height, hash } = stateOf(scene, node, shard)
      const known = recorded.get(`${shard}/${height}`)
      if (known !== undefined) expect([...known]).toEqual([hash])
    }
  }
  // Whoever has no seat hears of the last block with the next one.
  const seats = world.validator(first).beacon.head().committees[1] ?? []
  const members = holdersOf(scene, 1).filter((node) => seats.includes(node))
  const heights = members.map((node) => stateOf(scene, node, 1).height)
  expect(new Set(heights).size).toBe(1)
  expect(wealth(scene, 'now')).toBe(wealth(scene, 'genesis'))
}

function nodesThat({ facts }: ForkScene, kind: 'forked' | 'reorganised'): ReadonlySet<number> {
  return new Set(facts.filter(({ fact }) => fact.kind === kind).map(({ node }) => node))
}

describe('fork', () => {
  test('fork: C.7: a node on a branch that the beacon did not record takes its blocks back and executes the recorded ones', () => {
    const scene = openFork(2)
    scene.send(20)
    expectOneChain(scene)
    const losers = nodesThat(scene, 'forked')
    expect(losers.size).toBeGreaterThan(0)
    // Others may have been left behind by an epoch that ended by force.
    const moved = nodesThat(scene, 'reorganised')
    for (const node of losers) expect(moved).toContain(node)
    // B.12: two certificates of one view convict the gang, and nobody else.
    expect(scene.facts.some(({ fact }) => fact.kind === 'fork')).toBe(true)
    const { validators } = scene.trial.world.validator(scene.honest[0] ?? 0).beacon.head()
    const slashed = [...validators.keys()].filter((one) => validators[one]?.status === 'slashed')
    expect(slashed).toEqual(scene.gang.toSorted((left, right) => left - right))
    const taken = scene.facts.filter(({ fact }) => fact.kind === 'reorganised' && fact.orphans > 0)
    expect(taken.length).toBeGreaterThan(0)
    for (const { fact } of taken)
      expect(fact.kind === 'reorganised' && fact.from?.height).toBeGreaterThan(0)
  })

  test('fork: C.7: whoever crashes at any step of it comes back onto the recorded branch', () => {
    // In two of the first eight seeds no honest node sees a fork, for the crashes keep the gang from one.
    const scene = openFork(6)
    const { world } = scene.trial
    const restart = (): void =>
      world.apply({ kind: 'start', nodes: scene.honest.filter((node) => !world.isUp(node)) })
    for (let step = 0; step < 40; step++) {
      const node = scene.dice.pick(scene.honest)
      restart()
      const stepsLater = scene.dice.below(12)
      world.apply({ kind: 'crash-amid', node, stepsLater, retention: 'prefix' })
      world.run(world.now() + 100)
      if (step % 4 === 0) scene.send(1)
    }
    world.calm()
    restart()
    scene.trial.traffic.sendAgain(scene.honest[0] ?? 0)
    expectOneChain(scene)
    expect(nodesThat(scene, 'forked').size).toBeGreaterThan(0)
  })
})

/**
 * Turns of simulated nodes: what reaches a node in one millisecond is one event, and the event hash knows all of it.
 */
import { describe, expect, test } from 'vitest'
import { createTrial } from './sharded/trial.ts'

/** A network to which a client sends these, all at once; they are no transactions, so each is refused in its turn. */
function offered(...raws: readonly (readonly number[])[]) {
  const trial = createTrial({ shardCount: 1, seed: 1 })
  const { world } = trial
  trial.startAll()
  world.run(1_500)
  const before = world.steps()
  let refused = 0
  for (const raw of raws) {
    world.submit(0, 1, Uint8Array.from(raw), (result) => {
      if (!result.ok) refused++
    })
  }
  world.run(world.now())
  return { events: world.steps() - before, refused, hash: world.hash() }
}

const LEFT = [1, 2, 3, 4, 5]
const RIGHT = [5, 4, 3, 2, 1]

describe('sharded: turns', () => {
  test('sharded: turns: what reaches a node in one millisecond is one event, and all of it is answered', () => {
    const one = offered(LEFT)
    const three = offered(LEFT, RIGHT, LEFT)
    expect([one.refused, three.refused]).toEqual([1, 3])
    expect(three.events).toBe(one.events)
  })

  test('sharded: turns: the event hash knows every input of a turn, and their order', () => {
    const runs = [[LEFT], [RIGHT], [LEFT, RIGHT], [RIGHT, LEFT], [LEFT, RIGHT, LEFT]]
    const hashes = runs.map((raws) => offered(...raws).hash)
    expect(new Set(hashes).size).toBe(runs.length)
    expect(offered(LEFT, RIGHT).hash).toBe(hashes[2])
  })
})

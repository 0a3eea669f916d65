import { describe, expect, test } from 'vitest'
import { createKeptStates, type KeptStates } from '../../../node/shards/kept-states.ts'

function keptHeights(kept: KeptStates, upTo: number): readonly number[] {
  const heights = Array.from({ length: upTo + 1 }, (_, height) => height)
  return heights.filter((height) => kept.at(height) !== undefined)
}

function fill(limits: { statesMax: number; changesMax: number }, changes: readonly number[]) {
  const kept = createKeptStates(limits)
  for (const [height, count] of changes.entries()) {
    kept.add(height, { tree: undefined, changes: count })
  }
  return keptHeights(kept, changes.length)
}

describe('shards: kept states', () => {
  test('shards: kept states: the newest are kept, up to a count', () => {
    expect(fill({ statesMax: 3, changesMax: 100 }, [0, 1, 1, 1, 1])).toEqual([2, 3, 4])
  })

  test('shards: kept states: states that changed much push out more of the old ones', () => {
    expect(fill({ statesMax: 9, changesMax: 10 }, [0, 4, 4, 4, 4])).toEqual([3, 4])
    expect(fill({ statesMax: 9, changesMax: 10 }, [1, 1, 1, 1, 9])).toEqual([3, 4])
  })

  test('shards: kept states: the newest is kept whatever it changed', () => {
    expect(fill({ statesMax: 9, changesMax: 10 }, [1, 1, 50])).toEqual([2])
    expect(fill({ statesMax: 9, changesMax: 10 }, [1, 50, 1, 1])).toEqual([2, 3])
  })

  test('shards: kept states: a gap in the heights is our own mistake', () => {
    const kept = createKeptStates({ statesMax: 3, changesMax: 10 })
    kept.add(4, { tree: undefined, changes: 0 })
    expect(() => kept.add(6, { tree: undefined, changes: 0 })).toThrow('no gaps')
  })
})

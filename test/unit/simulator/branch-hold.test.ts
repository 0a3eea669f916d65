/** Blocks of a captured shard, held until the beacon has decided (crosslinks.md C.7). */
import { describe, expect, test } from 'vitest'
import { createBranchHold, type HeldPlace } from '../../../devnet/simulator/branch-hold.ts'
import { createCapturedShards } from '../../../devnet/simulator/captured-shards.ts'

const block = (height: number, hash: string, parentHash: string): HeldPlace => {
  return { shard: 1, height, hash, parentHash }
}

describe('simulator: captured shards', () => {
  test('simulator: captured shards: one more liar than a committee tolerates captures a shard, and never the beacon', () => {
    const captured = createCapturedShards()
    const committees = [
      [0, 1, 2, 3],
      [0, 1, 2, 3],
      [2, 3, 4, 5],
    ]
    captured.look(committees, new Set([0]))
    expect([0, 1, 2].map(captured.has)).toEqual([false, false, false])
    captured.look(committees, new Set([0, 1]))
    expect([0, 1, 2].map(captured.has)).toEqual([false, true, false])
    // What it did stays when its seats are others.
    captured.look([[0, 1, 2, 3], [2, 3, 4, 5], []], new Set([0, 1]))
    expect(captured.has(1)).toBe(true)
  })

  test('simulator: captured shards: of two branches the recorded one is told, in order, and the other never', () => {
    let isCaptured = false
    const hold = createBranchHold<string>(() => isCaptured)
    expect(hold.tell(block(1, 'a', 'genesis'), 'a by 0')).toEqual(['a by 0'])
    isCaptured = true
    expect(hold.tell(block(2, 'b', 'a'), 'b by 0')).toEqual([])
    expect(hold.tell(block(2, 'x', 'a'), 'x by 1')).toEqual([])
    expect(hold.tell(block(3, 'y', 'x'), 'y by 1')).toEqual([])
    expect(hold.tell(block(3, 'c', 'b'), 'c by 0')).toEqual([])
    expect(hold.record([{ height: 3, hash: 'c' }])).toEqual(['b by 0', 'c by 0'])
    // The other node has gone over; what it had before counts for nothing.
    expect(hold.tell(block(2, 'b', 'a'), 'b by 1')).toEqual(['b by 1'])
    expect(hold.tell(block(2, 'x', 'a'), 'x by 2')).toEqual([])
    expect(hold.tell(block(4, 'd', 'c'), 'd by 1')).toEqual([])
    expect(hold.record([{ height: 3, hash: 'c' }])).toEqual([])
    expect(hold.record([{ height: 4, hash: 'd' }])).toEqual(['d by 1'])
  })

  test('simulator: captured shards: what is recorded waits for an honest node that has executed the way to it', () => {
    const hold = createBranchHold<string>(() => true)
    expect(hold.record([{ height: 2, hash: 'b' }])).toEqual([])
    expect(hold.tell(block(2, 'b', 'a'), 'b')).toEqual([])
    expect(hold.tell(block(1, 'a', 'genesis'), 'a')).toEqual(['a', 'b'])
  })
})

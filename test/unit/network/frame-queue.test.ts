import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createFrameQueue } from '../../../node/network/frame-queue.ts'

const frame = (size: number): Uint8Array => new Uint8Array(size)

test('network: frame-queue: the newest frame is refused when the bytes do not fit', () => {
  const queue = createFrameQueue(10)
  expect([queue.offer(frame(4)), queue.offer(frame(7)), queue.offer(frame(6))]).toEqual([
    true,
    false,
    true,
  ])
  expect([queue.count(), queue.bytes()]).toEqual([2, 10])
})

test('network: frame-queue: a batch has at least one frame and never more bytes than asked', () => {
  const queue = createFrameQueue(100)
  for (const size of [50, 3, 4, 5]) queue.offer(frame(size))
  const sizes = (): readonly number[] => queue.takeBatch(10).map(({ length }) => length)
  expect([sizes(), sizes(), sizes(), sizes()]).toEqual([[50], [3, 4], [5], []])
  expect([queue.count(), queue.bytes()]).toEqual([0, 0])
})

test('network: frame-queue: order and bytes hold over any offers and takes', () => {
  const step = fc.oneof(
    fc.record({ offer: fc.integer({ min: 1, max: 40 }) }),
    fc.record({ take: fc.integer({ min: 1, max: 80 }) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const queue = createFrameQueue(200)
      const model: Uint8Array[] = []
      for (const action of steps) {
        if ('offer' in action) {
          const next = frame(action.offer)
          if (queue.offer(next)) model.push(next)
        } else {
          const batch = queue.takeBatch(action.take)
          expect(batch).toEqual(model.splice(0, batch.length))
        }
        const bytes = model.reduce((sum, { length }) => sum + length, 0)
        expect([queue.count(), queue.bytes()]).toEqual([model.length, bytes])
        expect(bytes).toBeLessThanOrEqual(200)
      }
      expect(queue.clear()).toBe(model.length)
    }),
  )
})

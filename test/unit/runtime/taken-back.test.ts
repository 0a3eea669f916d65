/** What a node says of finalized blocks that it took back (crosslinks.md C.7, beacon.md B.8). */
import { describe, expect, test } from 'vitest'
import { createTakenBack } from '../../../node/runtime/taken-back.ts'
import type { ValidatorFact } from '../../../node/validator/contract.ts'

const hash = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)
const from = { height: 9, hash: hash(9) }
const to = { height: 7, hash: hash(7) }

function handover(blocks: { readonly height: number; readonly hash: Uint8Array } | undefined) {
  const orphans = blocks === undefined ? 0 : 2
  const fact = {
    kind: 'forced-handover',
    shard: 2,
    epoch: 5,
    ...to,
    orphans,
    from: blocks,
  } as const
  return fact satisfies ValidatorFact
}

describe('taken back', () => {
  test('taken back: C.7: the last time is told with the own head before and the recorded block after, by shard', () => {
    const book = createTakenBack(() => 1_000)
    book.observe({ kind: 'reorganised', shard: 1, epoch: 3, ...to, orphans: 2, from, taken: 1 })
    expect(book.of(1)).toEqual({
      count: 1,
      last: { atMs: 1_000, because: 'fork', epoch: 3, from, to, orphans: 2 },
    })
    expect(book.of(2)).toEqual({ count: 0, last: undefined })
    book.observe({ kind: 'reorganised', shard: 1, epoch: 4, ...to, orphans: 2, from, taken: 1 })
    expect(book.of(1)).toMatchObject({ count: 2, last: { epoch: 4 } })
  })

  test('taken back: B.8: a shard that is forced on counts where blocks were lost, and not where all were recorded', () => {
    const book = createTakenBack(() => 1_000)
    book.observe(handover(undefined))
    expect(book.of(2).count).toBe(0)
    book.observe(handover(from))
    expect(book.of(2)).toMatchObject({ count: 1, last: { because: 'forced-handover', from, to } })
  })
})

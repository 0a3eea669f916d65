import { describe, expect, test } from 'vitest'
import type {
  SeenBlock,
  SeenReceipt,
} from '../../../devnet/simulator/checkers/sharded-observation.ts'
import { createBlockOrder, type ToldBlock } from '../../../devnet/simulator/block-order.ts'

function receipt(source: number, destination: number, sequence: number): SeenReceipt {
  const parties = { from: 'a', to: 'b', amount: 1n, origin: 'o' }
  return { source, destination, sequence, kind: 'transfer', ...parties }
}

type Content = {
  readonly sent?: readonly SeenReceipt[]
  readonly consumed?: readonly SeenReceipt[]
  readonly anchor?: number
}

function told(shard: number, height: number, content: Content = {}): ToldBlock {
  const { sent = [], consumed = [], anchor = 0 } = content
  const block: SeenBlock = {
    shard,
    height,
    hash: `${shard}/${height}`,
    parentHash: `${shard}/${height - 1}`,
    stateRoot: '',
    timestampMs: height,
    baseFeePerGas: 1n,
    anchor: { height: anchor, hash: '' },
    cursors: [],
    transactions: [],
    consumed: consumed.map((one) => ({ receipt: one, outcome: 'applied' })),
    sent,
    changed: [],
  }
  return { node: shard, block }
}

function hashes(list: readonly ToldBlock[]): readonly string[] {
  return list.map(({ block }) => block.hash)
}

const recorded = (beaconHeight: number, first: number) => ({
  beaconHeight,
  heads: [{ height: first, hash: '', cursors: [] }],
})

describe('simulator: block order', () => {
  test('simulator: block order: a height waits for the one below, and what was told before is told again at once', () => {
    const order = createBlockOrder()
    expect(order.tell(told(1, 2), 0)).toEqual([])
    expect(order.tell(told(1, 3), 0)).toEqual([])
    expect(hashes(order.tell(told(1, 1), 0))).toEqual(['1/1', '1/2', '1/3'])
    expect(hashes(order.tell(told(1, 2), 0))).toEqual(['1/2'])
  })

  test('simulator: block order: who consumes waits for who sent', () => {
    const order = createBlockOrder()
    const receipts = [receipt(1, 2, 0)]
    expect(order.tell(told(2, 1, { consumed: receipts }), 0)).toEqual([])
    expect(hashes(order.tell(told(1, 1, { sent: receipts }), 0))).toEqual(['1/1', '2/1'])
  })

  test('simulator: block order: what the recorded blocks of the source do not hold is not waited for', () => {
    const order = createBlockOrder()
    const forged = told(2, 1, { consumed: [receipt(1, 2, 0)], anchor: 5 })
    order.tell(told(1, 1), 0)
    expect(order.tell(forged, 0)).toEqual([])
    expect(order.record(recorded(4, 1))).toEqual([])
    expect(hashes(order.record(recorded(5, 1)))).toEqual(['2/1'])
  })

  test('simulator: block order: a cause that never comes is told of', () => {
    const order = createBlockOrder()
    order.tell(told(1, 2), 1_000)
    expect(order.overdue(31_000)).toBeUndefined()
    expect(order.overdue(31_001)).toContain('height 2 of shard 1')
  })
})

/** The checkers of sharded networks are alive: each is shown histories that it must refuse, one fault each. */
import { describe, expect, test } from 'vitest'
import { createConservationChecker } from '../../devnet/simulator/checkers/conservation.ts'
import { createReceiptChecker } from '../../devnet/simulator/checkers/receipts.ts'
import { createShardHeadChecker } from '../../devnet/simulator/checkers/shard-heads.ts'
import type { SeenBlock, SeenReceipt } from '../../devnet/simulator/checkers/sharded-observation.ts'

const receipt: SeenReceipt = {
  source: 1,
  destination: 2,
  sequence: 0,
  kind: 'transfer',
  from: 'alice',
  to: 'bob',
  amount: 10n,
  origin: 'transaction',
}
const bounce: SeenReceipt = { ...receipt, source: 2, destination: 1, kind: 'bounce' }

function block(shard: number, height: number, changes: Partial<SeenBlock> = {}): SeenBlock {
  const hash = `${shard}/${height}`
  const parentHash = `${shard}/${height - 1}`
  const place = { timestampMs: height, anchor: { height: 0, hash: 'beacon' }, cursors: [0, 0, 0] }
  const empty = { transactions: [], consumed: [], sent: [], changed: [], baseFeePerGas: 2n }
  return { shard, height, hash, parentHash, stateRoot: hash, ...place, ...empty, ...changes }
}

/** Alice pays ten, and two times three for gas; the receipt leaves at once. */
const sending = block(1, 1, {
  transactions: [{ hash: 'transaction', gasUsed: 3, sentTo: 2 }],
  sent: [receipt],
  changed: [{ account: 'alice', nonce: 1, balance: 84n }],
})
const arriving = block(2, 1, {
  consumed: [{ receipt, outcome: 'applied' }],
  changed: [{ account: 'bob', nonce: 0, balance: 10n }],
})

function judged(blocks: readonly SeenBlock[], heights: readonly number[]): string | undefined {
  const checker = createConservationChecker([[{ account: 'alice', balance: 100n }], []])
  checker.declare('transaction', 10n)
  for (const one of blocks) checker.block(one)
  const heads = heights.map((height, index) => {
    return { height, hash: `${index + 1}/${height}`, cursors: [0, 0, 0] }
  })
  return checker.cut({ beaconHeight: 1, heads })
}

describe('sharded checkers: conservation', () => {
  test('sharded checkers: conservation: holds before, in between and after', () => {
    const blocks = [sending, arriving]
    expect(judged(blocks, [0, 0])).toBeUndefined()
    expect(judged(blocks, [1, 0])).toBeUndefined()
    expect(judged(blocks, [1, 1])).toBeUndefined()
  })

  const faults: readonly (readonly [string, readonly SeenBlock[], readonly number[]])[] = [
    [
      'value that vanishes',
      [{ ...sending, changed: [{ account: 'alice', nonce: 1, balance: 83n }] }],
      [1, 0],
    ],
    [
      'value that appears',
      [sending, { ...arriving, changed: [{ account: 'bob', nonce: 0, balance: 11n }] }],
      [1, 1],
    ],
    ['a receipt without its transaction', [{ ...sending, transactions: [] }], [1, 0]],
    ['more consumed than was sent at the cut', [sending, arriving], [0, 1]],
    ['a burnt fee that nobody paid', [{ ...sending, baseFeePerGas: 3n }], [1, 0]],
    ['a crosslink to a block that nobody executed', [sending], [2, 0]],
  ]
  for (const [name, blocks, heights] of faults) {
    test(`sharded checkers: conservation: refuses ${name}`, () => {
      expect(judged(blocks, heights)).toBeDefined()
    })
  }
})

describe('sharded checkers: receipts', () => {
  const consumed = (
    one: SeenReceipt,
    outcome: SeenBlock['consumed'][number]['outcome'] = 'applied',
  ) => block(2, 1, { consumed: [{ receipt: one, outcome }] })
  const sent = (one: SeenReceipt) => block(one.source, 1, { sent: [one] })
  const faults: readonly (readonly [string, readonly SeenBlock[]])[] = [
    ['a receipt consumed twice', [sent(receipt), consumed(receipt), consumed(receipt)]],
    ['a receipt that was never sent', [consumed(receipt)]],
    ['a receipt that changed on the way', [sent(receipt), consumed({ ...receipt, amount: 11n })]],
    ['a gap in a channel', [sent({ ...receipt, sequence: 1 })]],
    ['a receipt that is never consumed', [sent(receipt)]],
    ['a refund of nothing', [sent(bounce)]],
    ['a bounce that is never refunded', [sent(receipt), consumed(receipt, 'bounced')]],
    [
      'a refund of less',
      [sent(receipt), consumed(receipt, 'bounced'), sent({ ...bounce, amount: 9n })],
    ],
    [
      'a second refund',
      [sent(receipt), consumed(receipt, 'bounced'), sent(bounce), sent({ ...bounce, sequence: 1 })],
    ],
  ]
  for (const [name, blocks] of faults) {
    test(`sharded checkers: receipts: refuses ${name}`, () => {
      const checker = createReceiptChecker()
      const problems = blocks.map(checker.block).filter((problem) => problem !== undefined)
      expect(problems[0] ?? checker.finish()).toBeDefined()
    })
  }

  test('sharded checkers: receipts: a bounce that comes back is in order', () => {
    const checker = createReceiptChecker()
    const blocks = [
      sent(receipt),
      consumed(receipt, 'bounced'),
      sent(bounce),
      block(1, 2, { consumed: [{ receipt: bounce, outcome: 'applied' }] }),
    ]
    expect(blocks.map(checker.block)).toEqual(blocks.map(() => undefined))
    expect(checker.finish()).toBeUndefined()
    expect(checker.counts()).toEqual({ consumed: 2, bounced: 1 })
  })
})

describe('sharded checkers: heads', () => {
  test('sharded checkers: heads: refuses two outcomes of one height, and foreign or falling crosslinks', () => {
    const checker = createShardHeadChecker()
    expect(checker.block(0, block(1, 1))).toBeUndefined()
    expect(checker.block(0, block(1, 2))).toBeUndefined()
    expect(checker.block(1, block(1, 1))).toBeUndefined()
    expect(checker.block(2, block(1, 1, { stateRoot: 'other' }))).toBeDefined()
    let beaconHeight = 0
    const cut = (height: number, hash: string) =>
      checker.cut({ beaconHeight: ++beaconHeight, heads: [{ height, hash, cursors: [0, 0] }] })
    expect(cut(2, '1/2')).toBeUndefined()
    expect(cut(2, 'other')).toBeDefined()
    expect(cut(1, '1/1')).toBeDefined()
  })
})

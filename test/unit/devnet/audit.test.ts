import { describe, expect, test } from 'vitest'
import { auditCut, genesisPerShard, type AuditInput } from '../../../devnet/audit.ts'
import { createDevnetGenesis } from '../../../devnet/genesis.ts'
import { DEFAULT_PARAMETERS } from '../../../devnet/parameters.ts'
import { parseLedger } from '../../../devnet/observe/ledger-file.ts'
import {
  applyCut,
  createLedger,
  ledgerToJson,
  receiptCounts,
  valueInFlight,
  type BlockFacts,
  type ConsumedReceipt,
} from '../../../devnet/observe/ledger.ts'

function block(shard: number, height: number, facts: Partial<BlockFacts> = {}): BlockFacts {
  const hash = `0x${shard}${height}`
  return { shard, height, hash, transactions: [], consumed: [], sent: [], ...facts }
}

function consumed(sequence: number, amount: bigint, facts: Partial<ConsumedReceipt> = {}) {
  return {
    source: 1,
    sequence,
    kind: 'transfer' as const,
    amount,
    outcome: 'applied' as const,
    originTransaction: '0xaa',
    ...facts,
  }
}

function sent(sequence: number, amount: bigint, destination = 2) {
  return { destination, sequence, amount }
}

function cut(...heights: readonly number[]) {
  return heights.map((height, index) => ({
    shard: index + 1,
    height,
    hash: height === 0 ? '' : `0x${index + 1}${height}`,
  }))
}

describe('devnet: ledger', () => {
  test('devnet: ledger: a receipt is in flight from its sending to its consumption', () => {
    const ledger = createLedger(2)
    expect(
      applyCut(ledger, cut(1, 0), [block(1, 1, { sent: [sent(0, 5n), sent(1, 7n)] })]),
    ).toEqual([])
    expect(valueInFlight(ledger)).toBe(12n)
    expect(applyCut(ledger, cut(1, 1), [block(2, 1, { consumed: [consumed(0, 5n)] })])).toEqual([])
    expect(valueInFlight(ledger)).toBe(7n)
    expect(receiptCounts(ledger)).toEqual({ sent: 2, applied: 1, refunded: 0, pending: 1 })
  })

  test('devnet: ledger: sending and consuming within one cut is no violation in either order', () => {
    const ledger = createLedger(2)
    const blocks = [
      block(2, 1, { consumed: [consumed(0, 5n)] }),
      block(1, 1, { sent: [sent(0, 5n)] }),
    ]
    expect(applyCut(ledger, cut(1, 1), blocks)).toEqual([])
  })

  test('devnet: ledger: a bounce that is applied is a refund', () => {
    const ledger = createLedger(2)
    applyCut(ledger, cut(1, 1), [
      block(1, 1, { sent: [sent(0, 5n)] }),
      block(2, 1, { consumed: [consumed(0, 5n, { outcome: 'bounced' })], sent: [sent(0, 5n, 1)] }),
    ])
    const refund = consumed(0, 5n, { source: 2, kind: 'bounce' })
    expect(applyCut(ledger, cut(2, 1), [block(1, 2, { consumed: [refund] })])).toEqual([])
    expect(receiptCounts(ledger)).toEqual({ sent: 2, applied: 1, refunded: 1, pending: 0 })
    expect(valueInFlight(ledger)).toBe(0n)
  })

  test.each<[string, BlockFacts[], RegExp]>([
    [
      'a receipt applied twice',
      [block(2, 1, { consumed: [consumed(0, 5n), consumed(0, 5n)] })],
      /second time/,
    ],
    [
      'a receipt that was never sent',
      [block(2, 1, { consumed: [consumed(0, 5n), consumed(1, 6n), consumed(2, 1n)] })],
      /2, which was never sent/,
    ],
    [
      'a receipt out of order',
      [block(2, 1, { consumed: [consumed(1, 6n)] })],
      /1 before receipt 0/,
    ],
    ['another amount', [block(2, 1, { consumed: [consumed(0, 50n)] })], /50 wei, sent were 5/],
    ['a gap in what is sent', [block(1, 2, { sent: [sent(3, 1n)] })], /sends receipt 3 where 2/],
    ['a missing block', [block(2, 2)], /block 2 follows block 0/],
  ])('devnet: ledger: %s is a violation', (_, blocks, sentence) => {
    const ledger = createLedger(2)
    applyCut(ledger, cut(1, 0), [block(1, 1, { sent: [sent(0, 5n), sent(1, 6n)] })])
    const heights = [1, 0]
    for (const { shard, height } of blocks) heights[shard - 1] = height
    const violations = applyCut(ledger, cut(...heights), blocks)
    expect(violations).toHaveLength(1)
    expect(violations[0]).toMatch(sentence)
  })

  test('devnet: ledger: a block that is not the one the beacon recorded is a violation', () => {
    const violations = applyCut(
      createLedger(1),
      [{ shard: 1, height: 1, hash: '0xother' }],
      [block(1, 1)],
    )
    expect(violations).toEqual([expect.stringMatching(/the beacon records block 1 0xother/)])
  })

  test('devnet: ledger: the books survive being written and read', () => {
    const ledger = createLedger(2)
    applyCut(ledger, cut(1, 0), [block(1, 1, { sent: [sent(0, 5n), sent(1, 10n ** 30n)] })])
    expect(parseLedger(JSON.stringify(ledgerToJson(ledger)))).toEqual(ledger)
    expect(parseLedger('{"format":"weft-ledger-2"}')).toBeUndefined()
    expect(parseLedger('half a fi')).toBeUndefined()
  })
})

describe('devnet: ledger: the beacon', () => {
  const flows = (consumed: number, sent: number, sentValue: bigint) => {
    return { stake: 32n, burnt: 0n, channels: [{ consumed, sent, sentValue }] }
  }
  const payout = (sequence: number, amount: bigint) =>
    consumed(sequence, amount, { source: 0, kind: 'payout' })

  test('devnet: ledger: the beacon: a deposit is in flight until the beacon has consumed it', () => {
    const ledger = createLedger(1)
    const deposit = block(1, 1, { sent: [sent(0, 5n, 0)] })
    expect(applyCut(ledger, cut(1), [deposit], flows(0, 0, 0n))).toEqual([])
    expect(valueInFlight(ledger)).toBe(5n)
    expect(applyCut(ledger, cut(1), [], flows(1, 0, 0n))).toEqual([])
    expect(valueInFlight(ledger)).toBe(0n)
    expect(receiptCounts(ledger)).toEqual({ sent: 1, applied: 1, refunded: 0, pending: 0 })
    expect(applyCut(ledger, cut(1), [], flows(2, 0, 0n))).toHaveLength(1)
  })

  test('devnet: ledger: the beacon: what it sends is in flight until its shard has consumed it, once', () => {
    const ledger = createLedger(1)
    expect(applyCut(ledger, cut(0), [], flows(0, 2, 9n))).toEqual([])
    expect(valueInFlight(ledger)).toBe(9n)
    const first = block(1, 1, { consumed: [payout(0, 4n)] })
    expect(applyCut(ledger, cut(1), [first], flows(0, 2, 9n))).toEqual([])
    expect(valueInFlight(ledger)).toBe(5n)
    const again = block(1, 2, { consumed: [payout(0, 4n)] })
    expect(applyCut(ledger, cut(2), [again], flows(0, 2, 9n))).toHaveLength(1)
    const unsent = block(1, 3, { consumed: [payout(1, 5n), payout(2, 1n)] })
    expect(applyCut(ledger, cut(3), [unsent], flows(0, 2, 9n))).toEqual([
      expect.stringMatching(/receipt 2 of the beacon, which was never sent/),
    ])
    expect(parseLedger(JSON.stringify(ledgerToJson(ledger)))).toEqual(ledger)
  })
})

describe('devnet: audit', () => {
  const input: AuditInput = {
    genesis: [100n, 50n],
    supplies: [
      { shard: 1, height: 7, balances: 80n, buffered: 2n, burnt: 3n, genesis: 100n },
      { shard: 2, height: 9, balances: 60n, buffered: 0n, burnt: 1n, genesis: 50n },
    ],
    heights: [7, 9],
    inFlight: 4n,
    stakes: { genesis: 64n, held: 60n, burnt: 4n },
    receipts: { sent: 3, applied: 2, refunded: 0, pending: 1 },
    violations: [],
  }

  function violationsOf(change: Partial<AuditInput>): readonly string[] {
    const report = auditCut({ ...input, ...change })
    expect(report.ok).toBe(report.violations.length === 0)
    return report.violations
  }

  test('devnet: audit: money that moved between shards is neither made nor lost', () => {
    expect(violationsOf({})).toEqual([])
  })

  test('devnet: audit: one wei too few is lost and one too many is made', () => {
    expect(violationsOf({ inFlight: 3n })).toEqual(['1 wei were lost since genesis'])
    expect(violationsOf({ inFlight: 6n })).toEqual(['2 wei were made since genesis'])
    const stakes = { genesis: 64n, held: 60n, burnt: 3n }
    expect(violationsOf({ stakes })).toEqual(['1 wei were lost since genesis'])
  })

  test('devnet: audit: a supply of another height is refused', () => {
    expect(violationsOf({ heights: [7, 10] })).toEqual([
      expect.stringMatching(/shard 2: .*block 9/),
    ])
  })

  test('devnet: audit: a shard that nobody tells of fails the audit', () => {
    expect(violationsOf({ supplies: input.supplies.slice(0, 1) })[0]).toMatch(/shard 2: nobody/)
  })

  test('devnet: audit: a node that claims another genesis is caught', () => {
    expect(violationsOf({ genesis: [101n, 49n] })).toHaveLength(2)
  })

  test('devnet: audit: accounts of every shard count once per shard', async () => {
    const { genesis } = await createDevnetGenesis(
      { ...DEFAULT_PARAMETERS, shards: 2, validators: 8, scheme: 'ed25519', loadAccounts: 3 },
      1,
    )
    const expected = 10n * 10_000n * 10n ** 18n + 3n * 10n ** 27n
    expect(genesisPerShard(genesis)).toEqual([expected, expected])
  })
})

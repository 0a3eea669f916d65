import { describe, expect, test } from 'vitest'
import { INBOX_BYTES_BUDGET } from '../../../node/crosslink/inbox.ts'
import { CHANNEL_BATCHES_MAX } from '../../../node/crosslink/receipt-codec.ts'
import { BATCH_BYTES_MAX, INBOX_BYTES_PER_BLOCK_MAX } from '../../../node/primitives/limits.ts'
import { inboxGasOf } from '../../../node/shards/fees.ts'
import {
  BASE_GRANT_UNITS,
  creditOf,
  flowLimits,
  inFlightAt,
  isCongested,
  OUT_BYTES_CONGESTED,
  RECEIPT_GAS,
  WINDOW_UNITS_MIN,
} from '../../../node/shards/flow-control.ts'
import { anchorAt, genesisRecord, shardConfig } from './fixture.ts'

const LIMITS = flowLimits({ gasLimit: 30_000_000, shardCount: 3 })
const RECORDS = [1, 2, 3].map((shard) => genesisRecord(shardConfig(shard)))

function congestedWith(change: object, inFlight = 0, buffered = 0): boolean {
  const shards = RECORDS.map((record) => (record.shard === 2 ? { ...record, ...change } : record))
  const anchor = anchorAt(1, shards)
  return isCongested({ anchor, destination: 2, inFlight, buffered, limits: LIMITS })
}

describe('shards: flow control', () => {
  test('shards: flow control: the inbox of a block never passes three quarters of its gas', () => {
    for (const gasLimit of [60_000, 1_000_000, 30_000_000, 300_000_000]) {
      const limits = flowLimits({ gasLimit, shardCount: 4 })
      const most = limits.inboxGasBudget - 1 + limits.batchReceiptsMax * RECEIPT_GAS
      expect(most).toBeLessThan(inboxGasOf(gasLimit))
      expect(limits.inboxGasBudget).toBeGreaterThan(0)
    }
    expect(INBOX_BYTES_BUDGET + BATCH_BYTES_MAX).toBeLessThanOrEqual(INBOX_BYTES_PER_BLOCK_MAX)
  })

  test('shards: flow control: C.6 sources share four blocks of the inbox, at least 64 receipts each', () => {
    expect(LIMITS.inboxUnitsPerBlock).toBe(2_250)
    expect(flowLimits({ gasLimit: 30_000_000, shardCount: 10 }).windowUnits).toBe(1_000)
    expect(flowLimits({ gasLimit: 60_000, shardCount: 64 }).windowUnits).toBe(WINDOW_UNITS_MIN)
  })

  test('shards: flow control: a channel never holds more batches than an inbox item names', () => {
    for (const shardCount of [1, 2, 3, 64]) {
      const { windowUnits } = flowLimits({ gasLimit: 1_000_000_000, shardCount })
      expect(windowUnits + BASE_GRANT_UNITS).toBeLessThanOrEqual(CHANNEL_BATCHES_MAX)
    }
  })

  test('shards: flow control: a gas limit without room for receipts is refused at start', () => {
    expect(() => flowLimits({ gasLimit: 30_000, shardCount: 2 })).toThrow('room for receipts')
  })

  test('shards: flow control: C.6 a full window still lets one receipt pass, and no more', () => {
    expect(creditOf(LIMITS, 2, 0)).toBe(LIMITS.windowUnits + 1)
    expect(creditOf(LIMITS, 2, LIMITS.windowUnits)).toBe(1)
    expect(creditOf(LIMITS, 2, LIMITS.windowUnits + 1)).toBe(0)
    expect(creditOf(LIMITS, 2, LIMITS.windowUnits + 9)).toBe(0)
  })

  test('shards: flow control: in flight is what the anchor has not seen consumed', () => {
    const shards = RECORDS.map((record) => ({ ...record, cursors: [0, 5, 0, 0] }))
    const anchor = anchorAt(1, shards)
    expect(inFlightAt({ anchor, shard: 1, destination: 2, nextSequence: 12 })).toBe(7)
    expect(inFlightAt({ anchor, shard: 3, destination: 2, nextSequence: 12 })).toBe(12)
  })

  test('shards: flow control: a quiet channel to a live shard is open', () => {
    expect(congestedWith({})).toBe(false)
  })

  test('shards: flow control: C.6 a full window closes admission, buffered receipts counted', () => {
    expect(congestedWith({}, LIMITS.windowUnits - 1)).toBe(false)
    expect(congestedWith({}, LIMITS.windowUnits)).toBe(true)
    expect(congestedWith({}, LIMITS.windowUnits - 10, 10)).toBe(true)
  })

  test('shards: flow control: a shard that is not live, or not there, takes nothing', () => {
    for (const status of ['lagging', 'recovering', 'frozen'])
      expect(congestedWith({ status })).toBe(true)
    const anchor = anchorAt(1, RECORDS)
    const question = { anchor, destination: 9, inFlight: 0, buffered: 0, limits: LIMITS }
    expect(isCongested(question)).toBe(true)
  })

  test('shards: flow control: a shard above a quarter of its load takes nothing new', () => {
    expect(congestedWith({ inboxUnits: LIMITS.inboxUnitsPerBlock })).toBe(false)
    expect(congestedWith({ inboxUnits: LIMITS.inboxUnitsPerBlock + 1 })).toBe(true)
    expect(congestedWith({ outBytes: OUT_BYTES_CONGESTED + 1 })).toBe(true)
  })
})

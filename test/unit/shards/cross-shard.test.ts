import { describe, expect, test } from 'vitest'
import { present } from '../../../node/primitives/assert.ts'
import { intrinsicGas } from '../../../node/shards/fees.ts'
import { flowLimits, RECEIPT_GAS } from '../../../node/shards/flow-control.ts'
import { TREASURY_ADDRESS } from '../../../node/shards/inbox-execution.ts'
import {
  encodeGatewayTransfer,
  GATEWAY_ADDRESS,
  GATEWAY_TRANSFER_GAS,
} from '../../../node/shards/vm/gateway.ts'
import type { CheckedTransaction } from '../../../node/shards/executor.ts'
import { openInlineExecutor } from '../../../node/shards/io/inline.ts'
import { createMemoryStateStore } from '../../../node/shards/io/state-store.ts'
import {
  address,
  anchorAt,
  buildRequest,
  CHAIN_ID_BASE,
  crossPayment,
  ETHER,
  expectKind,
  genesisRecord,
  GWEI,
  shardConfig,
} from './fixture.ts'
import { createWorld, type World } from './world.ts'

const TO = address(0xff)

/** Value on all shards and between them; constant whatever happens (E, C1). */
function totalValue(world: World, shardCount: number): bigint {
  let sum = 0n
  for (let shard = 1; shard <= shardCount; shard++) {
    const { balances, buffered, burnt } = world.supply(shard)
    sum += balances + buffered + burnt
    for (const outcome of world.outcomes(shard)) {
      for (const { receipts } of outcome.sent) for (const { amount } of receipts) sum += amount
      for (const { receipt } of outcome.consumed) sum -= receipt.amount
    }
  }
  return sum
}

describe('shards: cross-shard transfer', () => {
  test('shards: cross-shard transfer: value leaves the source, is in flight, and arrives once', () => {
    const world = createWorld()
    const before = totalValue(world, 3)
    const send = crossPayment(world.config(1), { from: 0, toShard: 2, to: TO, value: 7n * ETHER })
    const sent = world.advance(1, [send])
    const data = encodeGatewayTransfer(CHAIN_ID_BASE + 2, TO)
    const gasUsed = intrinsicGas({ data, accessList: [] }) + GATEWAY_TRANSFER_GAS
    expect(sent.results).toEqual([{ status: 1, gasUsed, sent: { destination: 2, index: 0 } }])
    expect(sent.sent).toMatchObject([{ source: 1, destination: 2, startSequence: 0 }])
    expect(sent.sent[0]?.receipts).toMatchObject([
      { kind: 'transfer', from: address(0), to: TO, amount: 7n * ETHER, gas: RECEIPT_GAS },
    ])
    expect(sent.sent[0]?.receipts[0]?.originTransaction).toEqual(send.hash)
    expect(totalValue(world, 3)).toBe(before)

    world.crosslink()
    const received = world.advance(2)
    expect(received.consumed).toMatchObject([{ outcome: 'applied', receipt: { sequence: 0 } }])
    expect(received.header.gasUsed).toBe(RECEIPT_GAS)
    expect(received.header.cursors).toEqual([0, 1, 0, 0])
    expect(world.account(2, TO).balance).toBe(7n * ETHER)
    expect(totalValue(world, 3)).toBe(before)

    world.crosslink()
    expect(world.advance(2).consumed).toEqual([])
    expect(world.account(2, TO).balance).toBe(7n * ETHER)
  })

  test('shards: cross-shard transfer: nothing is consumed before the beacon has recorded it', () => {
    const world = createWorld()
    world.advance(1, [crossPayment(world.config(1), { from: 0, toShard: 2, to: TO })])
    expect(world.advance(2).consumed).toEqual([])
  })

  test('shards: cross-shard transfer: value to an address that cannot receive comes back whole', () => {
    const world = createWorld()
    const total = totalValue(world, 3)
    const send = { from: 0, toShard: 2, to: GATEWAY_ADDRESS, value: 3n * ETHER }
    world.advance(1, [crossPayment(world.config(1), send)])
    const afterSending = world.account(1, address(0)).balance
    world.crosslink()
    const bounced = world.advance(2)
    expect(bounced.consumed).toMatchObject([{ outcome: 'bounced' }])
    expect(bounced.sent[0]?.receipts).toMatchObject([
      { kind: 'bounce', destination: 1, from: address(0), amount: 3n * ETHER, sequence: 0 },
    ])
    world.crosslink()
    const refunded = world.advance(1)
    expect(refunded.consumed).toMatchObject([{ outcome: 'applied', receipt: { kind: 'bounce' } }])
    expect(world.account(1, address(0)).balance).toBe(afterSending + 3n * ETHER)
    expect(totalValue(world, 3)).toBe(total)
  })

  test('shards: cross-shard transfer: the fee for the receipt is paid at the source, half-open nowhere', () => {
    const world = createWorld()
    const send = { from: 0, toShard: 3, to: TO, value: 0n }
    const outcome = world.advance(1, [crossPayment(world.config(1), send)])
    const gas = BigInt(outcome.results[0]?.gasUsed ?? 0)
    const price = outcome.header.baseFeePerGas + GWEI
    expect(world.account(1, address(0)).balance).toBe(100n * ETHER - gas * price)
    expect(world.supply(1).burnt).toBe(gas * outcome.header.baseFeePerGas)
  })

  test('shards: cross-shard transfer: receipts to one shard are consumed in the order they were made', () => {
    const world = createWorld({ accountCount: 8 })
    for (let round = 0; round < 3; round++) {
      const transactions = Array.from({ length: 8 }, (_, from) => {
        const value = BigInt(round * 8 + from)
        return crossPayment(world.config(1), { from, nonce: round, toShard: 2, to: TO, value })
      })
      world.advance(1, transactions)
    }
    world.crosslink(1)
    const { consumed } = world.advance(2)
    expect(consumed.map(({ receipt }) => receipt.amount)).toEqual(
      Array.from({ length: 24 }, (_, index) => BigInt(index)),
    )
  })
})

/** First byte of the key of a waiting receipt (docs/protocol/shards.md, "State"). */
const BUFFERED_RECEIPT = 0x71

/** Receipts per batch are 7, per window 64: easily filled. */
const SMALL = { shardCount: 2, gasLimit: 400_000, accountCount: 8 }

describe('shards: outbox', () => {
  test('shards: outbox: receipts beyond a batch wait in the state and follow in order', () => {
    const world = createWorld(SMALL)
    const { batchReceiptsMax } = flowLimits(world.config(1))
    expect(batchReceiptsMax).toBe(7)
    const blocks = Array.from({ length: 3 }, (_, nonce) =>
      world.advance(
        1,
        Array.from({ length: 8 }, (_, from) =>
          crossPayment(world.config(1), { from, nonce, gasLimit: 40_000, toShard: 2, to: TO }),
        ),
      ),
    )
    expect(blocks.map(({ sent }) => sent[0]?.receipts.length)).toEqual([7, 7, 7])
    expect(blocks.map(({ buffered }) => buffered[2])).toEqual([1, 2, 3])
    expect(blocks[2]?.header.outBytes).toBeGreaterThan(0)
    expect(world.supply(1).buffered).toBe(3n)
    const last = world.advance(1)
    expect(last.sent[0]?.receipts.map(({ sequence }) => sequence)).toEqual([21, 22, 23])
    expect(last.buffered).toEqual([0, 0, 0])
    expect(last.header.outBytes).toBe(0)
    expect(world.supply(1).buffered).toBe(0n)
    expect(last.channels[2]?.nextSequence).toBe(24)
  })

  test('shards: outbox: a full window holds receipts back until the destination has consumed', () => {
    const world = createWorld(SMALL)
    const { windowUnits } = flowLimits(world.config(1))
    let nonce = 0
    const fill = (): number => {
      const transactions = Array.from({ length: 8 }, (_, from) =>
        crossPayment(world.config(1), { from, nonce, gasLimit: 40_000, toShard: 2, to: TO }),
      )
      nonce++
      return world.advance(1, transactions).sent[0]?.receipts.length ?? 0
    }
    let inFlight = 0
    for (let sent = fill(); sent > 0; sent = fill()) inFlight += sent
    expect(inFlight).toBe(windowUnits + 1)
    const waiting = present(world.outcomes(1).at(-1)?.buffered[2], 'there is a buffer')
    expect(waiting).toBeGreaterThan(0)

    world.crosslink(1)
    const { consumed } = world.advance(2)
    expect(consumed.length).toBeGreaterThan(0)
    expect(consumed.length).toBeLessThan(inFlight)
    expect(world.advance(1).sent).toEqual([])
    world.crosslink(2)
    const freed = world.advance(1)
    expect(freed.sent[0]?.receipts.length).toBe(Math.min(consumed.length, 7))
  })

  test('shards: outbox: the state holds exactly the receipts that wait', () => {
    const config = shardConfig(1, SMALL)
    const store = createMemoryStateStore()
    const executor = openInlineExecutor(config, { store })
    const records = [1, 2].map((shard) => genesisRecord(shardConfig(shard, SMALL)))
    let parent = { hash: config.genesisBlockHash, height: 0 }
    const waiting = (transactions: readonly CheckedTransaction[]): number => {
      const request = buildRequest(parent, anchorAt(1, records), { transactions })
      const { hash } = expectKind(executor.runNow(request), 'built').outcome
      executor.runNow({ kind: 'finalize', hash })
      parent = { hash, height: parent.height + 1 }
      return store.load()?.records.filter(({ key }) => key[0] === BUFFERED_RECEIPT).length ?? -1
    }
    const sends = Array.from({ length: 8 }, (_, from) =>
      crossPayment(config, { from, gasLimit: 40_000, toShard: 2, to: TO }),
    )
    expect(waiting(sends)).toBe(1)
    expect(waiting([])).toBe(0)
  })

  test('shards: outbox: consuming never waits for credit on the way out', () => {
    const world = createWorld(SMALL)
    world.record(1, { status: 'frozen' })
    world.record(2, { status: 'frozen' })
    const send = { from: 0, gasLimit: 40_000, toShard: 2, to: GATEWAY_ADDRESS }
    world.advance(1, [crossPayment(world.config(1), send)])
    world.crosslink(1)
    expect(world.advance(2).consumed).toMatchObject([{ outcome: 'bounced' }])
  })
})

describe('shards: backlog', () => {
  test('shards: backlog: what did not fit one block is consumed by the next, under the same anchor', () => {
    const world = createWorld(SMALL)
    for (let nonce = 0; nonce < 6; nonce++) {
      const transactions = Array.from({ length: 7 }, (_, from) =>
        crossPayment(world.config(1), { from, nonce, gasLimit: 40_000, toShard: 2, to: TO }),
      )
      world.advance(1, transactions)
    }
    world.crosslink(1)
    const blocks = [world.advance(2), world.advance(2), world.advance(2)]
    const counts = blocks.map(({ consumed }) => consumed.length)
    expect(counts[0]).toBeLessThan(42)
    expect(counts).toEqual([28, 14, 0])
    expect(blocks.map(({ header }) => header.inboxUnits)).toEqual([14, 0, 0])
  })
})

describe('shards: treasury', () => {
  test('shards: treasury: its address ends in 7472', () => {
    expect(TREASURY_ADDRESS.subarray(18)).toEqual(Uint8Array.of(0x74, 0x72))
  })

  test('shards: treasury: it can be paid like anyone', () => {
    const world = createWorld()
    const send = { from: 0, toShard: 2, to: TREASURY_ADDRESS, value: 5n }
    world.advance(1, [crossPayment(world.config(1), send)])
    world.crosslink()
    world.advance(2)
    expect(world.account(2, TREASURY_ADDRESS).balance).toBe(5n)
    const supply = expectKind(
      world.leader(2).runNow({ kind: 'supply', at: { kind: 'height', height: 1 } }),
      'supply',
    )
    expect(supply.supply.height).toBe(1)
  })
})

import { describe, expect, test } from 'vitest'
import { present } from '../../../node/primitives/assert.ts'
import { toHex } from '../../../node/primitives/bytes.ts'
import type { CheckedTransaction } from '../../../node/shards/executor.ts'
import { decodeTransaction } from '../../../node/shards/transaction.ts'
import { encodeGatewayTransfer, GATEWAY_ADDRESS } from '../../../node/shards/vm/gateway.ts'
import {
  account,
  address,
  admit,
  FEE_FLOOR,
  poolOf,
  select,
  transaction,
} from './mempool-fixture.ts'

/** Sender index and nonce of each selected transaction. */
function placesOf(selected: readonly CheckedTransaction[]): string[] {
  return selected.map(({ raw, sender }) => {
    const decoded = decodeTransaction(raw)
    const nonce = decoded.ok ? decoded.value.nonce : -1
    return `${(sender.at(-1) ?? 0) - 1}/${nonce}`
  })
}

describe('mempool: admission', () => {
  const refusals: readonly [string, Parameters<typeof admit>[1], string][] = [
    ['another chain', { sender: 0, nonce: 0, chainId: 7702 }, 'wrong-chain'],
    ['more gas than a block', { sender: 0, nonce: 0, gasLimit: 30_000_001 }, 'gas-limit-exceeded'],
    ['less gas than intrinsic', { sender: 0, nonce: 0, gasLimit: 20_999 }, 'intrinsic-gas-too-low'],
    [
      'data not paid for',
      { sender: 0, nonce: 0, data: new Uint8Array(9) },
      'intrinsic-gas-too-low',
    ],
    ['a fee below the floor', { sender: 0, nonce: 0, fee: FEE_FLOOR - 1n }, 'fee-too-low'],
    ['a contract creation', { sender: 0, nonce: 0, to: undefined }, 'unsupported-call'],
    [
      'a precompile',
      { sender: 0, nonce: 0, to: new Uint8Array(20).fill(1, 19) },
      'unsupported-call',
    ],
    ['a far nonce', { sender: 0, nonce: 256 }, 'nonce-too-high'],
    [
      'more value than the balance',
      { sender: 0, nonce: 0, value: 10n ** 31n },
      'insufficient-funds',
    ],
  ]
  test.each(refusals)('mempool: admission: %s is refused by its code', (_, wish, code) => {
    const pool = poolOf()
    expect(admit(pool, wish)).toBe(code)
    expect(pool.size()).toEqual({ count: 0, bytes: 0, queued: 0 })
  })

  test('mempool: admission: a used nonce is too low, a known hash already known', () => {
    const pool = poolOf()
    expect(admit(pool, { sender: 0, nonce: 4 }, account(0, 5))).toBe('nonce-too-low')
    expect(admit(pool, { sender: 0, nonce: 5 }, account(0, 5))).toBe('accepted')
    expect(admit(pool, { sender: 0, nonce: 5 }, account(0, 5))).toBe('already-known')
  })

  test('mempool: admission: the balance covers the whole queue of the sender', () => {
    const pool = poolOf()
    const cost = 21_000n * 10_000n + 1n
    const poor = account(0, 0, 2n * cost)
    expect(admit(pool, { sender: 0, nonce: 0 }, poor)).toBe('accepted')
    expect(admit(pool, { sender: 0, nonce: 1 }, poor)).toBe('accepted')
    expect(admit(pool, { sender: 0, nonce: 2 }, poor)).toBe('insufficient-funds')
    // After nonce 0 was executed its cost is gone from the balance and from the queue.
    const after = account(0, 1, 2n * cost)
    expect(admit(pool, { sender: 0, nonce: 2 }, after)).toBe('accepted')
  })

  test('mempool: admission: a gateway call names a shard that is there, open and paid for', () => {
    const pool = poolOf()
    const call = (chainId: number) => ({
      sender: 0,
      nonce: 0,
      to: GATEWAY_ADDRESS,
      data: encodeGatewayTransfer(chainId, address(1)),
      gasLimit: 60_000,
    })
    expect(admit(pool, call(7705))).toBe('unknown-destination')
    expect(admit(pool, call(7700))).toBe('unknown-destination')
    expect(admit(pool, call(7701))).toBe('unknown-destination')
    expect(admit(pool, { ...call(7702), data: new Uint8Array(4) })).toBe('unsupported-call')
    expect(admit(pool, { ...call(7702), gasLimit: 30_000 })).toBe('intrinsic-gas-too-low')
    const asked: number[] = []
    const congested = pool.admit({
      checked: transaction(call(7703)),
      account: account(0),
      congested: (destination) => asked.push(destination) > 0,
    })
    expect(congested).toMatchObject({ reject: { code: 'shard-congested' } })
    expect(asked).toEqual([3])
    expect(admit(pool, call(7702))).toBe('accepted')
  })

  test('mempool: admission: bytes that are no transaction are malformed', () => {
    const raw = Uint8Array.of(3, 0xc0)
    const checked = { raw, hash: new Uint8Array(32), sender: address(0) }
    const result = poolOf().admit({ checked, account: account(0), congested: () => false })
    expect(result).toMatchObject({ reject: { code: 'malformed' } })
  })

  test('mempool: admission: an admitted transaction does not keep the frame it came in', () => {
    const pool = poolOf()
    const single = transaction({ sender: 0, nonce: 0 })
    const frame = new Uint8Array(1024 * 1024)
    frame.set(single.raw, 500)
    const raw = frame.subarray(500, 500 + single.raw.length)
    pool.admit({ checked: { ...single, raw }, account: account(0), congested: () => false })
    expect(pool.get(single.hash)?.raw.buffer.byteLength).toBe(single.raw.length)
  })
})

describe('mempool: replacement', () => {
  test('mempool: replacement: both fees rise by a tenth or the first stays', () => {
    const pool = poolOf()
    const wish = { sender: 0, nonce: 0 }
    expect(admit(pool, { ...wish, fee: 10_000n, tip: 100n })).toBe('accepted')
    expect(admit(pool, { ...wish, fee: 20_000n, tip: 109n })).toBe('replacement-underpriced')
    expect(admit(pool, { ...wish, fee: 10_999n, tip: 200n })).toBe('replacement-underpriced')
    expect(admit(pool, { ...wish, fee: 11_000n, tip: 110n })).toBe('accepted')
    expect(pool.size().count).toBe(1)
    expect(select(pool)).toHaveLength(1)
  })

  test('mempool: replacement: the cost of the replaced one is not counted twice', () => {
    const pool = poolOf()
    const balance = 21_000n * 11_000n + 1n
    expect(admit(pool, { sender: 0, nonce: 0 }, account(0, 0, balance))).toBe('accepted')
    expect(admit(pool, { sender: 0, nonce: 0, fee: 11_000n }, account(0, 0, balance))).toBe(
      'accepted',
    )
  })
})

describe('mempool: selection', () => {
  test('mempool: selection: best tip first, each sender in order of nonce', () => {
    const pool = poolOf()
    admit(pool, { sender: 0, nonce: 0, tip: 1n })
    admit(pool, { sender: 0, nonce: 1, tip: 9_000n })
    admit(pool, { sender: 1, nonce: 0, tip: 5n })
    admit(pool, { sender: 2, nonce: 0, tip: 3n })
    expect(placesOf(select(pool))).toEqual(['1/0', '2/0', '0/0', '0/1'])
  })

  test('mempool: selection: the base fee takes from the tip', () => {
    const pool = poolOf()
    admit(pool, { sender: 0, nonce: 0, fee: 10_000n, tip: 9_000n })
    admit(pool, { sender: 1, nonce: 0, fee: 20_000n, tip: 2_000n })
    expect(placesOf(select(pool, { baseFee: 1_000n }))).toEqual(['0/0', '1/0'])
    expect(placesOf(select(pool, { baseFee: 9_500n }))).toEqual(['1/0', '0/0'])
    expect(placesOf(select(pool, { baseFee: 10_001n }))).toEqual(['1/0'])
  })

  test('mempool: selection: nothing passes a missing nonce until it arrives', () => {
    const pool = poolOf()
    admit(pool, { sender: 0, nonce: 1 })
    admit(pool, { sender: 0, nonce: 2 })
    expect(select(pool)).toEqual([])
    expect(pool.size().queued).toBe(2)
    expect(pool.pendingNonce(address(0), 0)).toBe(0)
    admit(pool, { sender: 0, nonce: 0 })
    expect(placesOf(select(pool))).toEqual(['0/0', '0/1', '0/2'])
    expect(pool.size().queued).toBe(0)
    expect(pool.pendingNonce(address(0), 0)).toBe(3)
  })

  test('mempool: selection: gas, bytes and count are bounds', () => {
    const pool = poolOf()
    for (let sender = 0; sender < 5; sender++) admit(pool, { sender, nonce: 0 })
    admit(pool, { sender: 5, nonce: 0, tip: 1n, gasLimit: 50_000 })
    expect(select(pool, { countMax: 2 })).toHaveLength(2)
    expect(select(pool, { gasMax: 3 * 21_000 })).toHaveLength(3)
    expect(select(pool, { gasMax: 5 * 21_000 + 49_999 })).toHaveLength(5)
    const size = present(select(pool)[0], 'something is selected').raw.length
    expect(select(pool, { bytesMax: 2 * size + 3 })).toHaveLength(2)
  })

  test('mempool: selection: a block on an unfinalized parent starts where its ancestors left off', () => {
    const pool = poolOf()
    for (let nonce = 0; nonce < 4; nonce++) admit(pool, { sender: 0, nonce })
    admit(pool, { sender: 1, nonce: 0 })
    const changed = [account(0, 1), account(1, 1), account(0, 2), account(77, 5)]
    expect(placesOf(select(pool, { changed }))).toEqual(['0/2', '0/3'])
    // The ancestors were abandoned: everything is offered again.
    expect(select(pool)).toHaveLength(5)
    pool.finalize(1, changed)
    expect(placesOf(select(pool))).toEqual(['0/2', '0/3'])
  })

  test('mempool: selection: a sender who cannot pay on this parent is passed over', () => {
    const pool = poolOf()
    admit(pool, { sender: 0, nonce: 0, tip: 9n })
    admit(pool, { sender: 1, nonce: 0, tip: 1n })
    expect(placesOf(select(pool, { changed: [account(0, 0, 5n)] }))).toEqual(['1/0'])
  })
})

describe('mempool: caps', () => {
  test('mempool: caps: a full pool drops the tail of who pays least, and refuses who pays less', () => {
    const pool = poolOf({ countMax: 3 })
    admit(pool, { sender: 0, nonce: 0, fee: 50_000n })
    admit(pool, { sender: 0, nonce: 1, fee: 20_000n })
    admit(pool, { sender: 0, nonce: 2, fee: 90_000n })
    expect(admit(pool, { sender: 1, nonce: 0, fee: 20_000n, tip: 1n })).toBe('pool-full')
    expect(admit(pool, { sender: 1, nonce: 0, fee: 30_000n })).toBe('accepted')
    expect(placesOf(pool.list(10)).sort()).toEqual(['0/0', '0/1', '1/0'])
  })

  test('mempool: caps: a newcomer that pays the same does not displace', () => {
    const pool = poolOf({ countMax: 1 })
    expect(admit(pool, { sender: 0, nonce: 0 })).toBe('accepted')
    expect(admit(pool, { sender: 1, nonce: 0 })).toBe('pool-full')
    expect(placesOf(pool.list(10))).toEqual(['0/0'])
  })

  test('mempool: caps: bytes are capped', () => {
    const pool = poolOf({ bytesMax: 1_000 })
    for (let sender = 0; sender < 20; sender++) {
      admit(pool, { sender, nonce: 0, fee: 10_000n + BigInt(sender) })
      expect(pool.size().bytes).toBeLessThanOrEqual(1_000)
    }
    expect(placesOf(pool.list(1_000))).toContain('19/0')
  })

  test('mempool: caps: transactions behind gaps get a part of the room', () => {
    const pool = poolOf({ queuedMax: 2 })
    expect(admit(pool, { sender: 0, nonce: 1 })).toBe('accepted')
    expect(admit(pool, { sender: 1, nonce: 1 })).toBe('accepted')
    expect(admit(pool, { sender: 2, nonce: 1 })).toBe('pool-full')
    expect(admit(pool, { sender: 2, nonce: 0 })).toBe('accepted')
  })
})

describe('mempool: finality', () => {
  test('mempool: finality: a used nonce leaves, whoever used it', () => {
    const pool = poolOf()
    for (let nonce = 0; nonce < 3; nonce++) admit(pool, { sender: 0, nonce })
    const hash = transaction({ sender: 0, nonce: 1 }).hash
    expect(pool.has(hash)).toBe(true)
    expect(toHex(present(pool.senderOf(hash), 'it waits'))).toBe(toHex(address(0)))
    pool.finalize(1, [account(0, 2)])
    expect(pool.has(hash)).toBe(false)
    expect(pool.size().count).toBe(1)
    pool.finalize(2, [account(0, 3)])
    expect(pool.size()).toEqual({ count: 0, bytes: 0, queued: 0 })
  })

  test('mempool: finality: what cannot be paid for leaves after sixteen blocks', () => {
    const pool = poolOf()
    admit(pool, { sender: 0, nonce: 0 })
    pool.finalize(15, [account(0, 0, 0n)])
    expect(pool.size().count).toBe(1)
    pool.finalize(16, [account(0, 0, 0n)])
    expect(pool.size().count).toBe(0)
  })

  test('mempool: finality: a discarded transaction leaves a gap', () => {
    const pool = poolOf()
    for (let nonce = 0; nonce < 3; nonce++) admit(pool, { sender: 0, nonce })
    pool.discard(transaction({ sender: 0, nonce: 1 }).hash)
    expect(placesOf(select(pool))).toEqual(['0/0'])
    expect(pool.size().queued).toBe(1)
  })
})

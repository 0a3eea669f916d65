import { describe, expect, test } from 'vitest'
import { bigIntToBytes } from '../../../node/primitives/bytes.ts'
import type { ShardConfig } from '../../../node/shards/executor.ts'
import { baseFeeFloor, nextBaseFee } from '../../../node/shards/fees.ts'
import { GATEWAY_ADDRESS, GATEWAY_GAS } from '../../../node/shards/vm/gateway.ts'
import {
  address,
  BENEFICIARY,
  ETHER,
  expectKind,
  GWEI,
  payment,
  shardConfig,
  type Payment,
} from './fixture.ts'
import { createWorld } from './world.ts'

const BASE_FEE = nextBaseFee(
  { baseFeePerGas: GWEI, gasUsed: 0, gasLimit: 30_000_000 },
  baseFeeFloor(GWEI),
)

/** What a block of shard 1 makes of one candidate: included, invalid, or left for later. */
function fateOf(fields: Payment, config: ShardConfig = shardConfig(1)): string {
  const world = createWorld()
  const candidate = payment(config, fields)
  const built = expectKind(world.leader(1).runNow(world.request(1, [candidate])), 'built')
  if (built.outcome.results.length === 1) return 'included'
  return built.invalid.length === 1 ? 'invalid' : 'later'
}

describe('shards: transaction', () => {
  test('shards: transaction: a transfer moves value, burns the base fee and tips the proposer', () => {
    const world = createWorld()
    const outcome = world.advance(1, [payment(world.config(1), { from: 0, value: 5n * ETHER })])
    expect(outcome.results).toEqual([{ status: 1, gasUsed: 21_000, sent: undefined }])
    const fee = 21_000n * (BASE_FEE + GWEI)
    expect(outcome.header.baseFeePerGas).toBe(BASE_FEE)
    expect(world.account(1, address(0)).balance).toBe(95n * ETHER - fee)
    expect(world.account(1, address(0)).nonce).toBe(1)
    expect(world.account(1, address(1)).balance).toBe(105n * ETHER)
    expect(world.account(1, BENEFICIARY).balance).toBe(21_000n * GWEI)
    const supply = world.supply(1)
    expect(supply.burnt).toBe(21_000n * BASE_FEE)
    expect(supply.balances + supply.burnt).toBe(supply.genesis)
  })

  test('shards: transaction: the sum of balances is the recount of all accounts', () => {
    const world = createWorld({ accountCount: 4 })
    const [config, to] = [world.config(1), address(50)]
    world.advance(1, [
      payment(config, { from: 0, to }),
      payment(config, { from: 0, nonce: 1, to: address(0) }),
    ])
    const all = [...Array.from({ length: 4 }, (_, index) => address(index)), to, BENEFICIARY]
    const sum = all.reduce((sum, one) => sum + world.account(1, one).balance, 0n)
    expect(world.supply(1).balances).toBe(sum)
  })

  test('shards: transaction: an account can be emptied to the last wei', () => {
    const world = createWorld()
    const config = world.config(1)
    const poor = address(77)
    const fee = 21_000n * BASE_FEE
    world.advance(1, [payment(config, { from: 0, to: poor, value: fee * 2n })])
    const before = world.account(1, poor)
    expect(before).toMatchObject({ nonce: 0, balance: fee * 2n })
    // The base fee falls by an eighth per empty block, so what is left pays for one transfer of the rest.
    const next = nextBaseFee(
      { baseFeePerGas: BASE_FEE, gasUsed: 21_000, gasLimit: 30_000_000 },
      baseFeeFloor(GWEI),
    )
    const value = fee * 2n - 21_000n * next
    const drain = { maxFeePerGas: next, maxPriorityFeePerGas: 0n, value }
    world.advance(1, [payment(config, { from: 77, ...drain })])
    expect(world.account(1, poor)).toMatchObject({ nonce: 1, balance: 0n })
  })

  test('shards: transaction: data to an account without code is carried and paid for', () => {
    const world = createWorld()
    const fields = { from: 0, data: Uint8Array.of(1, 2, 0), gasLimit: 30_000 }
    const outcome = world.advance(1, [payment(world.config(1), fields)])
    expect(outcome.results).toEqual([{ status: 1, gasUsed: 21_036, sent: undefined }])
  })

  test('shards: transaction: a gateway call that makes no sense fails with its value returned', () => {
    const world = createWorld()
    const fields = { from: 0, to: GATEWAY_ADDRESS, value: ETHER, gasLimit: 50_000 }
    const outcome = world.advance(1, [payment(world.config(1), fields)])
    const gasUsed = 21_000 + GATEWAY_GAS
    expect(outcome.results).toEqual([{ status: 0, gasUsed, sent: undefined }])
    const fee = BigInt(gasUsed) * (BASE_FEE + GWEI)
    expect(world.account(1, address(0))).toMatchObject({ nonce: 1, balance: 100n * ETHER - fee })
    expect(world.account(1, GATEWAY_ADDRESS).balance).toBe(0n)
  })

  const fates: readonly (readonly [string, Payment, string])[] = [
    ['the next nonce', { from: 0 }, 'included'],
    ['a nonce to come', { from: 0, nonce: 1 }, 'later'],
    ['a fee below the base fee', { from: 0, maxFeePerGas: 1n, maxPriorityFeePerGas: 0n }, 'later'],
    ['more value than the balance', { from: 0, value: 100n * ETHER }, 'invalid'],
    ['a sender without money', { from: 99 }, 'invalid'],
    ['less gas than intrinsic', { from: 0, gasLimit: 20_999 }, 'invalid'],
    ['more gas than any block has', { from: 0, gasLimit: 30_000_001 }, 'invalid'],
    ['a contract creation', { from: 0, to: undefined, gasLimit: 100_000 }, 'invalid'],
    ['a call to a precompile', { from: 0, to: bigIntToBytes(9n, 20) }, 'invalid'],
    ['a call to the last kept address', { from: 0, to: bigIntToBytes(0x1ffn, 20) }, 'invalid'],
    ['the zero address, which nobody keeps', { from: 0, to: new Uint8Array(20) }, 'included'],
  ]
  for (const [name, fields, fate] of fates) {
    test(`shards: transaction: ${name} is ${fate}`, () => expect(fateOf(fields)).toBe(fate))
  }

  test('shards: transaction: one signed for another shard is invalid', () => {
    expect(fateOf({ from: 0 }, shardConfig(2))).toBe('invalid')
  })

  test('shards: transaction: a used nonce is invalid', () => {
    const world = createWorld()
    const config = world.config(1)
    world.advance(1, [payment(config, { from: 0 })])
    const again = payment(config, { from: 0, value: 2n })
    const built = expectKind(world.leader(1).runNow(world.request(1, [again])), 'built')
    expect(built.invalid).toEqual([again.hash])
  })

  test('shards: transaction: bytes that do not decode are invalid', () => {
    const world = createWorld()
    const broken = { ...payment(world.config(1), { from: 0 }), raw: Uint8Array.of(2, 1) }
    const built = expectKind(world.leader(1).runNow(world.request(1, [broken])), 'built')
    expect(built.invalid).toEqual([broken.hash])
  })

  test('shards: transaction: nonces are used in order, whatever else a block leaves out', () => {
    const world = createWorld()
    const config = world.config(1)
    const candidates = [
      payment(config, { from: 0, nonce: 1 }),
      payment(config, { from: 0, nonce: 0 }),
      payment(config, { from: 0, nonce: 1, value: 3n }),
    ]
    const outcome = world.advance(1, candidates)
    expect(outcome.transactionHashes).toEqual([candidates[1]?.hash, candidates[2]?.hash])
  })

  test('shards: transaction: a block takes what its gas holds and leaves the rest for later', () => {
    const world = createWorld({ gasLimit: 100_000 })
    const candidates = Array.from({ length: 8 }, (_, from) => payment(world.config(1), { from }))
    const request = world.request(1, candidates)
    const built = expectKind(world.leader(1).runNow(request), 'built')
    expect(built.outcome.results.length).toBe(4)
    expect(built.outcome.header.gasUsed).toBe(84_000)
    expect(built.invalid).toEqual([])
  })

  test('shards: transaction: one too large for the gas left makes room for a smaller one', () => {
    const world = createWorld({ gasLimit: 100_000 })
    const config = world.config(1)
    const candidates = [
      payment(config, { from: 0, gasLimit: 60_000 }),
      payment(config, { from: 1, gasLimit: 90_000 }),
      payment(config, { from: 2 }),
    ]
    const outcome = world.advance(1, candidates)
    expect(outcome.transactionHashes).toEqual([candidates[0]?.hash, candidates[2]?.hash])
  })
})

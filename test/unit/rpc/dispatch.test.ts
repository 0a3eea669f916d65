import * as fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { openRpcHost } from '../../../node/rpc/io/host.ts'
import { METHODS } from '../../../node/rpc/method-table.ts'
import { GATEWAY_ADDRESS, encodeGatewayTransfer } from '../../../node/shards/vm/gateway.ts'
import { formatData } from '../../../node/rpc/hexadecimal.ts'
import { CHAIN_ID_BASE } from '../shards/fixture.ts'
import { createRpcNetwork } from '../../contract/rpc-network.ts'

const FUNDED = `0x${'a1'.repeat(20)}` as const
const HASH = `0x${'11'.repeat(32)}`
const network = createRpcNetwork([FUNDED])
const failures: string[] = []
const host = openRpcHost({
  backend: network.backend,
  deadlineMs: 60_000,
  onFailure: (method, error) => failures.push(`${method}: ${String(error)}`),
})
afterAll(() => host.close())

type Reply = {
  readonly id: unknown
  readonly result?: unknown
  readonly error?: { code: number; message: string; data?: { code?: string } }
}

async function call(method: string, params: readonly unknown[] = [], route = 1): Promise<Reply> {
  const text = await host.answer(route, JSON.stringify({ jsonrpc: '2.0', id: 7, method, params }))
  const reply = JSON.parse(text ?? 'null') as Reply
  expect(reply.id).toBe(7)
  return reply
}

describe('rpc: routes', () => {
  test('rpc: routes: the beacon has no accounts, and no chain id of its own', async () => {
    expect((await call('beacon_getHead', [], 0)).result).toMatchObject({ epoch: 0, height: 1 })
    expect((await call('beacon_getCommittees', [], 0)).result).toMatchObject([{ quorum: 3 }])
    expect((await call('web3_clientVersion', [], 0)).result).toBe('weft/test')
    for (const method of ['eth_getBalance', 'eth_chainId', 'shard_getConfig', 'eth_nonsense']) {
      expect((await call(method, [], 0)).error?.code, method).toBe(-32601)
    }
  })

  test('rpc: routes: each shard answers for itself', async () => {
    expect((await call('eth_chainId', [], 2)).result).toBe(`0x${(CHAIN_ID_BASE + 2).toString(16)}`)
    expect((await call('net_version', [], 2)).result).toBe(String(CHAIN_ID_BASE + 2))
    expect((await call('eth_syncing', [], 1)).result).toBe(false)
    expect((await call('eth_syncing', [], 2)).result).toMatchObject({ currentBlock: '0x5' })
    expect((await call('shard_getConfig', [], 3)).result).toMatchObject({ shard: 3, shardCount: 3 })
    expect((await call('shard_getTakenBack', [], 1)).result).toEqual({ count: 0, last: null })
    expect((await call('shard_getTakenBack', [], 2)).result).toMatchObject({
      count: 1,
      last: {
        because: 'fork',
        from: { height: 9, hash: `0x${'09'.repeat(32)}` },
        to: { height: 7, hash: `0x${'07'.repeat(32)}` },
      },
    })
    expect((await call('eth_blockNumber', [], 4)).error?.data).toEqual({ code: 'unknown-shard' })
  })

  test('rpc: routes: a shard held elsewhere is asked of a member', async () => {
    network.setForwardedReply('{"jsonrpc":"2.0","id":1,"result":"0x2a"}')
    expect(await call('eth_blockNumber', [], 3)).toMatchObject({ id: 7, result: '0x2a' })
    expect(network.forwarded.at(-1)).toBe(
      '{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber","params":[]}',
    )
    network.setForwardedReply('{"error":{"code":-32000,"message":"nonce too low"}}')
    const raw = await call('eth_sendRawTransaction', ['0x00'], 3)
    expect(raw.error).toEqual({ code: -32000, message: 'nonce too low' })
  })

  test('rpc: routes: no member, nonsense from a member and local methods are said plainly', async () => {
    for (const reply of [undefined, 'nonsense', '[1]']) {
      network.setForwardedReply(reply)
      expect((await call('eth_blockNumber', [], 3)).error?.data).toEqual({
        code: 'shard-unreachable',
      })
    }
    const before = network.forwarded.length
    expect((await call('eth_newBlockFilter', [], 3)).error?.code).toBe(-32001)
    expect((await call('eth_getBalance', ['0x1'], 3)).error?.code).toBe(-32602)
    expect((await call('eth_nonsense', [], 3)).error?.code).toBe(-32601)
    expect(network.forwarded).toHaveLength(before)
  })
})

describe('rpc: answers', () => {
  test('rpc: answers: calls say what they would do', async () => {
    const to = `0x${'cd'.repeat(20)}`
    const gateway = formatData(GATEWAY_ADDRESS)
    const data = formatData(encodeGatewayTransfer(CHAIN_ID_BASE + 2, new Uint8Array(20)))
    expect((await call('eth_call', [{ to }])).result).toBe('0x')
    expect((await call('eth_estimateGas', [{ to }])).result).toBe('0x5208')
    expect((await call('eth_estimateGas', [{ to, data: '0x00ff' }])).result).toBe('0x521c')
    expect((await call('eth_call', [{ to: gateway, data }])).result).toBe('0x')
    expect((await call('eth_call', [{ to: gateway }])).error?.code).toBe(3)
    expect((await call('eth_call', [{}])).error?.message).toMatch(/contracts cannot be created/)
    const poor = { from: to, to, value: '0x1' }
    expect((await call('eth_estimateGas', [poor])).error?.message).toMatch(/insufficient funds/)
    const rich = { from: FUNDED, to, value: '0x1', maxFeePerGas: '0x1' }
    expect((await call('eth_estimateGas', [rich])).result).toBe('0x5208')
  })

  test('rpc: answers: what is not there is null, what is not kept is an error', async () => {
    for (const [method, params] of [
      ['eth_getBlockByNumber', ['0xffff', false]],
      ['eth_getBlockByHash', [HASH, true]],
      ['eth_getTransactionByHash', [HASH]],
      ['eth_getTransactionReceipt', [HASH]],
      ['eth_getBlockReceipts', ['0xffff']],
      ['eth_getTransactionByBlockNumberAndIndex', ['0x1', '0x99']],
      ['shard_getMessage', [HASH]],
      ['shard_getBlockOutcome', [HASH]],
    ] as const) {
      expect(await call(method, params), method).toMatchObject({ result: null })
    }
    const old = await call('eth_getBalance', [FUNDED, '0x1'])
    expect(old.error?.data).toEqual({ code: 'state-unavailable' })
  })

  test('rpc: answers: a block says what it did, and the supply adds up', async () => {
    const outcome = (await call('shard_getBlockOutcome', ['latest'])).result
    expect(outcome).toMatchObject({
      number: 1,
      level: 'finalized',
      transactions: [{ status: 1, gasUsed: 21_000 }],
      consumed: [],
      sent: [],
    })
    const supply = (await call('shard_supply')).result as Record<string, string>
    const wei = (name: string) => BigInt(supply[name] ?? 'absent')
    expect(wei('balances') + wei('buffered') + wei('burnt')).toBe(wei('genesis'))
  })

  test('rpc: answers: a bad transaction says why', async () => {
    const refused = await call('eth_sendRawTransaction', ['0x03c0'])
    expect(refused.error).toMatchObject({ code: -32000, data: { code: 'malformed' } })
    expect(refused.error?.message).toMatch(/type 3 is not supported/)
  })

  test('rpc: answers: a synchronous send that is not finalized in time names its hash', async () => {
    const unknown = await call('eth_sendRawTransactionSync', ['0x03c0', '0x1'])
    expect(unknown.error?.code).toBe(-32000)
  })
})

describe('rpc: batches', () => {
  const one = (id: unknown, method = 'eth_blockNumber') => ({ jsonrpc: '2.0', id, method })

  test('rpc: batches: replies come in order, notifications get none', async () => {
    const batch = [one(1), { jsonrpc: '2.0', method: 'eth_blockNumber' }, 5, one('b', 'nope')]
    const replies = JSON.parse((await host.answer(1, JSON.stringify(batch))) ?? '') as Reply[]
    expect(replies.map((reply) => [reply.id, reply.error?.code])).toEqual([
      [1, undefined],
      [null, -32600],
      ['b', -32601],
    ])
    const silent = JSON.stringify([{ jsonrpc: '2.0', method: 'eth_blockNumber' }])
    expect(await host.answer(1, silent)).toBeUndefined()
  })

  test('rpc: batches: one that asks for too much at once is refused as a whole', async () => {
    const heavy = Array.from({ length: 21 }, (_, id) => ({
      ...one(id, 'eth_feeHistory'),
      params: ['0x40', 'latest'],
    }))
    const reply = JSON.parse((await host.answer(1, JSON.stringify(heavy))) ?? '') as Reply
    expect(reply.error?.code).toBe(-32005)
  })
})

describe('rpc: fuzz', () => {
  const hex = fc.oneof(
    fc.constantFrom('0x', '0x0', '0x1', 'latest', 'pending', 'earliest', FUNDED, HASH, 'newHeads'),
    fc.uint8Array({ maxLength: 40 }).map((bytes) => formatData(bytes)),
  )
  const callObject = fc.record(
    {
      from: hex,
      to: hex,
      value: hex,
      data: hex,
      gas: hex,
      maxFeePerGas: hex,
      accessList: fc.jsonValue(),
    },
    { requiredKeys: [] },
  )
  const filterObject = fc.record(
    { fromBlock: hex, toBlock: hex, blockHash: hex, address: hex, topics: fc.array(hex) },
    { requiredKeys: [] },
  )
  const value = fc.oneof(
    hex,
    fc.jsonValue(),
    callObject,
    filterObject,
    fc.boolean(),
    fc.constant(null),
  )

  test('rpc: fuzz: every method answers any parameters with a reply, and none fails inside', async () => {
    network.setAutomatic(false)
    network.setForwardedReply(undefined)
    for (const method of METHODS) {
      await fc.assert(
        fc.asyncProperty(
          fc.array(value, { maxLength: method.parameters.length + 1 }),
          fc.constantFrom(1, 2, 3),
          async (params, route) => {
            const reply = await call(method.name, params, route)
            expect('result' in reply || reply.error?.code !== undefined).toBe(true)
            expect(reply.error?.code).not.toBe(-32603)
            expect(JSON.stringify(reply)).not.toMatch(/\.ts:\d+/)
          },
        ),
        { numRuns: 60, seed: 9 },
      )
    }
    expect(failures).toEqual([])
  }, 30_000)

  test('rpc: fuzz: a fault inside is an internal error without its story', async () => {
    const shard = () => {
      throw new Error('secret story')
    }
    const seen: string[] = []
    const broken = openRpcHost({
      backend: { ...network.backend, shard },
      onFailure: (method, error) => seen.push(`${method} ${String(error)}`),
    })
    const text = await broken.answer(1, '{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber"}')
    expect(text).toBe('{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"internal error"}}')
    expect(seen).toEqual(['eth_blockNumber Error: secret story'])
    broken.close()
  })
})

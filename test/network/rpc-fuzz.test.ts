/**
 * Every method of the RPC with generated and damaged parameters, envelopes and frames, against a real server on loopback.
 * Whatever is asked, the answer is JSON-RPC with a declared code, never an internal error, and the next call is answered.
 */
import { once } from 'node:events'
import * as fc from 'fast-check'
import { WebSocket } from 'ws'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { METHODS } from '../../node/rpc/method-table.ts'
import { startRpcServer, type RpcServer } from '../../node/rpc/io/server.ts'
import { createRpcNetwork } from '../contract/rpc-network.ts'
import { FUZZ_SEED, mutatedValue, oddValues } from '../property/fuzz-mutation.ts'

/** Calls per method; `FUZZ_RUNS` makes it longer. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 40)
const parameters = { numRuns: RUNS, seed: FUZZ_SEED } as const

/** docs/rpc.md, "Errors". Internal errors (-32603) are bugs and stand for none of these. */
const DECLARED_CODES = [
  -32700, -32600, -32601, -32602, -32000, -32001, -32002, -32003, -32005, 3, 4,
]
const JSON_TYPE = { 'content-type': 'application/json' }

const network = createRpcNetwork(['0x00000000000000000000000000000000000000aa'])
let server: RpcServer

beforeAll(async () => {
  server = await startRpcServer({
    backend: network.backend,
    port: 0,
    metricsText: () => Promise.resolve(''),
    allowedHosts: [],
    corsOrigins: [],
  })
})
afterAll(() => server.stop())

async function post(path: string, body: string | Uint8Array): Promise<Response> {
  const url = `http://127.0.0.1:${server.port}${path}`
  return fetch(url, {
    method: 'POST',
    headers: JSON_TYPE,
    body: body as NonNullable<RequestInit['body']>,
  })
}

afterEach(async () => {
  const call = '{"jsonrpc":"2.0","id":"control","method":"eth_chainId"}'
  const answer = (await (await post('/shard/1', call)).json()) as object
  expect(answer).toMatchObject({ jsonrpc: '2.0', id: 'control', result: expect.any(String) })
})

/** A reply is a result or an error with a declared code; a batch is a list of replies. */
function expectReply(reply: unknown, context: string): void {
  if (Array.isArray(reply)) {
    expect(reply.length, context).toBeGreaterThan(0)
    for (const one of reply) expectReply(one, context)
    return
  }
  expect(reply, context).toMatchObject({ jsonrpc: '2.0' })
  const { error, ...rest } = reply as { error?: { code: number; message: string } }
  expect(rest, context).toHaveProperty('id')
  if (error === undefined) return expect(rest, context).toHaveProperty('result')
  expect(DECLARED_CODES, `${context}: ${error.message}`).toContain(error.code)
  expect(error.message.length, context).toBeLessThan(2000)
  // A stack or a path would tell a stranger about the machine.
  expect(error.message, context).not.toMatch(/\bat .*:\d+:\d+|node_modules|\/node\//)
}

async function expectAnswered(path: string, body: string | Uint8Array): Promise<void> {
  const response = await post(path, body)
  const text = await response.text()
  const context = `${path} ${Buffer.from(body).toString('utf8').slice(0, 300)}`
  expect([200, 204], context).toContain(response.status)
  // Notifications are not answered.
  if (response.status === 200 && text !== '') expectReply(JSON.parse(text), context)
}

const hex = (size: number) =>
  fc
    .uint8Array({ minLength: size, maxLength: size })
    .map((bytes) => `0x${Buffer.from(bytes).toString('hex')}`)

/** What parameters of this RPC look like; each method finds some of them fitting. */
const plausible: fc.Arbitrary<unknown> = fc.oneof(
  hex(20),
  hex(32),
  fc.uint8Array({ maxLength: 120 }).map((bytes) => `0x${Buffer.from(bytes).toString('hex')}`),
  fc.constantFrom<unknown>('latest', 'pending', 'finalized', 'safe', 'earliest', '0x0', '0x1'),
  fc.maxSafeNat().map((value) => `0x${value.toString(16)}`),
  fc.nat({ max: 5 }),
  fc.boolean(),
  fc.record({ from: hex(20), to: hex(20), data: hex(68), value: fc.constant('0x1') }),
  fc.record({ fromBlock: fc.constant('0x1'), toBlock: fc.constant('latest'), address: hex(20) }),
  fc.record({ blockHash: hex(32) }),
  fc.array(fc.nat({ max: 100 }), { maxLength: 5 }),
)

const lists = fc.array(fc.oneof({ weight: 3, arbitrary: plausible }, oddValues), { maxLength: 5 })
const paths = fc.constantFrom('/', '/shard/1', '/shard/2', '/shard/3', '/beacon')

describe('rpc: fuzz: methods', () => {
  test.each(METHODS.map(({ name, parameters: list }) => ({ name, count: list.length })))(
    'rpc: fuzz: methods: $name answers whatever it is given',
    async ({ name, count }) => {
      // As many as it takes, so that most calls get past the first check.
      const fitting = fc.array(plausible, { minLength: count, maxLength: count })
      const calls = fc
        .oneof(fitting, lists)
        .map((params) => ({ jsonrpc: '2.0', id: 1, method: name, params }))
      await fc.assert(
        fc.asyncProperty(paths, fc.oneof(calls, mutatedValue(calls)), async (path, call) => {
          await expectAnswered(path, JSON.stringify(call) ?? 'null')
        }),
        parameters,
      )
    },
  )
})

const request = fc.record({
  jsonrpc: fc.constant('2.0'),
  id: fc.oneof(
    fc.integer(),
    fc.string({ maxLength: 300 }),
    fc.double(),
    fc.constant(null),
    oddValues,
  ),
  method: fc.oneof(fc.constantFrom(...METHODS.map(({ name }) => name)), fc.string(), oddValues),
  params: fc.oneof(lists, oddValues),
})

describe('rpc: fuzz: envelopes', () => {
  test('rpc: fuzz: envelopes: single requests and batches of anything are answered', async () => {
    const envelopes = fc.oneof(request, fc.array(fc.oneof(request, oddValues), { maxLength: 8 }))
    await fc.assert(
      fc.asyncProperty(paths, mutatedValue(envelopes), async (path, value) => {
        await expectAnswered(path, JSON.stringify(value) ?? '')
      }),
      { ...parameters, numRuns: 4 * RUNS },
    )
  })

  test('rpc: fuzz: envelopes: ids come back as they were sent', async () => {
    const ids = fc.oneof(
      fc.integer(),
      fc.string({ maxLength: 256, unit: 'binary' }),
      fc.constant(null),
    )
    await fc.assert(
      fc.asyncProperty(ids, async (id) => {
        const call = { jsonrpc: '2.0', id, method: 'eth_chainId', params: [] }
        const answer = (await (await post('/shard/1', JSON.stringify(call))).json()) as {
          id: unknown
        }
        expect(answer.id).toEqual(id)
      }),
      parameters,
    )
  })

  test('rpc: fuzz: envelopes: bytes that are no text are answered', async () => {
    await fc.assert(
      fc.asyncProperty(paths, fc.uint8Array({ minLength: 1, maxLength: 200 }), expectAnswered),
      parameters,
    )
  })
})

describe('rpc: fuzz: web socket', () => {
  test('rpc: fuzz: web socket: every text frame is answered on the same connection', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/shard/1`)
    await once(socket, 'open')
    // A request without id is a notification and not answered; these all have one.
    const frames = fc.oneof(
      request.map((value) => JSON.stringify(value)),
      fc.string({ minLength: 1, maxLength: 60 }),
    )
    await fc.assert(
      fc.asyncProperty(frames, async (frame) => {
        const told = once(socket, 'message')
        socket.send(frame)
        const [data] = (await told) as [Buffer]
        expectReply(JSON.parse(data.toString('utf8')), frame.slice(0, 300))
      }),
      { ...parameters, numRuns: 2 * RUNS },
    )
    socket.close()
    await once(socket, 'close')
  })

  test('rpc: fuzz: web socket: broken frames close one connection and no other', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 2, maxLength: 40 }), async (bytes) => {
        const socket = new WebSocket(`ws://127.0.0.1:${server.port}/shard/1`)
        socket.on('error', () => undefined)
        await once(socket, 'open')
        const closed = once(socket, 'close')
        // Under the frame layer: straight into the stream.
        const stream = Reflect.get(socket, '_socket') as { end: (bytes: Uint8Array) => void }
        stream.end(bytes)
        await closed
      }),
      { ...parameters, numRuns: Math.ceil(RUNS / 4) },
    )
  })
})

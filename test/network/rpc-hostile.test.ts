/** The RPC server against clients that do not mean well. After each of them it still answers the next. */
import { once } from 'node:events'
import { request, type IncomingMessage, type RequestOptions } from 'node:http'
import { connect } from 'node:net'
import * as fc from 'fast-check'
import { WebSocket } from 'ws'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { RpcListenError } from '../../node/rpc/io/listen-error.ts'
import { startRpcServer, type RpcServer } from '../../node/rpc/io/server.ts'
import { createRpcNetwork } from '../contract/rpc-network.ts'

const network = createRpcNetwork([])
const options = {
  backend: network.backend,
  port: 0,
  metricsText: () => Promise.resolve('weft_up 1\n'),
  allowedHosts: ['node.example'],
  corsOrigins: ['https://app.example'],
}
const CALL = '{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}'
const JSON_TYPE = { 'content-type': 'application/json' }
let server: RpcServer

beforeAll(async () => {
  server = await startRpcServer(options)
})
afterAll(() => server.stop())

type Answer = {
  readonly status: number
  readonly text: string
  readonly headers: IncomingMessage['headers']
}

async function send(wish: RequestOptions, body: string | Buffer = ''): Promise<Answer> {
  const sending = request({ host: '127.0.0.1', port: server.port, method: 'POST', ...wish })
  sending.end(body)
  const [response] = (await once(sending, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  const { statusCode = 0, headers } = response
  return { status: statusCode, headers, text: Buffer.concat(chunks).toString('utf8') }
}

async function expectAlive(): Promise<void> {
  const { status, text } = await send({ headers: JSON_TYPE }, CALL)
  expect(status).toBe(200)
  expect(text).toContain('"result":"0x')
}
afterEach(expectAlive)

function open(path = '/shard/1', headers: Record<string, string> = {}): WebSocket {
  return new WebSocket(`ws://127.0.0.1:${server.port}${path}`, { headers })
}

describe('rpc: http', () => {
  test('rpc: http: a foreign Host is refused, loopback and allowed names are served', async () => {
    for (const host of [
      'evil.example',
      'evil.example:80',
      'localhost.evil.example',
      '127.0.0.1.nip.io',
    ]) {
      expect((await send({ headers: { ...JSON_TYPE, host } }, CALL)).status, host).toBe(403)
    }
    for (const host of ['localhost', 'LOCALHOST:1', '127.0.0.1:9', '[::1]:8545', 'node.example']) {
      expect((await send({ headers: { ...JSON_TYPE, host } }, CALL)).status, host).toBe(200)
    }
  })

  test('rpc: http: only JSON is taken, so no web form can call', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      '',
    ]) {
      expect((await send({ headers: { 'content-type': type } }, CALL)).status, type).toBe(415)
    }
    const type = 'application/json; charset=utf-8'
    expect((await send({ headers: { 'content-type': type } }, CALL)).status).toBe(200)
  })

  test('rpc: http: web pages get no permission unless their origin was allowed', async () => {
    const plain = await send({ method: 'OPTIONS', headers: { origin: 'https://evil.example' } })
    expect(plain.status).toBe(403)
    expect(plain.headers['access-control-allow-origin']).toBeUndefined()
    const allowed = await send({ method: 'OPTIONS', headers: { origin: 'https://app.example' } })
    expect(allowed.status).toBe(204)
    expect(allowed.headers['access-control-allow-origin']).toBe('https://app.example')
  })

  test('rpc: http: other verbs and paths are refused in words', async () => {
    expect((await send({ method: 'PUT' })).status).toBe(405)
    expect((await send({ method: 'DELETE' })).status).toBe(405)
    for (const path of [
      '/shard/0',
      '/shard/4',
      '/shard/01',
      '/shard/99999999',
      '/shard/x',
      '/../etc',
    ]) {
      const { status, text } = await send({ path, headers: JSON_TYPE }, CALL)
      expect(status, path).toBe(404)
      expect(text).toContain('/shard/1 to /shard/3')
    }
  })

  test('rpc: http: pages for people and scrapers', async () => {
    const get = (path: string) => send({ method: 'GET', path })
    expect((await get('/metrics')).text).toBe('weft_up 1\n')
    expect(JSON.parse((await get('/health')).text)).toMatchObject({ ok: true, peers: 3 })
    const chains = JSON.parse((await get('/chains.json')).text) as {
      chains: { rpcUrls: unknown }[]
    }
    expect(chains.chains).toHaveLength(3)
    expect(JSON.stringify(chains.chains[1]?.rpcUrls)).toContain(`127.0.0.1:${server.port}/shard/2`)
    const document = JSON.parse((await get('/openrpc.json')).text) as {
      methods: { name: string }[]
    }
    expect(document.methods.map((method) => method.name)).toContain('eth_getBalance')
    expect((await get('/favicon.ico')).status).toBe(404)
  })

  test('rpc: http: a body beyond a million bytes is refused, declared or not', async () => {
    const body = Buffer.alloc(1_000_001, 0x20)
    expect((await send({ headers: JSON_TYPE }, body)).status).toBe(413)
    const chunked = { ...JSON_TYPE, 'transfer-encoding': 'chunked' }
    expect((await send({ headers: chunked }, body)).status).toBe(413)
    expect(
      (
        await send(
          { headers: JSON_TYPE },
          Buffer.concat([Buffer.from(CALL), body.subarray(0, 900_000)]),
        )
      ).status,
    ).toBe(200)
  })

  test('rpc: http: headers beyond sixteen kilobytes are refused', async () => {
    const headers = { ...JSON_TYPE, 'x-long': 'a'.repeat(17 * 1024) }
    expect((await send({ headers }, CALL)).status).toBe(431)
  })

  test('rpc: http: a client that hangs up in the middle of its body is forgotten', async () => {
    const socket = connect(server.port, '127.0.0.1')
    await once(socket, 'connect')
    const head = `POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n`
    socket.write(`${head}{"jsonrpc"`)
    socket.destroy()
    await once(socket, 'close')
  })

  test('rpc: http: random bytes as a request, as a body and as a mutated call get an answer or a closed door', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), async (bytes) => {
        const socket = connect(server.port, '127.0.0.1')
        socket.on('error', () => undefined)
        socket.end(bytes)
        socket.resume()
        await once(socket, 'close')
        const { status, text } = await send({ headers: JSON_TYPE }, Buffer.from(bytes))
        expect(status).toBe(200)
        expect(JSON.parse(text)).toMatchObject({ jsonrpc: '2.0' })
      }),
      { numRuns: 60, seed: 21 },
    )
    const valid = Buffer.from(
      '[{"jsonrpc":"2.0","id":1,"method":"eth_getBalance","params":["0x00","latest"]}]',
    )
    await fc.assert(
      fc.asyncProperty(
        fc.nat(valid.length - 1),
        fc.integer({ min: 1, max: 255 }),
        async (at, flip) => {
          const changed = Buffer.from(valid)
          changed[at] = (changed[at] ?? 0) ^ flip
          const { status, text } = await send({ headers: JSON_TYPE }, changed)
          expect(status === 204 || JSON.parse(text) !== null).toBe(true)
        },
      ),
      { numRuns: 120, seed: 22 },
    )
  })

  test('rpc: http: a taken port is said in a sentence that tells what to do', async () => {
    const starting = startRpcServer({ ...options, port: server.port })
    await expect(starting).rejects.toBeInstanceOf(RpcListenError)
    await expect(starting).rejects.toThrow(/another program uses this port/)
    await expect(startRpcServer({ ...options, host: '203.0.113.9' })).rejects.toThrow(
      /no such address/,
    )
  })
})

describe('rpc: web socket', () => {
  async function refusalOf(socket: WebSocket): Promise<number> {
    socket.on('error', () => undefined)
    const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage]
    return response.statusCode ?? 0
  }

  async function ask(socket: WebSocket, text: string): Promise<string> {
    socket.send(text)
    const [data] = (await once(socket, 'message')) as [Buffer]
    return data.toString('utf8')
  }

  test('rpc: web socket: web pages of other origins, hosts and paths are kept out', async () => {
    expect(await refusalOf(open('/shard/1', { origin: 'https://evil.example' }))).toBe(403)
    expect(await refusalOf(open('/shard/1', { host: 'evil.example' }))).toBe(403)
    expect(await refusalOf(open('/shard/9'))).toBe(404)
    const page = open('/shard/1', { origin: `http://localhost:${server.port}` })
    await once(page, 'open')
    page.close()
    await once(page, 'close')
  })

  test('rpc: web socket: subscriptions are bounded, tell what happens, and end', async () => {
    const socket = open()
    await once(socket, 'open')
    const subscribe = '{"jsonrpc":"2.0","id":1,"method":"eth_subscribe","params":["newHeads"]}'
    const ids: string[] = []
    for (let count = 0; count < 5; count++) {
      ids.push((JSON.parse(await ask(socket, subscribe)) as { result: string }).result)
    }
    expect(new Set(ids).size).toBe(5)
    expect(await ask(socket, subscribe)).toContain('-32005')
    for (const id of ids.slice(1)) {
      const end = JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'eth_unsubscribe', params: [id] })
      expect(await ask(socket, end)).toContain('true')
    }
    const told = once(socket, 'message')
    network.mine(1)
    const [data] = (await told) as [Buffer]
    expect(JSON.parse(data.toString('utf8'))).toMatchObject({
      method: 'eth_subscription',
      params: { subscription: ids[0], result: { hash: expect.stringMatching(/^0x/) } },
    })
    socket.close()
    await once(socket, 'close')
  })

  test('rpc: web socket: over HTTP there is nothing to subscribe to', async () => {
    const body = '{"jsonrpc":"2.0","id":1,"method":"eth_subscribe","params":["newHeads"]}'
    expect((await send({ headers: JSON_TYPE }, body)).text).toContain('-32001')
  })

  test('rpc: web socket: binary and oversized messages close the connection', async () => {
    for (const [message, code] of [
      [Buffer.of(1, 2, 3), 1003],
      ['x'.repeat(1_000_001), 1009],
    ] as const) {
      const socket = open()
      await once(socket, 'open')
      socket.send(message)
      const [closedWith] = (await once(socket, 'close')) as [number]
      expect(closedWith).toBe(code)
    }
  })

  test('rpc: web socket: a client that asks and does not read is dropped', async () => {
    const socket = connect(server.port, '127.0.0.1')
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    socket.pause()
    socket.write(
      'GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
    )
    const batch = `[${Array.from({ length: 100 }, () => '{"jsonrpc":"2.0","id":1,"method":"shard_getConfig"}').join(',')}]`
    const frame = maskedFrame(batch)
    const { promise: dropped, resolve: drop } = Promise.withResolvers<void>()
    socket.on('close', drop)
    // It asks for more than fits into its own and the server's buffers, and reads none of it.
    while (!socket.destroyed) {
      const { promise: drained, resolve: drain } = Promise.withResolvers<void>()
      socket.once('drain', drain)
      if (socket.write(frame)) setImmediate(drain)
      await Promise.race([drained, dropped])
    }
    await dropped
  })

  test('rpc: web socket: the hundred and first client is turned away', async () => {
    const sockets = Array.from({ length: 100 }, () => open())
    await Promise.all(sockets.map((socket) => once(socket, 'open')))
    expect(await refusalOf(open())).toBe(503)
    for (const socket of sockets) socket.terminate()
    await Promise.all(sockets.map((socket) => once(socket, 'close')))
  })
})

/** One text frame as a client sends it: masked with zeros, which is a mask too. */
function maskedFrame(text: string): Buffer {
  const payload = Buffer.from(text)
  const head = Buffer.alloc(8)
  head[0] = 0x81
  head[1] = 0x80 | 126
  head.writeUInt16BE(payload.length, 2)
  return Buffer.concat([head, payload])
}

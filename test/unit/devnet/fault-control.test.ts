/** The socket of a supervisor: who may open it, what it refuses, and that it is gone afterwards. */
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { oppositeOf } from '../../../devnet/faults/opposite.ts'
import { PERFECT_LINK, type Fault } from '../../../devnet/faults/fault.ts'
import { describeFault } from '../../../devnet/faults/fault-words.ts'
import { orderSupervisor } from '../../../devnet/processes/control-client.ts'
import {
  CONTROL_LINE_BYTES_MAX,
  type ControlOrder,
} from '../../../devnet/processes/control-message.ts'
import { startControlServer, type ControlServer } from '../../../devnet/processes/control-server.ts'
import { CommandError } from '../../../node/cli/command-error.ts'

let directory: string
let path: string
let server: ControlServer | undefined
let orders: ControlOrder[] = []

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weft-control-test-'))
  path = join(directory, 'control.sock')
  orders = []
  server = await startControlServer({
    path,
    nodeCount: () => 4,
    carryOut: async (order) => {
      orders.push(order)
      if (order.order === 'join') return `node ${order.node}`
      if (order.fault.kind === 'heal') throw new CommandError('nothing to heal')
      return describeFault(order.fault)
    },
  })
})

afterEach(async () => {
  await server?.stop()
  await rm(directory, { recursive: true, force: true })
})

/** Writes the text and gives the answers until the supervisor has answered `count` times or hung up. */
function speak(text: string, count: number): Promise<readonly Record<string, unknown>[]> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => socket.write(text))
    let heard = ''
    const finish = (): void => {
      socket.destroy()
      const lines = heard.split('\n').filter((line) => line !== '')
      resolve(lines.map((line) => JSON.parse(line) as Record<string, unknown>))
    }
    socket.on('error', reject)
    socket.on('close', finish)
    socket.on('data', (chunk: Buffer) => {
      heard += chunk.toString()
      if (heard.split('\n').length > count) finish()
    })
  })
}

const order = (fault: unknown, rest: object = {}): string =>
  `${JSON.stringify({ order: 'fault', fault, ...rest })}\n`

describe('devnet: fault control', () => {
  test("devnet: fault control: the socket is its user's alone", async () => {
    const { mode } = await stat(path)
    expect(mode & 0o777).toBe(0o600)
  })

  test('devnet: fault control: an order is carried out and answered in words', async () => {
    const answer = await orderSupervisor(path, {
      order: 'fault',
      fault: { kind: 'crash', nodes: [3, 1, 3] },
      forMs: 500,
    })
    expect(answer).toEqual({ ok: true, message: 'nodes 1 and 3 are killed (kill -9)' })
    expect(orders).toEqual([
      { order: 'fault', fault: { kind: 'crash', nodes: [3, 1] }, forMs: 500 },
    ])
  })

  test('devnet: fault control: a node that joins is one beyond those that there are', async () => {
    const answer = await orderSupervisor(path, { order: 'join', node: 4 })
    expect(answer).toEqual({ ok: true, message: 'node 4' })
    expect(orders).toEqual([{ order: 'join', node: 4 }])
  })

  test('devnet: fault control: an order that fails is answered with the reason', async () => {
    const answer = await orderSupervisor(path, { order: 'fault', fault: { kind: 'heal' } })
    expect(answer).toEqual({ ok: false, code: 'failed', message: 'nothing to heal' })
  })

  test('devnet: fault control: answers come in the order of the questions', async () => {
    const lines = [0, 1, 2, 3].map((node) => order({ kind: 'pause', nodes: [node] }))
    const answers = await speak(lines.join(''), 4)
    expect(answers.map(({ message }) => message)).toEqual(
      [0, 1, 2, 3].map((node) => `node ${node} is paused`),
    )
  })

  test.each([
    ['no JSON', 'kill 3\n', /not JSON/],
    ['no order', '{}\n', /order/],
    ['an unknown fault', order({ kind: 'explode', nodes: [1] }), /kind/],
    ['a field too many', order({ kind: 'crash', nodes: [1], now: true }), /now/],
    ['no nodes', order({ kind: 'crash', nodes: [] }), /nodes/],
    ['a node that is no number', order({ kind: 'crash', nodes: ['1'] }), /nodes/],
    ['a node that is not there', order({ kind: 'crash', nodes: [4] }), /no node 4/],
    ['a link to itself', order({ kind: 'cut', links: [{ from: 1, to: 1 }] }), /two different/],
    ['a loss above all', linkOrder({ lossPerMille: 1001 }), /lossPerMille/],
    ['a bandwidth of nothing', linkOrder({ bytesPerSecond: 0 }), /bytesPerSecond/],
    ['a time below one', order({ kind: 'crash', nodes: [1] }, { forMs: 0 }), /forMs/],
    ['a clock of another year', order({ kind: 'clock', nodes: [1], skewMs: 1e12 }), /skewMs/],
  ])('devnet: fault control: %s is refused, and nothing is done', async (_, line, expected) => {
    const [answer] = await speak(line, 1)
    expect(answer?.['ok']).toBe(false)
    expect(answer?.['message']).toMatch(expected)
    expect(orders).toEqual([])
  })

  test('devnet: fault control: a line without end is refused and the connection closed', async () => {
    const answers = await speak('x'.repeat(CONTROL_LINE_BYTES_MAX + 1), 9)
    expect(answers).toEqual([{ ok: false, code: 'too-long', message: 'the line is too long' }])
  })

  test('devnet: fault control: after the end there is no socket, and an order says so', async () => {
    await server?.stop()
    expect(await readdir(directory)).toEqual([])
    await expect(
      orderSupervisor(path, { order: 'fault', fault: { kind: 'heal' } }),
    ).rejects.toThrow(/does not take orders/)
  })

  test('devnet: fault control: what a killed supervisor left is replaced; too long a path gives no socket', async () => {
    const carryOut = async (): Promise<string> => 'done'
    const stale = join(directory, 'stale.sock')
    await writeFile(stale, '')
    const second = await startControlServer({ path: stale, nodeCount: () => 4, carryOut })
    expect(await orderSupervisor(stale, { order: 'fault', fault: { kind: 'heal' } })).toMatchObject(
      {
        ok: true,
      },
    )
    await second?.stop()
    const long = join(directory, 'x'.repeat(104))
    expect(await startControlServer({ path: long, nodeCount: () => 4, carryOut })).toBeUndefined()
  })
})

function linkOrder(quality: object): string {
  const links = [{ from: 0, to: 1 }]
  return order({ kind: 'link', links, quality: { ...PERFECT_LINK, ...quality } })
}

describe('devnet: fault opposite', () => {
  const nodes = [2]
  const links = [{ from: 0, to: 1 }]
  const cases: readonly (readonly [Fault, readonly Fault[]])[] = [
    [{ kind: 'crash', nodes }, [{ kind: 'start', nodes }]],
    [{ kind: 'stop', nodes }, [{ kind: 'start', nodes }]],
    [{ kind: 'pause', nodes }, [{ kind: 'resume', nodes }]],
    [{ kind: 'cut', links }, [{ kind: 'link', links, quality: PERFECT_LINK }]],
    [
      { kind: 'disk', nodes, mode: 'full' },
      [
        { kind: 'disk', nodes, mode: 'ok' },
        { kind: 'start', nodes },
      ],
    ],
    [
      { kind: 'byzantine', nodes, vice: 'equivocator' },
      [{ kind: 'byzantine', nodes, vice: undefined }],
    ],
    [{ kind: 'clock', nodes, skewMs: 5 }, [{ kind: 'clock', nodes, skewMs: 0 }]],
    [{ kind: 'heal' }, []],
    [{ kind: 'start', nodes }, []],
    [{ kind: 'clock', nodes, skewMs: 0 }, []],
  ]
  test.each(cases)('devnet: fault opposite: %j is taken back by %j', (fault, expected) => {
    expect(oppositeOf(fault)).toEqual(expected)
  })
})

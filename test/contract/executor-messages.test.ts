/**
 * Everything that crosses the border to a shard's worker thread is plain data: an example of every kind of message goes
 * through structuredClone, and every kind of request through a real thread.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { ExecutionRequest, ExecutionResponse } from '../../node/shards/executor.ts'
import { packConfig, unpackConfig } from '../../node/shards/io/packed-config.ts'
import {
  packRequest,
  packResponse,
  unpackRequest,
  unpackResponse,
} from '../../node/shards/io/packed-message.ts'
import { openPoolExecutor } from '../../node/shards/io/pool.ts'
import type { WorkerAnswer, WorkerRequest } from '../../node/shards/io/worker-message.ts'
import { stretchAt } from '../../node/shards/snapshot-proof.ts'
import {
  address,
  crossPayment,
  expectKind,
  payment,
  sendersOf,
  verifyRequest,
} from '../unit/shards/fixture.ts'
import { createWorld } from '../unit/shards/world.ts'

/** A block that consumes, transfers and sends, so that every field of an outcome is filled. */
function examples() {
  const world = createWorld()
  world.advance(2, [crossPayment(world.config(2), { from: 0, toShard: 1, to: address(9) })])
  world.crosslink()
  const request = world.request(1, [
    payment(world.config(1), { from: 0 }),
    crossPayment(world.config(1), { from: 1, toShard: 2, to: address(9) }),
  ])
  const built = expectKind(world.leader(1).runNow(request), 'built')
  const verify = verifyRequest(built.block, request, sendersOf(built.outcome, request))
  const requests: Record<ExecutionRequest['kind'], ExecutionRequest> = {
    build: request,
    verify,
    finalize: { kind: 'finalize', hash: built.outcome.hash },
    accounts: { kind: 'accounts', at: { kind: 'pending' }, addresses: [address(0), address(99)] },
    supply: { kind: 'supply', at: { kind: 'height', height: 0 } },
    status: { kind: 'status' },
    'keep-snapshot': { kind: 'keep-snapshot', height: 1 },
    'cut-chunk': { kind: 'cut-chunk', height: 1, stretch: 3, from: stretchAt(3).from },
    'begin-import': { kind: 'begin-import', header: { ...built.outcome.header, height: 9 } },
    'import-chunk': {
      kind: 'import-chunk',
      stretch: 0,
      from: stretchAt(0).from,
      chunk: new Uint8Array(3),
    },
    'finish-import': { kind: 'finish-import' },
    rewind: { kind: 'rewind', header: { ...built.outcome.header, height: 9 } },
  }
  return { world, requests }
}

const { world, requests } = examples()

function responseTo(request: ExecutionRequest): ExecutionResponse {
  return world.leader(1).runNow(request)
}

describe('contract: executor messages', { timeout: 60_000 }, () => {
  for (const request of Object.values(requests)) {
    test(`contract: executor messages: a ${request.kind} request survives structuredClone`, () => {
      expect(structuredClone(request)).toEqual(request)
      expect(unpackRequest(structuredClone(packRequest(request)))).toEqual(request)
    })
  }

  const responses: Record<ExecutionResponse['kind'], ExecutionResponse> = {
    built: responseTo(requests.build),
    verified: responseTo(requests.verify),
    accounts: responseTo(requests.accounts),
    supply: responseTo(requests.supply),
    status: responseTo(requests.status),
    finalized: responseTo(requests.finalize),
    snapshots: responseTo(requests['keep-snapshot']),
    chunk: responseTo(requests['cut-chunk']),
    importing: responseTo(requests['begin-import']),
    refused: responseTo({ kind: 'finalize', hash: address(1) }),
  }
  for (const [kind, response] of Object.entries(responses)) {
    test(`contract: executor messages: a ${kind} response survives structuredClone`, () => {
      expect(response.kind).toBe(kind)
      expect(structuredClone(response)).toEqual(response)
      expect(unpackResponse(structuredClone(packResponse(response)))).toEqual(response)
    })
  }

  test('contract: executor messages: no byte array drags a larger buffer across the border', () => {
    const found: string[] = []
    collectViews({ requests, responses }, 'message', found)
    expect(found).toEqual([])
  })

  test('contract: executor messages: the worker’s own messages survive structuredClone', () => {
    const own: Record<string, WorkerRequest | WorkerAnswer> = {
      close: { kind: 'close' },
      answered: { kind: 'answered', response: packResponse(responses.status) },
      closed: { kind: 'closed' },
      failed: { kind: 'failed', code: 'state-damaged', detail: 'why' },
      broken: { kind: 'broken', detail: 'where' },
    }
    for (const message of Object.values(own)) expect(structuredClone(message)).toEqual(message)
  })

  test('contract: executor messages: the accounts of the genesis are shared and not cloned', () => {
    const config = world.config(1)
    const packed = packConfig(config)
    expect(packed.allocations.byteLength).toBe(52 * config.allocations.length)
    expect(packConfig({ ...config }).allocations).toBe(packed.allocations)
    expect(unpackConfig(packed)).toEqual(config)
  })

  test('contract: executor messages: every kind of request goes through a real thread', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'weft-messages-'))
    const executor = await openPoolExecutor({ config: world.config(1), directory })
    const kinds: string[] = []
    for (const request of Object.values(requests)) kinds.push((await executor.run(request)).kind)
    const blocks = ['built', 'verified', 'finalized', 'accounts', 'supply', 'status']
    const snapshots = ['snapshots', 'chunk', 'importing', 'refused', 'refused']
    expect(kinds).toEqual([...blocks, ...snapshots, 'status'])
    await executor.close()
    await rm(directory, { recursive: true })
  })
})

/** structuredClone copies the whole buffer behind a view, so views on large buffers are a leak of time and memory. */
function collectViews(value: unknown, path: string, found: string[]): void {
  if (value instanceof Uint8Array) {
    if (value.buffer.byteLength > 2 * value.byteLength + 64) found.push(path)
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, field] of Object.entries(value)) collectViews(field, `${path}.${name}`, found)
  }
}

/** What the RPC tells of the beacon's past: its blocks by every name, and where it recorded each block of each shard. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { registryLines } from '../../devnet/display/registry.ts'
import { DEFAULT_REGISTRY } from '../../node/beacon/registry.ts'
import { decodeBeaconBlock } from '../../node/beacon/block.ts'
import { beaconBlockHash } from '../../node/crosslink/header-codec.ts'
import { present } from '../../node/primitives/assert.ts'
import { fromHex, toHex } from '../../node/primitives/bytes.ts'
import { hashTagged } from '../../node/primitives/hash.ts'
import type { RpcServer } from '../../node/rpc/io/server.ts'
import { createAdmissions } from '../../node/runtime/admissions.ts'
import { createAuditNetwork } from '../unit/devnet/audit-network.ts'
import { serveNetwork } from '../unit/devnet/audit-server.ts'

type Fields = Readonly<Record<string, unknown>>
let server: RpcServer

/** Beacon block 1 records blocks 1 and 2 of shard 1; block 2 nothing new of it; block 3 its block 3. Block 4 is not settled. */
beforeAll(async () => {
  const network = await createAuditNetwork()
  network.advance(1)
  network.advance(1)
  network.settle()
  network.advance(2)
  network.settle({ certified: false })
  network.advance(1)
  network.settle()
  network.advance(1)
  server = await serveNetwork(network)
})
afterAll(() => server.stop())

async function call(method: string, ...params: readonly unknown[]): Promise<Fields | null> {
  const response = await fetch(`${server.url}/beacon`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  })
  const reply = (await response.json()) as { readonly result?: Fields | null }
  expect(reply).toHaveProperty('result')
  return reply.result ?? null
}

describe('rpc: beacon', () => {
  test('rpc: beacon: a block is found by height, hash and tag, and its bytes are its own', async () => {
    const byHeight = present(await call('beacon_getBlock', '0x3'), 'block 3 is final')
    expect(await call('beacon_getBlock', byHeight['hash'])).toEqual(byHeight)
    expect(await call('beacon_getBlock', 'finalized')).toEqual(byHeight)
    expect(await call('beacon_getBlock')).toEqual(byHeight)
    const block = decodeBeaconBlock(present(fromHex(String(byHeight['raw'])), 'bytes'))
    if (!block.ok) throw new Error(block.reject.detail)
    expect(`0x${toHex(beaconBlockHash(block.value.header))}`).toBe(byHeight['hash'])
    expect(byHeight).toMatchObject({
      height: 3,
      crosslinks: [{ shard: 1, fromHeight: 3, tipHeight: 3 }],
    })
    expect(byHeight['certificate']).toMatch(/^0x[0-9a-f]+$/)
  })

  test('rpc: beacon: B.6: the registry says who validates and where, and reads as a table', async () => {
    const registry = present(await call('beacon_getValidators'), 'there is a registry')
    const [first] = registry['validators'] as readonly Fields[]
    expect(first).toMatchObject({
      index: 0,
      status: 'active',
      stake: `0x${DEFAULT_REGISTRY.stake.toString(16)}`,
      exitEpoch: null,
      payout: { shard: 1 },
      nextShards: null,
      nextBeacon: null,
    })
    const shards = first?.['shards']
    expect(shards).toHaveLength(1)
    const lines = registryLines(registry)
    expect(lines[1]).toMatch(/^validator 0 +active +32\.000 +epoch 0 +seat +[12] +/)
    expect(lines.at(-1)).toContain('0.000 ether of stakes burnt')
  })

  test('rpc: beacon: a block that was not finalized directly has no certificate', async () => {
    expect(await call('beacon_getBlock', '0x2')).toMatchObject({ height: 2, certificate: null })
  })

  test('rpc: beacon: what is not there is null', async () => {
    for (const name of ['0x4', 'earliest', `0x${'77'.repeat(32)}`]) {
      expect(await call('beacon_getBlock', name), name).toBeNull()
    }
  })

  test('rpc: beacon: every recorded block has the one crosslink that covers it', async () => {
    const at = async (shard: number, height: number) => {
      const place = await call('beacon_getCrosslink', `0x${shard}`, `0x${height}`)
      return place && [place['beaconHeight'], place['fromHeight'], place['tipHeight']]
    }
    expect(await at(1, 1)).toEqual([1, 1, 2])
    expect(await at(1, 2)).toEqual([1, 1, 2])
    expect(await at(1, 3)).toEqual([3, 3, 3])
    expect(await at(2, 1)).toEqual([2, 1, 1])
    for (const [shard, height] of [
      [1, 0],
      [1, 4],
      [2, 2],
      [3, 1],
    ] as const) {
      expect(await at(shard, height), `shard ${shard}, block ${height}`).toBeNull()
    }
  })
})

describe('rpc: admissions', () => {
  test('rpc: admissions: the first time counts, per shard, and the oldest are forgotten', () => {
    let now = 100
    const admissions = createAdmissions(() => now)
    const name = (index: number): Uint8Array =>
      hashTagged('tx', Uint8Array.of(index >> 8, index & 255))
    admissions.note(1, name(0))
    now = 200
    admissions.note(1, name(0))
    expect(admissions.of(1, name(0))).toBe(100)
    expect(admissions.of(2, name(0))).toBeUndefined()
    for (let index = 1; index <= 16_384; index++) admissions.note(1, name(index))
    expect(admissions.of(1, name(0))).toBeUndefined()
    expect(admissions.of(1, name(16_384))).toBe(200)
  })
})

/** `weft audit` and `weft trace` on a real devnet, then on its disks, then on damaged copies of them. */
import { createHash } from 'node:crypto'
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Level } from 'level'
import { createWalletClient, defineChain, encodeFunctionData, http } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { auditDisks } from '../../devnet/audit/disk-audit.ts'
import type { NetworkAudit } from '../../devnet/audit/report.ts'
import { openClients } from '../../devnet/audit/rpc-source.ts'
import { openSnapshot } from '../../devnet/audit/snapshot.ts'
import { CHAIN_ID_BASE } from '../../devnet/parameters.ts'
import { filesOf } from '../../devnet/processes/data-directory.ts'
import { gatherLife } from '../../devnet/trace/gather.ts'
import { isSettled } from '../../devnet/trace/life.ts'
import { present } from '../../node/primitives/assert.ts'
import { readGenesisFile } from '../../node/runtime/genesis-file.ts'
import { GATEWAY_ABI } from '../../node/shards/vm/gateway.ts'
import { openLevelStore } from '../../node/storage/io/level.ts'
import { storeKey } from '../../node/storage/store-key.ts'
import { numberKey } from '../../node/validator/table.ts'
import { pidsOf, startWeft, untilGone, type WeftProcess } from './weft-process.ts'

/** The first account of every Ethereum tool's test network. */
const KEY = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80'
const RECEIVER = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8'
const GATEWAY = '0x0000000000000000000000000000000000007765'
const FEES = { gas: 100_000n, maxFeePerGas: 10n ** 11n, maxPriorityFeePerGas: 1n }

let directory: string
let data: string
const started: WeftProcess[] = []

type Answer = Readonly<Record<string, unknown>>
let overRpc: Answer
let refusal: WeftProcess
let traced: Answer
let fromDisk: Answer
let before: string
let after: string

/** A quiet network, three payments of every kind, all settled; audited while it runs and after it has stopped. */
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weft-audit-test-'))
  data = join(directory, 'net')
  const up = weft('devnet', 'up', '--shards', '2', '--validators', '8', '--load', '0')
  const ready = await up.event('ready')
  const rpc = String((ready['shards'] as readonly Answer[])[0]?.['rpc'])
  const hashes = await pay(rpc)
  await settled(new URL(rpc).origin, hashes)
  overRpc = await answerOf(weft('audit'))
  refusal = weft('audit', '--disk')
  await refusal.exit
  traced = await answerOf(weft('trace', present(hashes[2], 'three payments'), '--proofs'))
  await weft('devnet', 'stop').exit
  expect(await up.exit, up.stderr()).toBe(0)
  before = await fingerprint(join(data, 'nodes'))
  fromDisk = await answerOf(weft('audit'))
  after = await fingerprint(join(data, 'nodes'))
})

afterAll(async () => {
  for (const { child } of started) child.kill('SIGKILL')
  await untilGone(started.flatMap(pidsOf))
  await rm(directory, { recursive: true, force: true })
})

function weft(...words: readonly string[]): WeftProcess {
  const one = startWeft(...words, '--json', '--data', data)
  started.push(one)
  return one
}

async function answerOf(command: WeftProcess): Promise<Answer> {
  expect(await command.exit, command.stderr()).toBe(0)
  return present(command.lines[0], 'the command prints a line')
}

/** One within shard 1, one to shard 2, one that shard 2 sends back. */
async function pay(rpc: string): Promise<readonly string[]> {
  const account = privateKeyToAccount(KEY)
  const nativeCurrency = { name: 'Ether', symbol: 'ETH', decimals: 18 }
  const rpcUrls = { default: { http: [rpc] } }
  const chain = defineChain({ id: CHAIN_ID_BASE + 1, name: 'shard 1', nativeCurrency, rpcUrls })
  const wallet = createWalletClient({ account, chain, transport: http(rpc) })
  const to = (receiver: `0x${string}`) =>
    encodeFunctionData({
      abi: GATEWAY_ABI,
      functionName: 'transfer',
      args: [BigInt(CHAIN_ID_BASE + 2), receiver],
    })
  return [
    await wallet.sendTransaction({ to: RECEIVER, value: 7n, nonce: 0, ...FEES }),
    await wallet.sendTransaction({ to: GATEWAY, value: 8n, data: to(RECEIVER), nonce: 1, ...FEES }),
    await wallet.sendTransaction({ to: GATEWAY, value: 9n, data: to(GATEWAY), nonce: 2, ...FEES }),
  ]
}

/** The test's own time limit is the deadline. */
async function settled(url: string, hashes: readonly string[]): Promise<void> {
  const network = openClients([url])
  try {
    for (const hash of hashes) {
      for (;;) {
        const life = await gatherLife(network, hash)
        if (life !== undefined && isSettled(life)) break
        await new Promise((resolve) => setTimeout(resolve, 200))
      }
    }
  } finally {
    network.close()
  }
}

/** Of all stores; logs and lock files come and go. */
async function fingerprint(path: string): Promise<string> {
  const hash = createHash('sha256')
  const names = (await readdir(path, { recursive: true })).toSorted((left, right) =>
    left < right ? -1 : 1,
  )
  for (const name of names) {
    if (!name.includes('/data/')) continue
    const bytes = await readFile(join(path, name)).catch(() => undefined)
    if (bytes !== undefined) hash.update(name).update(bytes)
  }
  return hash.digest('hex')
}

/** A copy of the data directory, changed, then audited. */
async function auditDamaged(damage: (copy: string) => Promise<void>): Promise<NetworkAudit> {
  const copy = await mkdtemp(join(directory, 'copy-'))
  await cp(data, copy, { recursive: true })
  await damage(copy)
  const genesis = await readGenesisFile(filesOf(copy).genesis)
  const snapshot = await openSnapshot(copy, genesis)
  try {
    return await auditDisks(genesis, snapshot)
  } finally {
    await snapshot.close()
  }
}

const chainOf = (copy: string, node: number): string => join(filesOf(copy).node(node).data, 'chain')

describe('devnet: audit', () => {
  test('devnet: audit: over RPC and from disk it says the same of one moment', () => {
    for (const name of [
      'ok',
      'genesis',
      'balances',
      'buffered',
      'inFlight',
      'stake',
      'burnt',
      'receipts',
    ]) {
      expect(fromDisk[name], name).toEqual(overRpc[name])
    }
    expect(fromDisk).toMatchObject({
      ok: true,
      from: 'disk',
      nodes: 8,
      receipts: { sent: 3, applied: 2, refunded: 1, pending: 0 },
    })
    expect(overRpc).toMatchObject({ from: 'rpc', nodes: 8, violations: [] })
  })

  test('devnet: audit: disks in use are refused in a sentence', async () => {
    expect(await refusal.exit).toBe(1)
    expect(refusal.stderr()).toContain('is running')
    expect(refusal.stderr()).toContain('weft devnet stop')
  })

  test('devnet: audit: it leaves the stores as they are and nothing behind', async () => {
    expect(after).toBe(before)
    expect((await readdir(data)).filter((name) => name.startsWith('audit-'))).toEqual([])
  })

  test('devnet: trace: a refund is told with its times and proofs that hold', () => {
    expect(traced).toMatchObject({ shard: 1, outcome: 'refunded', settled: true })
    const phases = traced['phases'] as readonly Answer[]
    expect(phases.map(({ phase }) => phase)).toEqual([
      'admitted',
      'finalized',
      'receipt',
      'crosslinked',
      'bounced',
      'receipt',
      'crosslinked',
      'refunded',
      'settled',
    ])
    const proofs = traced['proofs'] as readonly Answer[]
    expect(proofs.length).toBeGreaterThan(15)
    expect(proofs.filter(({ ok }) => ok !== true)).toEqual([])
  })
})

describe('devnet: audit: damaged stores', () => {
  test('devnet: audit: damaged stores: a flipped bit is named with node, chain and height', async () => {
    const { violations } = await auditDamaged(async (copy) => {
      const options = { keyEncoding: 'view', valueEncoding: 'view' } as const
      const database = new Level<Uint8Array, Uint8Array>(chainOf(copy, 3), options)
      const key = storeKey('final', numberKey(0, 1))
      const value = Uint8Array.from(present(await database.get(key), 'the record is there'))
      value[0] = (value[0] ?? 0) ^ 1
      await database.put(key, value)
      await database.close()
    })
    expect(violations).toEqual([
      'beacon, block 1 (node 3): its record in table final does not match its checksum',
    ])
  })

  test('devnet: audit: damaged stores: a dropped block is missed', async () => {
    const { violations } = await auditDamaged(async (copy) => {
      const store = await openLevelStore(chainOf(copy, 0), { create: false })
      const write = { kind: 'delete', table: 'final', key: numberKey(0, 1) } as const
      await store.write([write], { sync: true })
      await store.close()
    })
    expect(violations).toEqual([
      expect.stringMatching(/^beacon, block 1 \(node 0\): expected, .* missing$/),
    ])
  })

  test('devnet: audit: damaged stores: a chain store that does not open is told of, and the rest audited', async () => {
    const { violations, counts } = await auditDamaged(async (copy) => {
      await rm(join(chainOf(copy, 5), 'CURRENT'))
    })
    expect(violations).toEqual([
      expect.stringMatching(/^node 5: its chain store .* cannot be opened/),
    ])
    expect(counts.shardBlocks).toBeGreaterThan(0)
  })
})

/**
 * All executors agree: the inline one and the one with a worker thread and a disk give equal answers to equal requests, and
 * the thread may die at any moment without changing what is finalized.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { present } from '../../node/primitives/assert.ts'
import { toHex } from '../../node/primitives/bytes.ts'
import { createPrng, type Prng } from '../../node/primitives/prng.ts'
import type {
  BuildRequest,
  ExecutionRequest,
  ExecutionResponse,
  Executor,
} from '../../node/shards/executor.ts'
import { openInlineExecutor } from '../../node/shards/io/inline.ts'
import { openPoolExecutor, type PoolExecutor } from '../../node/shards/io/pool.ts'
import { StateDamagedError, StateStoreError } from '../../node/shards/io/state-store.ts'
import {
  address,
  anchorAt,
  buildRequest,
  crossPayment,
  expectKind,
  genesisRecord,
  payment,
  shardConfig,
} from '../unit/shards/fixture.ts'

const CONFIG = shardConfig(1, { shardCount: 2 })
const RECORDS = [1, 2].map((shard) => genesisRecord(shardConfig(shard, { shardCount: 2 })))
const ANCHOR = anchorAt(1, RECORDS)
const GENESIS = { hash: CONFIG.genesisBlockHash, height: 0 }

type Database = ClassicLevel<Uint8Array, Uint8Array>
type Entry = [Uint8Array, Uint8Array]
type Parent = { readonly hash: Uint8Array; readonly height: number }

let directory: string
const open = new Set<Executor>()

beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), 'weft-executor-')), 'nested', 'state')
})

afterEach(async () => {
  for (const executor of open) await executor.close()
  open.clear()
  await rm(join(directory, '..', '..'), { recursive: true })
})

async function openPool(config = CONFIG): Promise<PoolExecutor> {
  const pool = await openPoolExecutor({ config, directory })
  open.add(pool)
  return pool
}

async function closePool(pool: PoolExecutor): Promise<void> {
  open.delete(pool)
  await pool.close()
}

/** A block with payments that may or may not be possible. */
function randomBuild(prng: Prng, parent: Parent, view: number): BuildRequest {
  const transactions = Array.from({ length: prng.below(6) }, () => {
    const fields = { from: prng.below(8), nonce: prng.below(3), value: BigInt(prng.below(1000)) }
    return prng.chance(1, 3)
      ? crossPayment(CONFIG, { ...fields, toShard: 2, to: address(prng.below(9)) })
      : payment(CONFIG, { ...fields, to: address(prng.below(9)) })
  })
  return buildRequest(parent, ANCHOR, { transactions, view })
}

async function build(executor: Executor, request: BuildRequest): Promise<Parent> {
  const { outcome } = expectKind(await executor.run(request), 'built')
  return { hash: outcome.hash, height: outcome.header.height }
}

async function statusOf(executor: Executor): Promise<ExecutionResponse> {
  return executor.run({ kind: 'status' })
}

describe('contract: executor', { timeout: 60_000 }, () => {
  for (const seed of [1, 2, 3]) {
    test(`contract: executor: inline and pool give equal answers (seed ${seed})`, async () => {
      const inline = openInlineExecutor(CONFIG)
      const pool = await openPool()
      const prng = createPrng(seed)
      const blocks: Parent[] = [GENESIS]
      for (let step = 1; step <= 40; step++) {
        const request: ExecutionRequest = prng.chance(1, 4)
          ? { kind: 'finalize', hash: prng.pick(blocks).hash }
          : randomBuild(prng, prng.pick(blocks.slice(-3)), step)
        const [expected, actual] = [inline.runNow(request), await pool.run(request)]
        expect(actual).toEqual(expected)
        if (expected.kind !== 'built') continue
        blocks.push({ hash: expected.outcome.hash, height: expected.outcome.header.height })
      }
      expect(await statusOf(pool)).toEqual(await statusOf(inline))
      expect(blocks.length).toBeGreaterThan(3)
    })
  }

  test('contract: executor: requests given at once are answered in their order', async () => {
    const pool = await openPool()
    const request = buildRequest(GENESIS, ANCHOR)
    const expected = expectKind(openInlineExecutor(CONFIG).runNow(request), 'built').outcome
    const answers = await Promise.all([
      pool.run(request),
      pool.run({ kind: 'finalize', hash: expected.hash }),
      pool.run({ kind: 'status' }),
    ])
    expect(answers[0]?.kind).toBe('built')
    expect(answers[1]).toMatchObject({ kind: 'finalized', height: 1 })
    expect(answers[2]).toMatchObject({ kind: 'status', height: 1, hash: expected.hash })
  })

  test('contract: executor: finalized state survives closing and opening', async () => {
    const pool = await openPool()
    const first = await build(pool, randomBuild(createPrng(5), GENESIS, 1))
    await pool.run({ kind: 'finalize', hash: first.hash })
    const before = await statusOf(pool)
    await closePool(pool)
    expect(await statusOf(await openPool())).toEqual(before)
  })
})

describe('contract: executor: worker death', { timeout: 60_000 }, () => {
  test('contract: executor: a killed worker loses unfinalized blocks only, and they can be fed again', async () => {
    const pool = await openPool()
    const prng = createPrng(6)
    const first = await build(pool, randomBuild(prng, GENESIS, 1))
    await pool.run({ kind: 'finalize', hash: first.hash })
    const before = await statusOf(pool)
    const second = randomBuild(prng, first, 2)
    const { block, outcome } = expectKind(await pool.run(second), 'built')
    await pool.killWorker()
    expect(await statusOf(pool)).toEqual(before)
    const lost = await pool.run({ kind: 'finalize', hash: outcome.hash })
    expect(lost).toMatchObject({ kind: 'refused', code: 'unknown-parent' })
    const senders = outcome.transactionHashes.map((hash) => {
      const found = second.transactions.find((one) => toHex(one.hash) === toHex(hash))
      return found?.sender ?? new Uint8Array(20)
    })
    const verified = await pool.run({
      kind: 'verify',
      block,
      beneficiary: second.beneficiary,
      anchor: ANCHOR,
      senders: Uint8Array.from(senders.flatMap((sender) => [...sender])),
    })
    expect(expectKind(verified, 'verified').outcome).toEqual(outcome)
    const finalized = await pool.run({ kind: 'finalize', hash: outcome.hash })
    expect(finalized).toMatchObject({ kind: 'finalized', height: 2 })
  })

  test('contract: executor: a request that dies with its worker is unavailable, the next one runs', async () => {
    const pool = await openPool()
    const dying = pool.run(randomBuild(createPrng(7), GENESIS, 1))
    await pool.killWorker()
    const answer = await dying
    // The thread may have answered before it died; it never does both.
    expect(
      answer.kind === 'built' || (answer.kind === 'refused' && answer.code === 'unavailable'),
    ).toBe(true)
    expect(await statusOf(pool)).toMatchObject({ kind: 'status', height: 0 })
  })

  test('contract: executor: a worker killed over and over still has every finalized block', async () => {
    const pool = await openPool()
    const inline = openInlineExecutor(CONFIG)
    const prng = createPrng(8)
    let parent: Parent = GENESIS
    for (let view = 1; view <= 5; view++) {
      const request = randomBuild(prng, parent, view)
      inline.runNow(request)
      parent = await build(pool, request)
      await pool.run({ kind: 'finalize', hash: parent.hash })
      inline.runNow({ kind: 'finalize', hash: parent.hash })
      await pool.killWorker()
    }
    expect(await statusOf(pool)).toEqual(await statusOf(inline))
  })
})

describe('contract: executor: disk', { timeout: 60_000 }, () => {
  async function storeOneBlock(): Promise<void> {
    const pool = await openPool()
    const { hash } = await build(pool, randomBuild(createPrng(9), GENESIS, 1))
    await pool.run({ kind: 'finalize', hash })
    await closePool(pool)
  }

  /** Changes the stored entries behind the executor's back. */
  async function tamper(change: (entries: Entry[], database: Database) => Promise<void>) {
    const database = new ClassicLevel<Uint8Array, Uint8Array>(directory, {
      keyEncoding: 'view',
      valueEncoding: 'view',
    })
    const entries = await database.iterator().all()
    await change(entries, database)
    await database.close()
  }

  const damages: Record<string, (entries: Entry[], database: Database) => Promise<void>> = {
    'a bit flipped in a value': async ([, second], database) => {
      const [key, value] = present(second, 'there are entries')
      value[0] = (value[0] ?? 0) ^ 1
      await database.put(key, value)
    },
    'two values swapped': async ([, second, third], database) => {
      const [key] = present(second, 'there are entries')
      const [, value] = present(third, 'there are entries')
      await database.put(key, value)
    },
    'a record lost': async ([, second], database) => {
      await database.del(present(second, 'there are entries')[0])
    },
    'the head lost': async ([first], database) => {
      await database.del(present(first, 'there are entries')[0])
    },
  }
  for (const [name, damage] of Object.entries(damages)) {
    test(`contract: executor: a store with ${name} is refused before it is used`, async () => {
      await storeOneBlock()
      await tamper(damage)
      await expect(openPool()).rejects.toThrow(StateDamagedError)
    })
  }

  test('contract: executor: the state of another shard or network is refused', async () => {
    await storeOneBlock()
    await expect(openPool(shardConfig(2, { shardCount: 2 }))).rejects.toThrow(StateDamagedError)
    const elsewhere = { ...CONFIG, genesisHash: new Uint8Array(32).fill(3) }
    await expect(openPool(elsewhere)).rejects.toThrow('another network')
    expect(await statusOf(await openPool())).toMatchObject({ height: 1 })
  })

  test('contract: executor: a store in use is not opened twice', async () => {
    await openPool()
    await expect(openPool()).rejects.toThrow(StateStoreError)
  })
})

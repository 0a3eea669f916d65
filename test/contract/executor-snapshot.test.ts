/**
 * A snapshot from one executor into another, inline and with a worker thread and a disk: chunk by chunk, over restarts, with
 * liars in between; what comes out is the state that was crosslinked, and blocks go on from there (S.6, S.7).
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { present } from '../../node/primitives/assert.ts'
import type { BlockOutcome, Executor, ImportProgress } from '../../node/shards/executor.ts'
import { type InlineExecutor, openInlineExecutor } from '../../node/shards/io/inline.ts'
import { openPoolExecutor } from '../../node/shards/io/pool.ts'
import { createMemoryStateStore } from '../../node/shards/io/state-store.ts'
import {
  address,
  anchorAt,
  buildRequest,
  crossPayment,
  expectKind,
  genesisRecord,
  payment,
  sendersOf,
  shardConfig,
  verifyRequest,
} from '../unit/shards/fixture.ts'

const CONFIG = shardConfig(1, { shardCount: 2, accountCount: 3_000 })
const RECORDS = [1, 2].map((shard) => genesisRecord(shardConfig(shard, { shardCount: 2 })))
const ANCHOR = anchorAt(1, RECORDS)

type Built = { readonly outcome: BlockOutcome; readonly verify: ReturnType<typeof verifyRequest> }

/** A member of the committee, and a block after the others that a newcomer will have to execute. */
function createMember(heights: number) {
  const executor = openInlineExecutor(CONFIG)
  let parent = { hash: CONFIG.genesisBlockHash, height: 0 }
  function build(): Built {
    const from = parent.height
    const transactions = [
      payment(CONFIG, { from, to: address(5_000 + from) }),
      crossPayment(CONFIG, { from: from + 100, toShard: 2, to: address(1) }),
    ]
    const request = buildRequest(parent, ANCHOR, { transactions })
    const { outcome, block } = expectKind(executor.runNow(request), 'built')
    return { outcome, verify: verifyRequest(block, request, sendersOf(outcome, request)) }
  }
  function advance(): BlockOutcome {
    const { outcome } = build()
    expectKind(executor.runNow({ kind: 'finalize', hash: outcome.hash }), 'finalized')
    parent = { hash: outcome.hash, height: outcome.header.height }
    return outcome
  }
  let tip = advance()
  while (tip.header.height < heights) tip = advance()
  return { executor, tip, build, advance }
}

/** What a member makes of the first block, and where it stands then. */
function firstBlock() {
  const member = openInlineExecutor(CONFIG)
  const genesis = { hash: CONFIG.genesisBlockHash, height: 0 }
  const request = buildRequest(genesis, ANCHOR, { transactions: [payment(CONFIG, { from: 0 })] })
  const { outcome, block } = expectKind(member.runNow(request), 'built')
  member.runNow({ kind: 'finalize', hash: outcome.hash })
  const verify = verifyRequest(block, request, sendersOf(outcome, request))
  return { outcome, verify, status: member.runNow({ kind: 'status' }) }
}

function chunkOf(
  member: InlineExecutor,
  height: number,
  progress: ImportProgress,
  stretch: number,
) {
  const from = present(progress[stretch], 'the stretch is not complete')
  const request = { kind: 'cut-chunk', height, stretch, from } as const
  const { chunk } = expectKind(member.runNow(request), 'chunk')
  return { kind: 'import-chunk', stretch, from, chunk } as const
}

async function fetchStretch(
  newcomer: Executor,
  member: InlineExecutor,
  height: number,
  stretch: number,
): Promise<ImportProgress> {
  const begun = await newcomer.run({ kind: 'begin-import', header: headerOf(member, height) })
  let { progress } = expectKind(begun, 'importing')
  while (progress[stretch] !== undefined) {
    const answer = await newcomer.run(chunkOf(member, height, progress, stretch))
    progress = expectKind(answer, 'importing').progress
  }
  return progress
}

const headers = new Map<InlineExecutor, Map<number, BlockOutcome['header']>>()

function headerOf(member: InlineExecutor, height: number): BlockOutcome['header'] {
  return present(headers.get(member)?.get(height), 'the header was kept')
}

/** A member that keeps the state of its height as a snapshot and has gone on since. */
function servingMember(height = 6) {
  const member = createMember(height)
  member.executor.runNow({ kind: 'keep-snapshot', height })
  headers.set(member.executor, new Map([[height, member.tip.header]]))
  return { ...member, height, header: member.tip.header }
}

const directories: string[] = []

afterEach(async () => {
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true })
})

/** Opens the same newcomer again and again, as restarts do. */
const newcomers = {
  inline: () => {
    const store = createMemoryStateStore()
    return Promise.resolve(() => Promise.resolve(openInlineExecutor(CONFIG, { store })))
  },
  pool: async () => {
    const directory = await freshDirectory()
    return () => openPoolExecutor({ config: CONFIG, directory })
  },
  late: async () => {
    const directory = await freshDirectory()
    return () => openPoolExecutor({ config: CONFIG, directory, isLate: true })
  },
}

async function freshDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'weft-snapshot-'))
  directories.push(directory)
  return join(directory, 'state')
}

describe.each(['inline', 'pool', 'late'] as const)(
  'contract: snapshot: %s',
  { timeout: 180_000 },
  (kind) => {
    test(`contract: snapshot: ${kind}: what was fetched over a restart is the state, and blocks go on`, async () => {
      const open = await newcomers[kind]()
      const { executor: member, height, header, advance, build } = servingMember()
      let newcomer: Executor = await open()
      let progress: ImportProgress = []
      for (let stretch = 0; stretch < 16; stretch++) {
        progress = await fetchStretch(newcomer, member, height, stretch)
        if (stretch === 3) advance()
        if (stretch !== 7) continue
        await newcomer.close()
        newcomer = await open()
        // Still the old state, and nothing that was fetched is asked for again.
        expect(await newcomer.run({ kind: 'status' })).toMatchObject({ height: 0 })
        const again = expectKind(await newcomer.run({ kind: 'begin-import', header }), 'importing')
        expect(again.progress).toEqual(progress)
      }
      const finished = expectKind(await newcomer.run({ kind: 'finish-import' }), 'status')
      expect(finished).toMatchObject({ height, stateRoot: header.stateRoot })
      expect(finished.channels.map(({ nextSequence }) => nextSequence)).toEqual([0, 0, 6])
      await newcomer.close()
      newcomer = await open()
      expect(await newcomer.run({ kind: 'status' })).toEqual(finished)
      const block = build()
      const lagging = await newcomer.run(block.verify)
      expect(lagging).toMatchObject({ kind: 'refused', code: 'unknown-parent' })
      await newcomer.close()
    })
  },
)

describe('contract: snapshot: late', () => {
  test('contract: snapshot: late: who gives up its snapshot executes from genesis, and goes on with it after a restart', async () => {
    const open = await newcomers.late()
    const { executor: member, height } = servingMember()
    let newcomer = await open()
    const progress = await fetchStretch(newcomer, member, height, 0)
    const { verify, outcome, status } = firstBlock()
    expectKind(await newcomer.run(verify), 'verified')
    expectKind(await newcomer.run({ kind: 'finalize', hash: outcome.hash }), 'finalized')
    await newcomer.close()
    newcomer = await open()
    expect(await newcomer.run({ kind: 'status' })).toEqual(status)
    const header = headerOf(member, height)
    const again = expectKind(await newcomer.run({ kind: 'begin-import', header }), 'importing')
    expect(again.progress).toEqual(progress)
    await newcomer.close()
  })

  test('contract: snapshot: late: who goes back to genesis before anything else has its state stored', async () => {
    const open = await newcomers.late()
    let newcomer = await open()
    const genesis = openInlineExecutor(CONFIG).runNow({ kind: 'status' })
    expect(await newcomer.run({ kind: 'rewind', header: undefined })).toEqual(genesis)
    await newcomer.close()
    newcomer = await open()
    expect(await newcomer.run({ kind: 'status' })).toEqual(genesis)
    await newcomer.close()
  })
})

describe('contract: snapshot: import', () => {
  test('contract: snapshot: import: the next block after the snapshot executes', async () => {
    const { executor: member, height, build } = servingMember()
    const newcomer = openInlineExecutor(CONFIG)
    for (let stretch = 0; stretch < 16; stretch++) {
      await fetchStretch(newcomer, member, height, stretch)
    }
    await newcomer.run({ kind: 'finish-import' })
    const block = build()
    const verified = expectKind(await newcomer.run(block.verify), 'verified')
    expect(verified.outcome.header.stateRoot).toEqual(block.outcome.header.stateRoot)
    const { hash } = block.outcome
    expect(await newcomer.run({ kind: 'finalize', hash })).toMatchObject({ height: height + 1 })
    const accounts = await newcomer.run({
      kind: 'accounts',
      at: { kind: 'finalized' },
      addresses: [address(5_000), address(0)],
    })
    expect(accounts).toMatchObject({ accounts: [{ balance: 1n }, { nonce: 1 }] })
  })

  test('contract: snapshot: import: a wrong chunk is refused and changes nothing', async () => {
    const { executor: member, height, header } = servingMember()
    const newcomer = openInlineExecutor(CONFIG)
    const { progress } = expectKind(
      await newcomer.run({ kind: 'begin-import', header }),
      'importing',
    )
    const chunk = chunkOf(member, height, progress, 2)
    const other = createMember(2)
    other.executor.runNow({ kind: 'keep-snapshot', height: 2 })
    const lies = [
      chunk.chunk.with(chunk.chunk.length - 5, 99),
      chunk.chunk.slice(0, 40),
      chunkOf(other.executor, 2, progress, 2).chunk,
      chunkOf(member, height, progress, 3).chunk,
    ]
    for (const lie of lies) {
      const answer = await newcomer.run({ ...chunk, chunk: lie })
      expect(answer).toMatchObject({ kind: 'refused', code: 'invalid-chunk' })
    }
    const early = await newcomer.run({ kind: 'finish-import' })
    expect(early).toMatchObject({ kind: 'refused', code: 'incomplete' })
    expect(await newcomer.run({ kind: 'status' })).toMatchObject({ height: 0 })
  })
})

describe('contract: snapshot: serving', () => {
  test('contract: snapshot: serving: the newest two snapshots are kept, also one asked for ahead of time', () => {
    const { executor, advance } = createMember(3)
    expect(executor.runNow({ kind: 'keep-snapshot', height: 2 })).toMatchObject({ heights: [2] })
    expect(executor.runNow({ kind: 'keep-snapshot', height: 5 })).toMatchObject({ heights: [2] })
    advance()
    advance()
    expect(executor.runNow({ kind: 'keep-snapshot', height: 4 })).toMatchObject({ heights: [4, 5] })
    const from = new Uint8Array(32)
    const gone = executor.runNow({ kind: 'cut-chunk', height: 2, stretch: 0, from })
    expect(gone).toMatchObject({ kind: 'refused', code: 'unknown-state' })
  })

  test('contract: snapshot: serving: a snapshot stays what it was while blocks go on', () => {
    const { executor, advance, height } = servingMember(2)
    const from = new Uint8Array(32)
    const request = { kind: 'cut-chunk', height, stretch: 0, from } as const
    const before = executor.runNow(request)
    for (let block = 0; block < 5; block++) advance()
    expect(executor.runNow(request)).toEqual(before)
  })
})

/**
 * The undo log on a disk of its own, behind a worker thread: what a shard's executor can still do after a restart (S.6, B.8).
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { present } from '../../node/primitives/assert.ts'
import type { BlockOutcome, Executor } from '../../node/shards/executor.ts'
import { openInlineExecutor } from '../../node/shards/io/inline.ts'
import { openPoolExecutor } from '../../node/shards/io/pool.ts'
import {
  anchorAt,
  buildRequest,
  expectKind,
  genesisRecord,
  payment,
  shardConfig,
} from '../unit/shards/fixture.ts'

const CONFIG = shardConfig(1, { shardCount: 2 })
const ANCHOR = anchorAt(
  1,
  [1, 2].map((shard) => genesisRecord(shardConfig(shard, { shardCount: 2 }))),
)
const BLOCKS = 6

async function build(executor: Executor): Promise<readonly BlockOutcome[]> {
  const outcomes: BlockOutcome[] = []
  let parent = { hash: CONFIG.genesisBlockHash, height: 0 }
  for (let nonce = 0; nonce < BLOCKS; nonce++) {
    const transactions = [payment(CONFIG, { from: 0, nonce, value: 1n })]
    const built = await executor.run(buildRequest(parent, ANCHOR, { transactions }))
    const { outcome } = expectKind(built, 'built')
    expectKind(await executor.run({ kind: 'finalize', hash: outcome.hash }), 'finalized')
    outcomes.push(outcome)
    parent = { hash: outcome.hash, height: outcome.header.height }
  }
  return outcomes
}

/** All of the first stretch. */
const chunkAt = (height: number) =>
  ({ kind: 'cut-chunk', height, stretch: 0, from: new Uint8Array(32) }) as const

test('contract: undo: S.6, B.8: after a restart an executor serves a snapshot that it was at before, and goes back to it', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'weft-undo-'))
  try {
    const setting = { config: CONFIG, directory }
    const first = await openPoolExecutor(setting)
    const outcomes = await build(first)
    const { header } = present(outcomes[2], 'block 3')
    await first.close()
    const restarted = await openPoolExecutor(setting)
    expect(await restarted.run({ kind: 'keep-snapshot', height: 3 })).toMatchObject({
      heights: [3],
    })
    const reference = openInlineExecutor(CONFIG)
    await build(reference)
    reference.runNow({ kind: 'keep-snapshot', height: 3 })
    expect(await restarted.run(chunkAt(3))).toEqual(reference.runNow(chunkAt(3)))
    const answer = expectKind(await restarted.run({ kind: 'rewind', header }), 'status')
    expect(answer).toMatchObject({ height: 3, stateRoot: header.stateRoot })
    await restarted.close()
    const again = await openPoolExecutor(setting)
    expect(await again.run({ kind: 'status' })).toEqual(answer)
    await again.close()
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})

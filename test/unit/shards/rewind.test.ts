/** Going back to an earlier final block (B.8), in memory and on disk. */
import { describe, expect, test } from 'vitest'
import type { BlockOutcome } from '../../../node/shards/executor.ts'
import { genesisStateRoot } from '../../../node/shards/genesis-state.ts'
import { openInlineExecutor, type InlineExecutor } from '../../../node/shards/io/inline.ts'
import {
  createMemoryStateStore,
  type MemoryStateStore,
} from '../../../node/shards/io/state-store.ts'
import type { UndoStep } from '../../../node/shards/undo-log.ts'
import {
  anchorAt,
  buildRequest,
  expectKind,
  genesisRecord,
  payment,
  shardConfig,
} from './fixture.ts'

const CONFIG = shardConfig(1, { shardCount: 2 })
const ANCHOR = anchorAt(
  1,
  [1, 2].map((shard) => genesisRecord(shardConfig(shard, { shardCount: 2 }))),
)
const GENESIS = { hash: CONFIG.genesisBlockHash, height: 0 }

type Parent = { readonly hash: Uint8Array; readonly height: number }

function extend(executor: InlineExecutor, parent: Parent, nonce: number, value = 1n) {
  const transactions = [payment(CONFIG, { from: 0, nonce, value })]
  const request = buildRequest(parent, ANCHOR, { transactions })
  const { outcome } = expectKind(executor.runNow(request), 'built')
  expectKind(executor.runNow({ kind: 'finalize', hash: outcome.hash }), 'finalized')
  return { ...outcome, height: outcome.header.height }
}

function chainOf(executor: InlineExecutor, count: number): readonly (BlockOutcome & Parent)[] {
  const blocks: (BlockOutcome & Parent)[] = []
  for (let nonce = 0; nonce < count; nonce++)
    blocks.push(extend(executor, blocks.at(-1) ?? GENESIS, nonce))
  return blocks
}

/** A disk that gives back another value than it was given. */
function spoilt(step: UndoStep): UndoStep {
  const changes = step.changes.map(({ key, value }) => ({ key, value: value && value.with(0, 7) }))
  return { ...step, changes }
}

const statusOf = (executor: InlineExecutor) =>
  expectKind(executor.runNow({ kind: 'status' }), 'status')

describe('shards: rewind', () => {
  test('shards: rewind: B.8: the state is that of the earlier block again, also after a restart', () => {
    const store = createMemoryStateStore()
    const executor = openInlineExecutor(CONFIG, { store })
    const [, second, third] = chainOf(executor, 3)
    if (second === undefined || third === undefined) throw new Error('three blocks')
    const answer = expectKind(executor.runNow({ kind: 'rewind', header: second.header }), 'status')
    expect(answer).toMatchObject({
      height: 2,
      hash: second.hash,
      stateRoot: second.header.stateRoot,
    })
    const other = extend(executor, second, 2, 9n)
    expect(other.height).toBe(3)
    expect(other.hash).not.toEqual(third.hash)
    expectKind(executor.runNow({ kind: 'rewind', header: second.header }), 'status')
    expect(statusOf(openInlineExecutor(CONFIG, { store }))).toEqual(answer)
  })

  test('shards: rewind: B.8: after a restart the state comes out of the undo log, again and again', () => {
    const store = createMemoryStateStore()
    const [first, second, , fourth] = chainOf(openInlineExecutor(CONFIG, { store }), 4)
    if (first === undefined || second === undefined || fourth === undefined)
      throw new Error('four blocks')
    const restarted = openInlineExecutor(CONFIG, { store })
    for (const { header, hash } of [second, first]) {
      const answer = expectKind(restarted.runNow({ kind: 'rewind', header }), 'status')
      expect(answer).toMatchObject({ height: header.height, hash, stateRoot: header.stateRoot })
      expect(statusOf(openInlineExecutor(CONFIG, { store }))).toEqual(answer)
    }
    // What lies above was of another branch.
    const back = restarted.runNow({ kind: 'rewind', header: fourth.header })
    expect(expectKind(back, 'status')).toMatchObject(GENESIS)
  })

  test.each([
    ['does not reach it', () => []],
    ['is not what it was', (undo: readonly UndoStep[]) => undo.map(spoilt)],
  ])(
    'shards: rewind: B.8: where the undo log %s, genesis it is, and the blocks are replayed',
    (_, change) => {
      const whole = createMemoryStateStore()
      const [first, , third] = chainOf(openInlineExecutor(CONFIG, { store: whole }), 3)
      if (first === undefined || third === undefined) throw new Error('three blocks')
      const store: MemoryStateStore = {
        ...whole,
        load: () => {
          const stored = whole.load()
          return stored && { ...stored, undo: change(stored.undo ?? []) }
        },
      }
      const restarted = openInlineExecutor(CONFIG, { store })
      const answer = expectKind(
        restarted.runNow({ kind: 'rewind', header: first.header }),
        'status',
      )
      expect(answer).toMatchObject({ ...GENESIS, stateRoot: genesisStateRoot(CONFIG) })
      expect(statusOf(openInlineExecutor(CONFIG, { store }))).toEqual(answer)
      expect(extend(restarted, GENESIS, 0).height).toBe(1)
    },
  )

  test('shards: rewind: B.8: without a block it is genesis, and where it stands already nothing changes', () => {
    const executor = openInlineExecutor(CONFIG)
    const [first] = chainOf(executor, 1)
    if (first === undefined) throw new Error('one block')
    const stands = expectKind(executor.runNow({ kind: 'rewind', header: first.header }), 'status')
    expect(stands).toMatchObject({ height: 1, hash: first.hash })
    expect(
      expectKind(executor.runNow({ kind: 'rewind', header: undefined }), 'status'),
    ).toMatchObject(GENESIS)
  })
})

import { describe, expect, test } from 'vitest'
import { hashPairsPortable, rootOf } from '../../../node/shards/state-tree.ts'
import { toHex } from '../../../node/primitives/bytes.ts'
import type { BlockOutcome, ExecutionRequest } from '../../../node/shards/executor.ts'
import { EXECUTED_BLOCKS_MAX } from '../../../node/shards/execution.ts'
import { FINALIZED_STATES_MAX } from '../../../node/shards/execution-machine.ts'
import { genesisState, genesisStateRoot } from '../../../node/shards/genesis-state.ts'
import { type InlineExecutor, openInlineExecutor } from '../../../node/shards/io/inline.ts'
import { createMemoryStateStore, StateDamagedError } from '../../../node/shards/io/state-store.ts'
import {
  address,
  anchorAt,
  buildRequest,
  ETHER,
  expectKind,
  genesisRecord,
  payment,
  shardConfig,
} from './fixture.ts'

const CONFIG = shardConfig(1, { shardCount: 2 })
const RECORDS = [1, 2].map((shard) => genesisRecord(shardConfig(shard, { shardCount: 2 })))
const GENESIS = { hash: CONFIG.genesisBlockHash, height: 0 }
const ANCHOR = anchorAt(1, RECORDS)

type Parent = { readonly hash: Uint8Array; readonly height: number }

function extend(
  executor: InlineExecutor,
  parent: Parent,
  parts: object = {},
): BlockOutcome & Parent {
  const request = buildRequest(parent, ANCHOR, parts)
  const { outcome } = expectKind(executor.runNow(request), 'built')
  return { ...outcome, height: outcome.header.height }
}

function finalize(executor: InlineExecutor, { hash }: Parent): void {
  expectKind(executor.runNow({ kind: 'finalize', hash }), 'finalized')
}

function balance(executor: InlineExecutor, at: object, who = address(1)): bigint | string {
  const request = { kind: 'accounts', at, addresses: [who] } as ExecutionRequest
  const answer = executor.runNow(request)
  if (answer.kind !== 'accounts') return answer.kind === 'refused' ? answer.code : answer.kind
  return answer.accounts[0]?.balance ?? 'none'
}

const pay = (nonce: number, value = 1n) => [payment(CONFIG, { from: 0, nonce, value })]

describe('shards: execution', () => {
  test('shards: execution: a new shard stands at its genesis block', () => {
    const status = expectKind(openInlineExecutor(CONFIG).runNow({ kind: 'status' }), 'status')
    expect(status).toMatchObject({ height: 0, hash: CONFIG.genesisBlockHash, buffered: [0, 0, 0] })
    expect(status.stateRoot).toEqual(genesisStateRoot(CONFIG))
    expect(status.stateRoot).toEqual(rootOf(genesisState(CONFIG, hashPairsPortable).tree))
  })

  test('shards: execution: a block on an unknown parent is not built', () => {
    const request = buildRequest({ hash: address(1), height: 4 }, ANCHOR)
    expect(openInlineExecutor(CONFIG).runNow(request)).toMatchObject({ code: 'unknown-parent' })
  })

  test('shards: execution: blocks are built on blocks that are not final', () => {
    const executor = openInlineExecutor(CONFIG)
    const first = extend(executor, GENESIS, { transactions: pay(0) })
    const second = extend(executor, first, { transactions: pay(1) })
    expect(second.results.length).toBe(1)
    expect(balance(executor, { kind: 'finalized' })).toBe(100n * ETHER)
    expect(balance(executor, { kind: 'pending' })).toBe(100n * ETHER + 2n)
  })

  test('shards: execution: finalizing a block finalizes its ancestors', () => {
    const executor = openInlineExecutor(CONFIG)
    const first = extend(executor, GENESIS, { transactions: pay(0) })
    const second = extend(executor, first, { transactions: pay(1) })
    finalize(executor, second)
    expect(balance(executor, { kind: 'finalized' })).toBe(100n * ETHER + 2n)
    expect(balance(executor, { kind: 'height', height: 1 })).toBe(100n * ETHER + 1n)
    expect(balance(executor, { kind: 'height', height: 0 })).toBe(100n * ETHER)
    expect(balance(executor, { kind: 'height', height: 3 })).toBe('unknown-state')
  })

  test('shards: execution: finalizing twice is finalizing once', () => {
    const executor = openInlineExecutor(CONFIG)
    const first = extend(executor, GENESIS)
    finalize(executor, first)
    const again = executor.runNow({ kind: 'finalize', hash: first.hash })
    expect(again).toMatchObject({ kind: 'finalized', height: 1 })
  })

  test('shards: execution: a branch that lost is forgotten, the one that won lives on', () => {
    const executor = openInlineExecutor(CONFIG)
    const won = extend(executor, GENESIS, { transactions: pay(0, 5n) })
    const lost = extend(executor, GENESIS, { transactions: pay(0, 9n), view: 2 })
    const child = extend(executor, won, { view: 3 })
    const lostChild = extend(executor, lost, { view: 4 })
    finalize(executor, won)
    for (const { hash, height } of [lost, lostChild]) {
      const request = buildRequest({ hash, height }, ANCHOR, { view: 9 })
      expect(executor.runNow(request)).toMatchObject({ code: 'unknown-parent' })
      const dead = executor.runNow({ kind: 'finalize', hash })
      expect(dead).toMatchObject({ kind: 'refused', code: 'unknown-parent' })
    }
    extend(executor, child, { view: 9 })
    expect(balance(executor, { kind: 'finalized' })).toBe(100n * ETHER + 5n)
  })

  test('shards: execution: states of the last 256 finalized heights stay readable, older ones not', () => {
    const executor = openInlineExecutor(CONFIG)
    let parent: Parent = GENESIS
    for (let height = 1; height <= FINALIZED_STATES_MAX + 3; height++) {
      parent = extend(executor, parent, { transactions: pay(height - 1) })
      finalize(executor, parent)
    }
    expect(balance(executor, { kind: 'height', height: 3 })).toBe('unknown-state')
    expect(balance(executor, { kind: 'height', height: 4 })).toBe(100n * ETHER + 4n)
  })

  test('shards: execution: blocks that are never finalized do not pile up', () => {
    const executor = openInlineExecutor(CONFIG)
    const first = extend(executor, GENESIS)
    for (let view = 2; view <= EXECUTED_BLOCKS_MAX + 1; view++) {
      extend(executor, GENESIS, { view })
    }
    const onForgotten = buildRequest(first, ANCHOR, { view: 999 })
    expect(executor.runNow(onForgotten)).toMatchObject({ code: 'unknown-parent' })
  })

  test('shards: execution: a sealing block follows the anchor into the next epoch and ends its own', () => {
    const executor = openInlineExecutor(CONFIG)
    const anchor = { ...ANCHOR, epoch: 1 }
    const sealing = extend(executor, GENESIS, { anchor, sealing: true })
    expect(sealing.header.sealing).toBe(true)
    const sameEpoch = buildRequest(sealing, anchor, { sealing: true, view: 9 })
    expect(executor.runNow(sameEpoch)).toMatchObject({ kind: 'refused', code: 'malformed' })
    const next = extend(executor, sealing, { anchor, epoch: 1, view: 1 })
    expect(next.header).toMatchObject({ epoch: 1, view: 1, sealing: false })
    const backwards = buildRequest(next, anchor, { epoch: 0, sealing: true, view: 9 })
    expect(executor.runNow(backwards)).toMatchObject({ kind: 'refused', code: 'malformed' })
  })

  test('shards: execution: a leader with a slow clock lets time stand still', () => {
    const executor = openInlineExecutor(CONFIG)
    const first = extend(executor, GENESIS)
    const second = extend(executor, first, { timestampMs: 5 })
    expect(second.header.timestampMs).toBe(first.header.timestampMs)
  })
})

describe('shards: execution: restart', () => {
  test('shards: execution: a restarted executor stands at the finalized head with the same root', () => {
    const store = createMemoryStateStore()
    const executor = openInlineExecutor(CONFIG, { store })
    const first = extend(executor, GENESIS, { transactions: pay(0) })
    const second = extend(executor, first, { transactions: pay(1) })
    finalize(executor, first)
    const restarted = openInlineExecutor(CONFIG, { store })
    const status = expectKind(restarted.runNow({ kind: 'status' }), 'status')
    expect(status).toMatchObject({ height: 1, hash: first.hash })
    expect(toHex(status.stateRoot)).toBe(toHex(first.header.stateRoot))
    const lost = restarted.runNow({ kind: 'finalize', hash: second.hash })
    expect(lost).toMatchObject({ kind: 'refused', code: 'unknown-parent' })
    const again = extend(restarted, first, { transactions: pay(1) })
    expect(again.results.length).toBe(1)
  })

  test('shards: execution: an executor that never finalized anything restarts at genesis', () => {
    const store = createMemoryStateStore()
    openInlineExecutor(CONFIG, { store })
    const status = openInlineExecutor(CONFIG, { store }).runNow({ kind: 'status' })
    expect(status).toMatchObject({ height: 0, stateRoot: genesisStateRoot(CONFIG) })
  })

  test('shards: execution: a stored state without the recorded root is refused', () => {
    const store = createMemoryStateStore()
    const executor = openInlineExecutor(CONFIG, { store })
    finalize(executor, extend(executor, GENESIS, { transactions: pay(0) }))
    const stored = store.load()
    if (stored === undefined) throw new Error('something was stored')
    store.commit({
      kind: 'blocks',
      writes: [{ key: stored.records[0]?.key ?? address(0), value: undefined }],
      head: stored.head,
    })
    expect(() => openInlineExecutor(CONFIG, { store })).toThrow(StateDamagedError)
  })

  test('shards: execution: allocations out of order or beyond the supply are refused at start', () => {
    const [first, second] = CONFIG.allocations
    if (first === undefined || second === undefined) throw new Error('two allocations')
    expect(() => genesisStateRoot({ allocations: [second, first] })).toThrow('sorted')
    expect(() => genesisStateRoot({ allocations: [first, first] })).toThrow('no address twice')
    const rich = { address: first.address, balance: 1n << 128n }
    expect(() => genesisStateRoot({ allocations: [rich] })).toThrow('below 2^128')
  })
})

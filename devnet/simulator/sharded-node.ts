/**
 * One simulated node: a real validator, its executors, and what of both survives a stop (the store image, the states).
 */
import { shardGenesis, type Genesis } from '../../node/beacon/genesis.ts'
import { assert, present } from '../../node/primitives/assert.ts'
import type { ChainNumber, Hash } from '../../node/primitives/identifiers.ts'
import type { ExecutionRequest, ExecutionResponse } from '../../node/shards/executor.ts'
import { openInlineExecutor, type InlineExecutor } from '../../node/shards/io/inline.ts'
import { createMemoryStateStore, type MemoryStateStore } from '../../node/shards/io/state-store.ts'
import { selectEntries } from '../../node/storage/io/memory.ts'
import { createImage, type OrderedImage } from '../../node/storage/io/ordered-image.ts'
import { keyInTable, storeBounds } from '../../node/storage/store-key.ts'
import type { StoreEntry, StoreRange } from '../../node/storage/store.ts'
import type { NodeRestore } from '../../node/validator/contract.ts'
import { headReads, restoreOf, tailReads } from '../../node/validator/restore.ts'
import { createValidator, type Validator } from '../../node/validator/validator.ts'

export type SimulatedNode = {
  readonly index: number
  readonly image: OrderedImage
  readonly states: Map<ChainNumber, MemoryStateStore>
  validator: Validator
  executors: Map<ChainNumber, InlineExecutor>
  /** Shards whose executor is lost with the next request. */
  readonly doomed: Set<ChainNumber>
  /** Answers to a life before this one are dropped. */
  life: number
  up: boolean
  tickAt: number
}

export type NodeFoundation = {
  readonly genesis: Genesis
  readonly shardStateRoots: readonly Hash[]
}

/** Of a mock signature, generously. */
const SIGNATURE_BYTES_MAX = 4096

export function createSimulatedNode(foundation: NodeFoundation, index: number): SimulatedNode {
  const validator = newValidator(foundation, index)
  const states = new Map(
    validator.hostedShards.map((shard) => [shard, createMemoryStateStore()] as const),
  )
  return {
    index,
    image: createImage(),
    states,
    validator,
    executors: new Map(),
    doomed: new Set(),
    life: 0,
    up: false,
    tickAt: Infinity,
  }
}

function newValidator(foundation: NodeFoundation, index: number): Validator {
  return createValidator({
    ...foundation,
    validator: index,
    followShards: [],
    signatureBytesMax: SIGNATURE_BYTES_MAX,
  })
}

/** A new process on the old disk; gives what it reads there. */
export function reviveNode(node: SimulatedNode, foundation: NodeFoundation): NodeRestore {
  assert(!node.up, 'only a stopped node is started')
  node.validator = newValidator(foundation, node.index)
  for (const shard of node.validator.hostedShards) openExecutor(node, foundation, shard)
  node.up = true
  node.life++
  const chains = [...node.validator.chains.keys()]
  const heads = headReads(chains).map((range) => readNow(node, range))
  const tails = tailReads(chains, heads).map((range) => readNow(node, range))
  return restoreOf(chains, heads, tails)
}

/** From its store: blocks that were executed and not finalized are gone. */
function openExecutor(node: SimulatedNode, { genesis }: NodeFoundation, shard: ChainNumber): void {
  const store = present(node.states.get(shard), 'a hosted shard keeps its state')
  node.executors.set(shard, openInlineExecutor(shardGenesis(genesis, shard), { store }))
}

/** undefined: the executor died over this request and was started again. */
export function executeNow(
  node: SimulatedNode,
  foundation: NodeFoundation,
  question: { readonly shard: ChainNumber; readonly request: ExecutionRequest },
): ExecutionResponse | undefined {
  const { shard, request } = question
  if (node.doomed.delete(shard)) {
    openExecutor(node, foundation, shard)
    return undefined
  }
  return present(node.executors.get(shard), 'a hosted shard has an executor').runNow(request)
}

/** As if the directory of the shard's state had been removed: the next start begins at genesis. */
export function forgetState(node: SimulatedNode, shard: ChainNumber): void {
  assert(!node.up, 'only a stopped node loses its state')
  node.states.set(shard, createMemoryStateStore())
}

export function readNow(node: SimulatedNode, range: StoreRange): readonly StoreEntry[] {
  return selectEntries(node.image.between(storeBounds(range)), range).map(({ key, value }) => {
    return { key: keyInTable(range.table, key), value: value.slice() }
  })
}

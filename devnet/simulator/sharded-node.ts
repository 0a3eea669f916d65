/**
 * One simulated node: a real validator, its executors, its disk, and what is being done to it.
 */
import type { Genesis } from '../../node/beacon/genesis.ts'
import { decodeJournalRecord } from '../../node/consensus/journal.ts'
import { signingRoot } from '../../node/crosslink/certificate.ts'
import { assert, present } from '../../node/primitives/assert.ts'
import type { ChainNumber, Hash } from '../../node/primitives/identifiers.ts'
import type { Prng } from '../../node/primitives/prng.ts'
import type {
  ExecutionRequest,
  ExecutionResponse,
  ShardConfig,
} from '../../node/shards/executor.ts'
import { openInlineExecutor, type InlineExecutor } from '../../node/shards/io/inline.ts'
import type { VoteRequest } from '../../node/storage/vote-guard.ts'
import type { ChainRestore, NodeRestore, ValidatorEvent } from '../../node/validator/contract.ts'
import { missingRecord, spineReads } from '../../node/validator/restore-check.ts'
import {
  beaconStateRead,
  headReads,
  plansRead,
  restoreOf,
  tailReads,
} from '../../node/validator/restore.ts'
import {
  shardHeadReads,
  shardRestoreOf,
  shardTailReads,
} from '../../node/validator/restore-shard.ts'
import {
  createValidator,
  type Validator,
  type ValidatorOptions,
} from '../../node/validator/validator.ts'
import type { Retention } from './disk.ts'
import type { HostTimer } from './host-timer.ts'
import { createNodeDisk, DiskFailure, type NodeDisk } from './sharded-disk.ts'
import type { ShardedPlan } from './sharded-plan.ts'

/** Inputs that reach a node together, as the scheduler knows them. */
export type Arrival = {
  readonly node: number
  readonly kind: 'turn'
  /** Over all inputs; it grows until the time has come. */
  payload: number
  readonly life: number
  readonly inputs: ValidatorEvent[]
  readonly act: () => void
}

export type SimulatedNode = {
  readonly index: number
  readonly disk: NodeDisk
  validator: Validator
  executors: Map<ChainNumber, InlineExecutor>
  /** Shards whose executor is lost with the next request. */
  readonly doomed: Set<ChainNumber>
  /** Answers to a life before this one are dropped. */
  life: number
  up: boolean
  isPaused: boolean
  /** A commit is under way on a slow disk: what arrives waits. */
  isCommitting: boolean
  /** What arrived while the node was paused or its disk slow. */
  readonly backlog: ValidatorEvent[]
  /** What is on its way to it, by the time when it arrives. */
  readonly arrivals: Map<number, Arrival>
  /** Of this life; made when the machine first names a deadline. */
  timer: HostTimer | undefined
  /** Its clock is so far ahead. */
  skewMs: number
  vice: string | undefined
  /** The crash that falls into the middle of a turn. */
  fuse: { stepsLeft: number; readonly retention: Retention } | undefined
}

export type NodeFoundation = {
  readonly plan: ShardedPlan
  readonly genesis: Genesis
  readonly shardStateRoots: readonly Hash[]
  /** Dice of an adversary in this seat. */
  readonly diceOf: (node: number) => Prng
}

/** Of a mock signature, generously; a BLS signature has 96 bytes. */
const SIGNATURE_BYTES_MAX = 4096

export function createSimulatedNode(foundation: NodeFoundation, index: number): SimulatedNode {
  return {
    index,
    disk: createNodeDisk(foundation.genesis),
    validator: honestValidator(foundation, index, {}),
    executors: new Map(),
    doomed: new Set(),
    life: 0,
    up: false,
    isPaused: false,
    isCommitting: false,
    backlog: [],
    arrivals: new Map(),
    timer: undefined,
    skewMs: 0,
    vice: undefined,
    fuse: undefined,
  }
}

function honestValidator(
  foundation: NodeFoundation,
  index: number,
  stored: Pick<ValidatorOptions, 'beaconState' | 'plans'>,
): Validator {
  const { plan, genesis, shardStateRoots } = foundation
  const { snapshotRules } = plan
  return createValidator({
    ...(snapshotRules === undefined ? {} : { snapshotRules }),
    genesis,
    shardStateRoots,
    validator: index,
    followShards: [],
    signatureBytesMax: SIGNATURE_BYTES_MAX,
    ...stored,
  })
}

function newValidator(foundation: NodeFoundation, node: SimulatedNode): Validator {
  const { plan, genesis, diceOf } = foundation
  const [entry] = node.disk.read(beaconStateRead())
  const stored = { beaconState: entry?.value, plans: node.disk.read(plansRead()) }
  const honest = honestValidator(foundation, node.index, stored)
  if (node.vice === undefined) return plan.replaced?.(honest, node.index) ?? honest
  const { scheme, secretKeys } = plan
  const corrupt = present(plan.corrupt, 'a network with adversaries knows how to make them')
  return corrupt(node.vice, honest, {
    genesis,
    validator: node.index,
    scheme,
    secretKey: present(secretKeys[node.index], 'every validator has a key'),
    random: diceOf(node.index),
  })
}

/** A new process on the old disk; gives what it reads there. Throws DiskFailure, and what the machine throws. */
export function reviveNode(node: SimulatedNode, foundation: NodeFoundation): NodeRestore {
  assert(!node.up, 'only a stopped node is started')
  node.validator = newValidator(foundation, node)
  for (const { config } of node.validator.shards.values()) openExecutor(node, config)
  const chains = [...node.validator.chains.keys()]
  const heads = headReads(chains).map(node.disk.read)
  const tails = tailReads(chains, heads).map(node.disk.read)
  const spines = spineReads(chains, heads).map(node.disk.read)
  if (missingRecord(chains, { heads, tails, spines }) !== undefined)
    throw new DiskFailure('damaged')
  const restore = restoreOf(chains, heads, tails)
  presentJournal(node, restore.chains)
  node.up = true
  node.life++
  return restore
}

/** As a real node does at its start (node/runtime/opening.ts): the guard hears of what the journal knows. */
function presentJournal(
  { disk, validator, vice }: SimulatedNode,
  chains: readonly ChainRestore[],
): void {
  if (vice !== undefined) return
  const { genesisHash } = validator.beacon.head()
  const requests: VoteRequest[] = []
  for (const { chain, epochStart, journal } of chains) {
    const epoch = epochStart?.epoch ?? 0
    for (const { value } of journal) {
      const record = decodeJournalRecord(value)
      if (!record.ok || record.value.kind !== 'vote') continue
      const { kind, view, proposal } = record.value.vote
      const root = signingRoot({ genesisHash, chain, epoch }, kind, view, proposal)
      requests.push({ chain, epoch, kind, view, signingRoot: root })
    }
  }
  requests.sort((left, right) => left.view - right.view)
  if (requests.length > 0) disk.authorize(requests)
}

/** The process is gone, and everything that was in its memory. */
export function endNode(node: SimulatedNode): void {
  node.up = false
  node.isPaused = false
  node.isCommitting = false
  node.backlog.length = 0
  node.timer = undefined
  node.executors.clear()
  node.doomed.clear()
  node.fuse = undefined
  node.life++
}

/** From its store: blocks that were executed and not finalized are gone. */
function openExecutor(node: SimulatedNode, config: ShardConfig): void {
  const store = node.disk.state(config.shard)
  node.executors.set(config.shard, openInlineExecutor(config, { store }))
}

/** As a real node does when an epoch moves it into a shard (node/runtime/shard-host.ts). Throws DiskFailure. */
export function openShard(node: SimulatedNode, config: ShardConfig): ChainRestore {
  const { shard } = config
  openExecutor(node, config)
  const heads = shardHeadReads(shard).map(node.disk.read)
  const next = shardTailReads(shard, heads)
  const tails = next.tails.map(node.disk.read)
  const spines = next.spines.map(node.disk.read)
  const { restore, missing } = shardRestoreOf(shard, { heads, tails, spines })
  if (missing !== undefined) throw new DiskFailure('damaged')
  presentJournal(node, [restore])
  return restore
}

/** undefined: the executor died over this request and was started again, or the shard is not held any more. */
export function executeNow(
  node: SimulatedNode,
  question: { readonly shard: ChainNumber; readonly request: ExecutionRequest },
): ExecutionResponse | undefined {
  const { shard, request } = question
  const held = node.validator.shards.get(shard)
  if (node.doomed.delete(shard)) {
    if (held !== undefined) openExecutor(node, held.config)
    return undefined
  }
  return node.executors.get(shard)?.runNow(request)
}

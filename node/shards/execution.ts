/**
 * The execution machine of one shard: requests in, answers and commits out (docs/protocol/shards.md, "Execution"). Pure and
 * synchronous: the same machine runs inline in tests and the simulator and inside a worker thread.
 *
 * Invariants: every executed block above the finalized head is kept by hash with its whole state (structure-shared), until
 * it is finalized or abandoned; the finalized head only moves to its descendants; a commit holds exactly the records that
 * lead from the old head to the new one.
 */
import { assert, present, unreachable } from '../primitives/assert.ts'
import { equalBytes, toHex } from '../primitives/bytes.ts'
import type { Hash } from '../primitives/identifiers.ts'
import { accepted, rejected, type Result } from '../primitives/result.ts'
import { decodeShardBlock } from './block.ts'
import { buildBlock } from './block-building.ts'
import { type ExecutedBlock, pointOf, type ShardRules, type StatePoint } from './block-execution.ts'
import { verifyBlock } from './block-verification.ts'
import {
  type HandledRequest,
  keptFrom,
  type MachineState,
  refuse,
  type StateCommit,
  type StoreCommit,
  statusOf,
  type StoredState,
} from './execution-machine.ts'
import type {
  BuildRequest,
  ExecutionRequest,
  ExecutionResponse,
  FinalizeRequest,
  ShardConfig,
  StateSelector,
  VerifyRequest,
} from './executor.ts'
import { genesisPoint, genesisState } from './genesis-state.ts'
import { createKeptSnapshots } from './kept-snapshots.ts'
import { rewind } from './rewind.ts'
import { handleSnapshot, keepState } from './snapshot-execution.ts'
import { resumeImport, type StoredImport } from './snapshot-import.ts'
import { type HashPairs, hashPairsPortable, rootOf, type StateTree } from './state-tree.ts'
import { createPastStates, undoOf, type UndoStep } from './undo-log.ts'
import { type RecordedState, readAccount, readTotals, treeOfRecords } from './working-state.ts'

/** Executed blocks above the finalized head: four times the views that the engine keeps; the oldest make room. */
export const EXECUTED_BLOCKS_MAX = 256
export type ShardExecution = {
  readonly handle: (request: ExecutionRequest) => HandledRequest
}

export type ExecutionOptions = {
  readonly hashPairs?: HashPairs
  /** The state of block 0, from whoever can read accounts that stand apart. */
  readonly genesis?: () => RecordedState
  /** A snapshot that was being imported when the executor stopped. */
  readonly stored?: StoredImport | undefined
}

/** The machine at genesis, and what an empty store gets before anything else. */
export function createShardExecution(
  config: ShardConfig,
  options: ExecutionOptions = {},
): { readonly execution: ShardExecution; readonly genesis: StateCommit } {
  const rules = rulesOf(config, options)
  const { records, tree } = rules.genesis()
  const head = { point: genesisPoint(config), tree }
  return { execution: startMachine(rules, head), genesis: genesisCommit(head, records) }
}

/** What an executor without a state answers: whoever takes a snapshot never needs what the shard began with. */
const STATELESS: readonly ExecutionRequest['kind'][] = [
  'status',
  'keep-snapshot',
  'cut-chunk',
  'begin-import',
  'import-chunk',
  'finish-import',
]

/**
 * The same as at genesis, but the state is made and stored when the first request needs it: a hundred thousand accounts take
 * two seconds of a thread, in which a newcomer may have half of its snapshot. Until then the status tells no state root.
 */
export function createLateExecution(
  config: ShardConfig,
  options: ExecutionOptions = {},
): ShardExecution {
  const rules = rulesOf(config, options)
  const importing = options.stored && resumeImport(options.stored, rules.hashPairs)
  const machine = machineAt(rules, { point: genesisPoint(config), tree: undefined }, { importing })
  return {
    handle: (request) => {
      const hasState = machine.head.tree !== undefined
      if (hasState || STATELESS.includes(request.kind)) return handleRequest(machine, request)
      const genesis = takeGenesis(machine)
      const { response, commit = genesis } = handleRequest(machine, request)
      return { response, commit: commit === genesis ? genesis : after(genesis, commit) }
    },
  }
}

/** Both in one: whoever goes back to genesis at once has that stored too. */
function after(genesis: StateCommit, commit: StoreCommit): StateCommit {
  assert(commit.kind === 'blocks', 'what needs a state imports none')
  return { ...commit, writes: [...genesis.writes, ...commit.writes] }
}

function takeGenesis(machine: MachineState): StateCommit {
  const { config, genesis } = machine.rules
  const { records, tree } = genesis()
  machine.head = { point: genesisPoint(config), tree }
  machine.finalized = keptFrom(machine.head)
  return genesisCommit(machine.head, records)
}

function genesisCommit({ point, tree }: StatePoint, writes: StateCommit['writes']): StateCommit {
  const head = { height: 0, hash: point.hash, stateRoot: rootOf(tree), header: undefined }
  return { kind: 'blocks', writes, head }
}

/** The machine at a stored head; refused when the records do not give the recorded root. */
export function restoreShardExecution(
  config: ShardConfig,
  stored: StoredState,
  options: ExecutionOptions = {},
): Result<ShardExecution, 'state-damaged'> {
  const rules = rulesOf(config, options)
  const { head, records } = stored
  const tree = treeOfRecords(records, rules.hashPairs)
  if (!equalBytes(rootOf(tree), head.stateRoot)) {
    return rejected('state-damaged', 'the stored records do not give the recorded state root')
  }
  const point = head.header === undefined ? genesisPoint(config) : pointOf(head.hash, head.header)
  if (!equalBytes(point.hash, head.hash)) {
    return rejected('state-damaged', 'the stored state is of another network')
  }
  const importing = options.stored && resumeImport(options.stored, rules.hashPairs)
  const past = createPastStates({ height: head.height, tree }, stored.undo ?? [], rules.hashPairs)
  return accepted(startMachine(rules, { point, tree }, { past, importing }))
}

function rulesOf(config: ShardConfig, options: ExecutionOptions): ShardRules {
  assert(config.shard >= 1 && config.shard <= config.shardCount, 'the shard is of its network')
  assert(config.chainId === config.chainIdBase + config.shard, 'the chain id is base plus shard')
  const { hashPairs = hashPairsPortable } = options
  return { config, hashPairs, genesis: options.genesis ?? (() => genesisState(config, hashPairs)) }
}

type StoredParts = Partial<Pick<MachineState, 'past' | 'importing'>>

function startMachine(rules: ShardRules, head: StatePoint, stored?: StoredParts): ShardExecution {
  const machine = machineAt(rules, head, stored)
  return { handle: (request) => handleRequest(machine, request) }
}

function machineAt(rules: ShardRules, head: StatePoint, stored: StoredParts = {}): MachineState {
  return {
    rules,
    head,
    executed: new Map(),
    headBlock: undefined,
    finalized: keptFrom(head),
    snapshots: createKeptSnapshots(),
    past: stored.past,
    importing: stored.importing,
  }
}

function handleRequest(machine: MachineState, request: ExecutionRequest): HandledRequest {
  switch (request.kind) {
    case 'build':
      return { response: build(machine, request) }
    case 'verify':
      return { response: verify(machine, request) }
    case 'finalize':
      return finalize(machine, request)
    case 'accounts':
      return { response: readAt(machine, request.at, (at) => accountsAt(at, request.addresses)) }
    case 'supply':
      return { response: readAt(machine, request.at, supplyAt) }
    case 'status':
      return { response: statusOf(machine) }
    case 'rewind':
      return rewind(machine, request)
    case 'keep-snapshot':
    case 'cut-chunk':
    case 'begin-import':
    case 'import-chunk':
    case 'finish-import':
      return handleSnapshot(machine, request)
    default:
      return unreachable(request)
  }
}

function build(machine: MachineState, request: BuildRequest): ExecutionResponse {
  const parent = parentAt(machine, request.parentHash)
  if (parent === undefined) return refuse('unknown-parent', 'the parent is not held')
  const built = buildBlock(machine.rules, parent, request)
  if (!built.ok) return refuse('malformed', `${built.reject.code}: ${built.reject.detail}`)
  const { executed, block, invalid } = built.value
  keepExecuted(machine, executed)
  return { kind: 'built', block, outcome: executed.outcome, invalid }
}

function verify(machine: MachineState, request: VerifyRequest): ExecutionResponse {
  const decoded = decodeShardBlock(request.block)
  if (!decoded.ok) return refuse('malformed', decoded.reject.detail)
  const block = decoded.value
  const known = executedAt(machine, block.hash)
  if (known !== undefined) return { kind: 'verified', outcome: known.outcome }
  const parent = parentAt(machine, block.header.parentHash)
  if (parent === undefined) return refuse('unknown-parent', 'the parent is not held')
  const verified = verifyBlock(machine.rules, parent, { block, request })
  if (!verified.ok) {
    return refuse('invalid-block', `${verified.reject.code}: ${verified.reject.detail}`)
  }
  keepExecuted(machine, verified.value)
  return { kind: 'verified', outcome: verified.value.outcome }
}

function executedAt(machine: MachineState, hash: Hash): ExecutedBlock | undefined {
  const { headBlock } = machine
  if (headBlock !== undefined && equalBytes(headBlock.point.hash, hash)) return headBlock
  return machine.executed.get(toHex(hash))
}

function parentAt(machine: MachineState, hash: Hash): StatePoint | undefined {
  if (equalBytes(machine.head.point.hash, hash)) return machine.head
  return machine.executed.get(toHex(hash))
}

/** Overflow: the oldest is forgotten; the host feeds it again if it is ever needed (`unknown-parent`). */
function keepExecuted(machine: MachineState, block: ExecutedBlock): void {
  const { executed } = machine
  executed.set(toHex(block.point.hash), block)
  if (executed.size <= EXECUTED_BLOCKS_MAX) return
  const [oldest] = executed.keys()
  executed.delete(present(oldest, 'a full map has a first key'))
}

function finalize(machine: MachineState, request: FinalizeRequest): HandledRequest {
  const { point } = machine.head
  if (equalBytes(request.hash, point.hash)) {
    return { response: { kind: 'finalized', height: point.height, hash: point.hash } }
  }
  const path = pathTo(machine, request.hash)
  if (path === undefined) {
    return { response: refuse('unknown-parent', 'no held path leads from the head to the block') }
  }
  const undo = path.map((block) => advanceHead(machine, block))
  dropAbandoned(machine)
  const commit = { ...commitOf(machine, path), undo }
  return { response: finalizedResponse(machine), commit }
}

/** Executed blocks from above the head up to `hash`; undefined when one of them is not held. */
function pathTo(machine: MachineState, hash: Hash): readonly ExecutedBlock[] | undefined {
  const path: ExecutedBlock[] = []
  let cursor = hash
  while (!equalBytes(cursor, machine.head.point.hash)) {
    const block = machine.executed.get(toHex(cursor))
    if (block === undefined) return undefined
    path.unshift(block)
    cursor = block.outcome.header.parentHash
  }
  return path
}

/** Answers how to go back. */
function advanceHead(machine: MachineState, block: ExecutedBlock): UndoStep {
  const { height } = block.point
  assert(height === machine.head.point.height + 1, 'heights have no gaps')
  const undo = undoOf(height, block.writes, machine.head.tree)
  machine.head = { point: block.point, tree: block.tree }
  machine.headBlock = block
  machine.finalized.add(height, { tree: block.tree, changes: block.writes.length })
  if (machine.snapshots.isExpected(height)) keepState(machine, height, block.tree)
  return undo
}

/** Keeps the head's descendants only. */
function dropAbandoned(machine: MachineState): void {
  const { executed, head } = machine
  const kept = new Set([toHex(head.point.hash)])
  const ascending = [...executed.values()].sort(
    (left, right) => left.point.height - right.point.height,
  )
  for (const block of ascending) {
    const id = toHex(block.point.hash)
    const isDescendant =
      block.point.height > head.point.height && kept.has(toHex(block.outcome.header.parentHash))
    if (isDescendant) kept.add(id)
    else executed.delete(id)
  }
}

function commitOf(machine: MachineState, path: readonly ExecutedBlock[]): StateCommit {
  const { point, tree } = machine.head
  const { header } = present(machine.headBlock, 'a block was just finalized').outcome
  return {
    kind: 'blocks',
    // In block order: the store applies writes in order, so the newest value of a key stays.
    writes: path.flatMap((block) => block.writes),
    head: { height: point.height, hash: point.hash, stateRoot: rootOf(tree), header },
  }
}

function finalizedResponse({ head }: MachineState): ExecutionResponse {
  return { kind: 'finalized', height: head.point.height, hash: head.point.hash }
}

type ReadPoint = { readonly height: number; readonly tree: StateTree }

function readAt(
  machine: MachineState,
  selector: StateSelector,
  read: (at: ReadPoint) => ExecutionResponse,
): ExecutionResponse {
  const at = selectState(machine, selector)
  return at === undefined ? refuse('unknown-state', 'no state of that height is kept') : read(at)
}

function selectState(machine: MachineState, selector: StateSelector): ReadPoint | undefined {
  const { head, executed, finalized } = machine
  if (selector.kind === 'finalized') return { height: head.point.height, tree: head.tree }
  if (selector.kind === 'height') {
    const { height } = selector
    const kept = finalized.at(height)
    return kept === undefined ? undefined : { height, tree: kept.tree }
  }
  let newest: StatePoint = head
  for (const block of executed.values()) {
    if (block.point.height >= newest.point.height) newest = block
  }
  return { height: newest.point.height, tree: newest.tree }
}

function accountsAt(
  { height, tree }: ReadPoint,
  addresses: readonly Uint8Array[],
): ExecutionResponse {
  const accounts = addresses.map((address) => {
    const { nonce, balance } = readAccount(tree, address)
    return { address, nonce, balance }
  })
  return { kind: 'accounts', height, accounts }
}

function supplyAt({ height, tree }: ReadPoint): ExecutionResponse {
  const { balances, buffered, burnt, genesis } = readTotals(tree)
  return { kind: 'supply', supply: { height, balances, buffered, burnt, genesis } }
}

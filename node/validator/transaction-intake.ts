/**
 * Transactions on their way into the mempools: from clients, from members of the committee, from gossip.
 *
 * A signature is checked once per node, in batches, off the main thread. A member that admits a client's transaction pushes
 * it to the other members; a node outside the committee publishes it on the shard's topic. What peers push is admitted
 * but never pushed on, so a transaction crosses each link once. A push may be lost, or its receiver may restart: what has
 * waited for long is pushed again, so that not only its owner can include it.
 */
import { present } from '../primitives/assert.ts'
import { toHex } from '../primitives/bytes.ts'
import { keccak256 } from '../primitives/hash.ts'
import type { Address, ChainNumber, Hash } from '../primitives/identifiers.ts'
import { accepted, rejected, type Result } from '../primitives/result.ts'
import type { AccountView, CheckedTransaction, ShardConfig } from '../shards/executor.ts'
import { TRANSACTION_GAS } from '../shards/fees.ts'
import {
  checkAdmission,
  refusalOfBytes,
  type MempoolRejectCode,
} from '../shards/mempool-admission.ts'
import type { Context } from './context.ts'
import type { ShardChain } from './shard-chain.ts'
import { TRANSACTION_BATCH_MAX } from './wire.ts'

/**
 * Back-pressure: a client is refused at once while more than this waits for its signature check here, or is ready for a block.
 * Members check the same transactions, so the node that is asked knows how loaded all are; what it takes beyond what they
 * can check and execute would only grow old. An eighth of a second of what one core can check.
 */
const CLIENTS_WAITING_MAX = 2_000
/** Two full blocks, but not less than this: a few seconds of what a shard executes. */
const READY_BLOCKS_MAX = 2
const READY_MAX_LEAST = 2_048
/** What a member passed on has been accepted by it: refused only where memory would end. About a second of one core. */
const RELAYED_WAITING_MAX = 15_000
/** The executor is being started again: asking faster only keeps the loop busy. */
const EXECUTOR_RETRY_MS = 100
/**
 * Batches begin at least so far apart: a transaction that comes alone is taken at once, a stream of them shares its
 * questions to the workers and its messages to the members. A fifth of the shortest block interval in use.
 */
const BATCH_INTERVAL_MS = 100
/**
 * So many wait no longer: shared by these, questions and messages cost next to nothing, and a client that sends its next
 * batch when the last is answered would be held to one batch per interval.
 */
const BATCH_WORTHWHILE = 32
/** A transaction that waits longer than any healthy shard lets it wait is pushed again. */
const PUSH_AGAIN_MS = 5_000
/** Transactions pushed again at once, and how often one is. */
const PUSH_AGAIN_MAX = 64
const PUSHES_MAX = 4
/** Clients' transactions watched until they are in a final block. Overflow: the oldest is left to those it was pushed to. */
const WATCHED_MAX = 4096

type Arrival = {
  readonly raw: Uint8Array
  /** Hexadecimal hash. */
  readonly key: string
  readonly request: number | undefined
  /** The others may not know it: it is passed on once it is admitted. */
  readonly isNews: boolean
}
type Judged = { readonly arrival: Arrival; readonly checked: CheckedTransaction }

export type TransactionIntake = {
  readonly submit: (request: number, raw: Uint8Array) => void
  /** From a member of the committee or from gossip. */
  readonly relay: (raws: readonly Uint8Array[]) => void
  /** Out of blocks that were taken back (B.8): as good as from a client, whom nobody can ask again. */
  readonly readmit: (raws: readonly Uint8Array[]) => void
  readonly deadline: () => number
  readonly tick: () => void
}

type HostedPool = Pick<ShardChain, 'mempool' | 'congested' | 'updateWork'>

export type IntakeOptions = {
  readonly config: ShardConfig
  /** undefined: this node does not hold the shard, or not yet. It changes with epochs (B.11). */
  readonly shard: () => HostedPool | undefined
  /** The other members, if this node is one. */
  readonly members: () => readonly number[]
  readonly topic: string
}

type Intake = {
  readonly context: Context
  readonly options: IntakeOptions
  waiting: Arrival[]
  /** Hashes of what waits and of the batch under way: whatever comes again meanwhile is not checked again. */
  readonly underway: Set<string>
  /** A batch is under way, or waits for the executor. */
  busy: boolean
  /** When to go on after the executor was lost. */
  resumeAt: number
  /** No batch begins before. */
  nextBatchAt: number
  /** When to begin the batch that waits for that. */
  pumpAt: number
  /** When to look for transactions that wait too long. */
  lookAt: number
  /** Clients' transactions, by hash, and at how many looks they still waited. */
  readonly watched: Map<string, { readonly checked: CheckedTransaction; looks: number }>
}

export function createTransactionIntake(
  context: Context,
  options: IntakeOptions,
): TransactionIntake {
  const self: Intake = {
    context,
    options,
    waiting: [],
    underway: new Set(),
    busy: false,
    resumeAt: Infinity,
    nextBatchAt: 0,
    pumpAt: Infinity,
    lookAt: Infinity,
    watched: new Map(),
  }
  return {
    submit: (request, raw) => {
      const arrival = { raw, key: toHex(keccak256(raw)), request, isNews: true }
      if (isKnown(self, arrival.key)) refuse(self, arrival, 'already-known', KNOWN)
      else if (isBehind(self)) refuse(self, arrival, 'pool-full', BEHIND)
      else add(self, arrival, CLIENTS_WAITING_MAX)
      schedule(self)
    },
    relay: (raws) => addAll(self, raws, false),
    readmit: (raws) => addAll(self, raws, true),
    deadline: () => Math.min(self.resumeAt, self.pumpAt, self.lookAt),
    tick: () => tick(self),
  }
}

function tick(self: Intake): void {
  const now = self.context.now()
  if (now >= self.resumeAt) {
    self.resumeAt = Infinity
    next(self)
  }
  if (now >= self.pumpAt) pump(self)
  if (now >= self.lookAt) pushAgain(self)
}

/** The one end of an arrival that was taken in. */
function answer(
  { context, underway }: Intake,
  arrival: Arrival,
  result: Result<Hash, MempoolRejectCode>,
): void {
  underway.delete(arrival.key)
  if (arrival.request === undefined) return
  context.emit({ kind: 'submitted', request: arrival.request, result })
}

/** Before anything was done for it. */
function refuse(
  { context }: Intake,
  { request }: Arrival,
  code: MempoolRejectCode,
  detail: string,
): void {
  if (request === undefined) return
  context.emit({ kind: 'submitted', request, result: rejected(code, detail) })
}

function isKnown({ underway, options }: Intake, key: string): boolean {
  return underway.has(key) || (options.shard()?.mempool.holds(key) ?? false)
}

const KNOWN = 'the transaction waits already'
const BEHIND = 'more transactions wait than the shard executes in a few seconds; try again shortly'

function isBehind({ options }: Intake): boolean {
  const shard = options.shard()
  if (shard === undefined) return false
  const readyMax = READY_BLOCKS_MAX * Math.floor(options.config.gasLimit / TRANSACTION_GAS)
  return shard.mempool.size().count >= Math.max(READY_MAX_LEAST, readyMax)
}

function addAll(self: Intake, raws: readonly Uint8Array[], isNews: boolean): void {
  for (const raw of raws) {
    const key = toHex(keccak256(raw))
    if (isKnown(self, key)) continue
    add(self, { raw, key, request: undefined, isNews }, RELAYED_WAITING_MAX)
  }
  schedule(self)
}

function add(self: Intake, arrival: Arrival, waitingMax: number): void {
  if (self.waiting.length >= waitingMax) {
    const detail = 'too many transactions wait for their signature check; try again shortly'
    return refuse(self, arrival, 'pool-full', detail)
  }
  self.underway.add(arrival.key)
  self.waiting.push(arrival)
}

/** At the next tick, not now: what else comes in the same turn, such as the rest of a client's batch, joins. */
function schedule(self: Intake): void {
  if (self.busy || self.waiting.length === 0) return
  const { length } = self.waiting
  const now = self.context.now()
  const soonest = length >= BATCH_WORTHWHILE ? now : Math.max(now, self.nextBatchAt)
  self.pumpAt = Math.min(self.pumpAt, soonest)
}

function pump(self: Intake): void {
  self.pumpAt = Infinity
  if (self.busy || self.waiting.length === 0) return
  self.nextBatchAt = self.context.now() + BATCH_INTERVAL_MS
  self.busy = true
  const batch = self.waiting.slice(0, TRANSACTION_BATCH_MAX)
  self.waiting = self.waiting.slice(batch.length)
  const raws = batch.map(({ raw }) => raw)
  self.context.recover(raws, (recovered) => {
    const judged: Judged[] = []
    for (const [index, arrival] of batch.entries()) {
      const checked = recovered[index]
      if (checked !== undefined) judged.push({ arrival, checked })
      else answer(self, arrival, { ok: false, reject: explain(self, arrival.raw) })
    }
    admit(self, judged)
  })
}

/** Why a transaction has no sender: it does not decode, or its signature names nobody. */
function explain({ options }: Intake, raw: Uint8Array) {
  const decoded = checkAdmission(options.config, { raw }, () => false)
  return decoded.ok ? refusalOfBytes(undefined) : decoded.reject
}

function next(self: Intake): void {
  self.busy = false
  schedule(self)
}

/** Not a member: check what needs no state, then hand it to the shard. */
function publishChecked(self: Intake, judged: readonly Judged[]): void {
  const raws: Uint8Array[] = []
  for (const { arrival, checked } of judged) {
    const admission = checkAdmission(self.options.config, checked, () => false)
    if (admission.ok) raws.push(checked.raw)
    answer(self, arrival, admission.ok ? accepted(checked.hash) : admission)
  }
  publish(self, raws)
  next(self)
}

/** The accounts of senders the pool has not heard of are asked for once; blocks tell how they change. */
function admit(self: Intake, judged: readonly Judged[]): void {
  const into = self.options.shard()
  if (into === undefined) return publishChecked(self, judged)
  const { accounts } = into.mempool
  const unknown = new Map<string, Address>()
  const known: AccountView[] = []
  for (const { checked } of judged) {
    const account = accounts.of(checked.sender)
    if (account === undefined) unknown.set(toHex(checked.sender), checked.sender)
    else known.push(account)
  }
  if (unknown.size === 0) return admitKnown(self, into, judged, known)
  const addresses = [...unknown.values()]
  const request = { kind: 'accounts', at: { kind: 'finalized' }, addresses } as const
  self.context.execute(self.options.config.shard, request, (response) => {
    if (response?.kind !== 'accounts') return waitForExecutor(self, judged)
    accounts.learn(response.accounts)
    // Not all of the others need be known any more: a snapshot may have taken the state's place meanwhile; and the shard
    // may have been left.
    admit(self, judged)
  })
}

/** `known`: the senders' accounts, in the order of the transactions. */
function admitKnown(
  self: Intake,
  into: HostedPool,
  judged: readonly Judged[],
  known: readonly AccountView[],
): void {
  const spread: Uint8Array[] = []
  for (const [index, { arrival, checked }] of judged.entries()) {
    const account = present(known[index], 'every sender has its account')
    if (!admitOne(self, into, { arrival, checked }, account)) continue
    spread.push(checked.raw)
    watch(self, checked)
  }
  push(self, spread)
  if (judged.length > 0) into.updateWork()
  next(self)
}

/** The batch waits its turn again. */
function waitForExecutor(self: Intake, judged: readonly Judged[]): void {
  self.waiting = [...judged.map(({ arrival }) => arrival), ...self.waiting]
  self.resumeAt = self.context.now() + EXECUTOR_RETRY_MS
}

/** True if the transaction is new here, and may be news to the others. */
function admitOne(
  self: Intake,
  into: HostedPool,
  { arrival, checked }: Judged,
  account: AccountView,
): boolean {
  const { key } = arrival
  const result = into.mempool.admit({ checked, key, account, congested: into.congested })
  answer(self, arrival, result)
  if (!result.ok) return false
  const { shard } = self.options.config
  self.context.emit({ kind: 'pending-transaction', shard, hash: checked.hash })
  return arrival.isNews
}

function push(self: Intake, raws: readonly Uint8Array[]): void {
  const { config } = self.options
  const members = self.options.members()
  if (members.length === 0) return publish(self, raws)
  if (raws.length === 0) return
  const message = { kind: 'transactions', shard: config.shard, raws } as const
  self.context.emit({ kind: 'send', to: members, channel: 'relay', message })
}

function publish({ context, options }: Intake, raws: readonly Uint8Array[]): void {
  if (raws.length === 0) return
  const message = { kind: 'transactions', shard: options.config.shard, raws } as const
  context.emit({ kind: 'publish', topic: options.topic, message })
}

function watch(self: Intake, checked: CheckedTransaction): void {
  const { watched, context } = self
  watched.set(toHex(checked.hash), { checked, looks: 0 })
  self.lookAt = Math.min(self.lookAt, context.now() + PUSH_AGAIN_MS)
  if (watched.size <= WATCHED_MAX) return
  for (const oldest of watched.keys()) {
    watched.delete(oldest)
    return
  }
}

/** What waited at the last look and still waits never reached the others, or they have forgotten it. */
function pushAgain(self: Intake): void {
  const { watched, options, context } = self
  const again: Uint8Array[] = []
  for (const [key, entry] of watched) {
    const { hash, raw } = entry.checked
    entry.looks++
    if (options.shard()?.mempool.has(hash) !== true || entry.looks > PUSHES_MAX) watched.delete(key)
    else if (entry.looks > 1 && again.length < PUSH_AGAIN_MAX) again.push(raw)
  }
  self.lookAt = watched.size === 0 ? Infinity : context.now() + PUSH_AGAIN_MS
  push(self, again)
}

/** Transactions of a shard this network does not have. */
export function unknownShard(shard: ChainNumber): Result<Hash, MempoolRejectCode> {
  return rejected('unknown-destination', `there is no shard ${shard} in this network`)
}

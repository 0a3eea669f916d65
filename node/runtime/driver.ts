/**
 * The driver: performs a validator's effects and brings the results back as inputs. It decides nothing.
 *
 * One turn takes inputs that wait, as many as fit TURN_MS, lets the machine handle them, and makes what must be durable
 * durable in one group commit; only then do signatures are made and messages leave (docs/protocol/consensus.md A.5).
 * Questions to workers and reads depend on nothing durable and start at once; neither does what a client is told about a
 * transaction that waits, for no pool outlives its process.
 */
import type { ChainNumber, Hash } from '../primitives/identifiers.ts'
import { assert, unreachable } from '../primitives/assert.ts'
import type { Result } from '../primitives/result.ts'
import type { CertificateScheme } from '../primitives/signature.ts'
import type { CheckedTransaction, Executor, ShardConfig } from '../shards/executor.ts'
import { GenesisAccountsError } from '../shards/io/genesis-file-state.ts'
import type { Store, StoreEntry, StoreRange, StoreWrite } from '../storage/store.ts'
import type { VoteGuard } from '../storage/vote-guard.ts'
import type {
  ChainRestore,
  LoadRequest,
  SignatureAnswer,
  SignatureQuestion,
  ValidatorEffect,
  ValidatorEvent,
  ValidatorFact,
} from '../validator/contract.ts'
import type { ChannelName, NodeMessage } from '../validator/message.ts'
import type { MempoolRejectCode } from '../shards/mempool-admission.ts'
import type { Validator } from '../validator/validator.ts'
import type { FailPoint } from './fail-point.ts'

/** About six seconds in all: longer than any worker takes to come back. */
const QUESTION_TRIES_MAX = 24
const QUESTION_RETRY_MS = 20
/** After this long a turn takes no further input, so that sockets and timers are looked after in between. */
const TURN_MS = 4

/** Signing for one validator; an observer has none and is never asked. */
export type Signer = {
  readonly guard: VoteGuard
  readonly scheme: CertificateScheme
  readonly secretKey: Uint8Array
}

export type DriverPorts = {
  /** For deadlines, milliseconds: never steps. */
  readonly now: () => number
  /** The machine's clock, milliseconds since 1970: may jump. */
  readonly wallMs: () => number
  readonly store: Store
  readonly signer: Signer | undefined
  /** Of the shards that are open. */
  readonly executors: { readonly get: (shard: ChainNumber) => Pick<Executor, 'run'> | undefined }
  readonly recover: (
    raws: readonly Uint8Array[],
  ) => Promise<readonly (CheckedTransaction | undefined)[]>
  readonly check: (questions: readonly SignatureQuestion[]) => Promise<readonly SignatureAnswer[]>
  readonly send: (to: readonly number[], channel: ChannelName, message: NodeMessage) => void
  readonly reply: (peer: string, channel: ChannelName, message: NodeMessage) => void
  readonly publish: (topic: string, message: NodeMessage) => void
  /** The shard's executor runs; what the disk holds of its chain. Rejects when that cannot be had. */
  readonly openShard: (config: ShardConfig) => Promise<ChainRestore>
  readonly closeShard: (shard: ChainNumber) => Promise<void>
  readonly listen: (topics: readonly string[]) => void
  /** Called at every step where a crash differs from a crash elsewhere; only a test has one. */
  readonly reached?: (step: FailPoint) => void
}

/** What the rest of the process hears. */
export type DriverEvents = {
  readonly onFact: (fact: ValidatorFact) => void
  readonly onEffect: (
    effect: Effect<'shard-head' | 'pending-transaction' | 'beacon-head' | 'close-shard'>,
  ) => void
  /** The machine broke an assertion or the disk failed: the process must end. */
  readonly onFatal: (error: unknown) => void
}

export type Driver = {
  readonly post: (event: ValidatorEvent) => void
  readonly submit: (shard: ChainNumber, raw: Uint8Array) => Promise<Result<Hash, MempoolRejectCode>>
  /** Stops taking inputs and waits for the turn under way. */
  readonly stop: () => Promise<void>
}

type Effect<Kind extends ValidatorEffect['kind']> = ValidatorEffect & { readonly kind: Kind }

type Driving = {
  readonly validator: Validator
  readonly ports: DriverPorts
  readonly events: DriverEvents
  readonly queue: ValidatorEvent[]
  /** Transactions from clients and peers: as many as there are, votes and blocks do not wait behind them. */
  readonly crowd: ValidatorEvent[]
  readonly submissions: Map<number, (result: Result<Hash, MempoolRejectCode>) => void>
  nextRequest: number
  turns: Promise<void> | undefined
  timer: NodeJS.Timeout | undefined
  stopped: boolean
}

export function startDriver(
  validator: Validator,
  ports: DriverPorts,
  events: DriverEvents,
): Driver {
  const self: Driving = {
    validator,
    ports,
    events,
    queue: [],
    crowd: [],
    submissions: new Map(),
    nextRequest: 1,
    turns: undefined,
    timer: undefined,
    stopped: false,
  }
  return {
    post: (event) => post(self, event),
    submit: (shard, raw) =>
      new Promise((resolve) => {
        const request = self.nextRequest++
        self.submissions.set(request, resolve)
        post(self, { kind: 'submit', request, shard, raw })
      }),
    stop: async () => {
      self.stopped = true
      clearTimeout(self.timer)
      await self.turns
    },
  }
}

function post(self: Driving, event: ValidatorEvent): void {
  if (self.stopped) return
  if (isOfTheCrowd(event)) self.crowd.push(event)
  else self.queue.push(event)
  self.turns ??= runTurns(self)
}

function isOfTheCrowd(event: ValidatorEvent): boolean {
  return (
    event.kind === 'submit' || (event.kind === 'message' && event.message.kind === 'transactions')
  )
}

function isIdle({ stopped, queue, crowd }: Driving): boolean {
  return stopped || (queue.length === 0 && crowd.length === 0)
}

async function runTurns(self: Driving): Promise<void> {
  try {
    while (!isIdle(self)) {
      // Whatever else arrives in this round of the event loop joins the same group commit.
      await new Promise<void>((resolve) => setImmediate(resolve))
      await runTurn(self)
    }
  } catch (error) {
    fail(self, error)
  }
  self.turns = undefined
}

async function runTurn(self: Driving): Promise<void> {
  const effects = takeInputs(self)
  self.ports.reached?.('inputs-taken')
  for (const effect of effects) startQuestion(self, effect)
  await commit(self, effects)
  await sign(self, effects)
  for (const effect of effects) release(self, effect)
}

/** At least one of each queue, then as many as fit the turn. */
function takeInputs(self: Driving): readonly ValidatorEffect[] {
  const until = performance.now() + TURN_MS
  const effects: ValidatorEffect[] = []
  takeFrom(self, self.queue, until, effects)
  takeFrom(self, self.crowd, until, effects)
  return effects
}

function takeFrom(
  { validator, ports }: Driving,
  queue: ValidatorEvent[],
  until: number,
  effects: ValidatorEffect[],
): void {
  const now = ports.now()
  const wallMs = ports.wallMs()
  let taken = 0
  for (const input of queue) {
    if (taken > 0 && performance.now() >= until) break
    taken++
    for (const effect of validator.handle({ ...input, now, wallMs })) effects.push(effect)
  }
  queue.splice(0, taken)
}

/** Effects that depend on nothing durable. */
function startQuestion(self: Driving, effect: ValidatorEffect): void {
  const { ports } = self
  switch (effect.kind) {
    case 'check':
      return ask(
        self,
        () => ports.check(effect.questions),
        (answers) => post(self, { kind: 'checked', job: effect.job, answers }),
      )
    case 'recover':
      return ask(
        self,
        () => ports.recover(effect.raws),
        (transactions) => post(self, { kind: 'recovered', job: effect.job, transactions }),
      )
    case 'deadline':
      return arm(self, effect.at)
    case 'submitted':
      self.ports.reached?.('before-submit-answer')
      self.submissions.get(effect.request)?.(effect.result)
      self.submissions.delete(effect.request)
      return
    default:
  }
}

/**
 * A worker that died or a full pool is no verdict about what was asked, so the question is asked again; a world that
 * fails for good ends the process.
 */
function ask<T>(
  self: Driving,
  question: () => Promise<T>,
  answer: (value: T) => void,
  tries = 1,
): void {
  question().then(answer, (error: unknown) => {
    if (self.stopped) return
    if (tries >= QUESTION_TRIES_MAX) return fail(self, error)
    setTimeout(() => ask(self, question, answer, tries + 1), QUESTION_RETRY_MS * tries)
  })
}

function fail(self: Driving, error: unknown): void {
  if (self.stopped) return
  self.stopped = true
  self.events.onFatal(error)
}

/** A timer may fire a little early; the machine then does nothing and tells its deadline again. */
function arm(self: Driving, at: number): void {
  clearTimeout(self.timer)
  self.timer = undefined
  if (!Number.isFinite(at)) return
  const waitMs = Math.max(0, at - self.ports.now())
  self.timer = setTimeout(() => post(self, { kind: 'tick' }), waitMs)
}

async function commit({ ports }: Driving, effects: readonly ValidatorEffect[]): Promise<void> {
  const writes: StoreWrite[] = []
  let sync = false
  for (const effect of effects) {
    if (effect.kind !== 'write') continue
    writes.push(effect.write)
    sync ||= effect.sync
  }
  if (writes.length === 0) return
  if (sync) ports.reached?.('before-synced-write')
  await ports.store.write(writes, { sync })
  ports.reached?.(sync ? 'after-synced-write' : 'after-lazy-write')
}

/** What the guard refuses is not signed, and nobody is told (A.10). */
async function sign(self: Driving, effects: readonly ValidatorEffect[]): Promise<void> {
  const requests = effects.filter((effect) => effect.kind === 'sign')
  if (requests.length === 0) return
  const { signer } = self.ports
  assert(signer !== undefined, 'only a validator votes')
  const verdicts = await signer.guard.authorize(
    requests.map(({ chain, epoch, vote, root }) => {
      return { chain, epoch, kind: vote.kind, view: vote.view, signingRoot: root }
    }),
  )
  for (const [index, { chain, epoch, vote, root, use }] of requests.entries()) {
    if (verdicts[index] !== 'granted') continue
    const signature = signer.scheme.sign(signer.secretKey, root, use)
    self.ports.reached?.('after-sign')
    post(self, { kind: 'signed', chain, epoch, vote: { ...vote, signature } })
  }
}

/** Effects that may be seen outside, or that read what this turn wrote. */
function release(self: Driving, effect: ValidatorEffect): void {
  const { ports, events } = self
  switch (effect.kind) {
    case 'send':
      ports.reached?.('before-send')
      ports.send(effect.to, effect.channel, effect.message)
      return ports.reached?.('after-send')
    case 'reply':
      ports.reached?.('before-reply')
      return ports.reply(effect.peer, effect.channel, effect.message)
    case 'publish':
      ports.reached?.('before-publish')
      return ports.publish(effect.topic, effect.message)
    case 'execute':
      return execute(self, effect)
    case 'load':
      return load(self, effect)
    case 'reveal':
      return reveal(self, effect)
    case 'open-shard':
      return open(self, effect.config)
    case 'close-shard':
      ports.closeShard(effect.shard).catch((error: unknown) => fail(self, error))
      return events.onEffect(effect)
    case 'listen':
      return ports.listen(effect.topics)
    case 'report':
      return events.onFact(effect.fact)
    case 'shard-head':
    case 'pending-transaction':
    case 'beacon-head':
      return events.onEffect(effect)
    case 'write':
    case 'sign':
    case 'check':
    case 'recover':
    case 'submitted':
    case 'deadline':
      return
    default:
      return unreachable(effect)
  }
}

function execute(self: Driving, { shard, job, request }: Effect<'execute'>): void {
  const { executors, reached } = self.ports
  const executor = executors.get(shard)
  // Closed in this turn or before it: whoever still asks goes without.
  if (executor === undefined) return post(self, { kind: 'executed', job, response: undefined })
  reached?.('before-execute')
  executor.run(request).then(
    (response) => {
      reached?.('after-execute')
      post(self, { kind: 'executed', job, response })
    },
    (error: unknown) => {
      // Asking again brings no other accounts: what the shard began with is not here.
      if (error instanceof GenesisAccountsError) return fail(self, error)
      post(self, { kind: 'executed', job, response: undefined })
    },
  )
}

function open(self: Driving, config: ShardConfig): void {
  const { shard } = config
  self.ports.openShard(config).then(
    (restore) => post(self, { kind: 'opened', shard, restore }),
    (error: unknown) => fail(self, error),
  )
}

function load(self: Driving, { job, request }: Effect<'load'>): void {
  loadAll(self.ports.store, request).then(
    (answer) => {
      self.ports.reached?.('after-load')
      post(self, { kind: 'loaded', job, answer })
    },
    (error: unknown) => fail(self, error),
  )
}

function reveal(self: Driving, { job, root }: Effect<'reveal'>): void {
  const { signer } = self.ports
  assert(signer !== undefined, 'only a validator reveals')
  const signature = signer.scheme.sign(signer.secretKey, root, 'aggregate')
  post(self, { kind: 'revealed', job, signature })
}

async function loadAll(
  store: Store,
  request: LoadRequest,
): Promise<readonly (readonly StoreEntry[])[]> {
  return Promise.all(request.map((range) => loadRange(store, range)))
}

export async function loadRange(store: Store, range: StoreRange): Promise<readonly StoreEntry[]> {
  const entries: StoreEntry[] = []
  for await (const entry of store.entries(range)) entries.push(entry)
  return entries
}

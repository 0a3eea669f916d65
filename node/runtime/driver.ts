/**
 * The driver: performs a validator's effects and brings the results back as inputs. It decides nothing.
 *
 * One turn takes all inputs that wait, lets the machine handle them, and makes what must be durable durable in one group
 * commit; only then do signatures are made and messages leave (docs/protocol/consensus.md A.5). Questions to workers
 * and reads depend on nothing durable and start at once.
 */
import type { ChainNumber, Hash } from '../primitives/identifiers.ts'
import { assert, unreachable } from '../primitives/assert.ts'
import type { Result } from '../primitives/result.ts'
import type { CertificateScheme } from '../primitives/signature.ts'
import type { CheckedTransaction, Executor } from '../shards/executor.ts'
import type { Store, StoreEntry, StoreRange, StoreWrite } from '../storage/store.ts'
import type { VoteGuard } from '../storage/vote-guard.ts'
import type {
  LoadRequest,
  SignatureAnswer,
  SignatureQuestion,
  ValidatorEffect,
  ValidatorEvent,
  ValidatorFact,
} from '../validator/contract.ts'
import type { ChannelName, NodeMessage } from '../validator/message.ts'
import type { SubmitCode } from '../validator/submit-code.ts'
import type { Validator } from '../validator/validator.ts'

/** About six seconds in all: longer than any worker takes to come back. */
const QUESTION_TRIES_MAX = 24
const QUESTION_RETRY_MS = 20

/** Signing for one validator; an observer has none and is never asked. */
export type Signer = {
  readonly guard: VoteGuard
  readonly scheme: CertificateScheme
  readonly secretKey: Uint8Array
}

export type DriverPorts = {
  readonly store: Store
  readonly signer: Signer | undefined
  readonly executors: ReadonlyMap<ChainNumber, Executor>
  readonly recover: (
    raws: readonly Uint8Array[],
  ) => Promise<readonly (CheckedTransaction | undefined)[]>
  readonly check: (questions: readonly SignatureQuestion[]) => Promise<readonly SignatureAnswer[]>
  readonly send: (to: readonly number[], channel: ChannelName, message: NodeMessage) => void
  readonly reply: (peer: string, channel: ChannelName, message: NodeMessage) => void
  readonly publish: (topic: string, message: NodeMessage) => void
}

/** What the rest of the process hears. */
export type DriverEvents = {
  readonly onFact: (fact: ValidatorFact) => void
  readonly onEffect: (
    effect: ValidatorEffect & {
      readonly kind: 'shard-head' | 'pending-transaction' | 'beacon-head'
    },
  ) => void
  /** The machine broke an assertion or the disk failed: the process must end. */
  readonly onFatal: (error: unknown) => void
}

export type Driver = {
  readonly post: (event: ValidatorEvent) => void
  readonly submit: (shard: ChainNumber, raw: Uint8Array) => Promise<Result<Hash, SubmitCode>>
  /** Stops taking inputs and waits for the turn under way. */
  readonly stop: () => Promise<void>
}

export function startDriver(
  validator: Validator,
  ports: DriverPorts,
  events: DriverEvents,
): Driver {
  let queue: ValidatorEvent[] = []
  let turn: Promise<void> | undefined
  let stopped = false
  let timer: NodeJS.Timeout | undefined
  let nextRequest = 1
  const submissions = new Map<number, (result: Result<Hash, SubmitCode>) => void>()

  function post(event: ValidatorEvent): void {
    if (stopped) return
    queue.push(event)
    turn ??= runTurns()
  }

  async function runTurns(): Promise<void> {
    // Whatever else arrives in this round of the event loop joins the same group commit.
    await new Promise<void>((resolve) => setImmediate(resolve))
    try {
      while (queue.length > 0 && !stopped) await runTurn()
    } catch (error) {
      fail(error)
    }
    turn = undefined
    if (queue.length > 0 && !stopped) turn = runTurns()
  }

  async function runTurn(): Promise<void> {
    const inputs = queue
    queue = []
    const now = Date.now()
    const effects: ValidatorEffect[] = []
    for (const input of inputs) effects.push(...validator.handle({ ...input, now }))
    for (const effect of effects) startQuestion(effect)
    await commit(effects)
    await sign(effects)
    for (const effect of effects) release(effect)
  }

  /** Effects that depend on nothing durable. */
  function startQuestion(effect: ValidatorEffect): void {
    switch (effect.kind) {
      case 'check':
        return ask(
          () => ports.check(effect.questions),
          (answers) => post({ kind: 'checked', job: effect.job, answers }),
        )
      case 'recover':
        return ask(
          () => ports.recover(effect.raws),
          (transactions) => post({ kind: 'recovered', job: effect.job, transactions }),
        )
      case 'deadline':
        return arm(effect.at)
      default:
    }
  }

  /**
   * A worker that died or a full pool is no verdict about what was asked, so the question is asked again; a world that
   * fails for good ends the process.
   */
  function ask<T>(question: () => Promise<T>, answer: (value: T) => void, tries = 1): void {
    question().then(answer, (error: unknown) => {
      if (stopped) return
      if (tries >= QUESTION_TRIES_MAX) return fail(error)
      setTimeout(() => ask(question, answer, tries + 1), QUESTION_RETRY_MS * tries)
    })
  }

  function fail(error: unknown): void {
    stopped = true
    events.onFatal(error)
  }

  function arm(at: number): void {
    if (timer !== undefined) clearTimeout(timer)
    timer = undefined
    if (!Number.isFinite(at)) return
    timer = setTimeout(() => post({ kind: 'tick' }), Math.max(0, at - Date.now()))
  }

  async function commit(effects: readonly ValidatorEffect[]): Promise<void> {
    const writes: StoreWrite[] = []
    let sync = false
    for (const effect of effects) {
      if (effect.kind !== 'write') continue
      writes.push(effect.write)
      sync ||= effect.sync
    }
    if (writes.length > 0) await ports.store.write(writes, { sync })
  }

  async function sign(effects: readonly ValidatorEffect[]): Promise<void> {
    const requests = effects.filter((effect) => effect.kind === 'sign')
    if (requests.length === 0) return
    const { signer } = ports
    assert(signer !== undefined, 'only a validator votes')
    const verdicts = await signer.guard.authorize(
      requests.map(({ chain, epoch, vote, root }) => {
        return { chain, epoch, kind: vote.kind, view: vote.view, signingRoot: root }
      }),
    )
    for (const [index, { chain, epoch, vote, root }] of requests.entries()) {
      if (verdicts[index] !== 'granted') continue
      const signature = signer.scheme.sign(signer.secretKey, root)
      post({ kind: 'signed', chain, epoch, vote: { ...vote, signature } })
    }
  }

  /** Effects that may be seen outside, or that read what this turn wrote. */
  function release(effect: ValidatorEffect): void {
    switch (effect.kind) {
      case 'send':
        return ports.send(effect.to, effect.channel, effect.message)
      case 'reply':
        return ports.reply(effect.peer, effect.channel, effect.message)
      case 'publish':
        return ports.publish(effect.topic, effect.message)
      case 'execute':
        return execute(effect)
      case 'load':
        return void loadAll(ports.store, effect.request).then(
          (answer) => post({ kind: 'loaded', job: effect.job, answer }),
          fail,
        )
      case 'reveal': {
        const { signer } = ports
        assert(signer !== undefined, 'only a validator reveals')
        const signature = signer.scheme.sign(signer.secretKey, effect.root)
        return post({ kind: 'revealed', job: effect.job, signature })
      }
      case 'submitted':
        submissions.get(effect.request)?.(effect.result)
        submissions.delete(effect.request)
        return
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
      case 'deadline':
        return
      default:
        return unreachable(effect)
    }
  }

  function execute(effect: ValidatorEffect & { readonly kind: 'execute' }): void {
    const executor = ports.executors.get(effect.shard)
    assert(executor !== undefined, 'a hosted shard has an executor')
    const { job } = effect
    executor.run(effect.request).then(
      (response) => post({ kind: 'executed', job, response }),
      () => post({ kind: 'executed', job, response: undefined }),
    )
  }

  return {
    post,
    submit: (shard, raw) =>
      new Promise((resolve) => {
        const request = nextRequest++
        submissions.set(request, resolve)
        post({ kind: 'submit', request, shard, raw })
      }),
    stop: async () => {
      stopped = true
      if (timer !== undefined) clearTimeout(timer)
      await turn
    },
  }
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

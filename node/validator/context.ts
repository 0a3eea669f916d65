/**
 * The context shared by the parts of one validator: the time of the current input, the effects of the current turn, and
 * the questions that are under way (a job number and what to do with the answer).
 */
import { assert } from '../primitives/assert.ts'
import type { ChainNumber, Hash } from '../primitives/identifiers.ts'
import type { CheckedTransaction, ExecutionRequest, ExecutionResponse } from '../shards/executor.ts'
import type {
  LoadAnswer,
  LoadRequest,
  SignatureAnswer,
  SignatureQuestion,
  ValidatorEffect,
  ValidatorInput,
} from './contract.ts'

type Answers = {
  readonly execute: (response: ExecutionResponse | undefined) => void
  readonly check: (answers: readonly SignatureAnswer[]) => void
  readonly recover: (transactions: readonly (CheckedTransaction | undefined)[]) => void
  readonly load: (answer: LoadAnswer) => void
  readonly reveal: (signature: Uint8Array) => void
}

export type Context = {
  /** For deadlines and pauses. */
  readonly now: () => number
  /** For stamps of blocks. */
  readonly wallMs: () => number
  /** Validators whose connections were lost, and of which nothing has been heard since (R17). */
  readonly away: ReadonlySet<number>
  readonly emit: (effect: ValidatorEffect) => void
  readonly execute: (
    shard: ChainNumber,
    request: ExecutionRequest,
    answer: Answers['execute'],
  ) => void
  readonly check: (questions: readonly SignatureQuestion[], answer: Answers['check']) => void
  readonly recover: (raws: readonly Uint8Array[], answer: Answers['recover']) => void
  readonly load: (request: LoadRequest, answer: Answers['load']) => void
  readonly reveal: (root: Hash, answer: Answers['reveal']) => void
}

/** The side the validator itself holds: it starts turns, takes their effects and delivers answers. */
export type ContextOwner = {
  readonly context: Context
  readonly begin: (time: Pick<ValidatorInput, 'now' | 'wallMs'>) => void
  /** Says whether that is news. */
  readonly setAway: (validator: number, isAway: boolean) => boolean
  /** The list is the caller's own from then on. */
  readonly take: () => ValidatorEffect[]
  /** Delivers the answer to a job once; an answer nobody waits for any more is dropped. */
  readonly answer: <Kind extends keyof Answers>(
    kind: Kind,
    job: number,
    ...value: Parameters<Answers[Kind]>
  ) => void
}

type Waiting = { [Kind in keyof Answers]: Map<number, Answers[Kind]> }

export function createContext(): ContextOwner {
  let now = 0
  let wallMs = 0
  let nextJob = 1
  let effects: ValidatorEffect[] = []
  const away = new Set<number>()
  const waiting: Waiting = {
    execute: new Map(),
    check: new Map(),
    recover: new Map(),
    load: new Map(),
    reveal: new Map(),
  }

  function open<Kind extends keyof Answers>(kind: Kind, answer: Answers[Kind]): number {
    const job = nextJob++
    waiting[kind].set(job, answer)
    return job
  }

  const emit = (effect: ValidatorEffect): void => {
    effects.push(effect)
  }
  const context: Context = {
    now: () => now,
    wallMs: () => wallMs,
    away,
    emit,
    execute: (shard, request, answer) =>
      emit({ kind: 'execute', shard, job: open('execute', answer), request }),
    check: (questions, answer) => {
      if (questions.length === 0) answer([])
      else emit({ kind: 'check', job: open('check', answer), questions })
    },
    recover: (raws, answer) => emit({ kind: 'recover', job: open('recover', answer), raws }),
    load: (request, answer) => emit({ kind: 'load', job: open('load', answer), request }),
    reveal: (root, answer) => emit({ kind: 'reveal', job: open('reveal', answer), root }),
  }
  return {
    context,
    begin: (time) => {
      assert(effects.length === 0, 'the effects of the last turn were taken')
      assert(time.now >= now, 'the clock of deadlines never steps back')
      now = time.now
      wallMs = time.wallMs
    },
    setAway: (validator, isAway) => {
      if (!isAway) return away.delete(validator)
      return !away.has(validator) && away.add(validator).has(validator)
    },
    take: () => {
      const taken = effects
      effects = []
      return taken
    },
    answer: (kind, job, ...value) => {
      const answer = waiting[kind].get(job)
      if (answer === undefined) return
      waiting[kind].delete(job)
      // The compiler cannot relate the spread of a generic tuple to the union of functions.
      ;(answer as (...parameters: unknown[]) => void)(...value)
    },
  }
}

/** The context of one hosted shard: once it is ended, what still comes back for the shard is heard by nobody. */
export type Scope = { readonly context: Context; readonly end: () => void }

export function createScope(base: Context): Scope {
  let isOver = false
  const whileOpen =
    <Values extends readonly unknown[]>(answer: (...values: Values) => void) =>
    (...values: Values): void => {
      if (!isOver) answer(...values)
    }
  return {
    context: {
      now: base.now,
      wallMs: base.wallMs,
      away: base.away,
      emit: (effect) => {
        if (!isOver) base.emit(effect)
      },
      execute: (shard, request, answer) => base.execute(shard, request, whileOpen(answer)),
      check: (questions, answer) => base.check(questions, whileOpen(answer)),
      recover: (raws, answer) => base.recover(raws, whileOpen(answer)),
      load: (request, answer) => base.load(request, whileOpen(answer)),
      reveal: (root, answer) => base.reveal(root, whileOpen(answer)),
    },
    end: () => {
      isOver = true
    },
  }
}

/**
 * The crypto pool: one per process, for everything that costs more than a millisecond of elliptic curves.
 *
 * Two queues in front of the threads: committee signatures first, because a block waits for them; transaction senders
 * second, cut into chunks small enough that a committee check never waits longer than one chunk. Both queues are bounded;
 * when one is full the call is refused with `crypto-pool-full`, so that the caller can push back on whoever sends.
 * A thread that dies fails exactly the calls it was working on (`crypto-worker-failed`); the next call finds a new thread.
 *
 * With no threads the same tasks run on the calling thread, one per turn of the event loop: where many nodes share few
 * cores, a thread gains nothing and costs memory (16 nodes on 2 cores: the same processor time, 200 MiB less in all).
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Piscina } from 'piscina'
import { assert } from '../../primitives/assert.ts'
import { HASH_SIZE } from '../../primitives/hash.ts'
import { ADDRESS_SIZE } from '../../primitives/identifiers.ts'
import { schemeByName } from '../../primitives/io/schemes.ts'
import type { CertificateSchemeName } from '../../primitives/signature.ts'
import type { CheckedTransaction } from '../executor.ts'
import {
  checkSignaturesInline,
  type SignatureCheck,
  type SignatureVerdict,
} from './crypto-check.ts'
import {
  packBytes,
  packChecks,
  transferables,
  type CryptoAnswer,
  type CryptoTask,
  type RecoverAnswer,
} from './crypto-message.ts'
import { runInPool } from './run-in-pool.ts'
import { recoverSenders } from './crypto-worker.ts'

/** Transactions per task: at 0.06 ms each, a committee check waits at most 4 ms for a thread. */
const RECOVER_CHUNK = 64
/** On the calling thread everything waits for a task: sockets, timers, votes. One millisecond. */
const RECOVER_CHUNK_INLINE = 32
/** Waiting tasks per queue: as many as make 32,768 transactions, two seconds of work for one thread. */
const WAITING_TRANSACTIONS_MAX = 32_768

export type CryptoPoolErrorCode = 'crypto-pool-full' | 'crypto-pool-closed' | 'crypto-worker-failed'

/** The world failed: no thread could do the work. The work itself may be asked for again. */
export class CryptoPoolError extends Error {
  override readonly name = 'CryptoPoolError'
  readonly code: CryptoPoolErrorCode

  constructor(code: CryptoPoolErrorCode, sentence: string, options?: ErrorOptions) {
    super(sentence, options)
    this.code = code
  }
}

export type CryptoPool = {
  /** Decodes, hashes and recovers the sender of each transaction; undefined where the bytes or the signature are bad. */
  readonly recover: (
    raws: readonly Uint8Array[],
  ) => Promise<readonly (CheckedTransaction | undefined)[]>
  /** One verdict per check, in order. */
  readonly checkSignatures: (
    scheme: CertificateSchemeName,
    checks: readonly SignatureCheck[],
  ) => Promise<readonly SignatureVerdict[]>
  /** Kills all threads at once, for fault tests; calls under way are rejected with `crypto-worker-failed`. */
  readonly killWorkers: () => Promise<void>
  /** Rejects what waits, lets what runs finish, ends the threads. */
  readonly close: () => Promise<void>
}

/** The library's own type names a class that Node's types no longer have; buffers are what it takes. */
type TransferList = NonNullable<Parameters<Piscina['run']>[1]>['transferList'] & object

type Job = {
  /** Never rejects: it settles its own promise. */
  readonly run: () => Promise<void>
  readonly reject: (error: CryptoPoolError) => void
}

/** `threads`: 0 for the calling thread. */
export function openCryptoPool({ threads }: { readonly threads: number }): CryptoPool {
  assert(Number.isInteger(threads) && threads >= 0, 'threads are counted')
  const workers = threads === 0 ? callingThread() : startThreads(threads)
  const size = threads === 0 ? RECOVER_CHUNK_INLINE : RECOVER_CHUNK
  const schedule = createSchedule({
    atOnce: Math.max(1, threads),
    waitingMax: WAITING_TRANSACTIONS_MAX / size,
  })
  let closing: Promise<void> | undefined

  async function recoverChunk(
    raws: readonly Uint8Array[],
  ): Promise<readonly (CheckedTransaction | undefined)[]> {
    const answer = await schedule.add('ordinary', () => workers.recover(raws))
    return raws.map((raw, index) => {
      if (answer.valid[index] !== 1) return undefined
      return {
        raw,
        hash: answer.hashes.slice(index * HASH_SIZE, (index + 1) * HASH_SIZE),
        sender: answer.senders.slice(index * ADDRESS_SIZE, (index + 1) * ADDRESS_SIZE),
      }
    })
  }

  return {
    recover: async (raws) => {
      const chunks: Promise<readonly (CheckedTransaction | undefined)[]>[] = []
      for (let start = 0; start < raws.length; start += size) {
        chunks.push(recoverChunk(raws.slice(start, start + size)))
      }
      return (await Promise.all(chunks)).flat()
    },
    checkSignatures: async (scheme, checks) => {
      if (checks.length === 0) return []
      return schedule.add('urgent', () => workers.check(scheme, checks))
    },
    killWorkers: workers.kill,
    close: () => {
      closing ??= schedule.drain().then(() => workers.end())
      return closing
    },
  }
}

type Workers = {
  readonly recover: (raws: readonly Uint8Array[]) => Promise<RecoverAnswer>
  readonly check: (
    scheme: CertificateSchemeName,
    checks: readonly SignatureCheck[],
  ) => Promise<readonly SignatureVerdict[]>
  readonly kill: () => Promise<void>
  readonly end: () => Promise<void>
}

function startThreads(threads: number): Workers {
  const pool = new Piscina<CryptoTask, CryptoAnswer>({
    filename: new URL('./crypto-worker.ts', import.meta.url).href,
    name: 'perform',
    minThreads: threads,
    maxThreads: threads,
  })
  // A thread that dies while idle is only an event here; the next task starts a new one.
  pool.on('error', () => undefined)
  const run = (task: CryptoTask): Promise<CryptoAnswer> =>
    runInPool(pool, task, { transferList: transferables(task) as TransferList })
  return {
    recover: async (raws) => {
      const answer = await run({ kind: 'recover', raws: packBytes(raws) })
      assert(answer?.kind === 'recovered', 'a recover task is answered by senders')
      return answer
    },
    check: async (scheme, checks) => {
      const answer = await run(packChecks(scheme, checks))
      assert(answer?.kind === 'checked', 'a check task is answered by verdicts')
      return answer.verdicts
    },
    kill: async () => {
      await Promise.all(pool.threads.map((thread) => thread.terminate()))
    },
    end: () => pool.destroy(),
  }
}

/** Nothing crosses to another thread, so nothing is packed. What the asking turn has to send leaves before work begins. */
function callingThread(): Workers {
  const nothing = async (): Promise<void> => {}
  return {
    recover: async (raws) => {
      await nextTurn()
      return recoverSenders(raws)
    },
    check: async (scheme, checks) => {
      await nextTurn()
      return checkSignaturesInline(schemeByName(scheme), checks)
    },
    kill: nothing,
    end: nothing,
  }
}

type Schedule = {
  readonly add: <Answer>(
    queue: 'urgent' | 'ordinary',
    work: () => Promise<Answer>,
  ) => Promise<Answer>
  /** Refuses whatever waits and comes later; resolves when nothing runs any more. */
  readonly drain: () => Promise<void>
}

function createSchedule({
  atOnce,
  waitingMax,
}: {
  readonly atOnce: number
  readonly waitingMax: number
}): Schedule {
  const waiting: Record<'urgent' | 'ordinary', Job[]> = { urgent: [], ordinary: [] }
  const running = new Set<Promise<void>>()
  let isClosed = false

  function startNext(): void {
    while (running.size < atOnce) {
      const job = waiting.urgent.shift() ?? waiting.ordinary.shift()
      if (job === undefined) return
      const run: Promise<void> = job.run().then(() => {
        running.delete(run)
        startNext()
      })
      running.add(run)
    }
  }

  return {
    add: (queue, work) =>
      new Promise((resolve, reject) => {
        if (isClosed) {
          reject(new CryptoPoolError('crypto-pool-closed', 'the crypto pool is closed'))
        } else if (waiting[queue].length >= waitingMax) {
          const sentence = `more than ${waitingMax} ${queue} crypto tasks wait`
          reject(new CryptoPoolError('crypto-pool-full', sentence))
        } else {
          waiting[queue].push({ run: () => settle(work, resolve, reject), reject })
          startNext()
        }
      }),
    drain: async () => {
      isClosed = true
      for (const job of [...waiting.urgent.splice(0), ...waiting.ordinary.splice(0)]) {
        job.reject(new CryptoPoolError('crypto-pool-closed', 'the crypto pool was closed'))
      }
      await Promise.all(running)
    },
  }
}

async function settle<Answer>(
  work: () => Promise<Answer>,
  resolve: (answer: Answer) => void,
  reject: (error: CryptoPoolError) => void,
): Promise<void> {
  try {
    resolve(await work())
  } catch (cause) {
    const sentence = 'a crypto worker thread failed during its task'
    reject(new CryptoPoolError('crypto-worker-failed', sentence, { cause }))
  }
}

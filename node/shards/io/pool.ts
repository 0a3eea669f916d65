/**
 * The pool executor: one worker thread per shard (piscina), which owns the shard's state and its store.
 *
 * A thread that dies takes the blocks above the finalized head with it, never the finalized state: the request it was
 * working on is answered `unavailable`, the next one runs in a new thread that reads the store, and the host feeds lost
 * blocks again when it is told `unknown-parent`.
 */
import { Piscina } from 'piscina'
import { AssertionError } from '../../primitives/assert.ts'
import type { ExecutionResponse, Executor, ShardConfig } from '../executor.ts'
import { GenesisAccountsError } from './genesis-file-state.ts'
import { packConfig } from './packed-config.ts'
import { packRequest, unpackResponse } from './packed-message.ts'
import { runInPool } from './run-in-pool.ts'
import { StateDamagedError, StateStoreError } from './state-store.ts'
import type { WorkerAnswer, WorkerRequest, WorkerSetting } from './worker-message.ts'

/**
 * Old space holds the whole state: measured 1.2 KiB per account and 2.5 KiB per changed record in the states that are kept,
 * so room for more than a million accounts. Young space is small on purpose: V8 lets it grow to 48 MiB per thread, and a
 * host of several shards would pay that for each. With 16 MiB verifying 1000 transfers took 38 ms of
 * CPU instead of 36.
 */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 2048, maxYoungGenerationSizeMb: 16 }

/** Longer than a healthy thread takes to start. */
const NUDGE_INTERVAL_MS = 3_000

export type PoolExecutorOptions = Omit<WorkerSetting, 'config'> & { readonly config: ShardConfig }

export type PoolExecutor = Executor & {
  /** Kills the thread at once, for fault tests. */
  readonly killWorker: () => Promise<void>
}

/**
 * Opens the shard's store in `directory` (created if absent). Rejects with StateDamagedError when what is stored cannot be
 * trusted (the host removes the directory and replays finalized blocks), with StateStoreError when it cannot be opened, with
 * GenesisAccountsError when it is empty and the genesis's accounts are not in their file.
 */
export async function openPoolExecutor(options: PoolExecutorOptions): Promise<PoolExecutor> {
  const pool = startPool({ ...options, config: packConfig(options.config) })
  const executor: PoolExecutor = {
    run: async (request) => responseOf(await runInWorker(pool, packRequest(request))),
    killWorker: async () => {
      await Promise.all(pool.threads.map((thread) => thread.terminate()))
    },
    close: () => closePool(pool),
  }
  // A thread that dies before it takes its first request is not replaced until the next request is made.
  const nudge = setInterval(() => {
    if (pool.threads.length === 0) void runInWorker(pool, { kind: 'status' })
  }, NUDGE_INTERVAL_MS)
  try {
    // A damaged store is found now, not at the first block.
    const answer = await runInWorker(pool, { kind: 'status' })
    if (answer.kind === 'failed') throw errorOf(answer)
  } catch (error) {
    await pool.destroy()
    throw error
  } finally {
    clearInterval(nudge)
  }
  return executor
}

type Pool = Piscina<WorkerRequest, WorkerAnswer>

function startPool(setting: WorkerSetting): Pool {
  const pool: Pool = new Piscina({
    filename: new URL('./worker.ts', import.meta.url).href,
    name: 'perform',
    minThreads: 1,
    maxThreads: 1,
    workerData: setting,
    resourceLimits: RESOURCE_LIMITS,
  })
  // A thread that dies while idle is only an event here; the next request starts a new one.
  pool.on('error', () => undefined)
  return pool
}

async function runInWorker(pool: Pool, request: WorkerRequest): Promise<WorkerAnswer> {
  try {
    return await runInPool(pool, request)
  } catch (error) {
    // The worker answers every error of its own; what is left is a request that no thread can be sent, or a dead thread.
    if (error instanceof Error && error.name === 'DataCloneError') throw error
    return { kind: 'answered', response: unavailable(`the worker thread ended: ${String(error)}`) }
  }
}

function responseOf(answer: WorkerAnswer): ExecutionResponse {
  switch (answer.kind) {
    case 'answered':
      return unpackResponse(answer.response)
    case 'failed':
      if (answer.code === 'state-unavailable') return unavailable(answer.detail)
      throw errorOf(answer)
    case 'broken':
      throw new AssertionError(answer.detail)
    case 'closed':
      return unavailable('the executor is closed')
    default:
      return answer satisfies never
  }
}

function errorOf(answer: Extract<WorkerAnswer, { readonly kind: 'failed' }>): Error {
  if (answer.code === 'genesis-accounts') return new GenesisAccountsError(answer.detail)
  return answer.code === 'state-damaged'
    ? new StateDamagedError(answer.detail)
    : new StateStoreError(answer.detail)
}

function unavailable(detail: string): ExecutionResponse & { readonly kind: 'refused' } {
  return { kind: 'refused', code: 'unavailable', detail }
}

/** After all requests given before. */
async function closePool(pool: Pool): Promise<void> {
  const close: WorkerRequest = { kind: 'close' }
  await runInWorker(pool, close)
  await pool.destroy()
}

/**
 * The worker thread of one shard: the execution machine and its store, opened when the first request arrives.
 *
 * Invariant: memory is never ahead of the disk for longer than one commit. If the commit fails, the machine is forgotten
 * and the next request starts again from what is stored.
 */
import { workerData } from 'node:worker_threads'
import {
  createLateExecution,
  createShardExecution,
  restoreShardExecution,
  type ShardExecution,
} from '../execution.ts'
import type { ExecutionRequest, ExecutionResponse, ShardConfig } from '../executor.ts'
import { GenesisAccountsError, readGenesisState } from './genesis-file-state.ts'
import { hashPairsNative } from './hashtree.ts'
import { openLevelStateStore } from './level-state-store.ts'
import { unpackConfig } from './packed-config.ts'
import { packResponse, unpackRequest } from './packed-message.ts'
import { StateDamagedError, type StateStore, StateStoreError } from './state-store.ts'
import {
  STATE_STEPS,
  type WorkerAnswer,
  type WorkerRequest,
  type WorkerSetting,
} from './worker-message.ts'

type Session = { readonly execution: ShardExecution; readonly store: StateStore }

const setting: WorkerSetting = workerData
const { directory, countdowns, isLate = false } = setting
const config = unpackConfig(setting.config)
let session: Session | undefined

/** The one function that the pool runs here; requests come one at a time. */
export async function perform(request: WorkerRequest): Promise<WorkerAnswer> {
  try {
    if (request.kind === 'close') {
      await endSession()
      return { kind: 'closed' }
    }
    return { kind: 'answered', response: packResponse(await answer(unpackRequest(request))) }
  } catch (error) {
    await forgetSession()
    if (isOfTheWorld(error)) return { kind: 'failed', code: error.code, detail: error.message }
    return { kind: 'broken', detail: error instanceof Error ? String(error.stack) : String(error) }
  }
}

function isOfTheWorld(
  error: unknown,
): error is StateDamagedError | StateStoreError | GenesisAccountsError {
  return [StateDamagedError, StateStoreError, GenesisAccountsError].some(
    (kind) => error instanceof kind,
  )
}

async function answer(request: ExecutionRequest): Promise<ExecutionResponse> {
  session ??= await openSession()
  const { response, commit } = session.execution.handle(request)
  if (commit !== undefined) {
    reached('before-state-commit')
    await session.store.commit(commit)
    reached('after-state-commit')
  }
  return response
}

/** A test's kill: the last passing turns 1 into 0. */
function reached(step: (typeof STATE_STEPS)[number]): void {
  if (countdowns === undefined) return
  const left = Atomics.sub(new Int32Array(countdowns), STATE_STEPS.indexOf(step), 1)
  if (left === 1) process.kill(process.pid, 'SIGKILL')
}

async function openSession(): Promise<Session> {
  const store = await openLevelStateStore(directory, config)
  try {
    return { store, execution: await loadExecution(store, config) }
  } catch (error) {
    await store.close()
    throw error
  }
}

async function loadExecution(store: StateStore, config: ShardConfig): Promise<ShardExecution> {
  const options = { hashPairs: hashPairsNative, genesis: () => readGenesisState(config) }
  const stored = await store.load()
  if (stored === undefined && isLate) {
    return createLateExecution(config, { ...options, stored: await store.loadImport() })
  }
  if (stored === undefined) {
    const { execution, genesis } = createShardExecution(config, options)
    await store.commit(genesis)
    return execution
  }
  const unfinished = { ...options, stored: await store.loadImport() }
  const restored = restoreShardExecution(config, stored, unfinished)
  if (!restored.ok) throw new StateDamagedError(restored.reject.detail)
  return restored.value
}

async function endSession(): Promise<void> {
  const ending = session
  session = undefined
  await ending?.store.close()
}

/** After a failure: the store may not even close, and that is already being reported. */
async function forgetSession(): Promise<void> {
  await endSession().catch(() => undefined)
}

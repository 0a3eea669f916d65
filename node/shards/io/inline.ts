/**
 * The inline executor: the execution machine on the caller's own thread, for tests and the simulator. With a memory store it
 * survives its own restart as a node's disk would.
 */
import { createShardExecution, restoreShardExecution, type ShardExecution } from '../execution.ts'
import type { ExecutionRequest, ExecutionResponse, Executor, ShardConfig } from '../executor.ts'
import { readGenesisState } from './genesis-file-state.ts'
import { hashPairsNative } from './hashtree.ts'
import { type MemoryStateStore, StateDamagedError } from './state-store.ts'

export type InlineExecutor = Executor & {
  /** The answer at once: nothing here waits. */
  readonly runNow: (request: ExecutionRequest) => ExecutionResponse
}

/**
 * Throws StateDamagedError when the store holds a state whose root is not the recorded one, GenesisAccountsError when there is
 * none and the accounts of the genesis are not in their file.
 */
export function openInlineExecutor(
  config: ShardConfig,
  options: { readonly store?: MemoryStateStore } = {},
): InlineExecutor {
  const { store } = options
  const execution = startExecution(config, store)
  const runNow = (request: ExecutionRequest): ExecutionResponse => {
    const { response, commit } = execution.handle(request)
    if (commit !== undefined) store?.commit(commit)
    return response
  }
  return {
    runNow,
    run: async (request) => runNow(request),
    close: () => Promise.resolve(),
  }
}

function startExecution(config: ShardConfig, store: MemoryStateStore | undefined): ShardExecution {
  const options = { hashPairs: hashPairsNative, genesis: () => readGenesisState(config) }
  const stored = store?.load()
  if (stored === undefined) {
    const { execution, genesis } = createShardExecution(config, options)
    store?.commit(genesis)
    return execution
  }
  const unfinished = { ...options, stored: store?.loadImport() }
  const restored = restoreShardExecution(config, stored, unfinished)
  if (!restored.ok) throw new StateDamagedError(restored.reject.detail)
  return restored.value
}

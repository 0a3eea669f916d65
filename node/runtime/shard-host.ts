/**
 * The shards of a running node from outside: their executors, opened and closed as the validator says (`open-shard`,
 * `close-shard`), and what the disk holds of the chain of one that is opened.
 *
 * Invariant: of one shard one thing happens at a time, in the order it was asked for, so a state is never opened twice.
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ChainNumber } from '../primitives/identifiers.ts'
import type { Executor, ShardConfig } from '../shards/executor.ts'
import { openPoolExecutor } from '../shards/io/pool.ts'
import { StateDamagedError } from '../shards/io/state-store.ts'
import type { Store, StoreRange } from '../storage/store.ts'
import type { ChainRestore, LoadAnswer } from '../validator/contract.ts'
import { shardHeadReads, shardRestoreOf, shardTailReads } from '../validator/restore-shard.ts'
import { loadRange } from './driver.ts'
import type { Log } from './log.ts'
import { storeIncomplete } from './node-error.ts'
import type { NodeSeams } from './seams.ts'

export type ShardHost = {
  /** Of the shards that are open; it changes. */
  readonly executors: ReadonlyMap<ChainNumber, Executor>
  readonly openExecutor: (config: ShardConfig) => Promise<void>
  /** Rejects with NodeError where the chain has a hole, with the state store's error where the state cannot be opened. */
  readonly open: (config: ShardConfig) => Promise<ChainRestore>
  readonly close: (shard: ChainNumber) => Promise<void>
  readonly closeAll: () => Promise<void>
}

/** A network younger than this has nodes that need the genesis state at once. */
const YOUNG_NETWORK_MS = 60_000

export type ShardHostOptions = {
  readonly dataDirectory: string
  readonly store: Store
  readonly log: Log
  readonly failPoints: NodeSeams['failPoints']
  readonly wallMs: () => number
}

export function createShardHost(options: ShardHostOptions): ShardHost {
  const executors = new Map<ChainNumber, Executor>()
  const tails = new Map<ChainNumber, Promise<unknown>>()

  function inTurn<T>(shard: ChainNumber, act: () => Promise<T>): Promise<T> {
    const result = (tails.get(shard) ?? Promise.resolve()).then(act)
    tails.set(
      shard,
      result.catch(() => undefined),
    )
    return result
  }

  async function openExecutor(config: ShardConfig): Promise<void> {
    executors.set(config.shard, await openState(options, config))
  }

  /** From this moment on it is asked nothing more. */
  function close(shard: ChainNumber): Promise<void> {
    const open = executors.get(shard)
    executors.delete(shard)
    return inTurn(shard, async () => {
      const executor = open ?? executors.get(shard)
      executors.delete(shard)
      await executor?.close()
    })
  }

  return {
    executors,
    openExecutor: (config) => inTurn(config.shard, () => openExecutor(config)),
    open: (config) =>
      inTurn(config.shard, async () => {
        await openExecutor(config)
        return readChain(options, config.shard)
      }),
    close,
    closeAll: async () => {
      // What is on its way is let come first.
      await Promise.all(tails.values())
      await Promise.all([...executors.keys()].map(close))
    },
  }
}

async function openState(
  { dataDirectory, log, failPoints, wallMs }: ShardHostOptions,
  config: ShardConfig,
): Promise<Executor> {
  const { shard, genesisTimestampMs } = config
  const directory = join(dataDirectory, `state-${shard}`)
  const countdowns = failPoints?.countdowns
  const setting = {
    config,
    directory,
    isLate: wallMs() - genesisTimestampMs > YOUNG_NETWORK_MS,
    ...(countdowns === undefined ? {} : { countdowns }),
  }
  try {
    return await openPoolExecutor(setting)
  } catch (error) {
    if (!(error instanceof StateDamagedError)) throw error
    log.error(
      { shard },
      'the stored state is damaged: it is made anew, from a snapshot or from blocks',
    )
    await rm(directory, { recursive: true, force: true })
    return openPoolExecutor(setting)
  }
}

async function readChain(
  { store, dataDirectory }: ShardHostOptions,
  shard: ChainNumber,
): Promise<ChainRestore> {
  const read = (ranges: readonly StoreRange[]): Promise<LoadAnswer> =>
    Promise.all(ranges.map((range) => loadRange(store, range)))
  const heads = await read(shardHeadReads(shard))
  const next = shardTailReads(shard, heads)
  const [tails, spines] = await Promise.all([read(next.tails), read(next.spines)])
  const { restore, missing } = shardRestoreOf(shard, { heads, tails, spines })
  if (missing !== undefined) throw storeIncomplete(missing, dataDirectory)
  return restore
}

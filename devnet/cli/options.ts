/**
 * The options of `weft devnet up` and the same words in a file: `--config FILE` holds a JSON object with the names of the
 * options in camel case; what is typed wins over what is in the file.
 */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { z } from 'zod'
import { EPOCH_BLOCKS_MIN } from '../../node/beacon/epoch.ts'
import { CommandError, UsageError } from '../../node/cli/command-error.ts'
import { integerBetween, numberBetween, oneOf } from '../../node/cli/option-value.ts'
import { checkParameters, DEFAULT_PARAMETERS, type DevnetParameters } from '../parameters.ts'

const SCHEMES = ['by-size', 'bls', 'ed25519'] as const
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const

export const DEFAULT_DATA_DIRECTORY = '.weft/devnet'
const DEFAULT_LOAD = 20
const DEFAULT_CROSS_SHARD = 0.25
/** More could not be measured on one machine. */
const LOAD_MAX = 100_000
/** More than a devnet lives for. */
const EPOCH_BLOCKS_MAX = 10_000_000
/** As far as a genesis goes. */
const INACTIVITY_EPOCHS_MAX = 65_536

/** Per shard; a genesis holds half a million in all. */
const ACCOUNTS_MAX = 499_000

const upSchema = z.strictObject({
  shards: z.int().min(1).optional(),
  validators: z.int().min(1).optional(),
  data: z.string().min(1).optional(),
  blockTime: z.int().min(50).max(60_000).optional(),
  epochBlocks: z.int().min(EPOCH_BLOCKS_MIN).max(EPOCH_BLOCKS_MAX).optional(),
  inactivityEpochs: z.int().min(2).max(INACTIVITY_EPOCHS_MAX).optional(),
  readiness: z.boolean().optional(),
  beaconSeats: z.int().min(4).max(128).optional(),
  accounts: z.int().min(0).max(ACCOUNTS_MAX).optional(),
  load: z.number().min(0).max(LOAD_MAX).optional(),
  crossShard: z.number().min(0).max(1).optional(),
  rpcPort: z.int().min(1).max(65_535).optional(),
  scheme: z.enum(SCHEMES).optional(),
  logLevel: z.enum(LOG_LEVELS).optional(),
  history: z.string().min(1).optional(),
})

type UpFile = z.infer<typeof upSchema>

/** What commander gives: the file's fields and those that make sense only when typed. */
export type TypedOptions = UpFile & {
  readonly config?: string
  readonly reset?: boolean
  readonly for?: number
  readonly json?: boolean
}

export type UpOptions = {
  readonly parameters: DevnetParameters
  readonly dataDirectory: string
  readonly reset: boolean
  readonly rpcPort: number | undefined
  readonly ratePerSecond: number
  readonly crossShard: number
  readonly logLevel: (typeof LOG_LEVELS)[number]
  /** Where to write what clients saw; undefined: nowhere. */
  readonly historyFile: string | undefined
  readonly forSeconds: number | undefined
  readonly json: boolean
}

export function declareUpOptions(command: Command): Command {
  const { shards, validators, shardBlockMs } = DEFAULT_PARAMETERS
  return command
    .option('--shards <count>', `number of shards (default ${shards})`, integerBetween(1, 64))
    .option(
      '--validators <count>',
      `number of validators, one process each (default ${validators})`,
      integerBetween(1, 1024),
    )
    .option('--data <dir>', `data directory (default ${DEFAULT_DATA_DIRECTORY})`)
    .option('--config <file>', 'read options from a JSON file; typed options win')
    .option(
      '--block-time <ms>',
      `time between the blocks of a shard (default ${shardBlockMs})`,
      integerBetween(50, 60_000),
    )
    .option(
      '--epoch-blocks <count>',
      'beacon blocks after which a quarter of the seats rotates (default: never)',
      integerBetween(EPOCH_BLOCKS_MIN, EPOCH_BLOCKS_MAX),
    )
    .option(
      '--inactivity-epochs <count>',
      'silent epochs in a row after which a validator leaves (default: never)',
      integerBetween(2, INACTIVITY_EPOCHS_MAX),
    )
    .option('--readiness', 'shards wait for their newcomers before they end an epoch (default: no)')
    .option(
      '--beacon-seats <count>',
      'most validators that decide the beacon, drawn by lot (default: all)',
      integerBetween(4, 128),
    )
    .option(
      '--accounts <count>',
      'accounts per shard that hold money and do nothing, for a large state (default 0)',
      integerBetween(0, ACCOUNTS_MAX),
    )
    .option(
      '--load <tps>',
      `transactions per second to offer; 0 for none (default ${DEFAULT_LOAD})`,
      numberBetween(0, LOAD_MAX),
    )
    .option(
      '--cross-shard <share>',
      `share of them that goes to another shard (default ${DEFAULT_CROSS_SHARD})`,
      numberBetween(0, 1),
    )
    .option(
      '--rpc-port <port>',
      'RPC port of the first node (default 8545)',
      integerBetween(1, 65_535),
    )
    .option(
      '--scheme <name>',
      'signatures of the committees: by-size, bls or ed25519 (default by-size)',
      oneOf(SCHEMES),
    )
    .option('--log-level <level>', 'of the nodes (default warn)', oneOf(LOG_LEVELS))
    .option('--history <file>', 'write what clients see, for `weft check`')
    .option('--reset', 'delete the stored devnet first')
    .option('--for <seconds>', 'stop by itself after this long', integerBetween(1, 31_536_000))
    .option('--json', 'print JSON lines')
}

/** Typed options and file together, checked; throws `UsageError` or `CommandError`. */
export async function resolveUpOptions(typed: TypedOptions): Promise<UpOptions> {
  const file = typed.config === undefined ? {} : await readUpFile(typed.config)
  const merged = { ...file, ...typed }
  const parameters: DevnetParameters = {
    ...DEFAULT_PARAMETERS,
    shards: merged.shards ?? DEFAULT_PARAMETERS.shards,
    validators: merged.validators ?? DEFAULT_PARAMETERS.validators,
    scheme: merged.scheme ?? DEFAULT_PARAMETERS.scheme,
    shardBlockMs: merged.blockTime ?? DEFAULT_PARAMETERS.shardBlockMs,
    idleAccounts: merged.accounts ?? DEFAULT_PARAMETERS.idleAccounts,
    epochBlocks: merged.epochBlocks ?? DEFAULT_PARAMETERS.epochBlocks,
    inactivityEpochs: merged.inactivityEpochs ?? DEFAULT_PARAMETERS.inactivityEpochs,
    readiness: merged.readiness ?? DEFAULT_PARAMETERS.readiness,
    beaconSeats: merged.beaconSeats ?? DEFAULT_PARAMETERS.beaconSeats,
  }
  const checked = checkParameters(parameters)
  if (!checked.ok) throw new UsageError(checked.reject.detail)
  return {
    parameters: checked.value,
    dataDirectory: resolve(merged.data ?? DEFAULT_DATA_DIRECTORY),
    reset: merged.reset === true,
    rpcPort: merged.rpcPort,
    ratePerSecond: merged.load ?? DEFAULT_LOAD,
    crossShard: merged.crossShard ?? DEFAULT_CROSS_SHARD,
    logLevel: merged.logLevel ?? 'warn',
    historyFile: merged.history === undefined ? undefined : resolve(merged.history),
    forSeconds: merged.for,
    json: merged.json === true,
  }
}

async function readUpFile(path: string): Promise<UpFile> {
  let value: unknown
  try {
    value = JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    throw new CommandError(`cannot read ${path}; give --config a JSON file`, { cause: error })
  }
  const parsed = upSchema.safeParse(value)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(
    (issue) => `${issue.path.length === 0 ? 'the file' : issue.path.join('.')}: ${issue.message}`,
  )
  throw new UsageError(`${path}: ${problems.join('; ')}`)
}

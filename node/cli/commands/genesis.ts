/**
 * `weft genesis`: the file that all nodes of a network over many machines must share. It is made from the public halves
 * that `weft keys new` writes, and it is checked, proofs of possession included, before anybody starts a node with it.
 */
import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { genesisHash, type Genesis } from '../../beacon/genesis.ts'
import { toHex } from '../../primitives/bytes.ts'
import { verifyPossession } from '../../primitives/io/schemes.ts'
import {
  genesisFileText,
  GenesisFileError,
  parseGenesisFile,
  readGenesisFile,
} from '../../runtime/genesis-file.ts'
import { CommandError, UsageError } from '../command-error.ts'
import { integerBetween } from '../option-value.ts'

type CreateOptions = {
  readonly validator: readonly string[]
  readonly fund?: readonly string[]
  readonly name: string
  readonly shards: number
  readonly chainIdBase: number
  readonly blockTime: number
  readonly out: string
  readonly json?: boolean
}

const WEI_PER_ETHER = 10n ** 18n
/** A network over machines: messages need longer than between processes, so blocks come later (consensus A.7). */
const DELTA_MS = 1000
const BEACON_BLOCK_MS = 2000
const IDLE_MS = 10_000
const GAS_LIMIT = 60_000_000
const INITIAL_BASE_FEE = '1000000000'

export function register(program: Command): void {
  const genesis = program
    .command('genesis')
    .description('Make or check the genesis file of a network')
  genesis
    .command('create')
    .description('Make a genesis from the validator.json files of its validators')
    .requiredOption(
      '--validator <file...>',
      'validator.json of each validator; the order numbers them',
    )
    .requiredOption('--out <file>', 'the genesis file to write')
    .option('--fund <account...>', 'ADDRESS=ETHER on every shard')
    .option('--name <text>', 'name of the network', 'weft')
    .option('--shards <count>', 'number of shards', integerBetween(1, 64), 1)
    .option(
      '--chain-id-base <number>',
      'shard k has chain id base + k',
      integerBetween(1, 2_000_000_000),
      714_000,
    )
    .option(
      '--block-time <ms>',
      'time between the blocks of a shard',
      integerBetween(50, 60_000),
      1000,
    )
    .option('--json', 'print JSON')
    .action(create)
  genesis
    .command('check')
    .description('Check a genesis file and print the hash that names its network')
    .argument('<file>', 'the genesis file')
    .option('--json', 'print JSON')
    .action(check)
}

async function create(options: CreateOptions): Promise<void> {
  const validators = await Promise.all(options.validator.map(readValidator))
  const schemes = new Set(validators.map(({ scheme }) => scheme))
  if (schemes.size !== 1) throw new CommandError('the validators have keys of different schemes')
  const timing = { idleIntervalMs: IDLE_MS, deltaMs: DELTA_MS }
  const parsed = parseGenesisFile({
    version: 1,
    networkName: options.name,
    chainIdBase: options.chainIdBase,
    shardCount: options.shards,
    certificateScheme: [...schemes][0],
    timestampMs: Date.now(),
    seed: `0x${randomBytes(32).toString('hex')}`,
    shardTiming: { ...timing, blockIntervalMs: options.blockTime },
    beaconTiming: { ...timing, blockIntervalMs: BEACON_BLOCK_MS },
    gasLimit: GAS_LIMIT,
    initialBaseFee: INITIAL_BASE_FEE,
    validators: validators.map(({ scheme: _, ...validator }) => validator),
    allocations: (options.fund ?? []).map(readFunding),
  })
  if (!parsed.ok) throw new CommandError(`no genesis was made: ${parsed.problems.join('; ')}`)
  refuseUnproven(parsed.genesis)
  await writeFile(options.out, genesisFileText(parsed.genesis))
  describe(options.out, parsed.genesis, options.json === true)
}

async function check(file: string, options: { readonly json?: boolean }): Promise<void> {
  const genesis = await readGenesis(file)
  refuseUnproven(genesis)
  await refuseWrongAccounts(genesis)
  describe(file, genesis, options.json === true)
}

/** Reads a genesis for a command: what is wrong with the file is the user's to mend. */
export async function readGenesis(file: string): Promise<Genesis> {
  try {
    return await readGenesisFile(file)
  } catch (error) {
    if (error instanceof GenesisFileError) throw new CommandError(error.message, { cause: error })
    throw error
  }
}

function refuseUnproven({ certificateScheme, validators }: Genesis): void {
  for (const [index, { publicKey, possession }] of validators.entries()) {
    if (verifyPossession(certificateScheme, publicKey, possession)) continue
    throw new CommandError(
      `validator ${index} does not prove that it holds its key; ask for its validator.json again`,
    )
  }
}

/** Where they stand apart: a node would find out when it makes the state of the shard. */
async function refuseWrongAccounts(genesis: Genesis): Promise<void> {
  const { GenesisAccountsError, readGenesisState } =
    await import('../../shards/io/genesis-file-state.ts')
  for (const [index, accounts] of (genesis.shardAccounts ?? []).entries()) {
    try {
      readGenesisState({ shard: index + 1, allocations: [], accounts })
    } catch (error) {
      if (!(error instanceof GenesisAccountsError)) throw error
      throw new CommandError(error.message, { cause: error })
    }
  }
}

function describe(file: string, genesis: Genesis, json: boolean): void {
  const { networkName: name, shardCount: shards } = genesis
  const hash = `0x${toHex(genesisHash(genesis))}`
  const facts = { file, name, hash, shards, validators: genesis.validators.length }
  const words = `${file}: network ${name}, ${shards} shards, ${facts.validators} validators, genesis ${hash}`
  process.stdout.write(`${json ? JSON.stringify(facts) : words}\n`)
}

/** The fields go through the genesis reader, which says what is wrong with them. */
async function readValidator(path: string): Promise<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'))
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch (error) {
    throw new CommandError(
      `cannot read ${path}; give --validator the files that \`weft keys new\` wrote`,
      {
        cause: error,
      },
    )
  }
  throw new CommandError(`${path} is no validator file; give the ones that \`weft keys new\` wrote`)
}

function readFunding(text: string): Record<string, unknown> {
  const [address, ether] = text.split('=')
  if (ether === undefined || !/^[0-9]{1,12}$/.test(ether)) {
    throw new UsageError('--fund takes ADDRESS=ETHER with a whole number of ether')
  }
  return {
    address: address?.toLowerCase(),
    shard: 0,
    balance: (BigInt(ether) * WEI_PER_ETHER).toString(),
  }
}

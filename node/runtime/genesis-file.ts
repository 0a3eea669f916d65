/**
 * The genesis file: `Genesis` as JSON that a person can read and a machine can check. Bytes are `0x` hex strings, amounts
 * are decimal strings of wei (JSON numbers lose digits beyond 2^53), everything else is a plain number.
 *
 * Invariants: decode(encode(genesis)) equals genesis; a file with an unknown, missing or malformed field is refused with
 * one sentence per problem that names the field, and nothing of it is used; what is read also passes `checkGenesis`. Allocations come out sorted by address and
 * shard, so that two files that differ only in the order of their allocations name the same network.
 *
 * A network with many accounts has them in a file per shard beside this one (`shardAccounts`), which is not read here: whoever
 * makes the state of a shard reads that shard's (shards/io/genesis-file-state.ts).
 */
import { readFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import type { Genesis, GenesisAllocation } from '../beacon/genesis.ts'
import { checkGenesis, compareAllocations } from '../beacon/genesis-check.ts'
import { REGISTRY_MAX } from '../beacon/registry.ts'
import { present } from '../primitives/assert.ts'
import { fromHex, toHex } from '../primitives/bytes.ts'
import { ADDRESS_SIZE } from '../primitives/identifiers.ts'
import { SHARDS_MAX } from '../primitives/limits.ts'

/** 2^256 has 78 digits; capped before `BigInt()`, which takes seconds for millions of digits. */
const AMOUNT_PATTERN = /^(0|[1-9][0-9]{0,77})$/
const AMOUNT_LIMIT = 1n << 256n
/** A funded account is about 120 bytes of JSON; 64 MiB hold half a million, and bound what a wrong path can load. */
const GENESIS_FILE_BYTES_MAX = 64 * 1024 * 1024
/** Bounds the loop over allocations; matches the size of the file. */
const ALLOCATIONS_MAX = 500_000

function bytesField(sizes: readonly number[]) {
  const expected = `expected 0x and ${sizes.map((size) => 2 * size).join(' or ')} hex digits`
  return z
    .string()
    .refine((text) => text.startsWith('0x') && sizes.includes(fromHex(text)?.length ?? -1), {
      message: expected,
    })
    .transform((text) => present(fromHex(text), 'the refinement above has read it'))
}

const amountField = z
  .string()
  .refine((text) => AMOUNT_PATTERN.test(text) && BigInt(text) < AMOUNT_LIMIT, {
    message: 'expected a decimal number of wei below 2^256, in quotes',
  })
  .transform((text) => BigInt(text))

const timingField = z.strictObject({
  blockIntervalMs: z.int().min(1),
  idleIntervalMs: z.int().min(0),
  deltaMs: z.int().min(1),
})

const allocationField = z.strictObject({
  address: bytesField([20]),
  shard: z.int().min(0).max(SHARDS_MAX),
  balance: amountField,
})

const allocationsField = z
  .custom<readonly unknown[]>(
    (value) => Array.isArray(value) && value.length <= ALLOCATIONS_MAX,
    `expected a list of at most ${ALLOCATIONS_MAX} allocations`,
  )
  .transform((items, context) => {
    const allocations: GenesisAllocation[] = []
    for (const [index, item] of items.entries()) {
      const parsed = readAllocation(item) ?? allocationField.safeParse(item)
      if (parsed.success) allocations.push(parsed.data)
      else context.issues.push(...parsed.error.issues.map((issue) => under(index, issue)))
    }
    return allocations
  })

const ALLOCATION_FIELDS = 3

/**
 * The same as the schema above for what is right, ten times as fast: a large network has some hundred thousand of them and
 * every node reads them before anything else. undefined: the schema says what is wrong.
 */
function readAllocation(
  item: unknown,
): { readonly success: true; readonly data: GenesisAllocation } | undefined {
  if (typeof item !== 'object' || item === null) return undefined
  const { address: text, shard, balance: amount } = item as Record<string, unknown>
  if (typeof text !== 'string' || typeof shard !== 'number' || typeof amount !== 'string')
    return undefined
  if (Object.keys(item).length !== ALLOCATION_FIELDS) return undefined
  if (!Number.isInteger(shard) || shard < 0 || shard > SHARDS_MAX) return undefined
  const address = text.startsWith('0x') ? fromHex(text) : undefined
  if (address?.length !== ADDRESS_SIZE || !AMOUNT_PATTERN.test(amount)) return undefined
  const balance = BigInt(amount)
  return balance < AMOUNT_LIMIT ? { success: true, data: { address, shard, balance } } : undefined
}

function under(index: number, { message, path }: z.core.$ZodIssue): z.core.$ZodRawIssue {
  return { code: 'custom', message, path: [index, ...path], input: undefined }
}

const shardAccountsField = z
  .array(
    z.strictObject({
      // Beside the genesis file, so that both are copied together, and never a path to somewhere else.
      file: z.string().regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$/, 'expected a plain file name'),
      stateRoot: bytesField([32]),
      supply: amountField,
    }),
  )
  .max(SHARDS_MAX)

const genesisFileSchema = z.strictObject({
  version: z.literal(1),
  networkName: z.string().min(1).max(64),
  chainIdBase: z.int().min(1),
  shardCount: z.int().min(1).max(SHARDS_MAX),
  certificateScheme: z.enum(['by-size', 'bls', 'ed25519', 'mock']),
  timestampMs: z.int().min(0),
  seed: bytesField([32]),
  shardTiming: timingField,
  beaconTiming: timingField,
  gasLimit: z.int().min(21_000),
  initialBaseFee: amountField,
  validators: z
    .array(
      z.strictObject({
        publicKey: bytesField([32, 48, 80]),
        possession: bytesField([32, 64, 96, 160]),
        peer: z.string().min(1).max(128),
        payout: bytesField([20]),
      }),
    )
    .min(1)
    .max(REGISTRY_MAX),
  allocations: allocationsField,
  shardAccounts: shardAccountsField.optional(),
  epochs: z
    .strictObject({
      blocks: z.int().min(0),
      rotationPermille: z.int().min(0).max(1000),
      shardsPerValidator: z.int().min(1),
    })
    .optional(),
  registry: z.strictObject({ stake: amountField, unbondEpochs: z.int().min(1) }).optional(),
  inactivityEpochs: z.int().min(2).optional(),
  readiness: z.boolean().optional(),
  beaconSeats: z.int().min(1).optional(),
})

export type GenesisFileResult =
  | { readonly ok: true; readonly genesis: Genesis }
  | { readonly ok: false; readonly problems: readonly string[] }

/** Checks a parsed JSON value; each problem names the field and says what was expected. */
export function parseGenesisFile(value: unknown): GenesisFileResult {
  const parsed = genesisFileSchema.safeParse(value)
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => {
      const field = issue.path.length === 0 ? 'the file' : issue.path.join('.')
      return `${field}: ${issue.message}`
    })
    return { ok: false, problems }
  }
  const { shardAccounts, epochs, registry, inactivityEpochs, readiness, beaconSeats, ...fields } =
    parsed.data
  const allocations = [...fields.allocations].sort(compareAllocations)
  const checked = checkGenesis({
    ...fields,
    allocations,
    ...(shardAccounts === undefined ? {} : { shardAccounts }),
    ...(epochs === undefined ? {} : { epochs }),
    ...(registry === undefined ? {} : { registry }),
    ...(inactivityEpochs === undefined ? {} : { inactivityEpochs }),
    ...(readiness === true ? { readiness } : {}),
    ...(beaconSeats === undefined ? {} : { beaconSeats }),
  })
  if (checked.ok) return { ok: true, genesis: checked.value }
  return { ok: false, problems: [checked.reject.detail] }
}

/** The file: a line per allocation, everything else laid out for reading. */
export function genesisFileText(genesis: Genesis): string {
  const json = genesisToJson(genesis)
  const empty = '"allocations": []'
  const text = JSON.stringify({ ...json, allocations: [] }, undefined, 2)
  const lines = (json['allocations'] as unknown[]).map((one) => `    ${JSON.stringify(one)}`)
  const list = lines.length === 0 ? empty : `"allocations": [\n${lines.join(',\n')}\n  ]`
  return `${text.replace(empty, () => list)}\n`
}

/** The JSON value of a genesis; `JSON.stringify` it to get the file. */
export function genesisToJson(genesis: Genesis): Record<string, unknown> {
  const hex = (bytes: Uint8Array): string => `0x${toHex(bytes)}`
  return {
    ...genesis,
    seed: hex(genesis.seed),
    initialBaseFee: genesis.initialBaseFee.toString(),
    validators: genesis.validators.map((validator) => ({
      publicKey: hex(validator.publicKey),
      possession: hex(validator.possession),
      peer: validator.peer,
      payout: hex(validator.payout),
    })),
    ...(genesis.registry === undefined
      ? {}
      : { registry: { ...genesis.registry, stake: genesis.registry.stake.toString() } }),
    allocations: genesis.allocations.map((allocation) => ({
      address: hex(allocation.address),
      shard: allocation.shard,
      balance: allocation.balance.toString(),
    })),
    ...(genesis.shardAccounts === undefined
      ? {}
      : {
          shardAccounts: genesis.shardAccounts.map(({ file, stateRoot, supply }) => {
            return { file: basename(file), stateRoot: hex(stateRoot), supply: supply.toString() }
          }),
        }),
  }
}

/** The file could not be read or is not a genesis; the message is a sentence for a person. */
export class GenesisFileError extends Error {
  override readonly name = 'GenesisFileError'
  readonly code: 'unreadable' | 'invalid'

  constructor(code: 'unreadable' | 'invalid', message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}

/** Reads and checks a genesis file; throws `GenesisFileError`. */
export async function readGenesisFile(path: string): Promise<Genesis> {
  const result = parseGenesisFile(parseJson(path, await readText(path)))
  if (result.ok) return withFilesIn(dirname(resolve(path)), result.genesis)
  throw new GenesisFileError('invalid', `genesis file ${path}: ${result.problems.join('; ')}`)
}

/** Accounts that stand apart lie beside the genesis file. */
function withFilesIn(directory: string, genesis: Genesis): Genesis {
  if (genesis.shardAccounts === undefined) return genesis
  const shardAccounts = genesis.shardAccounts.map((accounts) => {
    return { ...accounts, file: join(directory, accounts.file) }
  })
  return { ...genesis, shardAccounts }
}

async function readText(path: string): Promise<string> {
  try {
    const text = await readFile(path, 'utf8')
    if (text.length <= GENESIS_FILE_BYTES_MAX) return text
  } catch (error) {
    throw new GenesisFileError('unreadable', `cannot read the genesis file ${path}`, error)
  }
  throw new GenesisFileError('invalid', `genesis file ${path}: larger than 64 MiB`)
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new GenesisFileError('invalid', `genesis file ${path}: not JSON`, error)
  }
}

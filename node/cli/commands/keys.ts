/**
 * `weft keys`: the secrets of a validator that will run on a machine of its own, and the public half that goes into a
 * genesis. Existing files are never overwritten: a lost committee key is a lost seat.
 */
import { randomBytes } from 'node:crypto'
import { mkdir, stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { fromHex, toHex } from '../../primitives/bytes.ts'
import { ADDRESS_SIZE } from '../../primitives/identifiers.ts'
import { CommandError, UsageError } from '../command-error.ts'
import { oneOf } from '../option-value.ts'

const SCHEMES = ['by-size', 'bls', 'ed25519'] as const

type NewOptions = {
  readonly out: string
  readonly payout: string
  readonly scheme: (typeof SCHEMES)[number]
  readonly json?: boolean
}

export function register(program: Command): void {
  program
    .command('keys')
    .description('Make the keys of a validator')
    .command('new')
    .description('Write committee.key, identity.key and the public validator.json')
    .requiredOption('--out <dir>', 'directory for the three files')
    .requiredOption('--payout <address>', 'account that receives tips and rewards')
    .option('--scheme <name>', 'by-size, bls or ed25519', oneOf(SCHEMES), 'by-size')
    .option('--json', 'print the public half as JSON')
    .action(createKeys)
}

async function createKeys(options: NewOptions): Promise<void> {
  if (fromHex(options.payout)?.length !== ADDRESS_SIZE || !options.payout.startsWith('0x')) {
    throw new UsageError('--payout takes an address: 0x and 40 hex digits')
  }
  const directory = resolve(options.out)
  const files = ['committee.key', 'identity.key', 'validator.json'].map((name) =>
    join(directory, name),
  )
  await refuseExisting(files)
  const { createValidatorIdentity, writeSecretFile } = await import('../identity.ts')
  const identity = await createValidatorIdentity(options.scheme, randomBytes(32), randomBytes(32))
  const validator = {
    scheme: options.scheme,
    publicKey: `0x${toHex(identity.publicKey)}`,
    possession: `0x${toHex(identity.possession)}`,
    peer: identity.peer,
    payout: options.payout.toLowerCase(),
  }
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const [committeeKey = '', identityKey = '', publicFile = ''] = files
  await writeSecretFile(committeeKey, identity.secrets.committeeKey)
  await writeSecretFile(identityKey, identity.secrets.identityKey)
  await writeFile(publicFile, `${JSON.stringify(validator, undefined, 2)}\n`)
  const words = `Keys are in ${directory}. Keep both .key files secret; give validator.json to whoever makes the genesis.`
  process.stdout.write(`${options.json === true ? JSON.stringify(validator) : words}\n`)
}

async function refuseExisting(files: readonly string[]): Promise<void> {
  for (const file of files) {
    const exists = await stat(file).then(
      () => true,
      () => false,
    )
    if (exists) throw new CommandError(`${file} exists already; choose another --out`)
  }
}

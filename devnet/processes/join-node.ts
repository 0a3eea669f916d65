/**
 * A validator that joins a running devnet: keys first and on disk, then the deposit, then the node. Whoever is interrupted in
 * between finds the keys again and goes on: a stake whose keys are lost would come back to nobody's validator.
 */
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { Genesis } from '../../node/beacon/genesis.ts'
import { DEFAULT_REGISTRY } from '../../node/beacon/registry.ts'
import { createValidatorIdentity, writeSecretFile } from '../../node/cli/identity.ts'
import { CommandError } from '../../node/cli/command-error.ts'
import { genesisHash } from '../../node/beacon/genesis.ts'
import {
  encodeRegistration,
  registrationRoot,
  type Registration,
} from '../../node/crosslink/registration.ts'
import { identityFromHex } from '../../node/network/io/identity.ts'
import { concatBytes, fromHex } from '../../node/primitives/bytes.ts'
import { committeePublicKey, schemeByName } from '../../node/primitives/io/schemes.ts'
import { encodeGatewayDeposit } from '../../node/shards/vm/gateway-stake.ts'
import { payoutAccount } from '../accounts.ts'
import { filesOf } from './data-directory.ts'

/** What the network knows of it, and the secret that signs. */
export type Joiner = {
  readonly publicKey: Uint8Array
  readonly peer: string
  readonly secretKey: Uint8Array
}

const joiningDirectory = (path: string): string => join(path, 'joining')

/** New keys, or those of a join that was interrupted. */
export async function prepareJoiner(path: string, genesis: Genesis): Promise<Joiner> {
  const directory = joiningDirectory(path)
  const left = await readJoiner(directory, genesis)
  if (left !== undefined) return left
  const seeds = [randomBytes(32), randomBytes(32)] as const
  const { secrets } = await createValidatorIdentity(genesis.certificateScheme, ...seeds)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await writeSecretFile(join(directory, 'committee.key'), secrets.committeeKey)
  await writeSecretFile(join(directory, 'identity.key'), secrets.identityKey)
  const joiner = await readJoiner(directory, genesis)
  if (joiner === undefined) throw new CommandError(`cannot read back the keys in ${directory}`)
  return joiner
}

async function readJoiner(directory: string, genesis: Genesis): Promise<Joiner | undefined> {
  const read = (name: string) => readFile(join(directory, name), 'latin1').catch(() => '')
  const secretKey = fromHex((await read('committee.key')).trim())
  const identity = identityFromHex((await read('identity.key')).trim())
  if (secretKey?.length !== 32 || !identity.ok) return undefined
  const publicKey = committeePublicKey(genesis.certificateScheme, secretKey)
  return { publicKey, peer: identity.value.peer, secretKey }
}

/** Its keys become those of the node of this number. */
export async function settleJoiner(path: string, index: number): Promise<void> {
  await rename(joiningDirectory(path), filesOf(path).node(index).directory)
}

/** The call of the gateway that brings its stake; paid back to an account that the devnet knows. */
export function depositCall(genesis: Genesis, joiner: Joiner, payoutIndex: number): Uint8Array {
  const terms = {
    publicKey: joiner.publicKey,
    peer: joiner.peer,
    payout: payoutAccount(payoutIndex).address,
    payoutShard: (payoutIndex % genesis.shardCount) + 1,
  }
  return encodeGatewayDeposit(
    encodeRegistration({ ...terms, possession: prove(genesis, joiner, terms) }),
  )
}

function prove(
  genesis: Genesis,
  { secretKey }: Joiner,
  terms: Omit<Registration, 'possession'>,
): Uint8Array {
  const scheme = schemeByName(genesis.certificateScheme)
  const root = registrationRoot(genesisHash(genesis), terms)
  if (genesis.certificateScheme !== 'by-size') return scheme.sign(secretKey, root)
  return concatBytes(
    scheme.sign(secretKey, root, 'list'),
    scheme.sign(secretKey, root, 'aggregate'),
  )
}

export function leastStake({ registry = DEFAULT_REGISTRY }: Genesis): bigint {
  return registry.stake
}

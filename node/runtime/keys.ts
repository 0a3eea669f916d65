/**
 * Keys at rest: the committee secret key and the libp2p identity, read once at start. A key file that others can read is
 * refused: whoever reads it can make this validator sign two things.
 */
import { readFile, stat } from 'node:fs/promises'
import type { Genesis } from '../beacon/genesis.ts'
import { REGISTRY_MAX } from '../beacon/registry.ts'
import {
  createIdentity,
  identityFromHex,
  identityToHex,
  type Identity,
} from '../network/io/identity.ts'
import { equalBytes, fromHex } from '../primitives/bytes.ts'
import { committeePublicKey } from '../primitives/io/schemes.ts'
import { systemErrorCode, writeFileDurably } from '../storage/io/durable-file.ts'
import { asciiBytes } from '../primitives/bytes.ts'
import type { NodeConfig } from './config.ts'
import { NodeError } from './node-error.ts'

const OTHERS_MAY_READ = 0o077

async function readSecretText(path: string): Promise<string> {
  try {
    const { mode } = await stat(path)
    if (process.platform !== 'win32' && (mode & OTHERS_MAY_READ) !== 0) {
      throw new NodeError('key-unreadable', `others may read ${path}; run chmod 600 ${path}`)
    }
    return await readFile(path, 'latin1')
  } catch (error) {
    if (error instanceof NodeError) throw error
    throw new NodeError('key-unreadable', `cannot read the key file ${path}; check the path`, {
      cause: error,
    })
  }
}

/** The validator's secret key, checked against the genesis if it stands there. */
export async function readValidatorKey(
  validator: NonNullable<NodeConfig['validator']>,
  genesis: Genesis,
): Promise<Uint8Array> {
  const { index, secretKeyFile } = validator
  // B.9: who is not of the genesis has joined, and its key stands in the beacon's registry.
  const registered = genesis.validators[index]
  if (index >= REGISTRY_MAX) {
    const sentence = `validator.index is ${index}; a registry has 0 to ${REGISTRY_MAX - 1}`
    throw new NodeError('validator-unknown', sentence)
  }
  const secretKey = fromHex((await readSecretText(secretKeyFile)).trim())
  if (secretKey?.length !== 32) {
    throw new NodeError('key-unreadable', `${secretKeyFile} does not hold 32 bytes of hexadecimal`)
  }
  const publicKey = committeePublicKey(genesis.certificateScheme, secretKey)
  if (registered !== undefined && !equalBytes(publicKey, registered.publicKey)) {
    const sentence = `${secretKeyFile} is not the key of validator ${index} of this genesis`
    throw new NodeError('key-mismatch', sentence)
  }
  return secretKey
}

/** The libp2p identity; an absent file is created, except for a validator, whose peer id stands in the genesis. */
export async function readIdentity(config: NodeConfig, genesis: Genesis): Promise<Identity> {
  const path = config.p2p.identityFile
  const identity = await readOrCreateIdentity(path)
  const registered =
    config.validator === undefined ? undefined : genesis.validators[config.validator.index]
  if (registered !== undefined && registered.peer !== identity.peer) {
    const sentence = `${path} is peer ${identity.peer}, but the genesis names ${registered.peer} for this validator`
    throw new NodeError('identity-mismatch', sentence)
  }
  return identity
}

async function readOrCreateIdentity(path: string): Promise<Identity> {
  try {
    await stat(path)
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error
    const created = await createIdentity()
    await writeFileDurably(path, asciiBytes(`${identityToHex(created)}\n`))
    return created
  }
  const identity = identityFromHex(await readSecretText(path))
  if (identity.ok) return identity.value
  throw new NodeError('key-unreadable', `${path}: ${identity.reject.detail}`)
}

/**
 * A data directory belongs to one network: the NETWORK file in it holds the genesis hash in hex. A directory of another
 * network is refused before anything in it is opened, so that chains, votes and keys never mix.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { asciiBytes, equalBytes, fromHex, toHex } from '../../primitives/bytes.ts'
import type { Hash } from '../../primitives/identifiers.ts'
import { systemErrorCode, writeFileDurably } from './durable-file.ts'
import { NetworkMismatchError, StorageFatalError } from './storage-error.ts'

const STAMP_FILE = 'NETWORK'

/** Stamps a fresh directory, passes one that has this stamp, throws `NetworkMismatchError` for any other. */
export async function stampNetwork(directory: string, genesisHash: Hash): Promise<void> {
  const path = join(directory, STAMP_FILE)
  const text = await readStamp(path)
  if (text === undefined) {
    await writeFileDurably(path, asciiBytes(`${toHex(genesisHash)}\n`))
    return
  }
  const stamped = fromHex(text.trim())
  if (stamped === undefined || !equalBytes(stamped, genesisHash)) {
    throw new NetworkMismatchError(path, stamped, genesisHash)
  }
}

async function readStamp(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'latin1')
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined
    throw new StorageFatalError(path, error)
  }
}

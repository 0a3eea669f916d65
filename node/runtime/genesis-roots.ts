/**
 * State roots of the shards at genesis. They follow from the allocations, but for hundreds of thousands of accounts it takes
 * seconds of a processor to work them out, at each start; a file beside the genesis may have them. It is believed like the
 * genesis file itself: whoever writes the one writes the other. With wrong roots a node has the state of no network.
 */
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { genesisHash, shardGenesis, type Genesis } from '../beacon/genesis.ts'
import { present } from '../primitives/assert.ts'
import { fromHex, toHex } from '../primitives/bytes.ts'
import type { Hash } from '../primitives/identifiers.ts'
import { genesisStateRoot } from '../shards/genesis-state.ts'
import { hashPairsNative } from '../shards/io/hashtree.ts'
import { NodeError } from './node-error.ts'

const hexHash = z.string().regex(/^[0-9a-f]{64}$/, 'expected 32 bytes of hex')
const rootsFileSchema = z.strictObject({ genesis: hexHash, stateRoots: z.array(hexHash) })

/** Index = shard - 1. From the file if there is one; throws `NodeError` if it is of another genesis or damaged. */
export async function genesisStateRoots(
  genesis: Genesis,
  file: string | undefined,
): Promise<readonly Hash[]> {
  const text = file === undefined ? undefined : await readIfThere(file)
  if (file === undefined || text === undefined) return workOut(genesis)
  const parsed = rootsFileSchema.safeParse(jsonOf(text))
  const isOurs =
    parsed.success &&
    parsed.data.genesis === toHex(genesisHash(genesis)) &&
    parsed.data.stateRoots.length === genesis.shardCount
  if (isOurs)
    return parsed.data.stateRoots.map((root) => present(fromHex(root), 'the schema says so'))
  const sentence = `${file} is damaged or of another genesis; delete it, and the roots are worked out anew`
  throw new NodeError('genesis-invalid', sentence)
}

/** The file for this genesis. */
export function genesisRootsText(genesis: Genesis): string {
  const stateRoots = workOut(genesis).map((root) => toHex(root))
  return `${JSON.stringify({ genesis: toHex(genesisHash(genesis)), stateRoots }, undefined, 2)}\n`
}

function workOut(genesis: Genesis): readonly Hash[] {
  return Array.from({ length: genesis.shardCount }, (_, index) =>
    genesisStateRoot(shardGenesis(genesis, index + 1), hashPairsNative),
  )
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    const sentence = `cannot read ${file}: ${(error as Error).message}`
    throw new NodeError('genesis-invalid', sentence, { cause: error })
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

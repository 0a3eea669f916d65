/**
 * Blocks of one chain on disk: every block that is voted for or final; at finality the losing blocks of the same height are
 * deleted, so that one block per finalized height remains.
 */
import type { ChainBlock } from '../consensus/message.ts'
import { assert } from '../primitives/assert.ts'
import { equalBytes } from '../primitives/bytes.ts'
import type { ChainNumber, Hash } from '../primitives/identifiers.ts'
import type { Result } from '../primitives/result.ts'
import type { Context } from './context.ts'
import { blockKey, encodeNumbers, hashKey, type TableName } from './table.ts'

export type BlockWriter = {
  readonly put: (block: ChainBlock) => void
  readonly finalized: (block: ChainBlock) => void
  readonly restore: (
    blocks: readonly Uint8Array[],
    decode: (bytes: Uint8Array) => Result<ChainBlock>,
  ) => readonly ChainBlock[]
}

type Writing = {
  readonly context: Context
  readonly chain: ChainNumber
  /** Hashes of the blocks on disk above the finalized height. */
  readonly byHeight: Map<number, Hash[]>
}

export function createBlockWriter(context: Context, chain: ChainNumber): BlockWriter {
  const self: Writing = { context, chain, byHeight: new Map() }
  const put = (block: ChainBlock): void => {
    if (remember(self, block)) write(self, block)
  }
  return {
    put,
    finalized: (block) => {
      put(block)
      dropLosers(self, block)
    },
    restore: (blocks, decode) =>
      blocks.map((bytes) => {
        const block = decode(bytes)
        assert(block.ok, 'a stored block that passed its checksum decodes')
        remember(self, block.value)
        return block.value
      }),
  }
}

/** True of a block that was not on disk. */
function remember({ byHeight }: Writing, { height, hash }: ChainBlock): boolean {
  const known = byHeight.get(height)
  if (known?.some((other) => equalBytes(other, hash)) === true) return false
  if (known === undefined) byHeight.set(height, [hash])
  else known.push(hash)
  return true
}

function write(self: Writing, block: ChainBlock): void {
  const { context, chain } = self
  const put = (table: TableName, key: Uint8Array, value: Uint8Array): void =>
    context.emit({ kind: 'write', write: { kind: 'put', table, key, value }, sync: true })
  put('block', blockKey(chain, block.height, block.hash), block.bytes)
  put('height', hashKey(chain, block.hash), encodeNumbers(block.height))
}

function dropLosers(self: Writing, winner: ChainBlock): void {
  for (const [height, hashes] of self.byHeight) {
    if (height > winner.height) continue
    self.byHeight.delete(height)
    if (height < winner.height) continue
    for (const hash of hashes) if (!equalBytes(hash, winner.hash)) forget(self, height, hash)
  }
}

function forget({ context, chain }: Writing, height: number, hash: Hash): void {
  const drop = (table: TableName, key: Uint8Array): void =>
    context.emit({ kind: 'write', write: { kind: 'delete', table, key }, sync: false })
  drop('block', blockKey(chain, height, hash))
  drop('height', hashKey(chain, hash))
}

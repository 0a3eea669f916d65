/**
 * Changes to the set of shards that validators can ask for (docs/protocol/beacon.md B.7), as blocks carry them and as the
 * state counts them.
 */
import { DecodeError, type Reader, type Writer } from '../primitives/codec.ts'
import type { ChainNumber } from '../primitives/identifiers.ts'
import { SHARDS_MAX } from '../primitives/limits.ts'

/** `open` names the number that the new shard gets, so that a wish means one change, whenever it is read. */
export type ShardChange = { readonly kind: 'open' | 'retire'; readonly shard: ChainNumber }

/** In how many blocks of this epoch a change was asked for. */
export type ChangeTally = { readonly change: ShardChange; readonly blocks: number }

/** One to open, and one per shard to retire. */
export const TALLIES_MAX = SHARDS_MAX + 1

const NONE = 0
const KINDS: readonly ShardChange['kind'][] = ['open', 'retire']

function isSameChange(left: ShardChange, right: ShardChange): boolean {
  return left.kind === right.kind && left.shard === right.shard
}

/** u8 0 for none; else 1 (open) or 2 (retire) and the shard's number. */
export function writeShardChange(writer: Writer, change: ShardChange | undefined): void {
  if (change === undefined) writer.u8(NONE)
  else writer.u8(KINDS.indexOf(change.kind) + 1).u32(change.shard)
}

export function readShardChange(reader: Reader): ShardChange | undefined {
  const byte = reader.u8()
  if (byte === NONE) return undefined
  const kind = KINDS[byte - 1]
  if (kind === undefined) throw new DecodeError('a change of shards is unknown')
  const shard = reader.u32()
  if (shard < 1 || shard > SHARDS_MAX) throw new DecodeError('a change is of a shard')
  return { kind, shard }
}

export function writeChangeTally(writer: Writer, { change, blocks }: ChangeTally): void {
  writeShardChange(writer, change)
  writer.u64(blocks)
}

export function readChangeTally(reader: Reader): ChangeTally {
  const change = readShardChange(reader)
  if (change === undefined) throw new DecodeError('a count is of a change')
  return { change, blocks: reader.u64() }
}

/** The counts after one more block. */
export function countChange(
  tallies: readonly ChangeTally[],
  change: ShardChange | undefined,
): readonly ChangeTally[] {
  if (change === undefined) return tallies
  const counted = tallies.some((tally) => isSameChange(tally.change, change))
  if (!counted) return [...tallies, { change, blocks: 1 }]
  return tallies.map((tally) =>
    isSameChange(tally.change, change) ? { ...tally, blocks: tally.blocks + 1 } : tally,
  )
}

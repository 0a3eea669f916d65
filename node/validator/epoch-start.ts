/**
 * Where an epoch of a chain began, as it stands on disk (docs/protocol/beacon.md B.4).
 */
import type { EngineConfig } from '../consensus/engine-contract.ts'
import { assert } from '../primitives/assert.ts'
import { createWriter, decodeExactly } from '../primitives/codec.ts'
import { HASH_SIZE } from '../primitives/hash.ts'

export type EpochStart = {
  readonly epoch: number
  /** The sealing block, from which the engine of the epoch starts. */
  readonly block: EngineConfig['genesis']
  /** The epoch that it sealed: a shard may skip some. */
  readonly sealedEpoch: number
}

export function encodeEpochStart({ epoch, block, sealedEpoch }: EpochStart): Uint8Array {
  return createWriter()
    .u64(epoch)
    .fixed(block.hash, HASH_SIZE)
    .u64(block.height)
    .u64(block.timestampMs)
    .u64(sealedEpoch)
    .finish()
}

/** Of bytes whose checksum the store has vouched for. */
export function decodeEpochStart(bytes: Uint8Array): EpochStart {
  const decoded = decodeExactly(bytes, (reader) => ({
    epoch: reader.u64(),
    block: { hash: reader.fixed(HASH_SIZE), height: reader.u64(), timestampMs: reader.u64() },
    sealedEpoch: reader.u64(),
  }))
  assert(decoded.ok, 'a stored start of an epoch that passed its checksum decodes')
  return decoded.value
}

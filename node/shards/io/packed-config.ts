/**
 * What a shard's thread is given when it starts, with the accounts of the genesis as one block of shared memory: a hundred
 * thousand of them as objects take the main thread a fifth of a second to clone, each time a shard is opened.
 *
 * Invariant: unpacking what was packed gives the same config.
 */
import { assert } from '../../primitives/assert.ts'
import { bytesToBigInt, writeU256 } from '../../primitives/bytes.ts'
import { ADDRESS_SIZE } from '../../primitives/identifiers.ts'
import type { ShardConfig } from '../executor.ts'

export type PackedConfig = Omit<ShardConfig, 'allocations'> & {
  /** Address and balance, 52 bytes each. */
  readonly allocations: SharedArrayBuffer
}

const BALANCE_SIZE = 32
const ENTRY_SIZE = ADDRESS_SIZE + BALANCE_SIZE

/** A shard that is opened again is given the same memory. */
const packed = new WeakMap<ShardConfig['allocations'], SharedArrayBuffer>()

export function packConfig(config: ShardConfig): PackedConfig {
  const known = packed.get(config.allocations)
  const allocations = known ?? packAllocations(config.allocations)
  if (known === undefined) packed.set(config.allocations, allocations)
  return { ...config, allocations }
}

function packAllocations(allocations: ShardConfig['allocations']): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(allocations.length * ENTRY_SIZE)
  const bytes = new Uint8Array(memory)
  const view = new DataView(memory)
  for (const [index, { address, balance }] of allocations.entries()) {
    assert(address.length === ADDRESS_SIZE, 'an address has 20 bytes')
    bytes.set(address, index * ENTRY_SIZE)
    writeU256(view, index * ENTRY_SIZE + ADDRESS_SIZE, balance)
  }
  return memory
}

export function unpackConfig({ allocations: memory, ...config }: PackedConfig): ShardConfig {
  const bytes = new Uint8Array(memory)
  const allocations = Array.from({ length: bytes.length / ENTRY_SIZE }, (_, index) => {
    const from = index * ENTRY_SIZE
    const middle = from + ADDRESS_SIZE
    const address = new Uint8Array(bytes.subarray(from, middle))
    return { address, balance: bytesToBigInt(bytes, middle, middle + BALANCE_SIZE) }
  })
  return { ...config, allocations }
}

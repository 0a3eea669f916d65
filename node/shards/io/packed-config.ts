/**
 * What a shard's thread is given when it starts, with the accounts of the genesis as one block of shared memory: a hundred
 * thousand of them as objects take the main thread a fifth of a second to clone, each time a shard is opened.
 *
 * Invariant: unpacking what was packed gives the same config.
 */
import type { ShardConfig } from '../executor.ts'
import { ACCOUNT_ENTRY_SIZE, listAccounts, writeAccounts } from '../genesis-accounts.ts'

export type PackedConfig = Omit<ShardConfig, 'allocations'> & {
  /** As genesis-accounts.ts writes them; balances may be zero here. */
  readonly allocations: SharedArrayBuffer
}

/** A shard that is opened again is given the same memory. */
const packed = new WeakMap<ShardConfig['allocations'], SharedArrayBuffer>()

export function packConfig(config: ShardConfig): PackedConfig {
  const known = packed.get(config.allocations)
  const allocations = known ?? packAllocations(config.allocations)
  if (known === undefined) packed.set(config.allocations, allocations)
  return { ...config, allocations }
}

function packAllocations(allocations: ShardConfig['allocations']): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(allocations.length * ACCOUNT_ENTRY_SIZE)
  writeAccounts(new Uint8Array(memory), allocations)
  return memory
}

export function unpackConfig({ allocations: memory, ...config }: PackedConfig): ShardConfig {
  return { ...config, allocations: listAccounts(new Uint8Array(memory)) }
}

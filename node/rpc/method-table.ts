/**
 * The table of all methods. What is not here does not exist: the answer is -32601, on which clients' fallbacks key.
 */
import { assert } from '../primitives/assert.ts'
import type { Method } from './method.ts'
import { BEACON_METHODS } from './method-beacon.ts'
import { BLOCK_METHODS } from './method-eth-block.ts'
import { FEE_METHODS } from './method-eth-fee.ts'
import { FILTER_METHODS } from './method-eth-filter.ts'
import { STATE_METHODS } from './method-eth-state.ts'
import { TRANSACTION_METHODS } from './method-eth-transaction.ts'
import { NETWORK_METHODS } from './method-network.ts'
import { REGISTRY_METHODS } from './method-registry.ts'
import { PROOF_METHODS } from './method-proof.ts'
import { SHARD_METHODS } from './method-shard.ts'

export const METHODS: readonly Method[] = [
  ...NETWORK_METHODS,
  ...REGISTRY_METHODS,
  ...BEACON_METHODS,
  ...BLOCK_METHODS,
  ...STATE_METHODS,
  ...TRANSACTION_METHODS,
  ...FEE_METHODS,
  ...FILTER_METHODS,
  ...SHARD_METHODS,
  ...PROOF_METHODS,
]

const byName = new Map(METHODS.map((method) => [method.name, method]))
assert(byName.size === METHODS.length, 'every method has its own name')

export function methodByName(name: string): Method | undefined {
  return byName.get(name)
}

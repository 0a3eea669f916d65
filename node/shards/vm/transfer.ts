/**
 * Native transfers: a call to an account without code moves its value and nothing else; data is carried, not looked at.
 * They never enter an interpreter (docs/protocol/shards.md, "Transactions").
 */
import { assert } from '../../primitives/assert.ts'
import type { Address } from '../../primitives/identifiers.ts'
import { credit, debit, type WorkingState } from '../working-state.ts'
import type { Call, CallResult } from './call.ts'

/**
 * Addresses 0x01..0x1ff are kept for precompiles, today's and tomorrow's. Calling one would mean code that does not exist
 * here, so a transaction to one is unsupported rather than a transfer into nowhere.
 */
const PRECOMPILE_MAX = 0x1ff

export function isPrecompile(address: Address): boolean {
  for (let index = 0; index < address.length - 2; index++) {
    if (address[index] !== 0) return false
  }
  const low = ((address[address.length - 2] ?? 0) << 8) | (address[address.length - 1] ?? 0)
  return low >= 1 && low <= PRECOMPILE_MAX
}

/** The sender is known to have the value. Fails only when the receiver's balance would pass 2^256. */
export function executeTransfer(state: WorkingState, call: Call): CallResult {
  debit(state, call.sender, call.value)
  const moved = credit(state, call.to, call.value)
  if (!moved) {
    const returned = credit(state, call.sender, call.value)
    assert(returned, 'what was just taken fits back')
  }
  return { status: moved ? 1 : 0, gasUsed: 0, order: undefined }
}

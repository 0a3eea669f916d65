/**
 * What crosses the border between the node and a shard's worker thread. Plain data only: everything here survives
 * structuredClone, which test/contract/executor-messages.test.ts tries for every kind.
 */
import type { GenesisAccountsError } from './genesis-file-state.ts'
import type { PackedConfig } from './packed-config.ts'
import type { PackedRequest, PackedResponse } from './packed-message.ts'
import type { StateStoreErrorCode } from './state-store.ts'

/** Where a crash of a commit can fall; their places in `countdowns`. */
export const STATE_STEPS = ['before-state-commit', 'after-state-commit'] as const

/** Given to the thread once, when it starts. */
export type WorkerSetting = {
  readonly config: PackedConfig
  readonly directory: string
  /** The network has lived for a while: where nothing is stored, the genesis state is not made before it is needed. */
  readonly isLate?: boolean
  /** Only a test's: 32-bit numbers, how often each step is still passed until the process kills itself; 0: always. */
  readonly countdowns?: SharedArrayBuffer
}

export type WorkerRequest = PackedRequest | { readonly kind: 'close' }

export type WorkerAnswer =
  | { readonly kind: 'answered'; readonly response: PackedResponse }
  | { readonly kind: 'closed' }
  /**
   * The store failed, or the file of the genesis's accounts; the thread forgets what it holds in memory and begins anew with the
   * next request.
   */
  | {
      readonly kind: 'failed'
      readonly code: StateStoreErrorCode | GenesisAccountsError['code']
      readonly detail: string
    }
  /** A broken assertion: we are wrong. */
  | { readonly kind: 'broken'; readonly detail: string }

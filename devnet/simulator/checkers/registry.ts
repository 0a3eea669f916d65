/**
 * S7 on chain, and C1 of stakes: at every head of an honest node's beacon only validators that lie are slashed, and what the
 * registry holds and has burnt is what the genesis put there.
 */
import { stakeSum } from '../../../node/beacon/slashing.ts'
import type { BeaconState } from '../../../node/beacon/state.ts'

export type RegistryVerdict = { readonly rule: 'S7' | 'C1'; readonly sentence: string }

export type RegistryChecker = {
  readonly look: (state: BeaconState) => RegistryVerdict | undefined
}

/** `byzantine`: validators that are, or once were. */
export function createRegistryChecker(
  genesis: BeaconState,
  byzantine: ReadonlySet<number>,
): RegistryChecker {
  const deposited = stakeSum(genesis)
  /** All nodes' states share few lists: one per block that changed it. */
  const looked = new WeakSet<BeaconState['validators']>()
  return {
    look: (state) => {
      const { validators } = state
      if (looked.has(validators)) return undefined
      looked.add(validators)
      const victim = validators.findIndex(
        ({ status }, index) => status === 'slashed' && !byzantine.has(index),
      )
      if (victim >= 0) return { rule: 'S7', sentence: `honest validator ${victim} is slashed` }
      const sum = stakeSum(state)
      if (sum === deposited) return undefined
      return {
        rule: 'C1',
        sentence: `stakes and what was burnt of them are ${sum}, not ${deposited}`,
      }
    },
  }
}

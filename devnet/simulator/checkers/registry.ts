/**
 * S7 on chain, and C1 of stakes: at every head of an honest node's beacon only validators that lie are slashed, and what the
 * registry holds, has burnt and has sent is what the genesis put there and what it consumed. X6: a stake comes back only when
 * nothing that its validator voted can be held against it any more.
 */
import { registrySum } from '../../../node/beacon/registry-step.ts'
import type { BeaconState } from '../../../node/beacon/state.ts'

export type RegistryVerdict = { readonly rule: 'S7' | 'C1' | 'X6'; readonly sentence: string }

export type RegistryChecker = {
  readonly look: (state: BeaconState) => RegistryVerdict | undefined
}

/** `byzantine`: validators that are, or once were. */
export function createRegistryChecker(
  genesis: BeaconState,
  byzantine: ReadonlySet<number>,
): RegistryChecker {
  const deposited = registrySum(genesis)
  /** All nodes' states share few lists: one per block that changed it. */
  const looked = new WeakMap<BeaconState['validators'], BeaconState['outgoing']>()
  return {
    look: (state) => {
      const { validators } = state
      if (looked.get(validators) === state.outgoing) return undefined
      looked.set(validators, state.outgoing)
      const victim = validators.findIndex(
        ({ status }, index) => status === 'slashed' && !byzantine.has(index),
      )
      if (victim >= 0) return { rule: 'S7', sentence: `honest validator ${victim} is slashed` }
      const early = validators.findIndex((validator) => isPaidEarly(state, validator))
      if (early >= 0)
        return { rule: 'X6', sentence: `validator ${early} has its stake back too early` }
      const sum = registrySum(state)
      if (sum === deposited) return undefined
      return {
        rule: 'C1',
        sentence: `stakes, what was burnt of them and what was sent of them are ${sum}, not ${deposited}`,
      }
    },
  }
}

/** All of it is gone, and not by slashing, while its last votes are young. */
function isPaidEarly(
  { epoch, registryRules }: BeaconState,
  { status, stake, exitEpoch }: BeaconState['validators'][number],
): boolean {
  const isGone = stake === 0n && status !== 'slashed'
  return isGone && epoch < exitEpoch + registryRules.unbondEpochs
}

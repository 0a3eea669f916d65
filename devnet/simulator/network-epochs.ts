/**
 * Plans of networks whose committees change every few beacon blocks. Seats move between all validators, so nobody can be
 * faulty in a bounded part of every committee: these networks crash, pause, part and lose messages, and nobody lies or
 * forgets.
 */
import type { NetworkPlan } from './network-plan.ts'
import type { Trouble } from './sharded-trouble.ts'

/** Troubles after which a node does not know any more what it signed or stored. */
const FORGETFUL: readonly Trouble['kind'][] = [
  'bit-flips',
  'lost-records',
  'read-error',
  'wipe',
  'byzantine',
]

export function withEpochs(
  plan: NetworkPlan,
  epochBlocks: number,
  { churn, rotationPermille }: Pick<NetworkPlan, 'churn' | 'rotationPermille'> = {},
): NetworkPlan {
  const known = plan.troubles.filter(({ trouble }) => !FORGETFUL.includes(trouble.kind))
  return {
    ...plan,
    epochBlocks,
    ...(rotationPermille === undefined ? {} : { rotationPermille }),
    ...(churn === undefined ? {} : { churn }),
    vices: [],
    // Whoever leaves must be spared by every committee, so nothing else is done to anybody.
    troubles: churn === undefined ? known : [],
  }
}

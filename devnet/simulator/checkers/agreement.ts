/** S1 agreement: all honest nodes that deliver a block at a height deliver the same block. */
import type { CheckedCommittee, Checker } from './observation.ts'

export function createAgreementChecker(committee: CheckedCommittee): Checker {
  const digestAt = new Map<number, string>()
  return {
    rule: 'S1',
    observe: (seen) => {
      if (seen.kind !== 'delivered' || committee.byzantineNodes.has(seen.node)) return undefined
      const known = digestAt.get(seen.height)
      digestAt.set(seen.height, known ?? seen.digest)
      if (known === undefined || known === seen.digest) return undefined
      return `fork at height ${seen.height}: node ${seen.node} delivered ${seen.digest}, another ${known}`
    },
  }
}

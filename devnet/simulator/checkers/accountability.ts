/**
 * S12, evidence: nobody honest is ever blamed for a bad signature; and if a chain forks all the same, at least f + 1 seats
 * have contradicted themselves, so that a fork is never without guilty keys.
 */
import {
  statementText,
  type CheckedCommittee,
  type Checker,
  type Statement,
} from './observation.ts'

export function createAccountabilityChecker(committee: CheckedCommittee): Checker {
  const guilty = new Set<number>()
  const signedBy = new Map<string, Statement[]>()
  const finalAt = new Map<number, string>()
  let fork: number | undefined

  function onSigned(seat: number, statement: Statement): void {
    const place = `${seat}/${statement.view}`
    const earlier = signedBy.get(place) ?? []
    signedBy.set(place, [...earlier, statement])
    if (earlier.some((other) => isContradiction(other, statement))) guilty.add(seat)
  }

  return {
    rule: 'S12',
    observe: (seen) => {
      if (seen.kind === 'signed') onSigned(seen.seat, seen.statement)
      if (seen.kind === 'delivered' && !committee.byzantineNodes.has(seen.node)) {
        const known = finalAt.get(seen.height) ?? seen.digest
        finalAt.set(seen.height, known)
        if (known !== seen.digest) fork ??= seen.height
      }
      if (seen.kind !== 'blamed' || committee.byzantineNodes.has(seen.node)) return undefined
      if (seen.seat < 0 || committee.byzantineSeats.has(seen.seat)) return undefined
      return `node ${seen.node} blames honest seat ${seen.seat} for a signature that does not verify`
    },
    finish: () => {
      const faults = Math.floor((committee.seatCount - 1) / 3)
      if (fork === undefined || guilty.size > faults) return undefined
      return `the chain forks at height ${fork}, and only ${guilty.size} seats contradicted themselves`
    },
  }
}

function isContradiction(first: Statement, second: Statement): boolean {
  const pair = `${first.kind}+${second.kind}`
  if (pair === 'nullify+finalize' || pair === 'finalize+nullify') return true
  return first.kind === second.kind && statementText(first) !== statementText(second)
}

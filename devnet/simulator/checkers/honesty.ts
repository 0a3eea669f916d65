/**
 * S7: an honest seat never signs two things of one view that it may not sign both, whatever crashes it went through, and
 * never appears in evidence; and evidence shows what it says: two signatures really made that really conflict.
 */
import {
  statementText,
  type CheckedCommittee,
  type Checker,
  type Statement,
} from './observation.ts'

export function createHonestyChecker(committee: CheckedCommittee): Checker {
  const signedBy = new Map<string, Statement[]>()
  const made = new Set<string>()

  function onSigned(seat: number, statement: Statement): string | undefined {
    made.add(`${seat}/${statementText(statement)}`)
    const place = `${seat}/${statement.view}`
    const earlier = signedBy.get(place) ?? []
    signedBy.set(place, earlier)
    const rival = earlier.find((other) => conflict(other, statement))
    earlier.push(statement)
    if (rival === undefined || committee.byzantineSeats.has(seat)) return undefined
    return `honest seat ${seat} signed ${statementText(rival)} and ${statementText(statement)}`
  }

  function onEvidence(seat: number, first: Statement, second: Statement): string | undefined {
    const texts = `${statementText(first)} and ${statementText(second)}`
    if (!committee.byzantineSeats.has(seat)) return `evidence against honest seat ${seat}: ${texts}`
    if (!conflict(first, second)) return `evidence against seat ${seat} without conflict: ${texts}`
    for (const statement of [first, second]) {
      if (!made.has(`${seat}/${statementText(statement)}`)) {
        return `evidence against seat ${seat} with a signature it never made: ${texts}`
      }
    }
    return undefined
  }

  return {
    rule: 'S7',
    observe: (seen) => {
      if (seen.kind === 'signed') return onSigned(seen.seat, seen.statement)
      if (seen.kind !== 'evidence' || committee.byzantineNodes.has(seen.node)) return undefined
      return onEvidence(seen.seat, seen.first, seen.second)
    },
  }
}

/** Two proposals in one view, two finalizations in one view, or a view both given up and finalized. */
function conflict(first: Statement, second: Statement): boolean {
  if (first.view !== second.view) return false
  if (first.kind === second.kind) return statementText(first) !== statementText(second)
  const kinds = [first.kind, second.kind]
  return kinds.includes('nullify') && kinds.includes('finalize')
}

/**
 * Who is who in a plan. Nodes are numbered: first one per seat, then the second instance of every twinned seat, then the
 * observers.
 */
import { OBSERVER_SEAT, type Seat } from '../../node/primitives/identifiers.ts'
import type { Vice } from './adversaries/vice.ts'
import type { CheckedCommittee } from './checkers/observation.ts'
import type { ConsensusPlan } from './consensus-plan.ts'
import { digestText } from './digest-text.ts'
import { TOY_GENESIS } from './toy-chain.ts'

export type Role = {
  readonly node: number
  readonly seat: Seat
  /** Absent for honest nodes. */
  readonly vice: Vice | undefined
}

export function rolesOf(plan: ConsensusPlan): readonly Role[] {
  const viceOf = new Map(plan.adversaries.map(({ seat, vice }) => [seat, vice]))
  const seats = Array.from({ length: plan.seatCount }, (_, seat) => seat)
  const twins = seats.filter((seat) => viceOf.get(seat) === 'twins')
  const observers = Array.from({ length: plan.observerCount }, () => OBSERVER_SEAT)
  return [...seats, ...twins, ...observers].map((seat, node) => ({
    node,
    seat,
    vice: viceOf.get(seat),
  }))
}

export function checkedCommittee(plan: ConsensusPlan, roles: readonly Role[]): CheckedCommittee {
  const byzantine = roles.filter(({ vice }) => vice !== undefined)
  return {
    seatCount: plan.seatCount,
    byzantineSeats: new Set(byzantine.map(({ seat }) => seat)),
    byzantineNodes: new Set(byzantine.map(({ node }) => node)),
    genesis: { digest: digestText(TOY_GENESIS.hash), height: TOY_GENESIS.height },
  }
}

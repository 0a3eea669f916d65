/**
 * Twin: one key on two machines that know nothing of each other (Twins, Bano et al.). Each instance speaks with its own
 * random set of seats, drawn anew for every view, so the two lead different parts of the committee into different blocks.
 */
import type { Seat } from '../../../node/primitives/identifiers.ts'
import { viewOf } from '../consensus-seen.ts'
import type { Adversary, AdversaryPorts } from './adversary.ts'

/** Of 5: a seat is within reach of an instance in a view. Two masks cover each other partly, which is what hurts. */
const REACH = 3
const REACH_OF = 5

export function createTwin(ports: AdversaryPorts): Adversary {
  const masks = new Map<number, readonly boolean[]>()

  function maskOf(view: number): readonly boolean[] {
    const known = masks.get(view)
    if (known !== undefined) return known
    const dice = ports.dice.stream(`mask/${view}`)
    const mask = Array.from({ length: ports.seatCount }, () => dice.chance(REACH, REACH_OF))
    masks.set(view, mask)
    return mask
  }

  function reaches(view: number, seat: Seat): boolean {
    return maskOf(view)[seat] === true
  }

  return {
    outgoing: (message, recipients) => {
      const view = viewOf(message)
      return recipients.filter((to) => reaches(view, to)).map((to) => ({ to, message }))
    },
    admits: (from, message) => from === undefined || reaches(viewOf(message), from),
  }
}

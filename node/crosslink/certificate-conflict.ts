/**
 * What two certificates of one (chain, epoch) prove against the seats that signed both (docs/protocol/consensus.md A.3,
 * docs/protocol/crosslinks.md C.7).
 *
 * It is what two votes of one seat prove, for every seat in both bitmaps at once. Two FINALIZATIONs of different views prove
 * nothing about single seats, although their blocks exclude each other: whoever voted for the first, saw its view nullified by
 * others and voted for the second, is honest. The guilty ones of such a fork are in the FINALIZATION and the NULLIFICATION of
 * the earlier view.
 */
import type { Seat } from '../primitives/identifiers.ts'
import { proposalKey, seatsOf, type Certificate } from './certificate.ts'

/**
 * Seats that signed both, ascending, if an honest seat signs at most one of them; else none. The caller has checked both
 * signatures under the committee of one (chain, epoch). Two quorums share at least n - 2f seats, more than f.
 */
export function guiltySeats(
  first: Certificate,
  second: Certificate,
  seatCount: number,
): readonly Seat[] {
  if (!excludeEachOther(first, second)) return []
  const signers = seatsOf(first.signers, seatCount)
  const others = seatsOf(second.signers, seatCount)
  if (signers === undefined || others === undefined) return []
  return signers.filter((seat) => others.includes(seat))
}

/** As for votes (consensus/evidence.ts): NOTARIZE goes together with NULLIFY (R6), and with FINALIZE of another block (R8). */
function excludeEachOther(first: Certificate, second: Certificate): boolean {
  if (first.view !== second.view) return false
  if (first.kind !== second.kind) return first.kind !== 'notarize' && second.kind !== 'notarize'
  return keyOf(first) !== keyOf(second)
}

function keyOf({ proposal }: Certificate): string {
  return proposal === undefined ? '' : proposalKey(proposal)
}

/** Which seats two certificates convict (C.7), and which they must not. */
import { describe, expect, it } from 'vitest'
import { guiltySeats } from '../../../node/crosslink/certificate-conflict.ts'
import {
  bitmapOf,
  faultsTolerated,
  quorumOf,
  type Certificate,
  type VoteKind,
} from '../../../node/crosslink/certificate.ts'
import { hashOf } from './examples.ts'

function certificateOf(
  kind: VoteKind,
  name: string,
  seats: readonly number[],
  view = 3,
): Certificate {
  const proposal =
    kind === 'nullify'
      ? undefined
      : { view, parentView: view - 1, parentHash: hashOf('parent'), hash: hashOf(name) }
  return { kind, view, proposal, signers: bitmapOf(seats, 7), signature: new Uint8Array(96) }
}

const EARLY = [0, 1, 2, 3, 4]
const LATE = [2, 3, 4, 5, 6]

describe('crosslink: certificate conflict', () => {
  it.each([
    ['two FINALIZATIONs of one view', 'finalize', 'finalize'],
    ['two NOTARIZATIONs of one view', 'notarize', 'notarize'],
    ['FINALIZATION and NULLIFICATION of one view', 'finalize', 'nullify'],
  ] as const)('crosslink: certificate conflict: C.7: %s convict whoever signed both', (_, a, b) => {
    const [first, second] = [certificateOf(a, 'left', EARLY), certificateOf(b, 'right', LATE)]
    expect(guiltySeats(first, second, 7)).toEqual([2, 3, 4])
    expect(guiltySeats(second, first, 7)).toEqual([2, 3, 4])
  })

  it.each([
    ['NOTARIZATION and NULLIFICATION: a timeout (R6)', 'notarize', 'nullify', 3],
    ['NOTARIZATION and FINALIZATION of another (R8)', 'notarize', 'finalize', 3],
    [
      'FINALIZATIONs of two views: the second voter may have seen the first nullified',
      'finalize',
      'finalize',
      4,
    ],
    ['FINALIZATION, and NULLIFICATION of another view', 'finalize', 'nullify', 4],
  ] as const)('crosslink: certificate conflict: C.7: %s convicts nobody', (_, a, b, view) => {
    const first = certificateOf(a, 'left', EARLY)
    expect(guiltySeats(first, certificateOf(b, 'right', LATE, view), 7)).toEqual([])
  })

  it('crosslink: certificate conflict: A.3: one certificate twice, or with other signers, is no contradiction', () => {
    expect(
      guiltySeats(
        certificateOf('finalize', 'left', EARLY),
        certificateOf('finalize', 'left', LATE),
        7,
      ),
    ).toEqual([])
  })

  it('crosslink: certificate conflict: A.2: two quorums of any committee share more than f seats', () => {
    for (let seats = 4; seats <= 128; seats++) {
      expect(2 * quorumOf(seats) - seats).toBeGreaterThan(faultsTolerated(seats))
    }
  })

  it('crosslink: certificate conflict: a bitmap of another committee convicts nobody', () => {
    expect(
      guiltySeats(
        certificateOf('finalize', 'left', EARLY),
        certificateOf('finalize', 'right', LATE),
        20,
      ),
    ).toEqual([])
  })
})

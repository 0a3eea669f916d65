/** Certificates: what is signed, how many must sign, and who did. */
import { describe, expect, it } from 'vitest'
import { decodeCertificate, encodeCertificate } from '../../../node/crosslink/certificate-codec.ts'
import {
  bitmapOf,
  faultsTolerated,
  proposalKey,
  quorumOf,
  seatsOf,
  signingRoot,
  type Proposal,
} from '../../../node/crosslink/certificate.ts'
import { toHex } from '../../../node/primitives/bytes.ts'
import { exampleCertificate, hashOf } from './examples.ts'

const proposal: Proposal = {
  view: 4,
  parentView: 3,
  parentHash: hashOf('parent'),
  hash: hashOf('block'),
}
const domain = { genesisHash: hashOf('genesis'), chain: 1, epoch: 0 }

describe('crosslink: certificate', () => {
  it('crosslink: certificate: A.3: no two votes of different meaning sign the same bytes', () => {
    const roots = [
      signingRoot(domain, 'notarize', 4, proposal),
      signingRoot(domain, 'finalize', 4, proposal),
      signingRoot(domain, 'nullify', 4, undefined),
      signingRoot(domain, 'nullify', 5, undefined),
      signingRoot({ ...domain, chain: 2 }, 'notarize', 4, proposal),
      signingRoot({ ...domain, epoch: 1 }, 'notarize', 4, proposal),
      signingRoot({ ...domain, genesisHash: hashOf('other') }, 'notarize', 4, proposal),
      signingRoot(domain, 'notarize', 4, { ...proposal, parentView: 2 }),
      signingRoot(domain, 'notarize', 4, { ...proposal, parentHash: hashOf('other') }),
      signingRoot(domain, 'notarize', 4, { ...proposal, hash: hashOf('other') }),
      signingRoot(domain, 'notarize', 5, { ...proposal, view: 5 }),
    ]
    expect(new Set(roots.map(toHex)).size).toBe(roots.length)
  })

  it('crosslink: certificate: a vote with the proposal of another view is our own mistake', () => {
    expect(() => signingRoot(domain, 'notarize', 5, proposal)).toThrow('one view')
    expect(() => signingRoot(domain, 'nullify', 4, proposal)).toThrow('no proposal')
    expect(() => signingRoot(domain, 'finalize', 4, undefined)).toThrow('no proposal')
  })

  it('crosslink: certificate: proposals have equal keys exactly when they are equal', () => {
    expect(proposalKey({ ...proposal })).toBe(proposalKey(proposal))
    const others = [
      { ...proposal, view: 5 },
      { ...proposal, parentView: 2 },
      { ...proposal, parentHash: proposal.hash },
      { ...proposal, hash: proposal.parentHash },
    ]
    for (const other of others) expect(proposalKey(other)).not.toBe(proposalKey(proposal))
  })

  it('crosslink: certificate: A.2: the quorum is n - f, and two quorums always share an honest seat', () => {
    expect([1, 2, 3, 4, 5, 6, 7, 16, 128].map(quorumOf)).toEqual([1, 2, 3, 3, 4, 5, 5, 11, 86])
    for (let count = 1; count <= 128; count++) {
      const overlap = 2 * quorumOf(count) - count
      expect(overlap).toBeGreaterThan(faultsTolerated(count))
    }
  })

  it('crosslink: certificate: a bitmap gives back its seats in ascending order', () => {
    for (const count of [1, 4, 7, 8, 9, 16, 127, 128]) {
      const seats = Array.from({ length: count }, (_, seat) => seat).filter(
        (seat) => seat % 3 !== 1,
      )
      expect(seatsOf(bitmapOf(seats.toReversed(), count), count)).toEqual(seats)
    }
  })

  it('crosslink: certificate: a bitmap of another length or with bits past the end names nobody', () => {
    expect(seatsOf(Uint8Array.of(0b0001_0000), 4)).toBeUndefined()
    expect(seatsOf(Uint8Array.of(1, 0), 4)).toBeUndefined()
    expect(seatsOf(new Uint8Array(0), 4)).toBeUndefined()
    expect(seatsOf(Uint8Array.of(255, 1), 9)).toHaveLength(9)
    expect(seatsOf(Uint8Array.of(255, 2), 9)).toBeUndefined()
  })

  it('crosslink: certificate: our own bitmap never holds a seat twice or out of range', () => {
    expect(() => bitmapOf([1, 1], 4)).toThrow('signs twice')
    expect(() => bitmapOf([4], 4)).toThrow('has a seat')
    expect(() => bitmapOf([-1], 4)).toThrow('has a seat')
  })

  it('crosslink: certificate: bytes beyond the bounds of the reader are refused', () => {
    const bytes = encodeCertificate(exampleCertificate())
    expect(decodeCertificate(bytes).ok).toBe(true)
    expect(decodeCertificate(bytes, { seatCountMax: 8, signatureBytesMax: 95 }).ok).toBe(false)
    expect(decodeCertificate(bytes, { seatCountMax: 0, signatureBytesMax: 96 }).ok).toBe(false)
  })
})

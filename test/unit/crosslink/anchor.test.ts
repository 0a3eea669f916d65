/** Anchors: validity and freshness. */
import { describe, expect, it } from 'vitest'
import { checkAnchor, isAnchorFresh, type AnchorClaim } from '../../../node/crosslink/anchor.ts'
import { ANCHOR_LAG_MAX } from '../../../node/primitives/limits.ts'
import { exampleRecord, hashOf } from './examples.ts'

const view = {
  beaconHeight: 7,
  beaconHash: hashOf('beacon 7'),
  epoch: 3,
  timestampMs: 1,
  shards: [exampleRecord()],
}
const anchor = { beaconHeight: 7, beaconHash: hashOf('beacon 7') }

const codeOf = (header: Partial<AnchorClaim['header']>, parentHeight = 7): string => {
  const result = checkAnchor({
    header: { anchor, epoch: 3, sealing: false, ...header },
    view,
    parentAnchor: { beaconHeight: parentHeight },
  })
  return result.ok ? 'accepted' : result.reject.code
}

describe('crosslink: anchor', () => {
  it('crosslink: anchor: C.2: the finalized beacon block of its height is accepted', () => {
    expect(codeOf({})).toBe('accepted')
    expect(codeOf({}, 0)).toBe('accepted')
  })

  it('crosslink: anchor: a forged hash or another height is refused', () => {
    expect(codeOf({ anchor: { ...anchor, beaconHash: hashOf('other') } })).toBe('anchor-unknown')
    expect(codeOf({ anchor: { ...anchor, beaconHeight: 6 } })).toBe('anchor-unknown')
  })

  it('crosslink: anchor: an anchor before the parent’s is refused', () => {
    expect(codeOf({}, 8)).toBe('anchor-regressed')
  })

  it('crosslink: anchor: B.5: a later epoch seals, and nothing else does', () => {
    expect(codeOf({ epoch: 2, sealing: true })).toBe('accepted')
    expect(codeOf({ epoch: 2 })).toBe('anchor-epoch')
    expect(codeOf({ sealing: true })).toBe('anchor-epoch')
    expect(codeOf({ epoch: 4 })).toBe('anchor-epoch')
  })

  it('crosslink: anchor: a proposal may lag by ANCHOR_LAG_MAX beacon blocks and no more', () => {
    expect(isAnchorFresh(anchor, 7 + ANCHOR_LAG_MAX)).toBe(true)
    expect(isAnchorFresh(anchor, 8 + ANCHOR_LAG_MAX)).toBe(false)
    expect(isAnchorFresh(anchor, 3)).toBe(true)
  })
})

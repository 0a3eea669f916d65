/** The beacon's transition: headers, randomness, records, signatures. */
import { describe, expect, it } from 'vitest'
import type { BeaconBlock } from '../../../node/beacon/block.ts'
import { mixIn, revealRoot } from '../../../node/beacon/randao.ts'
import { beaconHashAt, proposerOf, recordOf, type BeaconState } from '../../../node/beacon/state.ts'
import {
  applyBeaconBlock,
  crosslinkCheck,
  LAG_BLOCKS,
  revealCheck,
  signatureChecks,
  TIMESTAMP_DRIFT_MAX_MS,
} from '../../../node/beacon/transition.ts'
import type { SignatureDemand } from '../../../node/beacon/signature-demand.ts'
import { bitmapOf } from '../../../node/crosslink/certificate.ts'
import { beaconBlockHash } from '../../../node/crosslink/header-codec.ts'
import type { BeaconHeader } from '../../../node/crosslink/header.ts'
import { present } from '../../../node/primitives/assert.ts'
import { toHex } from '../../../node/primitives/bytes.ts'
import { BEACON_HASH_RING } from '../../../node/primitives/limits.ts'
import { hashOf } from '../crosslink/examples.ts'
import { advanceBy, buildOn, certify, exampleState, nextCrosslink, scheme } from './network.ts'

const genesis = exampleState()
const built = buildOn(genesis, [nextCrosslink(genesis, 1), nextCrosslink(genesis, 2)])

const codeOf = (state: BeaconState, block: BeaconBlock, expected = {}): string => {
  const result = applyBeaconBlock(state, block, expected)
  return result.ok ? 'accepted' : result.reject.code
}
const withHeader = (changes: Partial<BeaconHeader>): BeaconBlock => ({
  ...built.block,
  header: { ...built.block.header, ...changes },
})
const holds = (demand: SignatureDemand): boolean => {
  const [signature] = demand.signatures
  if (signature === undefined || demand.signatures.length !== 1) return false
  return demand.mode === 'aggregate'
    ? scheme.verifyAggregate(demand.publicKeys, demand.message, signature)
    : scheme.verify(present(demand.publicKeys[0], 'one key'), demand.message, signature)
}

describe('beacon: transition', () => {
  it('beacon: transition: B.1: a follower reaches the builder’s state', () => {
    expect(applyBeaconBlock(genesis, built.block)).toEqual({ ok: true, value: built.state })
    expect(built.state.height).toBe(1)
    expect(toHex(built.state.headHash)).toBe(toHex(beaconBlockHash(built.block.header)))
    expect(recordOf(built.state, 1).height).toBe(1)
  })

  it('beacon: transition: B.1: every false field of a header is refused by name', () => {
    const { header } = built.block
    expect(codeOf(genesis, withHeader({ parentHash: hashOf('other') }))).toBe('wrong-parent')
    expect(codeOf(genesis, withHeader({ height: 2 }))).toBe('wrong-height')
    expect(codeOf(genesis, withHeader({ epoch: 1 }))).toBe('wrong-epoch')
    expect(codeOf(genesis, withHeader({ view: 0 }))).toBe('wrong-view')
    const other = (header.proposerSeat + 1) % 8
    expect(codeOf(genesis, withHeader({ proposerSeat: other }))).toBe('wrong-proposer')
    expect(codeOf(genesis, withHeader({ sealing: true }))).toBe('wrong-sealing')
    expect(codeOf(genesis, withHeader({ timestampMs: genesis.timestampMs }))).toBe(
      'timestamp-not-ahead',
    )
    expect(codeOf(genesis, withHeader({ mix: hashOf('other') }))).toBe('wrong-mix')
    expect(codeOf(genesis, withHeader({ stateRoot: hashOf('other') }))).toBe('wrong-state-root')
    expect(codeOf(genesis, withHeader({ timestampMs: header.timestampMs + 1 }))).toBe(
      'wrong-state-root',
    )
    expect(codeOf(built.state, built.block)).toBe('wrong-parent')
  })

  it('beacon: transition: R4: a proposal is of its view and not stamped in the future', () => {
    const { view, timestampMs } = built.block.header
    expect(codeOf(genesis, built.block, { view })).toBe('accepted')
    expect(codeOf(genesis, built.block, { view: view + 1 })).toBe('wrong-view')
    const edge = timestampMs - TIMESTAMP_DRIFT_MAX_MS
    expect(codeOf(genesis, built.block, { nowMs: edge })).toBe('accepted')
    expect(codeOf(genesis, built.block, { nowMs: edge - 1 })).toBe('timestamp-in-future')
  })

  it('beacon: transition: a block in a later view is proposed by that view’s leader', () => {
    const late = buildOn(genesis, [], { view: 6 })
    expect(late.block.header.proposerSeat).toBe(proposerOf(genesis, 0, 6))
    expect(codeOf(genesis, late.block, { view: 6 })).toBe('accepted')
  })

  it('beacon: transition: C.3 (6): one crosslink per shard, ascending', () => {
    const [first, second] = built.block.body.crosslinks.map((link) =>
      present(link, 'there are two'),
    )
    const withCrosslinks = (crosslinks: readonly (typeof first)[]): BeaconBlock => ({
      ...built.block,
      body: {
        ...built.block.body,
        crosslinks: crosslinks.map((link) => present(link, 'there are two')),
      },
    })
    expect(codeOf(genesis, withCrosslinks([first, first]))).toBe('crosslink-repeated')
    expect(codeOf(genesis, withCrosslinks([second, first]))).toBe('crosslink-order')
    expect(codeOf(genesis, withCrosslinks([first]))).toBe('wrong-state-root')
  })

  it('beacon: transition: B.2: the mix is a hash chain over reveals, whose order and bytes matter', () => {
    const [one, two] = [Uint8Array.of(1), Uint8Array.of(2)]
    const mixes = [
      mixIn(mixIn(hashOf('mix'), one), two),
      mixIn(mixIn(hashOf('mix'), two), one),
      mixIn(hashOf('mix'), one),
      mixIn(mixIn(hashOf('mix'), one), one),
    ]
    expect(new Set(mixes.map(toHex)).size).toBe(4)
    expect(toHex(built.state.mix)).toBe(toHex(mixIn(genesis.mix, built.block.body.reveal)))
    const roots = [revealRoot(hashOf('a'), 0, 1), revealRoot(hashOf('a'), 0, 2)]
    roots.push(revealRoot(hashOf('a'), 1, 1), revealRoot(hashOf('b'), 0, 1))
    expect(new Set(roots.map(toHex)).size).toBe(4)
  })

  it('beacon: transition: the ring knows the last BEACON_HASH_RING blocks and the head', () => {
    const state = advanceBy(genesis, BEACON_HASH_RING + 3)
    expect(beaconHashAt(state, state.height)).toEqual(state.headHash)
    expect(beaconHashAt(state, state.height + 1)).toBeUndefined()
    expect(beaconHashAt(state, 3)).toBeDefined()
    expect(beaconHashAt(state, 2)).toBeUndefined()
    const before = advanceBy(genesis, BEACON_HASH_RING + 2)
    expect(beaconHashAt(state, before.height)).toEqual(before.headHash)
  })
})

describe('beacon: signatures', () => {
  it('beacon: signatures: an honest block asks for reveal and certificates, and all hold', () => {
    const demands = signatureChecks(genesis, built.block)
    expect(demands.map((demand) => demand.mode)).toEqual(['single', 'aggregate', 'aggregate'])
    expect(demands.every(holds)).toBe(true)
  })

  it('beacon: signatures: B.2: the reveal of another view or another seat does not hold', () => {
    const otherView = { ...built.block, header: { ...built.block.header, view: 2 } }
    expect(holds(present(revealCheck(genesis, otherView), 'the seat exists'))).toBe(false)
    const otherSeat = (built.block.header.proposerSeat + 1) % 8
    const stolen = { ...built.block, header: { ...built.block.header, proposerSeat: otherSeat } }
    expect(holds(present(revealCheck(genesis, stolen), 'the seat exists'))).toBe(false)
    const nobody = { ...built.block, header: { ...built.block.header, proposerSeat: 8 } }
    expect(revealCheck(genesis, nobody)).toBeUndefined()
  })

  it('beacon: signatures: C.3 (4): a certificate by another committee does not hold', () => {
    const crosslink = nextCrosslink(genesis, 1)
    const foreign = certify(genesis, crosslink.tip, {
      committee: present(genesis.committees[2], 'there are two shards'),
    })
    const forged = { ...crosslink, certificate: foreign }
    expect(holds(present(crosslinkCheck(genesis, crosslink), 'well formed'))).toBe(true)
    expect(holds(present(crosslinkCheck(genesis, forged), 'well formed'))).toBe(false)
  })

  it('beacon: signatures: a bitmap that claims other signers does not hold', () => {
    const crosslink = nextCrosslink(genesis, 1)
    const signers = bitmapOf([1, 2, 3], 4)
    const claimed = { ...crosslink, certificate: { ...crosslink.certificate, signers } }
    expect(holds(present(crosslinkCheck(genesis, claimed), 'well formed'))).toBe(false)
  })

  it('beacon: signatures: a certificate without quorum, kind or committee asks for nothing', () => {
    const crosslink = nextCrosslink(genesis, 1)
    const { certificate, tip } = crosslink
    const bad = [
      { ...crosslink, shard: 3 },
      { ...crosslink, tip: { ...tip, epoch: 1 } },
      { ...crosslink, certificate: certify(genesis, tip, { seats: [0, 1] }) },
      { ...crosslink, certificate: certify(genesis, tip, { kind: 'notarize' as const }) },
      { ...crosslink, certificate: { ...certificate, signers: Uint8Array.of(7, 0) } },
      { ...crosslink, certificate: { ...certificate, proposal: undefined } },
    ]
    for (const crosslinkWithout of bad) {
      expect(crosslinkCheck(genesis, crosslinkWithout)).toBeUndefined()
    }
  })
})

describe('beacon: lag', () => {
  it('beacon: lag: C.7: a shard with known work and no crosslink for LAG_BLOCKS blocks is lagging, until the next one', () => {
    const busy = buildOn(genesis, [nextCrosslink(genesis, 1, { tip: { inboxUnits: 1 } })]).state
    const almost = advanceBy(busy, LAG_BLOCKS - 1)
    expect(recordOf(almost, 1).status).toBe('live')
    const late = advanceBy(almost, 1)
    expect(recordOf(late, 1).status).toBe('lagging')
    const revived = buildOn(late, [nextCrosslink(late, 1)]).state
    expect(recordOf(revived, 1).status).toBe('live')
  })

  it('beacon: lag: an idle shard may stay silent', () => {
    const idle = buildOn(genesis, [nextCrosslink(genesis, 1)]).state
    expect(recordOf(advanceBy(idle, 3 * LAG_BLOCKS), 1).status).toBe('live')
  })
})

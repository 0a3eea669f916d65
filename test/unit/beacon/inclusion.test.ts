/** The inclusion rule: each condition of C.3 refuses by a code of its own. */
import { describe, expect, it } from 'vitest'
import { checkCrosslink } from '../../../node/beacon/inclusion.ts'
import { beaconHashAt, recordOf, type BeaconState } from '../../../node/beacon/state.ts'
import { applyBeaconBlock } from '../../../node/beacon/transition.ts'
import { EMPTY_CHANNEL, outRootOf } from '../../../node/crosslink/channel.ts'
import type { Crosslink, ShardRecord } from '../../../node/crosslink/crosslink.ts'
import { shardBlockHash } from '../../../node/crosslink/header-codec.ts'
import { present } from '../../../node/primitives/assert.ts'
import { BEACON_HASH_RING, CROSSLINK_SPAN_MAX } from '../../../node/primitives/limits.ts'
import { addressOf, channelsWith, hashOf } from '../crosslink/examples.ts'
import {
  advanceBy,
  buildOn,
  certify,
  crosslinkOver,
  exampleGenesis,
  exampleState,
  headersOn,
  nextCrosslink,
} from './network.ts'

const codeOf = (state: BeaconState, crosslink: Crosslink): string => {
  const result = checkCrosslink(state, crosslink, state.height + 1)
  return result.ok ? 'accepted' : result.reject.code
}

/** The state with shard 1's record changed. */
const withRecord = (state: BeaconState, changes: Partial<ShardRecord>): BeaconState => ({
  ...state,
  shards: state.shards.map((record) => (record.shard === 1 ? { ...record, ...changes } : record)),
})

const genesis = exampleState()
/** Beacon height 3, shard 1 recorded at height 2. */
const started = advanceBy(buildOn(genesis, [nextCrosslink(genesis, 1, { count: 2 })]).state, 2)

describe('beacon: inclusion', () => {
  it('beacon: inclusion: C.3: a crosslink of the next blocks becomes the shard’s record', () => {
    const crosslink = nextCrosslink(started, 1, { count: 5, tip: { inboxUnits: 3, outBytes: 9 } })
    const result = checkCrosslink(started, crosslink, 4)
    expect(result).toMatchObject({
      ok: true,
      value: {
        shard: 1,
        height: 7,
        hash: shardBlockHash(crosslink.tip),
        stateRoot: crosslink.tip.stateRoot,
        outRoot: crosslink.tip.outRoot,
        anchorHeight: 3,
        inboxUnits: 3,
        outBytes: 9,
        lastCrosslinkHeight: 4,
        status: 'live',
      },
    })
  })

  it('beacon: inclusion: C.3 (1): a replayed crosslink is not ahead of the record', () => {
    const crosslink = nextCrosslink(genesis, 1)
    const { state } = buildOn(genesis, [crosslink])
    expect(recordOf(state, 1).height).toBe(1)
    expect(codeOf(state, crosslink)).toBe('tip-not-ahead')
  })

  it('beacon: inclusion: C.3 (1): a crosslink covers at most CROSSLINK_SPAN_MAX blocks', () => {
    expect(codeOf(genesis, nextCrosslink(genesis, 1, { count: CROSSLINK_SPAN_MAX }))).toBe(
      'accepted',
    )
    expect(codeOf(genesis, nextCrosslink(genesis, 1, { count: CROSSLINK_SPAN_MAX + 1 }))).toBe(
      'span-too-long',
    )
  })

  it('beacon: inclusion: C.3 (1): a shard that does not exist or is frozen has no crosslinks', () => {
    const crosslink = nextCrosslink(genesis, 1)
    expect(codeOf(genesis, { ...crosslink, shard: 3 })).toBe('unknown-shard')
    expect(codeOf(genesis, { ...crosslink, shard: 0 })).toBe('unknown-shard')
    expect(codeOf(genesis, { ...crosslink, shard: 2 })).toBe('unknown-shard')
    expect(codeOf(withRecord(genesis, { status: 'frozen' }), crosslink)).toBe('shard-frozen')
    expect(codeOf(withRecord(genesis, { status: 'lagging' }), crosslink)).toBe('accepted')
    expect(codeOf(withRecord(genesis, { status: 'recovering' }), crosslink)).toBe('accepted')
  })

  it('beacon: inclusion: C.3 (2): a certified branch that forks off behind the record is refused', () => {
    const main = nextCrosslink(genesis, 1, { count: 2, branch: 'main' })
    const { state } = buildOn(genesis, [main])
    const rival = headersOn(genesis, recordOf(genesis, 1), { count: 4, branch: 'rival' })
    // The committee signed it, its links are those of real blocks, and still it does not extend the record.
    const crosslink = crosslinkOver(genesis, rival.slice(2), {})
    expect(crosslink.tip.height).toBe(4)
    expect(codeOf(state, crosslink)).toBe('not-descended')
  })

  it('beacon: inclusion: C.3 (2): a skipped, repeated or forged link is refused', () => {
    const crosslink = nextCrosslink(genesis, 1, { count: 3 })
    const { links } = crosslink
    expect(codeOf(genesis, { ...crosslink, links: links.slice(1) })).toBe('links-miscounted')
    expect(codeOf(genesis, { ...crosslink, links: [...links, ...links] })).toBe('links-miscounted')
    const forged = [hashOf('forged'), ...links.slice(1)]
    expect(codeOf(genesis, { ...crosslink, links: forged })).toBe('not-descended')
  })

  it('beacon: inclusion: C.3 (3), B.5: a tip of another epoch, or one that seals without a reason, is refused', () => {
    expect(codeOf(genesis, nextCrosslink(genesis, 1, { tip: { epoch: 1 } }))).toBe('wrong-epoch')
    expect(codeOf(genesis, nextCrosslink(genesis, 1, { tip: { sealing: true } }))).toBe(
      'wrong-sealing',
    )
  })

  it('beacon: inclusion: C.3 (4): anything but a finalization of this tip by a quorum is refused', () => {
    const crosslink = nextCrosslink(genesis, 1)
    const { certificate, tip } = crosslink
    const other = nextCrosslink(genesis, 1, { branch: 'other' })
    const cases = {
      'certificate-kind': certify(genesis, tip, { kind: 'notarize' }),
      'certificate-mismatch': other.certificate,
      'certificate-quorum': certify(genesis, tip, { seats: [0, 1] }),
      'certificate-signers': { ...certificate, signers: Uint8Array.of(255) },
    }
    for (const [code, bad] of Object.entries(cases)) {
      expect(codeOf(genesis, { ...crosslink, certificate: bad })).toBe(code)
    }
    const late = { ...certificate, view: 2 }
    expect(codeOf(genesis, { ...crosslink, certificate: late })).toBe('certificate-mismatch')
    const nullified = { ...certificate, kind: 'nullify', proposal: undefined } as const
    expect(codeOf(genesis, { ...crosslink, certificate: nullified })).toBe('certificate-kind')
  })

  it('beacon: inclusion: C.3 (5): the anchor is a block of this chain that already exists', () => {
    const anchorOf = (beaconHeight: number, beaconHash = beaconHashAt(started, beaconHeight)) => ({
      anchor: { beaconHeight, beaconHash: beaconHash ?? hashOf('unknown') },
    })
    for (const height of [0, 1, 2, 3]) {
      expect(codeOf(started, nextCrosslink(started, 1, { tip: anchorOf(height) }))).toBe('accepted')
    }
    const forged = anchorOf(3, hashOf('forged'))
    expect(codeOf(started, nextCrosslink(started, 1, { tip: forged }))).toBe('anchor-unknown')
    // The block that would carry the crosslink, or a later one, cannot be its anchor.
    expect(codeOf(started, nextCrosslink(started, 1, { tip: anchorOf(4) }))).toBe('anchor-unknown')
  })

  it('beacon: inclusion: C.3 (5): an anchor that has left the ring is refused', () => {
    const later = advanceBy(genesis, BEACON_HASH_RING + 1)
    const anchored = (beaconHeight: number) =>
      nextCrosslink(later, 1, {
        tip: {
          anchor: {
            beaconHeight,
            beaconHash:
              beaconHeight === 0
                ? genesis.headHash
                : present(beaconHashAt(later, beaconHeight), 'in the ring'),
          },
        },
      })
    expect(codeOf(later, anchored(1))).toBe('accepted')
    expect(codeOf(later, anchored(0))).toBe('anchor-unknown')
  })

  it('beacon: inclusion: C.3 (5): an anchor before the recorded one is refused', () => {
    const { state } = buildOn(started, [nextCrosslink(started, 1)])
    expect(recordOf(state, 1).anchorHeight).toBe(3)
    const beaconHash = present(beaconHashAt(state, 2), 'in the ring')
    const stale = nextCrosslink(state, 1, { tip: { anchor: { beaconHeight: 2, beaconHash } } })
    expect(codeOf(state, stale)).toBe('anchor-regressed')
  })

  it('beacon: inclusion: C.5: cursors only move forward, one per chain', () => {
    const { state } = buildOn(genesis, [nextCrosslink(genesis, 1, { tip: { cursors: [0, 0, 5] } })])
    const withCursors = (cursors: readonly number[]) =>
      codeOf(state, nextCrosslink(state, 1, { tip: { cursors } }))
    expect(withCursors([0, 0, 5])).toBe('accepted')
    expect(withCursors([0, 0, 6])).toBe('accepted')
    expect(withCursors([0, 0, 4])).toBe('cursor-regressed')
    expect(withCursors([0, 5])).toBe('cursors-malformed')
    expect(withCursors([0, 1, 5])).toBe('cursors-malformed')
    // C.9: the beacon has sent nothing yet.
    expect(withCursors([1, 0, 5])).toBe('cursor-ahead')
  })

  it('beacon: inclusion: C.4: channels that are not under the tip’s outRoot are refused', () => {
    const used = channelsWith(2, 2, { nextSequence: 1, value: 0n, head: hashOf('head') })
    const headers = headersOn(genesis, recordOf(genesis, 1), { tip: { outRoot: outRootOf(used) } })
    expect(codeOf(genesis, crosslinkOver(genesis, headers, { channels: used }))).toBe('accepted')
    expect(codeOf(genesis, crosslinkOver(genesis, headers))).toBe('channels-mismatch')
    const longer = [...used, EMPTY_CHANNEL]
    expect(codeOf(genesis, crosslinkOver(genesis, headers, { channels: longer }))).toBe(
      'channels-mismatch',
    )
  })

  it('beacon: inclusion: C.3 (8): no more leaves a shard than it was given, and no count goes back', () => {
    const funded = exampleState(
      exampleGenesis({ allocations: [{ address: addressOf('any'), shard: 0, balance: 100n }] }),
    )
    const sends = (state: BeaconState, shard: number, value: bigint): Crosslink => {
      const channels = channelsWith(2, 3 - shard, { nextSequence: 1, value, head: hashOf('head') })
      const headers = headersOn(state, recordOf(state, shard), {
        tip: { outRoot: outRootOf(channels) },
      })
      return crosslinkOver(state, headers, { channels })
    }
    expect(codeOf(funded, sends(funded, 1, 100n))).toBe('accepted')
    expect(codeOf(funded, sends(funded, 1, 101n))).toBe('value-exceeded')
    const { state } = buildOn(funded, [sends(funded, 1, 40n)])
    expect(recordOf(state, 1)).toMatchObject({ supply: 100n, sent: [0n, 0n, 40n] })
    expect(codeOf(state, sends(state, 1, 39n))).toBe('value-regressed')
    expect(codeOf(state, sends(state, 1, 101n))).toBe('value-exceeded')
    // What was sent to a shard may leave it again; not in the same beacon block.
    expect(codeOf(funded, sends(funded, 2, 140n))).toBe('value-exceeded')
    expect(codeOf(state, sends(state, 2, 140n))).toBe('accepted')
    expect(codeOf(state, sends(state, 2, 141n))).toBe('value-exceeded')
  })

  it('beacon: inclusion: a block with one bad crosslink is refused as a whole, and says which', () => {
    const good = buildOn(started, [nextCrosslink(started, 1), nextCrosslink(started, 2)])
    const [first, second] = good.block.body.crosslinks
    const bad = { ...present(second, 'there are two'), links: [] }
    const body = { ...good.block.body, crosslinks: [present(first, 'there are two'), bad] }
    expect(applyBeaconBlock(started, { ...good.block, body })).toMatchObject({
      reject: { code: 'crosslink: links-miscounted' },
    })
  })
})

/** What the beacon does with a shard that cannot end its epoch (B.8). */
import { describe, expect, it } from 'vitest'
import { epochAfter, ONE_EPOCH } from '../../../node/beacon/epoch.ts'
import { checkCrosslink } from '../../../node/beacon/inclusion.ts'
import { beginRecovery, RECOVERY_BLOCKS } from '../../../node/beacon/recovery.ts'
import { decodeBeaconState, encodeBeaconState } from '../../../node/beacon/state-codec.ts'
import {
  beaconHashAt,
  committeeKeys,
  epochOfShard,
  recordOf,
  type BeaconState,
} from '../../../node/beacon/state.ts'
import { crosslinkCheck } from '../../../node/beacon/transition.ts'
import type { Crosslink } from '../../../node/crosslink/crosslink.ts'
import { present } from '../../../node/primitives/assert.ts'
import { advanceBy, buildOn, exampleGenesis, exampleState, nextCrosslink } from './network.ts'

const BLOCKS = 4
/** Epoch 0 is to be sealed by the end of epoch 1, which is block 8. */
const OVERDUE = 2 * BLOCKS
const FORCED = OVERDUE + RECOVERY_BLOCKS
const genesis = exampleState(exampleGenesis({ epochs: { ...ONE_EPOCH, blocks: BLOCKS } }))

const codeOf = (state: BeaconState, crosslink: Crosslink): string => {
  const result = checkCrosslink(state, crosslink, state.height + 1)
  return result.ok ? 'accepted' : result.reject.code
}

/** The next crosslink of shard 1, anchored at this beacon height. */
function anchoredAt(state: BeaconState, beaconHeight: number): Crosslink {
  const epoch = epochOfShard(state, recordOf(state, 1))
  const beaconHash = present(beaconHashAt(state, beaconHeight), 'a recent block')
  const sealing = epochAfter(state.epochRules, beaconHeight) > epoch
  return nextCrosslink(state, 1, { tip: { sealing, anchor: { beaconHeight, beaconHash } } })
}

describe('beacon: recovery', () => {
  it('beacon: recovery: B.8: a shard that has not ended its epoch by the end of the next one recovers', () => {
    expect(recordOf(advanceBy(genesis, OVERDUE - 1), 1)).toMatchObject({ status: 'live' })
    const late = advanceBy(genesis, OVERDUE)
    expect(recordOf(late, 1)).toMatchObject({ status: 'recovering', recoveringSince: OVERDUE })
    expect(decodeBeaconState(encodeBeaconState(late))).toEqual({ ok: true, value: late })
    const once = buildOn(advanceBy(genesis, BLOCKS), [
      anchoredAt(advanceBy(genesis, BLOCKS), BLOCKS),
    ]).state
    expect(recordOf(advanceBy(once, BLOCKS - 1), 1)).toMatchObject({ status: 'live' })
  })

  it('beacon: recovery: B.8: what was finalized before is still recorded, and what is anchored later is not', () => {
    const late = advanceBy(genesis, OVERDUE + 3)
    expect(codeOf(late, anchoredAt(late, OVERDUE))).toBe('anchor-in-recovery')
    const old = anchoredAt(late, BLOCKS - 1)
    const { state } = buildOn(late, [old])
    expect(recordOf(state, 1)).toMatchObject({
      height: 1,
      status: 'recovering',
      recoveringSince: OVERDUE,
    })
  })

  it('beacon: recovery: B.8: the late end of its epoch ends the recovery', () => {
    const late = advanceBy(genesis, FORCED - 2)
    const { state } = buildOn(late, [anchoredAt(late, OVERDUE - 1)])
    const record = recordOf(state, 1)
    expect(record).toMatchObject({ sealed: true, forcedEpoch: 0 })
    expect(epochOfShard(state, record)).toBe(1)
    // Epoch 1 should have ended by now, too.
    expect(record).toMatchObject({ status: 'recovering', recoveringSince: state.height })
    const soon = advanceBy(genesis, OVERDUE)
    const saved = buildOn(soon, [anchoredAt(soon, OVERDUE - 1)]).state
    expect(recordOf(saved, 1)).toMatchObject({ status: 'live', recoveringSince: 0 })
  })

  it('beacon: recovery: B.8: then it goes on from its head in the epoch of the beacon, under that epoch’s seats', () => {
    expect(recordOf(advanceBy(genesis, FORCED - 1), 1)).toMatchObject({ status: 'recovering' })
    const state = advanceBy(genesis, FORCED)
    const record = recordOf(state, 1)
    const { hash, height } = recordOf(genesis, 1)
    expect(record).toMatchObject({ hash, height, status: 'lagging', recoveringSince: 0 })
    expect([record.forcedEpoch, epochOfShard(state, record)]).toEqual([6, 6])
    expect(codeOf(state, nextCrosslink(state, 1, { tip: { epoch: 0 } }))).toBe('wrong-epoch')
    expect(codeOf(state, anchoredAt(state, FORCED - 1))).toBe('wrong-epoch')
    const next = nextCrosslink(state, 1)
    expect(next.tip.epoch).toBe(6)
    expect(codeOf(state, next)).toBe('accepted')
    expect(crosslinkCheck(state, next)?.publicKeys).toEqual(committeeKeys(state, 1).slice(0, 3))
    expect(recordOf(buildOn(state, [next]).state, 1)).toMatchObject({ status: 'live', epoch: 6 })
  })

  it('beacon: recovery: B.8: no seal leads into the forced epoch, also where the recovery began in the midst of one', () => {
    const wide = exampleState(exampleGenesis({ epochs: { ...ONE_EPOCH, blocks: 64 } }))
    const before = advanceBy(wide, 9)
    const shards = before.shards.map((record) => beginRecovery(record, before.height))
    const state = advanceBy({ ...before, shards }, 63 - 9)
    expect(recordOf(state, 1)).toMatchObject({ status: 'recovering', forcedEpoch: 0 })
    expect(recordOf(advanceBy(state, 1), 1)).toMatchObject({ status: 'lagging', forcedEpoch: 1 })
  })

  it('beacon: recovery: B.8: a shard that nobody serves is forced again, into later and later epochs', () => {
    const first = recordOf(advanceBy(genesis, FORCED), 1).forcedEpoch
    const again = advanceBy(genesis, FORCED + 2 * BLOCKS)
    expect(recordOf(again, 1)).toMatchObject({ status: 'recovering', forcedEpoch: first })
    const second = recordOf(advanceBy(again, RECOVERY_BLOCKS), 1).forcedEpoch
    expect(second).toBeGreaterThan(first + 1)
  })
})

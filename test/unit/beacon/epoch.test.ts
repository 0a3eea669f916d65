/** Epochs: when they end, what their end does, and how shards pass from one into the next. */
import { describe, expect, it } from 'vitest'
import { epochSeed } from '../../../node/beacon/committee.ts'
import {
  epochAfter,
  isSealingHeight,
  ONE_EPOCH,
  type EpochRules,
} from '../../../node/beacon/epoch.ts'
import { checkCrosslink } from '../../../node/beacon/inclusion.ts'
import { decodeBeaconState, encodeBeaconState } from '../../../node/beacon/state-codec.ts'
import {
  committeeKeys,
  epochOfShard,
  planOf,
  recordOf,
  type BeaconState,
} from '../../../node/beacon/state.ts'
import { applyBeaconBlock, crosslinkCheck } from '../../../node/beacon/transition.ts'
import type { Crosslink } from '../../../node/crosslink/crosslink.ts'
import { present } from '../../../node/primitives/assert.ts'
import { BEACON_HASH_RING } from '../../../node/primitives/limits.ts'
import {
  advanceBy,
  buildOn,
  crosslinkOver,
  exampleGenesis,
  exampleState,
  headersOn,
  nextCrosslink,
} from './network.ts'

const BLOCKS = 4
const rules: EpochRules = { ...ONE_EPOCH, blocks: BLOCKS }
const genesis = exampleState(exampleGenesis({ epochs: rules }))

const codeOf = (state: BeaconState, crosslink: Crosslink): string => {
  const result = checkCrosslink(state, crosslink, state.height + 1)
  return result.ok ? 'accepted' : result.reject.code
}
const epochsOf = (state: BeaconState) => state.plans.map(({ epoch }) => epoch)

describe('beacon: epoch', () => {
  it('beacon: epoch: B.4: every so many blocks an epoch ends, and without a number never', () => {
    expect([0, 1, 3, 4, 5, 7, 8].map((height) => epochAfter(rules, height))).toEqual([
      0, 0, 0, 1, 1, 1, 2,
    ])
    const sealing = [0, 1, 4, 5, 8].map((height) => isSealingHeight(rules, height))
    expect(sealing).toEqual([false, false, true, false, true])
    expect(epochAfter(ONE_EPOCH, 10 ** 9)).toBe(0)
    expect(isSealingHeight(ONE_EPOCH, 10 ** 9)).toBe(false)
  })

  it('beacon: epoch: B.4: the sealing block, and no other, says that it seals', () => {
    const before = advanceBy(genesis, BLOCKS - 1)
    const last = buildOn(before)
    expect(last.block.header).toMatchObject({ epoch: 0, sealing: true, height: BLOCKS })
    expect(applyBeaconBlock(before, last.block)).toEqual({ ok: true, value: last.state })
    expect(last.state.epoch).toBe(1)
    expect(buildOn(last.state).block.header).toMatchObject({ epoch: 1, sealing: false })
    for (const [state, sealing] of [
      [before, false],
      [genesis, true],
    ] as const) {
      const { block } = buildOn(state)
      const lie = { ...block, header: { ...block.header, sealing } }
      expect(applyBeaconBlock(state, lie)).toMatchObject({ reject: { code: 'wrong-sealing' } })
    }
  })

  it('beacon: epoch: B.2, B.4: a plan is drawn from the mix at the end of the epoch two before', () => {
    expect(epochsOf(genesis)).toEqual([1])
    const first = advanceBy(genesis, BLOCKS)
    expect(planOf(first, 1)?.seed).toEqual(planOf(genesis, 1)?.seed)
    expect(first.committees).toEqual(planOf(genesis, 1)?.committees)
    expect(planOf(first, 2)?.seed).toEqual(epochSeed(first.mix, 2))
    // Other reveals, another plan: nobody knew it one block earlier.
    const detour = advanceBy(buildOn(genesis, [], { view: 2 }).state, BLOCKS - 1)
    expect(planOf(detour, 2)?.seed).not.toEqual(planOf(first, 2)?.seed)
    expect(planOf(detour, 1)).toEqual({ ...planOf(first, 1), ...planOf(detour, 1) })
  })

  it('beacon: epoch: B.3: in the next epoch most keep their shard, and some do not', () => {
    const first = advanceBy(genesis, BLOCKS)
    const stayed = (genesis.committees[1] ?? []).filter((one) => first.committees[1]?.includes(one))
    expect(stayed).toHaveLength(3)
    expect(first.committees[0]).toEqual(genesis.committees[0])
  })

  it('beacon: epoch: a state with plans survives its bytes', () => {
    const state = advanceBy(genesis, 3 * BLOCKS + 1)
    expect(decodeBeaconState(encodeBeaconState(state))).toEqual({ ok: true, value: state })
    const unsorted = { ...state, plans: state.plans.toReversed() }
    expect(decodeBeaconState(encodeBeaconState(unsorted)).ok).toBe(false)
    const unplanned = { ...state, plans: state.plans.slice(0, -1) }
    expect(decodeBeaconState(encodeBeaconState(unplanned)).ok).toBe(false)
  })
})

describe('beacon: epoch: shards', () => {
  it('beacon: epoch: shards: B.5: a tip anchored in the next epoch seals, and its committee is still the old one', () => {
    const turned = advanceBy(genesis, BLOCKS)
    const seal = nextCrosslink(turned, 1, { count: 2 })
    expect(seal.tip).toMatchObject({ epoch: 0, sealing: true })
    expect(codeOf(turned, seal)).toBe('accepted')
    const demand = present(crosslinkCheck(turned, seal), 'well formed')
    const old = present(planOf(turned, 0), 'shards are still in it')
    const keys = committeeKeys(turned, 1, old)
    expect(demand.publicKeys).toEqual(keys.slice(0, 3))
    const silent = nextCrosslink(turned, 1, { tip: { sealing: false } })
    expect(codeOf(turned, silent)).toBe('wrong-sealing')
  })

  it('beacon: epoch: shards: B.5: after its seal a shard goes on in the epoch of the seal’s anchor', () => {
    const turned = advanceBy(genesis, BLOCKS)
    const headers = headersOn(turned, recordOf(turned, 1))
    const { state } = buildOn(turned, [crosslinkOver(turned, headers)])
    expect(recordOf(state, 1)).toMatchObject({ epoch: 0, sealed: true, anchorHeight: BLOCKS })
    expect(epochOfShard(state, recordOf(state, 1))).toBe(1)
    const next = nextCrosslink(state, 1)
    expect(next.tip).toMatchObject({ epoch: 1, sealing: false })
    expect(codeOf(state, next)).toBe('accepted')
    expect(crosslinkCheck(state, next)?.publicKeys).toEqual(committeeKeys(state, 1).slice(0, 3))
    expect(codeOf(state, nextCrosslink(state, 1, { tip: { epoch: 0 } }))).toBe('wrong-epoch')
    const after = buildOn(state, [next]).state
    expect(recordOf(after, 1)).toMatchObject({ epoch: 1, sealed: false })
  })

  it('beacon: epoch: shards: R2: only a seal may be finalized in a later view than it was proposed in', () => {
    const turned = advanceBy(genesis, BLOCKS)
    const at = (state: BeaconState, view: number) =>
      crosslinkOver(state, headersOn(state, recordOf(state, 1), { count: 2 }), { view })
    expect(codeOf(turned, at(turned, 7))).toBe('accepted')
    expect(codeOf(turned, at(turned, 1))).toBe('certificate-mismatch')
    expect(codeOf(genesis, at(genesis, 7))).toBe('certificate-mismatch')
  })

  it('beacon: epoch: shards: C.3: the plan of a shard that did not seal is kept, others are forgotten', () => {
    const late = advanceBy(genesis, 5 * BLOCKS)
    // Both shards are in epoch 0 still, where what they finalized can be recorded (B.8).
    expect(epochsOf(late)).toEqual([0, 1, 2, 3, 4, 6])
    const long = advanceBy(genesis, BEACON_HASH_RING + 6 * BLOCKS)
    expect(long.epoch).toBe(70)
    // They have been forced into later ones; who made what is recorded of them sat in epoch 0 (B.11). Anchors go back to epoch 6.
    expect(epochsOf(long).slice(0, 3)).toEqual([0, 6, 7])
    expect(epochsOf(long).at(-1)).toBe(71)
  })
})

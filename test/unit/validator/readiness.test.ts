/** Who says that it is there, to whom and when, and when that is enough (B.14). */
import { describe, expect, it } from 'vitest'
import { ONE_EPOCH } from '../../../node/beacon/epoch.ts'
import { createContext } from '../../../node/validator/context.ts'
import { createReadiness } from '../../../node/validator/readiness.ts'
import { hashOf } from '../crosslink/examples.ts'

const SHARD = 1
const EPOCH_BLOCKS = 16
/** Two of five seats change with epoch 2, one with epoch 3. */
const SEATS: readonly (readonly number[])[] = [
  [],
  [0, 1, 2, 3, 4],
  [0, 1, 2, 5, 6],
  [0, 1, 2, 5, 7],
]

type Setting = { readonly validator?: number; readonly isAsked?: boolean }

function stage({ validator = 5, isAsked = true }: Setting = {}) {
  const owner = createContext()
  const at = { beaconHeight: 17, epoch: 1, isServed: true }
  const readiness = createReadiness(owner.context, {
    isAsked,
    validator,
    epochRules: { ...ONE_EPOCH, blocks: EPOCH_BLOCKS },
    plans: {
      of: (epoch) => {
        const seats = SEATS[epoch]
        return seats && { epoch, seed: hashOf('seed'), committees: [[], seats] }
      },
    },
    beaconHeight: () => at.beaconHeight,
    served: () => (at.isServed ? [{ shard: SHARD, epoch: at.epoch }] : []),
  })
  const told = () => {
    owner.begin({ now: 0, wallMs: 0 })
    readiness.tell()
    return owner.take()
  }
  return { readiness, at, told }
}

const WORD = {
  kind: 'send',
  to: [0, 1, 2, 3, 4],
  channel: 'relay',
  message: { kind: 'ready', shard: SHARD, epoch: 2 },
}

describe('readiness', () => {
  it('readiness: B.14: a newcomer with the state says so to those in office, from eight beacon blocks before the end on', () => {
    const { at, told } = stage()
    at.beaconHeight = 23
    expect(told()).toEqual([])
    at.beaconHeight = 24
    expect(told()).toEqual([WORD])
    at.beaconHeight = 40
    expect(told()).toEqual([WORD])
    at.epoch = 2
    expect(told()).toEqual([])
  })

  it('readiness: B.14: nobody speaks without the state, without a seat to come, or where nobody asks', () => {
    const without = stage()
    Object.assign(without.at, { beaconHeight: 30, isServed: false })
    expect(without.told()).toEqual([])
    for (const setting of [{ validator: 0 }, { validator: 7 }, { isAsked: false }]) {
      const { at, told } = stage(setting)
      at.beaconHeight = 30
      expect(told()).toEqual([])
    }
  })

  it('readiness: B.14: a quorum of the next committee is enough: who stays, and who has said so and has a seat', () => {
    const { readiness } = stage({ validator: 0 })
    expect(readiness.isReady(SHARD, 1, 2)).toBe(false)
    readiness.hear(SHARD, 2, 7)
    readiness.hear(SHARD, 3, 5)
    expect(readiness.isReady(SHARD, 1, 2)).toBe(false)
    readiness.hear(SHARD, 2, 6)
    expect(readiness.isReady(SHARD, 1, 2)).toBe(true)
    // One of five may be missing.
    expect(readiness.isReady(SHARD, 2, 3)).toBe(true)
  })

  it('readiness: B.14: what was said of an epoch that has begun is forgotten, and an epoch that nobody knows is not waited for', () => {
    const { readiness, at, told } = stage({ validator: 0 })
    readiness.hear(SHARD, 2, 6)
    at.epoch = 2
    told()
    expect(readiness.isReady(SHARD, 1, 2)).toBe(false)
    expect(readiness.isReady(SHARD, 8, 9)).toBe(true)
    expect(stage({ isAsked: false }).readiness.isReady(SHARD, 1, 2)).toBe(true)
  })
})

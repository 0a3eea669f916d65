/** Whoever follows the beacon without a seat asks for what does not come (docs/protocol/beacon.md B.15). */
import { describe, expect, it } from 'vitest'
import { ONE_EPOCH } from '../../../node/beacon/epoch.ts'
import { blockPatienceMs, createInquiry } from '../../../node/validator/inquiry.ts'
import { exampleGenesis } from '../beacon/network.ts'

const PATIENCE_MS = 100

function open(isFollower = true) {
  let now = 0
  const asked: number[] = []
  const inquiry = createInquiry(
    { now: () => now },
    {
      isFollower: () => isFollower,
      patienceMs: () => PATIENCE_MS,
      members: () => [4, 6, 7],
      ask: (member) => asked.push(member),
    },
  )
  const at = (time: number): readonly number[] => {
    now = time
    inquiry.tick()
    return asked
  }
  return { inquiry, at }
}

describe('validator: inquiry', () => {
  it('validator: inquiry: B.15: one member after the other is asked while nothing comes', () => {
    const { inquiry, at } = open()
    expect(inquiry.deadline()).toBe(Infinity)
    inquiry.heard()
    expect(inquiry.deadline()).toBe(100)
    expect(at(99)).toEqual([])
    expect(at(100)).toEqual([4])
    expect(at(150)).toEqual([4])
    expect([at(200), at(300), at(400)].at(-1)).toEqual([4, 6, 7, 4])
  })

  it('validator: inquiry: B.15: nobody is asked while blocks come, and by nobody who has a seat', () => {
    const { inquiry, at } = open()
    for (const time of [0, 90, 180, 270]) {
      expect(at(time)).toEqual([])
      inquiry.heard()
    }
    const seated = open(false)
    seated.inquiry.heard()
    expect(seated.inquiry.deadline()).toBe(Infinity)
    expect(seated.at(10_000)).toEqual([])
  })

  it('validator: inquiry: B.15: the block that seals an epoch is missed sooner than one that may wait for work', () => {
    const genesis = exampleGenesis({ epochs: { ...ONE_EPOCH, blocks: 8 } })
    const { blockIntervalMs, idleIntervalMs } = genesis.beaconTiming
    const sooner = blockPatienceMs(genesis, 6) - blockPatienceMs(genesis, 7)
    expect(sooner).toBe(idleIntervalMs - blockIntervalMs)
    expect(blockPatienceMs(genesis, 8)).toBe(blockPatienceMs(genesis, 6))
  })
})

/** The parts of a simulated validator: effect order, timer, guard, recovery from disk. */
import { describe, expect, test } from 'vitest'
import { createHostQueue } from '../../../devnet/simulator/host-queue.ts'
import { createHostTimer } from '../../../devnet/simulator/host-timer.ts'
import { createScheduler } from '../../../devnet/simulator/scheduler.ts'
import {
  decodeToyBlock,
  isGenuine,
  makeToyBlock,
  TOY_GENESIS,
  withPayload,
} from '../../../devnet/simulator/toy-chain.ts'
import { createToyApplication } from '../../../devnet/simulator/toy-application.ts'
import { createValidatorDisk } from '../../../devnet/simulator/validator-disk.ts'
import { createVoteGuard } from '../../../devnet/simulator/vote-guard.ts'
import type { EngineEffect } from '../../../node/consensus/engine-contract.ts'
import type { ChainBlock } from '../../../node/consensus/message.ts'
import type { UnsignedVote } from '../../../node/consensus/vote.ts'
import { createPrng } from '../../../node/primitives/prng.ts'

function childOf(parent: { readonly hash: Uint8Array; readonly height: number }): ChainBlock {
  const { hash, height } = parent
  const payload = new Uint8Array(8)
  const links = { parentHash: hash, height: height + 1, view: height + 1, epoch: 0 }
  return makeToyBlock({ ...links, timestampMs: height + 1, payload })
}

const FIRST = childOf(TOY_GENESIS)
const SECOND = childOf(FIRST)

function vote(kind: UnsignedVote['kind'], view: number, block: ChainBlock): UnsignedVote {
  const proposal =
    kind === 'nullify'
      ? undefined
      : { view, parentView: view - 1, parentHash: block.parentHash, hash: block.hash }
  return { kind, view, proposal, seat: 0 }
}

const PERSIST: EngineEffect = {
  kind: 'persist',
  record: { kind: 'vote', vote: vote('notarize', 1, FIRST) },
}
const SIGN: EngineEffect = { kind: 'sign', vote: vote('notarize', 1, FIRST) }
const TALK: EngineEffect = { kind: 'broadcast', message: { kind: 'get-certificate', view: 1 } }

describe('simulator: host queue', () => {
  function bench(syncMs: number): {
    log: string[]
    queue: ReturnType<typeof createHostQueue>
    finishSync: () => void
  } {
    const log: string[] = []
    let dirty = false
    let pending: (() => void) | undefined
    const queue = createHostQueue({
      perform: (effect) => {
        if (effect.kind === 'persist') dirty = true
        log.push(effect.kind)
      },
      isDirty: () => dirty,
      sync: () => {
        dirty = false
        log.push('synced')
      },
      drawSyncMs: () => syncMs,
      later: (_delayMs, act) => (pending = act),
    })
    return { log, queue, finishSync: () => pending?.() }
  }

  test('simulator: host queue: nothing is signed or sent before what it needs is durable', () => {
    const { log, queue } = bench(0)
    queue.add([PERSIST, SIGN, TALK, PERSIST, PERSIST, TALK])
    queue.pump()
    expect(log).toEqual([
      'persist',
      'synced',
      'sign',
      'broadcast',
      'persist',
      'persist',
      'synced',
      'broadcast',
    ])
  })

  test('simulator: host queue: while a sync is under way later effects wait', () => {
    const { log, queue, finishSync } = bench(2)
    queue.add([PERSIST, TALK])
    queue.pump()
    queue.add([PERSIST])
    queue.pump()
    expect(log).toEqual(['persist'])
    finishSync()
    expect(log).toEqual(['persist', 'synced', 'broadcast', 'persist'])
  })

  test('simulator: host queue: an armed crash falls between two effects and takes the rest', () => {
    for (const effectsLater of [0, 1, 2, 3]) {
      const { log, queue } = bench(0)
      queue.armCrash(effectsLater, () => {
        queue.clear()
        log.push('crash')
      })
      queue.add([TALK, TALK, TALK, TALK])
      queue.pump()
      const spoken = Array.from({ length: effectsLater }, () => 'broadcast')
      expect(log).toEqual([...spoken, 'crash'])
    }
  })

  test('simulator: host queue: a disarmed crash does not happen', () => {
    const { log, queue } = bench(0)
    queue.armCrash(1, () => log.push('crash'))
    queue.disarmCrash()
    queue.add([TALK, TALK])
    queue.pump()
    expect(log).toEqual(['broadcast', 'broadcast'])
  })
})

describe('simulator: host timer', () => {
  function fireTimes(act: (set: (deadline: number) => void, at: number) => void): number[] {
    const scheduler = createScheduler({ diceCursor: () => 0 })
    const event = { node: 0, kind: 'x', payload: 0 }
    const fired: number[] = []
    const timer = createHostTimer({
      now: scheduler.now,
      schedule: (at, act) => scheduler.schedule(at, { ...event, act }),
      fire: () => fired.push(scheduler.now()),
    })
    for (const at of [0, 5]) {
      scheduler.schedule(at, { ...event, act: () => act(timer.set, at) })
    }
    scheduler.run({ untilMs: 1000, stepsMax: 1000, stopped: () => false })
    return fired
  }

  test('simulator: host timer: a deadline fires once', () => {
    expect(fireTimes((set, at) => at === 0 && set(10))).toEqual([10])
  })

  test('simulator: host timer: a later deadline replaces an earlier one, and the reverse', () => {
    expect(fireTimes((set, at) => set(at === 0 ? 10 : 50))).toEqual([50])
    expect(fireTimes((set, at) => set(at === 0 ? 50 : 10))).toEqual([10])
  })

  test('simulator: host timer: infinity is no deadline', () => {
    expect(fireTimes((set, at) => set(at === 0 ? 10 : Infinity))).toEqual([])
  })

  test('simulator: host timer: a deadline in the past fires now', () => {
    expect(fireTimes((set, at) => at === 5 && set(2))).toEqual([5])
  })
})

describe('simulator: vote guard', () => {
  test('simulator: vote guard: the same vote again is allowed', () => {
    const guard = createVoteGuard()
    expect(guard.allows(vote('notarize', 1, FIRST))).toBe(true)
    expect(guard.allows(vote('notarize', 1, FIRST))).toBe(true)
  })

  test('simulator: vote guard: contradictions in one view are refused', () => {
    const guard = createVoteGuard()
    expect(guard.allows(vote('notarize', 1, FIRST))).toBe(true)
    expect(guard.allows(vote('notarize', 1, SECOND))).toBe(false)
    expect(guard.allows(vote('nullify', 1, FIRST))).toBe(true)
    expect(guard.allows(vote('finalize', 1, FIRST))).toBe(false)
    expect(guard.allows(vote('finalize', 2, FIRST))).toBe(true)
    expect(guard.allows(vote('nullify', 2, FIRST))).toBe(false)
    expect(guard.allows(vote('finalize', 2, SECOND))).toBe(false)
  })
})

describe('simulator: validator disk', () => {
  const DISK = { honoursSync: true, journalIsPruned: false }
  const floor = { kind: 'floor', view: 2, height: 2, hash: SECOND.hash } as const

  test('simulator: validator disk: a floor above the application brings the blocks between', () => {
    const disk = createValidatorDisk(DISK)
    disk.storeBlock(FIRST)
    disk.storeBlock(SECOND)
    disk.appendRecord(floor)
    disk.sync()
    disk.crash('none', createPrng(0))
    expect(disk.recover()).toEqual({
      journal: [floor],
      blocks: [SECOND],
      unapplied: [FIRST, SECOND],
    })
  })

  test('simulator: validator disk: a record whose block is not stored ends the journal', () => {
    const disk = createValidatorDisk(DISK)
    const supported = { kind: 'vote', vote: vote('notarize', 1, FIRST) } as const
    const dangling = { kind: 'vote', vote: vote('notarize', 2, SECOND) } as const
    disk.storeBlock(FIRST)
    for (const record of [supported, dangling, supported]) disk.appendRecord(record)
    disk.sync()
    expect(disk.recover().journal).toEqual([supported])
    expect(disk.recover().journal).toEqual([supported])
  })

  test('simulator: validator disk: a floor over a missing ancestor ends the journal', () => {
    const disk = createValidatorDisk(DISK)
    disk.storeBlock(SECOND)
    disk.appendRecord(floor)
    disk.sync()
    expect(disk.recover()).toEqual({ journal: [], blocks: [SECOND], unapplied: [] })
  })

  test('simulator: validator disk: blocks below the floor are not handed to the engine', () => {
    const disk = createValidatorDisk(DISK)
    const third = childOf(SECOND)
    for (const block of [FIRST, SECOND, third]) disk.storeBlock(block)
    for (const block of [FIRST, SECOND]) disk.appendApplied({ block, certificate: undefined })
    disk.appendRecord(floor)
    expect(disk.recover()).toEqual({ journal: [floor], blocks: [SECOND, third], unapplied: [] })
  })

  test('simulator: validator disk: a pruned journal has the floor view and above, by view', () => {
    const disk = createValidatorDisk({ honoursSync: true, journalIsPruned: true })
    const records = [3, 2, 1].map((view) => {
      return { kind: 'vote', vote: vote('nullify', view, FIRST) } as const
    })
    for (const block of [FIRST, SECOND]) disk.storeBlock(block)
    for (const record of [...records, floor]) disk.appendRecord(record)
    expect(disk.recover().journal).toEqual([floor, records[1], records[0]])
  })
})

describe('simulator: toy chain', () => {
  test('simulator: toy chain: a block under a wrong hash is not genuine', () => {
    expect(isGenuine(FIRST)).toBe(true)
    expect(isGenuine({ ...FIRST })).toBe(true)
    expect(isGenuine({ ...FIRST, height: 9 })).toBe(false)
    expect(isGenuine({ ...FIRST, bytes: Uint8Array.of(1) })).toBe(false)
  })

  test('simulator: toy chain: only executed parents carry children', () => {
    const application = createToyApplication(createPrng(0))
    const order = { view: 1, epoch: 0, now: 5 }
    expect(application.build({ ...order, parentHash: FIRST.hash })).toBeUndefined()
    expect(application.execute(SECOND)).toBe(false)
    expect(application.expect(SECOND)).toBe(false)
    expect(application.execute(FIRST)).toBe(true)
    expect(application.expect(SECOND)).toBe(true)
    expect(application.build({ ...order, parentHash: FIRST.hash })?.height).toBe(2)
    application.restart([])
    expect(application.build({ ...order, parentHash: FIRST.hash })).toBeUndefined()
  })

  test('simulator: toy chain: wrong heights, older times and bad payloads are invalid', () => {
    const application = createToyApplication(createPrng(0))
    const fields = { ...FIRST, payload: new Uint8Array(8) }
    expect(makeToyBlock(fields)).toEqual(FIRST)
    expect(application.execute(makeToyBlock({ ...fields, height: 2 }))).toBe(false)
    expect(application.execute(withPayload(FIRST, new Uint8Array(8).fill(255)))).toBe(false)
    expect(application.execute(FIRST)).toBe(true)
    const early = { ...fields, parentHash: FIRST.hash, height: 2, timestampMs: 0 }
    expect(application.execute(makeToyBlock(early))).toBe(false)
  })

  test('simulator: toy chain: a block is what its bytes say', () => {
    expect(decodeToyBlock(SECOND.bytes)).toEqual({ ok: true, value: SECOND })
    expect(decodeToyBlock(SECOND.bytes.subarray(1)).ok).toBe(false)
  })
})

/** Links, faults and partitions of the simulated network. */
import { describe, expect, test } from 'vitest'
import {
  createNetwork,
  type LinkQuality,
  type NetworkCounts,
  type NetworkPlan,
} from '../../../devnet/simulator/network.ts'
import { drawPartitions, isCut, type Partition } from '../../../devnet/simulator/partition.ts'
import { createScheduler } from '../../../devnet/simulator/scheduler.ts'
import { createPrng } from '../../../node/primitives/prng.ts'

const CLEAN: LinkQuality = {
  delayMinMs: 20,
  delayHalfLifeMs: 20,
  delayMaxMs: 100,
  dropPerMyriad: 0,
  duplicatePerMyriad: 0,
  replayPerMyriad: 0,
}

type Arrival = { readonly at: number; readonly from: number; readonly to: number; message: number }

/** Sends 2000 numbered messages between random nodes, one per millisecond from `fromMs` on. */
function storm(
  change: Partial<NetworkPlan>,
  fromMs = 0,
): { arrivals: readonly Arrival[]; counts: Readonly<NetworkCounts>; sentAt: readonly number[] } {
  const plan: NetworkPlan = {
    nodeCount: 5,
    stableAtMs: 10_000,
    unstable: CLEAN,
    stable: CLEAN,
    partitions: [],
    ...change,
  }
  const dice = createPrng('storm')
  const scheduler = createScheduler({ diceCursor: dice.cursor })
  const arrivals: Arrival[] = []
  const sentAt: number[] = []
  const network = createNetwork<number>({
    plan,
    dice,
    scheduler,
    deliver: (from, to, message) => arrivals.push({ at: scheduler.now(), from, to, message }),
  })
  for (let message = 0; message < 2000; message++) {
    const at = fromMs + message
    sentAt.push(at)
    scheduler.schedule(at, {
      node: 0,
      kind: 'send',
      payload: message,
      act: () => network.send(message % 5, (message * 3 + 1) % 5, message, message),
    })
  }
  scheduler.run({ untilMs: 1e6, stepsMax: 1e6, stopped: () => false })
  return { arrivals, counts: network.counts(), sentAt }
}

describe('simulator: network', () => {
  test('simulator: network: a clean link delivers everything once within its bounds', () => {
    const { arrivals, sentAt } = storm({})
    expect(arrivals.length).toBe(2000)
    const delays = arrivals.map(({ at, message }) => at - (sentAt[message] ?? 0))
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(20)
    expect(Math.max(...delays)).toBe(100)
    expect(new Set(delays).size).toBeGreaterThan(40)
  })

  test('simulator: network: messages overtake each other', () => {
    const order = storm({}).arrivals.map(({ message }) => message)
    expect(order).not.toEqual(order.toSorted((left, right) => left - right))
  })

  test('simulator: network: drops and duplicates come at about their rates', () => {
    const { arrivals, counts } = storm({
      unstable: { ...CLEAN, dropPerMyriad: 3000, duplicatePerMyriad: 1000 },
    })
    expect(counts.dropped).toBeGreaterThan(500)
    expect(counts.dropped).toBeLessThan(700)
    expect(counts.duplicated).toBeGreaterThan(90)
    expect(arrivals.length).toBe(2000 - counts.dropped + counts.duplicated)
  })

  test('simulator: network: a replay brings an old message to its old receiver', () => {
    const { arrivals, counts } = storm({ unstable: { ...CLEAN, replayPerMyriad: 2000 } })
    expect(counts.replayed).toBeGreaterThan(300)
    expect(arrivals.length).toBe(2000 + counts.replayed)
    for (const { from, to, message } of arrivals) {
      expect([from, to]).toEqual([message % 5, (message * 3 + 1) % 5])
    }
  })

  test('simulator: network: once stable nothing is lost, doubled or late', () => {
    const wild = { ...CLEAN, dropPerMyriad: 5000, duplicatePerMyriad: 5000, replayPerMyriad: 5000 }
    const { arrivals, counts, sentAt } = storm({ unstable: wild, stableAtMs: 500 }, 500)
    expect(arrivals.length).toBe(2000)
    expect([counts.dropped, counts.duplicated, counts.replayed]).toEqual([0, 0, 0])
    for (const { at, message } of arrivals) expect(at - (sentAt[message] ?? 0)).toBeLessThan(101)
  })

  test('simulator: network: a cut holds for its time and its direction only', () => {
    const unreachable = [[], [4], [], [], []]
    const partition: Partition = { fromMs: 500, untilMs: 900, shape: 'one-way', unreachable }
    const { arrivals, counts } = storm({ partitions: [partition] })
    const lost = Array.from({ length: 2000 }, (_, message) => message).filter(
      (message) => !arrivals.some((arrival) => arrival.message === message),
    )
    expect(counts.cut).toBe(lost.length)
    expect(lost.length).toBe(80)
    for (const message of lost) {
      expect(message % 5).toBe(1)
      expect(message).toBeGreaterThanOrEqual(500)
      expect(message).toBeLessThan(900)
    }
  })

  test('simulator: network: overlapping partitions are refused', () => {
    const partition: Partition = { fromMs: 0, untilMs: 10, shape: 'halves', unreachable: [] }
    expect(() => storm({ partitions: [partition, { ...partition, fromMs: 5 }] })).toThrow(
      'partitions follow each other',
    )
  })
})

describe('simulator: partition', () => {
  const drawn = Array.from({ length: 50 }, (_, seed) =>
    drawPartitions(createPrng(seed), { nodeCount: 7, fromMs: 0, untilMs: 9500, episodeMs: 1000 }),
  ).flat()

  function cutPairs(partition: Partition): number {
    return partition.unreachable.reduce((sum, targets) => sum + targets.length, 0)
  }

  test('simulator: partition: every shape is drawn and every episode cuts somebody', () => {
    const shapes = new Set(drawn.map(({ shape }) => shape))
    expect([...shapes].toSorted()).toEqual(['halves', 'isolate', 'minority', 'one-way', 'ring'])
    for (const partition of drawn) expect(cutPairs(partition)).toBeGreaterThan(0)
  })

  test('simulator: partition: nobody is cut from itself', () => {
    for (const partition of drawn) {
      for (let node = 0; node < 7; node++) expect(isCut(partition, node, node)).toBe(false)
    }
  })

  test('simulator: partition: all but one-way cut both directions', () => {
    const symmetric = drawn.filter(({ shape }) => shape !== 'one-way')
    for (const partition of symmetric) {
      for (let from = 0; from < 7; from++) {
        for (let to = 0; to < 7; to++) {
          expect(isCut(partition, from, to)).toBe(isCut(partition, to, from))
        }
      }
    }
  })

  test('simulator: partition: a ring leaves everybody two neighbours', () => {
    const rings = drawn.filter(({ shape }) => shape === 'ring')
    expect(rings.length).toBeGreaterThan(0)
    for (const { unreachable } of rings) {
      for (const targets of unreachable) expect(targets.length).toBe(4)
    }
  })

  test('simulator: partition: no partition and no episode cut nothing', () => {
    expect(isCut(undefined, 0, 1)).toBe(false)
    expect(isCut({ fromMs: 0, untilMs: 1, shape: 'halves', unreachable: [] }, 0, 1)).toBe(false)
  })
})

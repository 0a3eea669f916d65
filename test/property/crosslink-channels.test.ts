/**
 * Receipts between shards under stalls, skipped crosslinks and forked committees: nothing is lost, doubled or reordered
 * on the cut that the beacon records (C.3, C.4, C.5), and the one shortcut that the rules forbid does lose money.
 */
import { describe, expect, it } from 'vitest'
import { receiptHash } from '../../node/crosslink/receipt-codec.ts'
import { present } from '../../node/primitives/assert.ts'
import { toHex } from '../../node/primitives/bytes.ts'
import { CAPTURED } from './crosslink-captured.ts'
import {
  ancestryOf,
  createWorld,
  descends,
  POT,
  recordedBlock,
  stepWorld,
  type ToyBlock,
  type World,
  type WorldOptions,
} from './crosslink-world.ts'

const SEEDS = Array.from({ length: 12 }, (_, index) => index + 1)
const CAPTURED_SEEDS = SEEDS.slice(0, 5)
const STEPS = 40

/** Everything sent from one shard to another, in order, on the chain that ends at this block. */
const sentTo = (source: ToyBlock, destination: number) =>
  ancestryOf(source)
    .flatMap((block) => block.sent)
    .filter((batch) => batch.destination === destination)
    .flatMap((batch) => batch.receipts)

const consumedFrom = (destination: ToyBlock, source: number) =>
  ancestryOf(destination)
    .flatMap((block) => block.consumed)
    .filter((receipt) => receipt.source === source)

/** What is wrong with the recorded cut, restated from the rules and not from the code; undefined if nothing. */
function findViolation(world: World): string | undefined {
  const { shardCount } = world.options
  const cut = world.shards.map(({ shard }) => recordedBlock(world, shard))
  let total = 0n
  for (const block of cut) total += block.balance
  for (const [index, source] of cut.entries()) {
    for (let destination = 1; destination <= shardCount; destination++) {
      if (destination === index + 1) continue
      const target = present(cut[destination - 1], 'the shard exists')
      const sent = sentTo(source, destination)
      const consumed = consumedFrom(target, index + 1)
      if (consumed.length > sent.length) return 'more was consumed than is recorded as sent'
      const isPrefix = consumed.every(
        (receipt, place) =>
          toHex(receiptHash(receipt)) === toHex(receiptHash(present(sent[place], 'a prefix'))),
      )
      if (!isPrefix) return 'what was consumed is not what was sent'
      for (const receipt of sent.slice(consumed.length)) total += receipt.amount
    }
  }
  return total === POT * BigInt(shardCount) ? undefined : `the money is ${total}`
}

function runWorld(options: WorldOptions): { world: World; violation: string | undefined } {
  const world = createWorld(options)
  for (let step = 0; step < STEPS; step++) {
    stepWorld(world)
    const violation = findViolation(world)
    if (violation !== undefined) return { world, violation: `step ${step}: ${violation}` }
  }
  return { world, violation: undefined }
}

/**
 * What is wrong with the recorded cut while shard 1 is captured: what the others have and have under way among themselves,
 * and what shard 1 may still send, is more than the money there was.
 */
function findCreated(world: World): string | undefined {
  const { shardCount } = world.options
  const cut = world.shards.map(({ shard }) => recordedBlock(world, shard))
  const others = cut.slice(CAPTURED)
  let total = POT
  for (const block of others) total += block.balance
  for (const [index, { value }] of present(cut[0], 'a captured shard').channels.entries())
    total -= index === CAPTURED ? 0n : value
  for (const [index, source] of others.entries()) {
    for (let destination = 1; destination <= shardCount; destination++) {
      const target = present(cut[destination - 1], 'the shard exists')
      const under = destination === CAPTURED ? [] : consumedFrom(target, index + 2)
      const sent = sentTo(source, destination)
      for (const { amount } of sent.slice(under.length)) total += amount
    }
  }
  const money = POT * BigInt(shardCount)
  return total <= money ? undefined : `${total - money} more than there was`
}

function runCaptured(options: WorldOptions): { world: World; violation: string | undefined } {
  const world = createWorld({ ...options, captured: true })
  for (let step = 0; step < STEPS; step++) {
    stepWorld(world)
    const created = findCreated(world)
    if (created !== undefined) return { world, violation: `step ${step}: ${created}` }
  }
  return { world, violation: undefined }
}

const voidCount = (world: World): number =>
  world.shards
    .flatMap(({ shard }) => ancestryOf(recordedBlock(world, shard)))
    .reduce((count, block) => count + block.voidCount, 0)

const consumedCount = (world: World): number =>
  world.shards
    .flatMap(({ shard }) => ancestryOf(recordedBlock(world, shard)))
    .reduce((count, block) => count + block.consumed.length, 0)

describe('crosslink: channels', () => {
  it.each(SEEDS)(
    'crosslink: channels: honest shards and skipped crosslinks conserve the money (seed %i)',
    (seed) => {
      const { world, violation } = runWorld({ seed, shardCount: 4, forks: false })
      expect(violation).toBeUndefined()
      expect(consumedCount(world)).toBeGreaterThan(50)
    },
  )

  it.each(SEEDS)(
    'crosslink: channels: forked committees conserve the money on the recorded branch (seed %i)',
    (seed) => {
      const { world, violation } = runWorld({ seed, shardCount: 3, forks: true })
      expect(violation).toBeUndefined()
      expect(consumedCount(world)).toBeGreaterThan(20)
    },
  )

  it('crosslink: channels: C.3 (8), C.5 (4): a captured shard makes no money elsewhere, and honest ones are never refused', () => {
    const worlds = CAPTURED_SEEDS.map((seed) => {
      const { world, violation } = runCaptured({ seed, shardCount: 3, forks: false })
      expect(violation).toBeUndefined()
      expect(world.refusals.get('value-exceeded')).toBeUndefined()
      expect(world.refusals.get('value-regressed')).toBeUndefined()
      return world
    })
    const total = (count: (world: World) => number): number =>
      worlds.reduce((sum, world) => sum + count(world), 0)
    // It lied both ways, and the others went on.
    expect(total(({ refusals }) => refusals.get('captured: value-exceeded') ?? 0)).toBeGreaterThan(
      9,
    )
    expect(total(voidCount)).toBeGreaterThan(9)
    expect(total(consumedCount)).toBeGreaterThan(100)
  })

  it('crosslink: channels: C.5 (4): crediting what receipts say, and not what their leaf counts, makes money', () => {
    const violations = CAPTURED_SEEDS.filter((seed) => {
      const options = { seed, shardCount: 3, forks: false, trustAmounts: true }
      return runCaptured(options).violation !== undefined
    })
    expect(violations.length).toBeGreaterThan(CAPTURED_SEEDS.length / 2)
  })

  it('crosslink: channels: C.7: recorded heads move to their descendants only, though rivals are offered', () => {
    const world = createWorld({ seed: 99, shardCount: 3, forks: true })
    for (let step = 0; step < 60; step++) {
      const before = world.shards.map(({ shard }) => recordedBlock(world, shard))
      stepWorld(world)
      for (const { shard } of world.shards) {
        const earlier = present(before[shard - 1], 'the shard exists')
        expect(descends(recordedBlock(world, shard), earlier)).toBe(true)
      }
    }
    // The forks were really offered and really refused.
    expect(world.refusals.get('not-descended')).toBeGreaterThan(0)
    expect(world.refusals.get('tip-not-ahead')).toBeGreaterThan(0)
  })

  it('crosslink: channels: the last leaves told by beacon bodies are those of the recorded blocks', () => {
    const { world } = runWorld({ seed: 5, shardCount: 3, forks: true })
    for (const { shard } of world.shards)
      expect(world.leaves[shard - 1]).toEqual(recordedBlock(world, shard).channels)
  })

  it('crosslink: channels: the same seed gives the same history', () => {
    const heads = [1, 2].map(() => {
      const { world } = runWorld({ seed: 7, shardCount: 3, forks: true })
      return toHex(world.beacon.headHash)
    })
    expect(heads[0]).toBe(heads[1])
  })

  it('crosslink: channels: C.8: consuming from sources without the beacon loses money when committees fork', () => {
    const violations = SEEDS.filter(
      (seed) =>
        runWorld({ seed, shardCount: 3, forks: true, trustSources: true }).violation !== undefined,
    )
    // The checker is alive: the forbidden shortcut is caught in most runs.
    expect(violations.length).toBeGreaterThan(SEEDS.length / 2)
  })
})

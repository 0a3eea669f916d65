/**
 * A validator that lost everything but its vote guard comes back by a snapshot, in virtual time: also when it is stopped half
 * way, and when a member lies, keeps silent or says that it has nothing (S.1, S.5, S.7, S.8). The court judges as always.
 */
import { describe, expect, test } from 'vitest'
import { corruptSimulated } from '../../devnet/adversaries/corrupt-simulated.ts'
import { corrupted } from '../../devnet/adversaries/corruption.ts'
import { wrongChunk } from '../../devnet/adversaries/wrong-chunk.ts'
import type { Corrupt } from '../../devnet/simulator/sharded-plan.ts'
import { ONE_EPOCH } from '../../node/beacon/epoch.ts'
import type { Genesis } from '../../node/beacon/genesis.ts'
import { createPrng } from '../../node/primitives/prng.ts'
import type { StateSyncFact, ValidatorEffect } from '../../node/validator/contract.ts'
import type { NodeMessage } from '../../node/validator/message.ts'
import { FULL_HISTORY_RULES } from '../../node/validator/snapshot-points.ts'
import { createTrial, type Trial } from './sharded/trial.ts'

/** As on a real network, thirty times shorter. */
const RULES = { intervalBlocks: 8, replayBlocksMax: 16 }

type Sent = { readonly from: number; readonly to: number; readonly message: NodeMessage }

/** What a bad member makes of the chunk it should have sent; undefined: nothing. */
const VICES: Readonly<Record<string, (chunk: Uint8Array) => Uint8Array | 'none' | undefined>> = {
  damaging: (chunk) => chunk.with(chunk.length - 1, (chunk.at(-1) ?? 0) ^ 1),
  silent: () => undefined,
  lacking: () => 'none',
}
const LIARS: readonly string[] = ['damaging', wrongChunk.name]

function corruptAnswer(vice: string, effect: ValidatorEffect): readonly ValidatorEffect[] {
  if (effect.kind !== 'reply') return [effect]
  const { message } = effect
  if (message.kind !== 'chunk' || message.chunk === undefined) return [effect]
  const made = VICES[vice]?.(message.chunk)
  if (made === undefined) return []
  return [{ ...effect, message: { ...message, chunk: made === 'none' ? undefined : made } }]
}

const corrupt: Corrupt = (vice, honest, seat) =>
  vice === wrongChunk.name
    ? corruptSimulated(vice, honest, seat)
    : corrupted(honest, { effect: (effect) => corruptAnswer(vice, effect) })

/** `areGiven`: chunks of snapshots arrive. */
function open(
  seed: number,
  genesis: Partial<Genesis> = {},
  areGiven = true,
  snapshotRules = RULES,
) {
  const facts: (StateSyncFact & { readonly node: number })[] = []
  const sent: Sent[] = []
  const signed: { readonly node: number; readonly chain: number; readonly at: number }[] = []
  const trial: Trial = createTrial({
    shardCount: 2,
    seed,
    genesis,
    snapshotRules,
    corrupt,
    events: {
      onFact: (node, fact) => void (fact.kind === 'state-sync' && facts.push({ node, ...fact })),
      onSigned: (node, { chain }) => void signed.push({ node, chain, at: trial.world.now() }),
      passes: (from, to, message) => {
        if (message.kind !== 'transactions') sent.push({ from, to, message })
        return areGiven || message.kind !== 'chunk'
      },
    },
  })
  trial.startAll()
  trial.world.run(2_000)
  const dice = createPrng(seed).stream('traffic')
  const offer = (orders: number): void => {
    for (let order = 0; order < orders; order++) {
      trial.world.run(trial.world.now() + 250)
      const node = dice.below(trial.nodeCount)
      if (trial.world.isUp(node)) trial.traffic.send(trial.traffic.draw(dice), node)
    }
  }
  const committee = trial.world.validator(0).beacon.head().committees[1] ?? []
  return { trial, facts, sent, signed, offer, committee }
}

function heightOf(trial: Trial, node: number): number {
  return trial.world.validator(node).shards.get(1)?.committedHeight() ?? 0
}

function wipe(trial: Trial, node: number): void {
  trial.world.apply({ kind: 'wipe', nodes: [node] })
  trial.world.run(trial.world.now() + 1_000)
}

function phases(facts: readonly StateSyncFact[]): readonly string[] {
  return facts.map(({ phase }) => phase)
}

/** Heights of shard 1 from which this node asked for stretches of blocks, since `from` messages ago. */
function rangesAsked(sent: readonly Sent[], node: number): readonly number[] {
  return sent.flatMap(({ from, message }) => {
    const isRange = message.kind === 'consensus' && message.message.kind === 'get-range'
    return from === node && isRange && message.chain === 1 ? [message.message.fromHeight] : []
  })
}

function chunksAsked(sent: readonly Sent[], node: number) {
  return sent.flatMap(({ from, to, message }) =>
    from === node && message.kind === 'get-chunk' ? [{ to, stretch: message.stretch }] : [],
  )
}

function expectBack(world: ReturnType<typeof open>, node: number): void {
  const { trial, offer } = world
  offer(20)
  const settled = trial.settle(120_000)
  expect(trial.court.violation()).toBeUndefined()
  expect(settled).toBe(true)
  expect(trial.court.receipts.finish()).toBeUndefined()
  trial.world.run(trial.world.now() + 12_000)
  const others = world.committee.filter((other) => other !== node && trial.world.isUp(other))
  const best = Math.max(...others.map((other) => heightOf(trial, other)))
  expect(best - heightOf(trial, node)).toBeLessThan(2)
}

describe('state sync: network', () => {
  test('state sync: network: a validator that lost everything comes back by a snapshot and votes', () => {
    const world = open(51)
    const { trial, facts, sent, signed, offer, committee } = world
    const [node = -1] = committee
    offer(120)
    wipe(trial, node)
    sent.length = 0
    const back = trial.world.now()
    trial.start(node)
    expectBack(world, node)
    expect(phases(facts)).toEqual(['begun', 'done'])
    const height = facts[0]?.height ?? 0
    expect(height).toBeGreaterThan(RULES.replayBlocksMax)
    expect(rangesAsked(sent, node).filter((from) => from <= height)).toEqual([])
    const asked = new Set(chunksAsked(sent, node).map(({ to }) => to))
    expect(asked.size).toBe(3)
    const voted = signed.some((one) => one.node === node && one.chain === 1 && one.at > back)
    expect(voted).toBe(true)
  })

  test('state sync: network: S.1: a validator that keeps the whole history comes back by executing all blocks', () => {
    const rules = { ...RULES, replayBlocksMax: FULL_HISTORY_RULES.replayBlocksMax }
    const world = open(51, {}, true, rules)
    const [node = -1] = world.committee
    world.offer(120)
    wipe(world.trial, node)
    world.trial.start(node)
    expectBack(world, node)
    expect(phases(world.facts)).toEqual([])
    expect(chunksAsked(world.sent, node)).toEqual([])
  })

  test('state sync: network: stopped half way, it goes on where it stood', () => {
    const world = open(52)
    const { trial, facts, sent, offer, committee } = world
    const [, node = -1] = committee
    offer(120)
    wipe(trial, node)
    sent.length = 0
    trial.start(node)
    const answers = (): number =>
      sent.filter(({ to, message }) => to === node && message.kind === 'chunk').length
    trial.world.run(trial.world.now() + 20_000, () => answers() >= 9)
    trial.world.stop(node)
    expect(phases(facts)).toEqual(['begun'])
    sent.length = 0
    trial.world.run(trial.world.now() + 500)
    trial.start(node)
    expectBack(world, node)
    expect(phases(facts)).toEqual(['begun', 'begun', 'done'])
    const again = chunksAsked(sent, node).length
    expect(again).toBeGreaterThan(0)
    expect(again).toBeLessThan(14)
  })

  test('state sync: network: it comes back into a later epoch than the one it was lost in', () => {
    const epochs = { ...ONE_EPOCH, blocks: 8, rotationPermille: 0 }
    const world = open(55, { epochs })
    const { trial, facts, offer, committee } = world
    const [node = -1] = committee
    offer(120)
    wipe(trial, node)
    trial.start(node)
    expectBack(world, node)
    // The beacon names one newer point after the other while it catches up.
    expect(new Set(phases(facts))).toEqual(new Set(['begun', 'done']))
    expect(phases(facts).at(-1)).toBe('done')
    const { chains } = trial.world.validator(node)
    expect(chains.get(1)?.epoch).toBeGreaterThan(2)
  })

  test.each([...Object.keys(VICES), wrongChunk.name])(
    'state sync: network: one member is %s, and it comes back',
    (vice) => {
      const world = open(53)
      const { trial, facts, offer, committee } = world
      const [node = -1, bad = -1] = committee
      trial.world.apply({ kind: 'byzantine', nodes: [bad], vice })
      offer(120)
      wipe(trial, node)
      trial.start(node)
      expectBack(world, node)
      const liars = facts.filter(({ phase }) => phase === 'liar')
      expect(liars.map(({ peer }) => peer)).toEqual(LIARS.includes(vice) ? [bad] : [])
      expect(phases(facts).at(-1)).toBe('done')
    },
  )

  test('state sync: network: a member that stops half way is not waited for', () => {
    const world = open(56)
    const { trial, facts, sent, offer, committee } = world
    const [node = -1, server = -1] = committee
    offer(120)
    wipe(trial, node)
    sent.length = 0
    trial.start(node)
    const served = (): number =>
      sent.filter(({ from, message }) => from === server && message.kind === 'chunk').length
    trial.world.run(trial.world.now() + 20_000, () => served() >= 3)
    expect(phases(facts)).toEqual(['begun'])
    trial.world.stop(server)
    trial.world.run(trial.world.now() + 40_000, () => phases(facts).includes('done'))
    expect(phases(facts)).toEqual(['begun', 'done'])
    trial.start(server)
    expectBack(world, node)
  })

  test('state sync: network: S.6: members that were all restarted serve the snapshot out of their undo logs', () => {
    const world = open(54)
    const { trial, facts, offer, committee } = world
    const [node = -1] = committee
    offer(120)
    // Memory forgets what was kept; no further snapshot comes due, because nothing happens.
    trial.world.run(trial.world.now() + 5_000)
    for (const other of committee) trial.world.stop(other)
    trial.world.apply({ kind: 'wipe', nodes: [node] })
    for (const other of committee) trial.start(other)
    trial.world.run(trial.world.now() + 60_000)
    expect(phases(facts)).toEqual(['begun', 'done'])
    expectBack(world, node)
  })

  test('state sync: network: when nobody gives the snapshot, blocks are replayed', () => {
    const world = open(54, {}, false)
    const { trial, facts, offer, committee } = world
    const [node = -1] = committee
    offer(120)
    wipe(trial, node)
    trial.start(node)
    trial.world.run(trial.world.now() + 80_000)
    expect(phases(facts)).toContain('refused')
    expect(phases(facts)).not.toContain('done')
    expect(phases(facts).at(-1)).toBe('given-up')
    expectBack(world, node)
  })
})

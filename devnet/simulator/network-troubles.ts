/**
 * Troubles of one seed, drawn swarm-style (Groce et al.): every class of faults is off in half of the plans and strong in
 * some of the others, so that combinations occur which nobody thought of. Each class draws from a stream of its own.
 *
 * Invariant: byzantine nodes and nodes with damaged disks together are at most f of every committee; everybody else may
 * crash, lose what was not synced, and be cut off as often as the dice like.
 */
import { assert } from '../../node/primitives/assert.ts'
import type { Prng } from '../../node/primitives/prng.ts'
import { linksBetween, type Link } from '../faults/fault.ts'
import type { Retention } from './disk.ts'
import type { NetworkPlan } from './network-plan.ts'
import { drawPartitions, type PartitionSpan } from './partition.ts'
import type { Trouble } from './sharded-trouble.ts'

type TimedTrouble = NetworkPlan['troubles'][number]

export type TroubleSetting = {
  readonly committees: readonly (readonly number[])[]
  readonly healMs: number
  readonly deltaMs: number
  /** Nodes that stay honest and keep their disks. */
  readonly sound: readonly number[]
  /** Nodes whose disks may be damaged. */
  readonly fragile: readonly number[]
}

/** Troubles begin when the network has met. */
const CALM_MS = 1_000
const RETENTIONS: readonly Retention[] = ['none', 'prefix', 'subset']
/** How far into later turns a crash may fall. */
const STEPS_LATER_MAX = 40

type Draw = (setting: TroubleSetting, dice: Prng) => readonly TimedTrouble[]

const CLASSES: readonly (readonly [name: string, draw: Draw])[] = [
  ['crashes', drawCrashes],
  ['blackout', drawBlackout],
  ['committee-loss', drawCommitteeLoss],
  ['pauses', drawPauses],
  ['partitions', drawPartition],
  ['chain-partitions', drawChainPartition],
  ['loss', drawLoss],
  ['links', drawLinks],
  ['slow-disks', drawSlowDisks],
  ['full-disks', drawFullDisks],
  ['damage', drawDamage],
  ['clocks', drawClocks],
  ['executors', drawExecutors],
]

export function drawTroubles(setting: TroubleSetting, dice: Prng): readonly TimedTrouble[] {
  const troubles = CLASSES.flatMap(([name, draw]) => {
    const own = dice.stream(name)
    return own.chance(1, 2) ? [] : draw(setting, own)
  })
  return troubles.toSorted((left, right) => left.atMs - right.atMs)
}

/** At most f of every shard's committee, some or none; in each half of the seeds that have any, byzantine or damaged. */
export function drawFaulty(
  committees: readonly (readonly number[])[],
  dice: Prng,
): readonly number[] {
  return committees.slice(1).flatMap((members) => {
    const tolerated = Math.floor((members.length - 1) / 3)
    return dice.shuffle(members).slice(0, dice.below(tolerated + 1))
  })
}

function someTime({ healMs }: TroubleSetting, dice: Prng): number {
  return CALM_MS + dice.below(healMs - CALM_MS)
}

/** From a drawn time until a later one, still before all is healed. */
function episode(
  setting: TroubleSetting,
  dice: Prng,
  longestMs: number,
): readonly [number, number] {
  const from = someTime(setting, dice)
  return [from, Math.min(from + 100 + dice.below(longestMs), setting.healMs)]
}

function everybody({ committees }: TroubleSetting): readonly number[] {
  const nodes = committees[0]
  assert(nodes !== undefined, 'the beacon seats everybody')
  return nodes
}

function drawCrashes(setting: TroubleSetting, dice: Prng): readonly TimedTrouble[] {
  const count = 1 + dice.below(3 * setting.sound.length)
  return Array.from({ length: count }, () => {
    const node = dice.pick(setting.sound)
    const [from, until] = episode(setting, dice, dice.pick([500, 2_000, 8_000]))
    const crash: Trouble = dice.chance(1, 3)
      ? { kind: 'crash', nodes: [node] }
      : {
          kind: 'crash-amid',
          node,
          stepsLater: dice.below(STEPS_LATER_MAX),
          retention: dice.pick(RETENTIONS),
        }
    const back: Trouble = { kind: 'start', nodes: [node] }
    return [at(from, crash), at(until, back)]
  }).flat()
}

/** Everybody at once: no surviving memory helps then. */
function drawBlackout(setting: TroubleSetting, dice: Prng): readonly TimedTrouble[] {
  const nodes = everybody(setting)
  const [from, until] = episode(setting, dice, 3_000)
  const kind = dice.pick(['crash', 'crash', 'stop'] as const)
  const late = dice.shuffle(nodes).slice(0, dice.below(nodes.length))
  const early = nodes.filter((node) => !late.includes(node))
  return [
    at(from, { kind, nodes }),
    at(until, { kind: 'start', nodes: early }),
    at(Math.min(until + dice.below(3_000), setting.healMs), { kind: 'start', nodes: late }),
  ]
}

/** All members of one shard, or as many as stop it. */
function drawCommitteeLoss(setting: TroubleSetting, dice: Prng): readonly TimedTrouble[] {
  const members = dice.pick(setting.committees.slice(1))
  const stopping = Math.floor((members.length - 1) / 3) + 1
  const nodes = dice.shuffle(members).slice(0, stopping + dice.below(members.length - stopping + 1))
  const [from, until] = episode(setting, dice, 10_000)
  return [at(from, { kind: 'crash', nodes }), at(until, { kind: 'start', nodes })]
}

function drawPauses(setting: TroubleSetting, dice: Prng): readonly TimedTrouble[] {
  return Array.from({ length: 1 + dice.below(4) }, () => {
    const nodes = [dice.pick(everybody(setting))]
    const [from, until] = episode(setting, dice, dice.pick([1_000, 10_000]))
    return [at(from, { kind: 'pause', nodes }), at(until, { kind: 'resume', nodes })]
  }).flat()
}

/** Halves, minorities, one alone, rings, one-way: over all nodes. */
function drawPartition(setting: TroubleSetting, dice: Prng): readonly TimedTrouble[] {
  const span: PartitionSpan = {
    nodeCount: everybody(setting).length,
    fromMs: CALM_MS,
    untilMs: setting.healMs,
    episodeMs: setting.deltaMs * (10 + dice.below(60)),
  }
  return drawPartitions(dice, span).flatMap(({ fromMs, untilMs, unreachable }) => {
    const links: Link[] = unreachable.flatMap((missing, from) =>
      missing.map((to) => ({ from, to })),
    )
    return [at(fromMs, { kind: 'cut', links }), at(untilMs, { kind: 'heal' })]
  })
}

/** One shard's members from all others: its own blocks go on, the beacon hears nothing of them. */
function drawChainPartition(setting: TroubleSetting, dice: Prng): readonly TimedTrouble[] {
  const members = dice.pick(setting.committees.slice(1))
  const others = everybody(setting).filter((node) => !members.includes(node))
  const both = linksBetween([members, others])
  const links = dice.chance(1, 3) ? both.filter(({ from }) => members.includes(from)) : both
  const [from, until] = episode(setting, dice, 10_000)
  return [at(from, { kind: 'cut', links }), at(until, { kind: 'heal' })]
}

function drawLoss(setting: TroubleSetting, dice: Prng): readonly TimedTrouble[] {
  const loss: Trouble = { kind: 'loss', perMille: dice.pick([10, 100, 200, 300]) }
  const replay: Trouble = { kind: 'replay', perMille: dice.pick([0, 50, 300]) }
  return [at(someTime(setting, dice), loss), at(someTime(setting, dice), replay)]
}

/** Slow, late, jittery, doubling: some links, or all links of some node. */
function drawLinks(setting: TroubleSetting, dice: Prng): readonly TimedTrouble[] {
  const all = linksBetween(everybody(setting).map((node) => [node]))
  return Array.from({ length: 1 + dice.below(3) }, () => {
    const victim = dice.pick(everybody(setting))
    const links = dice.chance(1, 2)
      ? all.filter(({ from, to }) => from === victim || to === victim)
      : all.filter(() => dice.chance(1, 4))
    const quality = {
      lossPerMille: dice.pick([0, 0, 100]),
      delayMs: dice.pick([0, 50, 500]),
      jitterMs: dice.pick([0, 100, 1_000]),
      duplicatePerMille: dice.pick([0, 100, 500]),
      bytesPerSecond: dice.pick([undefined, undefined, 8_000, 50_000]),
    }
    return at(someTime(setting, dice), { kind: 'link', links, quality })
  })
}

function drawSlowDisks(setting: TroubleSetting, dice: Prng): readonly TimedTrouble[] {
  const nodes = everybody(setting).filter(() => dice.chance(1, 3))
  const [from, until] = episode(setting, dice, 10_000)
  return [
    at(from, { kind: 'disk', nodes, mode: 'slow' }),
    at(until, { kind: 'disk', nodes, mode: 'ok' }),
  ]
}

/** A full disk ends its node; it is started again now and then, and ends again, until there is room. */
function drawFullDisks(setting: TroubleSetting, dice: Prng): readonly TimedTrouble[] {
  const nodes = everybody(setting).filter(() => dice.chance(1, 4))
  const [from, until] = episode(setting, dice, 8_000)
  return [
    at(from, { kind: 'disk', nodes, mode: 'full' }),
    at(from + dice.below(until - from + 1), { kind: 'start', nodes }),
    at(until, { kind: 'disk', nodes, mode: 'ok' }),
    at(until, { kind: 'start', nodes }),
  ]
}

/** Damage the node finds, or does not; its operator wipes what it refuses. */
function drawDamage(setting: TroubleSetting, dice: Prng): readonly TimedTrouble[] {
  return setting.fragile.flatMap((node) => {
    const nodes = [node]
    const [from, until] = episode(setting, dice, 4_000)
    const records = 1 + dice.below(20)
    const back = at(until, { kind: 'start', nodes })
    switch (dice.pick(['flips', 'loss', 'error', 'wipe'] as const)) {
      case 'flips':
        return [
          at(from, { kind: 'bit-flips', nodes, records }),
          at(Math.min(from + dice.below(2_000), until), { kind: 'crash', nodes }),
          back,
        ]
      case 'loss':
        return [at(from, { kind: 'lost-records', nodes, records }), back]
      case 'error':
        return [at(from, { kind: 'read-error', nodes }), back]
      default:
        return [at(from, { kind: 'wipe', nodes }), back]
    }
  })
}

function drawClocks(setting: TroubleSetting, dice: Prng): readonly TimedTrouble[] {
  const worst = dice.pick([100, 400, 3_000])
  return Array.from({ length: 1 + dice.below(6) }, () => {
    const nodes = [dice.pick(everybody(setting))]
    return at(someTime(setting, dice), {
      kind: 'clock',
      nodes,
      skewMs: dice.below(2 * worst + 1) - worst,
    })
  })
}

function drawExecutors(setting: TroubleSetting, dice: Prng): readonly TimedTrouble[] {
  return Array.from({ length: 1 + dice.below(8) }, () => {
    const nodes = everybody(setting).filter(() => dice.chance(1, 3))
    return at(someTime(setting, dice), { kind: 'executor-loss', nodes })
  })
}

function at(atMs: number, trouble: Trouble): TimedTrouble {
  return { atMs, trouble }
}

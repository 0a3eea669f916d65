/**
 * A bout: one seed of a small sharded network under the conditions of a scene, judged by the court. Short on purpose: a
 * planted bug is looked for in many of them.
 */
import { createPrng, type Prng } from '../../../node/primitives/prng.ts'
import type { Genesis } from '../../../node/beacon/genesis.ts'
import type { NodeMessage } from '../../../node/validator/message.ts'
import type { Order } from '../sharded/traffic.ts'
import { createTrial, type Trial } from '../sharded/trial.ts'
import { corruptPlanted } from './vices.ts'

export type Scene = {
  readonly name: string
  readonly orders: number
  /** One node has it. */
  readonly vice?: string
  readonly genesis?: Partial<Genesis>
  /** While orders are sent: of a thousand messages so many are lost; so many bring an old one along. */
  readonly lossPerMille?: number
  readonly replayPerMille?: number
  /** Nodes that stop and start, crash, or all stop at once, every few orders. */
  readonly restarts?: 'some' | 'crashes' | 'all'
  /** One node stops and comes back before the first order is sent. */
  readonly restarted?: true
  /** Pushed receipts are lost while orders are sent. */
  readonly pushesLost?: boolean
  /** Shard 2 agrees on nothing while orders are sent, and all of them go there, from shard 1. */
  readonly stalled?: boolean
  /** Some honest node must find out that the vice's signatures are bad. */
  readonly blamed?: boolean
  /** Nothing crosses, so the shards promise each other nothing new. */
  readonly local?: boolean
  /** When everything is settled, the network gets rid of this shard (B.7). */
  readonly retires?: number
  /** Somebody sends every transaction to the other shard as well. */
  readonly copied?: boolean
}

export type BoutEnd = {
  /** The first broken rule, or what is still open. */
  readonly verdict: string | undefined
  readonly virtualMs: number
}

const SHARDS = 2
const WARM_UP_MS = 1_500
const ORDER_INTERVAL_MS = 100
const SETTLE_MS = 40_000
/** Until a full channel has filled up. */
const STALL_MS = 15_000
/** Two heartbeats of every chain. */
const IDLE_MS = 25_000

type Bout = {
  readonly scene: Scene
  readonly trial: Trial
  readonly dice: Prng
  readonly honest: readonly number[]
  /** What the scene does to messages is over. */
  isOver: boolean
  /** Somebody other than the liar saw a bad signature. */
  hasBlamed: boolean
}

export function runBout(scene: Scene, seed: number): BoutEnd {
  const bout = openBout(scene, seed)
  const { world } = bout.trial
  let verdict: string | undefined
  try {
    verdict = fight(bout)
  } catch (error) {
    // An assertion outside of any node: of an executor that a client asks, or of the court.
    verdict = `thrown at ${world.now()} ms: ${String(error)}`
  }
  return { verdict, virtualMs: world.now() }
}

/** Everybody is up; one of them has the scene's vice. */
function openBout(scene: Scene, seed: number): Bout {
  const dice = createPrng(seed).stream('bout')
  const trial = createTrial({
    shardCount: SHARDS,
    seed,
    corrupt: corruptPlanted,
    ...(scene.genesis === undefined ? {} : { genesis: scene.genesis }),
    events: {
      passes: (_from, _to, message) => bout.isOver || passes(scene, message),
      onFact: (node, fact) => {
        if (node !== liar && fact.kind === 'engine' && fact.fact.kind === 'invalid-signature')
          bout.hasBlamed = true
      },
    },
  })
  const { vice } = scene
  const liar = vice === undefined ? undefined : dice.below(trial.nodeCount)
  const all = Array.from({ length: trial.nodeCount }, (_, node) => node)
  const honest = all.filter((node) => node !== liar)
  const bout: Bout = { scene, trial, dice, honest, isOver: false, hasBlamed: false }
  trial.startAll()
  if (vice !== undefined && liar !== undefined)
    trial.world.apply({ kind: 'byzantine', nodes: [liar], vice })
  return bout
}

function passes({ pushesLost, stalled }: Scene, message: NodeMessage): boolean {
  if (pushesLost === true && message.kind === 'receipts') return false
  return !(stalled === true && message.kind === 'consensus' && message.chain === 2)
}

function fight(bout: Bout): string | undefined {
  const { trial, scene } = bout
  const { world, court, traffic } = trial
  const isBroken = (): boolean => court.violation() !== undefined
  world.run(WARM_UP_MS, isBroken)
  if (scene.restarted === true) restartOne(bout)
  if (isCalm(scene)) court.testimony.healed()
  world.apply({ kind: 'loss', perMille: scene.lossPerMille ?? 0 })
  world.apply({ kind: 'replay', perMille: scene.replayPerMille ?? 0 })
  offer(bout)
  if (!isBroken()) settle(bout)
  if (isBroken()) return court.violation()
  if (traffic.openCount() > 0)
    return `stuck: ${traffic.openCount()} of ${traffic.sentCount()} orders are open`
  if (scene.retires !== undefined && !isRetired(bout, scene.retires))
    return court.violation() ?? `stuck: shard ${scene.retires} was not retired`
  court.testimony.idle(true)
  world.run(world.now() + IDLE_MS, isBroken)
  court.testimony.finish()
  if (scene.blamed === true && !bout.hasBlamed) return 'nobody found out who signs badly'
  return court.violation() ?? court.receipts.finish()
}

function restartOne({ trial: { world }, dice, honest }: Bout): void {
  const nodes = [dice.pick(honest)]
  for (const kind of ['stop', 'start'] as const) {
    world.apply({ kind, nodes })
    world.run(world.now() + WARM_UP_MS)
  }
}

function isRetired({ trial: { world, court }, honest }: Bout, shard: number): boolean {
  const isGone = (): boolean =>
    honest.every(
      (node) => world.validator(node).beacon.head().shards[shard - 1]?.stage === 'retired',
    )
  world.apply({ kind: 'support', nodes: honest, changes: [{ kind: 'retire', shard }] })
  world.run(world.now() + SETTLE_MS, () => court.violation() !== undefined || isGone())
  return isGone()
}

/** Progress is owed from the start where the network itself does no harm. */
function isCalm({ restarts, lossPerMille, pushesLost, stalled }: Scene): boolean {
  return (
    restarts === undefined && lossPerMille === undefined && pushesLost !== true && stalled !== true
  )
}

function offer(bout: Bout): void {
  const { trial, scene, dice, honest } = bout
  const { world, court, traffic } = trial
  const isBroken = (): boolean => court.violation() !== undefined
  const intervalMs = scene.stalled === true ? ORDER_INTERVAL_MS / 5 : ORDER_INTERVAL_MS
  if (scene.stalled === true) court.testimony.stalled(2)
  for (let sent = 0; sent < scene.orders && !isBroken(); sent++) {
    const order = traffic.draw(dice)
    const up = honest.filter(world.isUp)
    if (scene.restarts !== undefined && sent % 8 === 4) shake(bout, scene.restarts)
    if (up.length > 0) {
      traffic.send(directed(order, scene), dice.pick(up))
      if (scene.copied === true) traffic.copyLast(dice.pick(up))
    }
    world.run(world.now() + intervalMs, isBroken)
  }
  if (scene.stalled === true) world.run(world.now() + STALL_MS, isBroken)
}

function directed(order: Order, { stalled, local }: Scene): Order {
  if (stalled === true) return { ...order, shard: 1, destination: 2 }
  return local === true ? { ...order, destination: order.shard, to: 'account' } : order
}

function shake(bout: Bout, how: 'some' | 'crashes' | 'all'): void {
  const { dice, honest, trial } = bout
  const { world } = trial
  if (how === 'all') return blackOut(bout)
  const [back, another] = honest.filter((node) => !world.isUp(node))
  if (back !== undefined && (another !== undefined || dice.chance(1, 2)))
    return world.apply({ kind: 'start', nodes: [back] })
  const node = dice.below(trial.nodeCount)
  if (!world.isUp(node)) return
  if (how === 'some') return world.apply({ kind: 'stop', nodes: [node] })
  const stepsLater = dice.below(40)
  world.apply({ kind: 'crash-amid', node, stepsLater, retention: 'none' })
}

function blackOut({ trial, dice }: Bout): void {
  const { world, stopAll, startAll } = trial
  world.run(world.now() + dice.below(600))
  stopAll()
  world.run(world.now() + 500)
  startAll()
  world.run(world.now() + 1_000)
}

/** Faults are over; clients send again what nobody has confirmed, twice, for answers cross the last failures. */
function settle(bout: Bout): void {
  const { trial, dice, honest } = bout
  const { world, court } = trial
  bout.isOver = true
  world.calm()
  trial.startAll()
  world.run(world.now() + 1_000)
  court.testimony.resumed(2)
  court.testimony.healed()
  for (let tries = 0; tries < 2; tries++) {
    trial.traffic.sendAgain(dice.pick(honest))
    if (trial.settle(SETTLE_MS) || court.violation() !== undefined) return
  }
}

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
  /** Pushed receipts are lost while orders are sent. */
  readonly pushesLost?: boolean
  /** Shard 2 agrees on nothing while orders are sent, and all of them go there, from shard 1. */
  readonly stalled?: boolean
  /** Nothing crosses, so the shards promise each other nothing new. */
  readonly local?: boolean
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
/** Two heartbeats of every chain. */
const IDLE_MS = 25_000

export function runBout(scene: Scene, seed: number): BoutEnd {
  const trial = openTrial(scene, seed)
  let verdict: string | undefined
  try {
    verdict = fight(trial, scene, createPrng(seed).stream('bout'))
  } catch (error) {
    // An assertion outside of any node: of an executor that a client asks, or of the court.
    verdict = `thrown at ${trial.world.now()} ms: ${String(error)}`
  }
  return { verdict, virtualMs: trial.world.now() }
}

type Weather = { isOver: boolean }

function openTrial(scene: Scene, seed: number): Trial {
  const weather: Weather = { isOver: false }
  const trial = createTrial({
    shardCount: SHARDS,
    seed,
    corrupt: corruptPlanted,
    ...(scene.genesis === undefined ? {} : { genesis: scene.genesis }),
    events: { passes: (_from, _to, message) => weather.isOver || passes(scene, message) },
  })
  weathers.set(trial, weather)
  return trial
}

const weathers = new WeakMap<Trial, Weather>()

function passes({ pushesLost, stalled }: Scene, message: NodeMessage): boolean {
  if (pushesLost === true && message.kind === 'receipts') return false
  return !(stalled === true && message.kind === 'consensus' && message.chain === 2)
}

function fight(trial: Trial, scene: Scene, dice: Prng): string | undefined {
  const { world, court } = trial
  trial.startAll()
  const liar = scene.vice === undefined ? undefined : dice.below(trial.nodeCount)
  if (liar !== undefined && scene.vice !== undefined)
    world.apply({ kind: 'byzantine', nodes: [liar], vice: scene.vice })
  const honest = Array.from({ length: trial.nodeCount }, (_, node) => node).filter(
    (node) => node !== liar,
  )
  const isOver = (): boolean => court.violation() !== undefined
  world.run(WARM_UP_MS, isOver)
  if (isCalm(scene)) court.testimony.healed()
  world.apply({ kind: 'loss', perMille: scene.lossPerMille ?? 0 })
  world.apply({ kind: 'replay', perMille: scene.replayPerMille ?? 0 })
  offer(trial, scene, { dice, honest })
  if (court.violation() === undefined) settle(trial, dice, honest)
  const broken = court.violation()
  if (broken !== undefined) return broken
  const { traffic } = trial
  if (traffic.openCount() > 0)
    return `stuck: ${traffic.openCount()} of ${traffic.sentCount()} orders are open`
  court.testimony.idle(true)
  world.run(world.now() + IDLE_MS, isOver)
  court.testimony.finish()
  return court.violation() ?? court.receipts.finish()
}

/** Progress is owed from the start where the network itself does no harm. */
function isCalm({ restarts, lossPerMille, pushesLost, stalled }: Scene): boolean {
  return (
    restarts === undefined && lossPerMille === undefined && pushesLost !== true && stalled !== true
  )
}

function offer(
  trial: Trial,
  scene: Scene,
  { dice, honest }: { readonly dice: Prng; readonly honest: readonly number[] },
): void {
  const { world, court, traffic } = trial
  if (scene.stalled === true) court.testimony.stalled(2)
  for (let sent = 0; sent < scene.orders && court.violation() === undefined; sent++) {
    const order = traffic.draw(dice)
    const up = honest.filter(world.isUp)
    if (scene.restarts !== undefined && sent % 8 === 4) shake(trial, scene.restarts, dice, honest)
    if (up.length > 0) {
      traffic.send(directed(order, scene), dice.pick(up))
      if (scene.copied === true) traffic.copyLast(dice.pick(up))
    }
    const intervalMs = scene.stalled === true ? ORDER_INTERVAL_MS / 5 : ORDER_INTERVAL_MS
    world.run(world.now() + intervalMs, () => court.violation() !== undefined)
  }
  if (scene.stalled === true) world.run(world.now() + 15_000, () => court.violation() !== undefined)
}

function directed(order: Order, { stalled, local }: Scene): Order {
  if (stalled === true) return { ...order, shard: 1, destination: 2 }
  return local === true ? { ...order, destination: order.shard, to: 'account' } : order
}

function shake(
  { world, stopAll, startAll, nodeCount }: Trial,
  how: 'some' | 'crashes' | 'all',
  dice: Prng,
  honest: readonly number[],
): void {
  if (how === 'all') {
    world.run(world.now() + dice.below(600))
    stopAll()
    world.run(world.now() + 500)
    startAll()
    world.run(world.now() + 1_000)
    return
  }
  const down = honest.filter((node) => !world.isUp(node))
  const [back] = down
  if (back !== undefined && (down.length > 1 || dice.chance(1, 2)))
    return world.apply({ kind: 'start', nodes: [back] })
  const node = dice.below(nodeCount)
  if (!world.isUp(node)) return
  if (how === 'some') return world.apply({ kind: 'stop', nodes: [node] })
  const stepsLater = dice.below(40)
  world.apply({ kind: 'crash-amid', node, stepsLater, retention: 'none' })
}

/** Faults are over; clients send again what nobody has confirmed, twice, for answers cross the last failures. */
function settle(trial: Trial, dice: Prng, honest: readonly number[]): void {
  const { world, court } = trial
  const weather = weathers.get(trial)
  if (weather !== undefined) weather.isOver = true
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

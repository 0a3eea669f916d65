/**
 * One turn of a simulated node, in the order of a real one (node/runtime/driver.ts): inputs, questions, one group commit,
 * the vote guard and signatures, then everything that may be seen outside. A crash can be armed to fall between any two of
 * these steps; a disk that fails ends the node, and so does a machine that throws.
 *
 * Inputs that arrive while a node is paused or commits to a slow disk wait, and are taken together afterwards.
 */
import type {
  ValidatorEffect,
  ValidatorEvent,
  ValidatorInput,
} from '../../node/validator/contract.ts'
import type { Prng } from '../../node/primitives/prng.ts'
import type { StoreWrite } from '../../node/storage/store.ts'
import { endProcess } from './sharded-connections.ts'
import { DiskFailure } from './sharded-disk.ts'
import {
  leavesTheProcess,
  release,
  secretKeyOf,
  startQuestion,
  type Effect,
  type Performer,
} from './sharded-effects.ts'
import type { SimulatedNode } from './sharded-node.ts'

export type TurnTaker = Performer & {
  /** What a crash leaves of unsynced writes. */
  readonly diskDice: Prng
}

/** What a paused process's sockets and queues hold; the rest is lost, as it is to senders with bounded queues. */
const BACKLOG_MAX = 4096
const SLOW_SYNC_MS = 100

/** Inputs reach a node that is up. */
export function takeInputs(
  world: TurnTaker,
  node: SimulatedNode,
  inputs: readonly ValidatorEvent[],
): void {
  if (!node.isPaused && !node.isCommitting) return takeTurn(world, node, inputs)
  node.backlog.push(...inputs.slice(0, BACKLOG_MAX - node.backlog.length))
}

/** Takes what waited. */
export function takeBacklog(world: TurnTaker, node: SimulatedNode): void {
  if (!node.up || node.isPaused || node.isCommitting || node.backlog.length === 0) return
  takeTurn(world, node, node.backlog.splice(0))
}

export function takeTurn(
  world: TurnTaker,
  node: SimulatedNode,
  inputs: readonly ValidatorEvent[],
): void {
  try {
    const effects = handleAll(node, inputs, clocksOf(world, node))
    for (const effect of effects) startQuestion(world, node, effect)
    if (burns(world, node)) return
    const turn = { nowMs: world.now(), inputs, effects }
    commit(world, node, effects, world.plan.turnMs?.(node.index, turn) ?? 0)
  } catch (error) {
    fail(world, node, error)
  }
}

function handleAll(
  { validator }: SimulatedNode,
  inputs: readonly ValidatorEvent[],
  { now, wallMs }: Clocks,
): readonly ValidatorEffect[] {
  const [first] = inputs
  if (first !== undefined && inputs.length === 1) return validator.handle({ ...first, now, wallMs })
  return inputs.flatMap((input) => validator.handle({ ...input, now, wallMs }))
}

type Clocks = Pick<ValidatorInput, 'now' | 'wallMs'>

/** Time of day may be set wrong, the steady clock not. The network is born when the world begins. */
function clocksOf(world: TurnTaker, node: SimulatedNode): Clocks {
  const now = world.plan.genesis.timestampMs + world.now()
  return { now, wallMs: Math.max(0, now + node.skewMs) }
}

function commit(
  world: TurnTaker,
  node: SimulatedNode,
  effects: readonly ValidatorEffect[],
  computeMs: number,
): void {
  const writes: StoreWrite[] = []
  let isSynced = false
  let isSigned = false
  for (const effect of effects) {
    if (effect.kind === 'sign') isSigned = true
    if (effect.kind !== 'write') continue
    writes.push(effect.write)
    isSynced ||= effect.sync
  }
  if (writes.length > 0) world.events.onWritten?.(node.index, writes)
  if (writes.length > 0) node.disk.write(writes)
  // What is written may survive, whether or not the node lives to tell it.
  for (const effect of effects) {
    if (effect.kind === 'report') world.events.onFact?.(node.index, effect.fact)
  }
  const isSlow = node.disk.mode === 'slow' && (isSynced || isSigned)
  const waitMs = computeMs + (isSlow ? SLOW_SYNC_MS : 0)
  if (waitMs === 0) return conclude(world, node, effects, isSynced)
  node.isCommitting = true
  world.later(node, waitMs, 'synced', () => {
    node.isCommitting = false
    try {
      conclude(world, node, effects, isSynced)
    } catch (error) {
      fail(world, node, error)
    }
    takeBacklog(world, node)
  })
}

/** What is left of a turn when its writes are done. */
function conclude(
  world: TurnTaker,
  node: SimulatedNode,
  effects: readonly ValidatorEffect[],
  isSynced: boolean,
): void {
  if (isSynced) node.disk.sync()
  if (burns(world, node)) return
  const { life } = node
  sign(world, node, effects)
  if (burns(world, node)) return
  for (const effect of effects) {
    if (node.fuse !== undefined && leavesTheProcess(effect) && burns(world, node)) return
    release(world, node, effect)
    if (node.life !== life) return
  }
}

function sign(world: TurnTaker, node: SimulatedNode, effects: readonly ValidatorEffect[]): void {
  const requests = effects.filter((effect) => effect.kind === 'sign')
  if (requests.length === 0) return
  const granted = node.vice === undefined ? guarded(world, node, requests) : requests
  for (const { chain, epoch, vote, root, use } of granted) {
    world.events.onSigned?.(node.index, { chain, epoch }, vote, root)
    const signature = world.plan.scheme.sign(secretKeyOf(world, node), root, use)
    const signed = { kind: 'signed', chain, epoch, vote: { ...vote, signature } } as const
    world.post(node, world.now(), signed)
  }
}

/** What the guard refuses is not signed, and the machine is not told. */
function guarded(
  { events }: TurnTaker,
  node: SimulatedNode,
  requests: readonly Effect<'sign'>[],
): readonly Effect<'sign'>[] {
  const verdicts = node.disk.authorize(
    requests.map(({ chain, epoch, vote, root }) => {
      return { chain, epoch, kind: vote.kind, view: vote.view, signingRoot: root }
    }),
  )
  return requests.filter(({ chain, vote }, index) => {
    if (verdicts[index] === 'granted') return true
    events.onRefused?.(node.index, chain, vote)
    return false
  })
}

/** True if the node's armed crash falls here. */
function burns(world: TurnTaker, node: SimulatedNode): boolean {
  const { fuse } = node
  if (fuse === undefined || fuse.stepsLeft-- > 0) return false
  node.disk.crash(fuse.retention, world.diskDice)
  endProcess(world, node)
  world.events.onEnded?.(node.index, { kind: 'crash' })
  return true
}

/** A failed disk or a broken assertion ends the process; what it had written stays written. */
export function fail(world: TurnTaker, node: SimulatedNode, error: unknown): void {
  const isDamaged = node.disk.isDamaged()
  node.disk.sync()
  endProcess(world, node)
  if (error instanceof DiskFailure) {
    return world.events.onEnded?.(node.index, { kind: 'disk', detail: error.code })
  }
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
  world.events.onEnded?.(node.index, { kind: 'machine', detail, isDamaged })
}

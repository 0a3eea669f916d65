/**
 * One simulated validator: a real engine with everything around it modelled. It honours the contract between engine and
 * host: effects happen in order; whatever was to be persisted is durable before the next signature or message; results
 * come back as inputs after a while. It can crash between any two effects, and then has only its disk.
 *
 * Where the engine breaks its own side of the contract (asks to verify a child before its parent, sets a deadline that
 * never moves, signs what the guard must refuse) the host says so to the referee under the rule `host`.
 */
import type { Hash, Seat } from '../../node/primitives/identifiers.ts'
import { RANGE_BLOCKS_MAX } from '../../node/primitives/limits.ts'
import type { Prng } from '../../node/primitives/prng.ts'
import type { Engine } from '../../node/consensus/engine.ts'
import type {
  CheckVerdict,
  EngineInput,
  SignatureCheck,
} from '../../node/consensus/engine-contract.ts'
import type { ConsensusMessage } from '../../node/consensus/message.ts'
import type { UnsignedVote, Vote } from '../../node/consensus/vote.ts'
import type { Observation } from './checkers/observation.ts'
import type { WorkPattern } from './campaign-shape.ts'
import type { CrashPlan, Latencies, Span } from './consensus-plan.ts'
import { createEffectPerformer, type EffectPerformer, type HostVoice } from './host-effects.ts'
import { createHostQueue, type HostQueue } from './host-queue.ts'
import { createHostTimer, type HostTimer } from './host-timer.ts'
import { createHostWork } from './host-work.ts'
import type { Scheduler } from './scheduler.ts'
import { createToyApplication, type ToyApplication } from './toy-application.ts'
import { isGenuine } from './toy-chain.ts'
import {
  createValidatorDisk,
  type ValidatorDisk,
  type ValidatorDiskOptions,
} from './validator-disk.ts'

export type HostPorts = {
  readonly node: number
  readonly scheduler: Scheduler
  readonly dice: Prng
  readonly latencies: Latencies
  /** Its work takes this many times as long. */
  readonly slowness: number
  /** What its clock shows beyond simulated time. */
  readonly clockSkewMs: number
  readonly work: WorkPattern
  readonly disk: ValidatorDiskOptions
  /** False for byzantine seats, and where a campaign takes the guard away. */
  readonly isGuarded: boolean
  readonly createEngine: () => Engine
  readonly runChecks: (checks: readonly SignatureCheck[]) => readonly CheckVerdict[]
  /** Signs with the seat's key. */
  readonly sign: (vote: UnsignedVote) => Vote
  readonly voice: HostVoice
  /** The process ended, or another one is up in its place. */
  readonly tellPresence: (isAway: boolean) => void
  readonly observe: (observation: Observation) => void
  /** The engine broke its contract with the host. */
  readonly complain: (sentence: string) => void
  /** For traces; absent when nobody reads them. */
  readonly note: ((line: string) => void) | undefined
}

type Sender = { readonly node: number; readonly seat: Seat | undefined }

export type ConsensusHost = {
  readonly boot: () => void
  readonly receive: (sender: Sender, message: ConsensusMessage) => void
  /** The connection to a seat was lost, or there is one again (R17). */
  readonly hearPresence: (seat: Seat, isAway: boolean) => void
  readonly armCrash: (plan: CrashPlan) => void
  readonly disarmCrash: () => void
  readonly restartCount: () => number
}

/** Ticks of one node in one millisecond before its engine is said to run in a circle. */
const TICKS_PER_MS_MAX = 16

type Host = {
  readonly ports: HostPorts
  readonly disk: ValidatorDisk
  readonly application: ToyApplication
  readonly queue: HostQueue
  readonly timer: HostTimer
  readonly performer: EffectPerformer
  /** Undefined while crashed. */
  engine: Engine | undefined
  /** Counts crashes: what was begun in an earlier life never ends. */
  incarnation: number
  isCrashArmed: boolean
  ticks: { readonly at: number; readonly count: number }
}

export function createConsensusHost(ports: HostPorts): ConsensusHost {
  const host = assemble(ports)
  return {
    boot: () => boot(host),
    receive: (sender, message) => receive(host, sender, message),
    hearPresence: (seat, isAway) =>
      feed(host, { kind: 'presence', seat, isAway, now: hostNow(host) }),
    armCrash: (plan) => {
      if (host.engine === undefined || host.isCrashArmed) return
      host.isCrashArmed = true
      host.queue.armCrash(plan.effectsLater, () => crash(host, plan))
    },
    disarmCrash: () => {
      host.isCrashArmed = false
      host.queue.disarmCrash()
    },
    restartCount: () => host.incarnation,
  }
}

function assemble(ports: HostPorts): Host {
  const { scheduler, dice, latencies, clockSkewMs, slowness } = ports
  const now = (): number => scheduler.now() + clockSkewMs
  const disk = createValidatorDisk(ports.disk)
  const application = createToyApplication(dice)
  const delayed = (kind: string, at: number, payload: number, act: () => void): void =>
    later(host, kind, at, payload, act)
  const drawMs = ([least, greatest]: Span): number =>
    slowness * (least + dice.below(greatest - least + 1))
  const queue = createHostQueue({
    perform: (effect) => host.performer.perform(effect),
    isDirty: disk.isDirty,
    sync: disk.sync,
    drawSyncMs: () => drawMs(latencies.syncMs),
    later: (delayMs, act) => delayed('synced', now() + delayMs, 0, act),
  })
  const timer = createHostTimer({
    now,
    schedule: (at, act) => delayed('tick', at, 0, act),
    fire: () => tick(host),
  })
  const work = createHostWork({
    ...ports,
    application,
    now,
    later: delayed,
    drawMs,
    feed: (input) => feed(host, input),
  })
  const performer = createEffectPerformer({ ...ports, disk, application, timer, work })
  const host: Host = {
    ports,
    disk,
    application,
    queue,
    timer,
    performer,
    engine: undefined,
    incarnation: 0,
    isCrashArmed: false,
    ticks: { at: 0, count: 0 },
  }
  return host
}

/** What this node's clock shows. */
function hostNow({ ports }: Host): number {
  return ports.scheduler.now() + ports.clockSkewMs
}

/** Something this process does when its clock shows `at`, unless it crashes before. */
function later(host: Host, kind: string, at: number, payload: number, act: () => void): void {
  const { node, scheduler, clockSkewMs } = host.ports
  const born = host.incarnation
  scheduler.schedule(at - clockSkewMs, {
    node,
    kind,
    payload,
    act: () => {
      if (born === host.incarnation) act()
    },
  })
}

function feed(host: Host, input: EngineInput): void {
  if (host.engine === undefined) return
  host.queue.add(host.engine.handle(input))
  host.queue.pump()
}

function tick(host: Host): void {
  const at = hostNow(host)
  host.ticks = { at, count: host.ticks.at === at ? host.ticks.count + 1 : 1 }
  if (host.ticks.count > TICKS_PER_MS_MAX) {
    host.ports.complain(`node ${host.ports.node} ticks without end`)
  }
  feed(host, { kind: 'tick', now: at })
}

function boot(host: Host): void {
  const { ports, disk, application, performer } = host
  const { node } = ports
  const { journal, blocks, unapplied } = disk.recover()
  application.restart(disk.applied())
  if (host.incarnation > 0) {
    ports.observe({ kind: 'restarted', node, appliedHeight: disk.applied().length })
    ports.tellPresence(false)
  }
  for (const block of unapplied) performer.apply({ block, certificate: undefined })
  ports.note?.(`boots with ${journal.length} records and ${blocks.length} blocks`)
  host.engine = ports.createEngine()
  feed(host, { kind: 'start', journal, blocks, now: hostNow(host) })
  startWork(host)
}

/** How long work stays, or stays away, at most, where it comes and goes. */
const WORK_SPELL_MS: Span = [20, 1500]

function startWork(host: Host): void {
  if (host.ports.work === 'always') setWork(host, true)
  if (host.ports.work === 'comes-and-goes') turnWork(host, true)
}

function setWork(host: Host, pending: boolean): void {
  feed(host, { kind: 'work', pending, now: hostNow(host) })
}

/** Every node sees other work, as mempools do: they may disagree about whether there is any. */
function turnWork(host: Host, pending: boolean): void {
  setWork(host, pending)
  const [least, greatest] = WORK_SPELL_MS
  const at = hostNow(host) + least + host.ports.dice.below(greatest - least + 1)
  later(host, 'work', at, 0, () => turnWork(host, !pending))
}

function crash(host: Host, plan: CrashPlan): void {
  host.ports.note?.(`crashes; its disk keeps ${plan.retention} of the unsynced`)
  host.engine = undefined
  host.incarnation++
  host.isCrashArmed = false
  host.queue.clear()
  host.timer.clear()
  host.disk.crash(plan.retention, host.ports.dice)
  host.ports.tellPresence(true)
  later(host, 'restart', hostNow(host) + plan.downMs, 0, () => boot(host))
}

function receive(host: Host, sender: Sender, message: ConsensusMessage): void {
  if (host.engine === undefined || !isWellFormed(message)) return
  if (message.kind === 'get-range') return serveRange(host, sender.node, message)
  if (message.kind === 'get-block' && serveBlock(host, sender.node, message.hash)) return
  const now = hostNow(host)
  feed(host, { kind: 'message', from: sender.seat, peer: `${sender.node}`, message, now })
}

/** What decoding guarantees in a real node: a block's hash is that of its content. */
function isWellFormed(message: ConsensusMessage): boolean {
  if (message.kind === 'proposal' || message.kind === 'block') return isGenuine(message.block)
  if (message.kind === 'range') return message.range.blocks.every((block) => isGenuine(block))
  return true
}

/** The engine remembers few delivered blocks; the host has all that were stored. False: perhaps the engine has it. */
function serveBlock(host: Host, to: number, hash: Hash): boolean {
  const block = host.disk.block(hash)
  if (block === undefined) return false
  host.ports.voice.sendToNode(to, { kind: 'block', block })
  return true
}

type RangeRequest = Extract<ConsensusMessage, { readonly kind: 'get-range' }>

/** Finalized blocks come from the host's store, up to the last one that was finalized directly. */
function serveRange(host: Host, to: number, { fromHeight, countMax }: RangeRequest): void {
  const first = fromHeight - 1
  const count = Math.min(countMax, RANGE_BLOCKS_MAX)
  const wanted = host.disk.applied().slice(first, first + count)
  const last = wanted.findLastIndex(({ certificate }) => certificate !== undefined)
  const certificate = wanted[last]?.certificate
  if (certificate === undefined) return
  const blocks = wanted.slice(0, last + 1).map(({ block }) => block)
  host.ports.voice.sendToNode(to, { kind: 'range', range: { blocks, certificate } })
}

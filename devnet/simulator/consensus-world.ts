/**
 * A committee in a box: validators with real engines, observers, byzantine seats, a network, disks and a clock, all out
 * of one plan. `runConsensus` plays the plan to its end and says what was seen.
 */
import { createPrng, type Prng } from '../../node/primitives/prng.ts'
import type { Seat } from '../../node/primitives/identifiers.ts'
import { createEngine } from '../../node/consensus/engine.ts'
import type { EngineConfig } from '../../node/consensus/engine-contract.ts'
import type { ConsensusMessage } from '../../node/consensus/message.ts'
import { STANDARD_RULES, type EngineRules } from '../../node/consensus/rules.ts'
import { runChecks } from '../../node/consensus/verification.ts'
import type { UnsignedVote, Vote } from '../../node/consensus/vote.ts'
import { admitsAll, toAll, type Adversary, type Letter } from './adversaries/adversary.ts'
import { createAdversary } from './adversaries/vice.ts'
import { createLivenessWatch, type LivenessWatch } from './checkers/liveness.ts'
import type { Observation } from './checkers/observation.ts'
import { createReferee, type Referee, type Violation } from './checkers/referee.ts'
import {
  createCommitteeKeys,
  MOCK_CRYPTOGRAPHY,
  type CommitteeKeys,
  type SimulatedCryptography,
} from './committee-keys.ts'
import { createConsensusHost, type ConsensusHost } from './consensus-host.ts'
import type { ConsensusPlan } from './consensus-plan.ts'
import { checkedCommittee, rolesOf, type Role } from './consensus-roles.ts'
import { messageText, messageWord, statementOf, viewOf } from './consensus-seen.ts'
import { createNetwork, type NetworkCounts, type SimulatedNetwork } from './network.ts'
import { createScheduler, WORLD, type Scheduler } from './scheduler.ts'
import { carry } from './wire-carrier.ts'

/** For enumerations, which leave nothing to dice: then twins have no reach of their own but what `passes` lets through. */
export type ConsensusScenario = {
  /** Seats that lead views 1, 2, ..., over and over; every seat at least once. */
  readonly leaderOrder: readonly Seat[]
  /** False: the message is lost. */
  readonly passes: (from: number, to: number, message: ConsensusMessage, now: number) => boolean
}

export type ConsensusRunOptions = {
  readonly scenario?: ConsensusScenario
  /** For negative campaigns; production's by default. */
  readonly rules?: EngineRules
  readonly cryptography?: SimulatedCryptography
  /** Safety rules by number that are not judged; for negative campaigns. */
  readonly ignoredRules?: readonly string[]
  /** Gets one line per event. */
  readonly trace?: (now: number, node: number, line: string) => void
  /** Is told what the checkers are told. */
  readonly observe?: (now: number, observation: Observation) => void
}

export type ConsensusOutcome = {
  readonly campaign: string
  readonly seed: number
  /** The first broken rule. */
  readonly violation: Violation | undefined
  /** No rule broken, but the honest nodes did not take the wanted heights in time. */
  readonly isStuck: boolean
  readonly recoveryMs: number | undefined
  readonly endedAtMs: number
  readonly restarts: number
  readonly evidence: number
  readonly steps: number
  readonly network: Readonly<NetworkCounts>
  /** By node. */
  readonly heights: readonly number[]
  /** Equal for equal runs. */
  readonly eventHash: string
}

/** Hundred times what a run takes on average; a run beyond it is in a circle. */
const STEPS_MAX = 2_000_000

export function runConsensus(
  plan: ConsensusPlan,
  options: ConsensusRunOptions = {},
): ConsensusOutcome {
  const world = createWorld(plan, options)
  const { scheduler, referee, watch, hosts } = world
  const stableAtMs = plan.network.stableAtMs
  for (const host of hosts) at(world, 0, 'boot', () => host.boot())
  for (const crash of plan.crashes) {
    at(world, crash.atMs, 'arm-crash', () => hosts[crash.node]?.armCrash(crash))
  }
  at(world, stableAtMs, 'stable', () => {
    for (const host of hosts) host.disarmCrash()
    watch.stabilized(stableAtMs)
  })
  scheduler.run({
    untilMs: stableAtMs + plan.patienceMs,
    stepsMax: STEPS_MAX,
    stopped: () => referee.violation() !== undefined || watch.isDone(),
  })
  referee.finish(scheduler.now())
  return outcomeOf(world)
}

type World = {
  readonly plan: ConsensusPlan
  readonly roles: readonly Role[]
  readonly options: ConsensusRunOptions
  readonly keys: CommitteeKeys
  readonly scheduler: Scheduler
  readonly network: SimulatedNetwork<ConsensusMessage>
  readonly referee: Referee
  readonly watch: LivenessWatch
  readonly hosts: ConsensusHost[]
  readonly adversaries: (Adversary | undefined)[]
  readonly diceOf: (name: string) => Prng
  readonly evidence: { count: number }
}

function createWorld(plan: ConsensusPlan, options: ConsensusRunOptions): World {
  const roles = rolesOf(plan)
  const committee = checkedCommittee(plan, roles)
  const root = createPrng(plan.seed)
  const allDice: Prng[] = []
  const diceOf = (name: string): Prng => {
    const dice = root.stream(name)
    allDice.push(dice)
    return dice
  }
  const scheduler = createScheduler({ diceCursor: () => sumOfCursors(allDice) })
  const network = createNetwork<ConsensusMessage>({
    plan: plan.network,
    dice: diceOf('network'),
    scheduler,
    deliver: (from, to, message) => deliver(world, from, to, message),
  })
  const world: World = {
    plan,
    roles,
    options,
    keys: createCommitteeKeys(plan, options.cryptography ?? MOCK_CRYPTOGRAPHY),
    scheduler,
    network,
    referee: createReferee(committee, options.ignoredRules),
    watch: createLivenessWatch({
      committee,
      nodeCount: roles.length,
      heightsWanted: plan.heightsWanted,
    }),
    hosts: [],
    adversaries: [],
    diceOf,
    evidence: { count: 0 },
  }
  for (const role of roles) {
    world.adversaries.push(adversaryOf(world, role))
    world.hosts.push(hostOf(world, role))
  }
  return world
}

function sumOfCursors(allDice: readonly Prng[]): number {
  let sum = 0
  for (const dice of allDice) sum += dice.cursor()
  return sum
}

function at(world: World, atMs: number, kind: string, act: () => void): void {
  world.scheduler.schedule(atMs, { node: WORLD, kind, payload: 0, act })
}

function adversaryOf(world: World, { node, seat, vice }: Role): Adversary | undefined {
  if (vice === undefined) return undefined
  if (world.options.scenario !== undefined) return { outgoing: toAll, admits: admitsAll }
  const dice = world.diceOf(`adversary/${node}`)
  const sign = (vote: UnsignedVote): Vote => signAs(world, vote)
  return createAdversary(vice, { seat, seatCount: world.plan.seatCount, dice, sign })
}

/** The one place where keys are used: whatever is signed is seen. */
function signAs(world: World, vote: UnsignedVote): Vote {
  observe(world, { kind: 'signed', seat: vote.seat, statement: statementOf(vote) })
  return world.keys.sign(vote)
}

function observe(world: World, observation: Observation): void {
  const now = world.scheduler.now()
  if (observation.kind === 'evidence') world.evidence.count++
  world.referee.observe(now, observation)
  world.watch.observe(now, observation)
  world.options.observe?.(now, observation)
}

function hostOf(world: World, role: Role): ConsensusHost {
  const { plan, scheduler, options } = world
  const { node, seat, vice } = role
  const keyed = world.keys.configOf(seat)
  const { leaderOrder = keyed.leaderOrder } = options.scenario ?? {}
  const config: EngineConfig = { ...keyed, leaderOrder }
  const { scheme } = options.cryptography ?? MOCK_CRYPTOGRAPHY
  const { trace } = options
  const others = otherSeats(plan, seat)
  return createConsensusHost({
    node,
    scheduler,
    dice: world.diceOf(`host/${node}`),
    latencies: plan.latencies,
    slowness: plan.slowness[node] ?? 1,
    clockSkewMs: plan.clockSkewsMs[node] ?? 0,
    work: plan.work,
    disk: { honoursSync: plan.disksHonourSync, journalIsPruned: plan.journalIsPruned },
    isGuarded: plan.votesGuarded && vice === undefined,
    createEngine: () => createEngine(config, options.rules ?? STANDARD_RULES),
    runChecks: (checks) => runChecks(config, scheme, checks),
    sign: (vote) => signAs(world, vote),
    voice: {
      broadcast: (message) => send(world, role, message, others),
      sendToSeat: (to, message) => send(world, role, message, [to]),
      sendToNode: (to, message) => sendToNode(world, role, to, message),
      publish: (message) => publish(world, role, message),
    },
    tellPresence: (isAway) => tellPresence(world, role, isAway),
    observe: (observation) => observe(world, observation),
    complain: (sentence) => world.referee.report({ rule: 'host', sentence, atMs: scheduler.now() }),
    note: trace && ((line) => trace(scheduler.now(), node, line)),
  })
}

function otherSeats(plan: ConsensusPlan, seat: Seat): readonly Seat[] {
  const others: Seat[] = []
  for (let other = 0; other < plan.seatCount; other++) if (other !== seat) others.push(other)
  return others
}

/** What really leaves a node. */
function lettersOf(
  world: World,
  { node }: Role,
  message: ConsensusMessage,
  recipients: readonly Seat[],
): readonly Letter[] {
  return world.adversaries[node]?.outgoing(message, recipients) ?? toAll(message, recipients)
}

function send(
  world: World,
  role: Role,
  message: ConsensusMessage,
  recipients: readonly Seat[],
): void {
  for (const letter of lettersOf(world, role, message, recipients)) {
    for (const to of world.roles) {
      if (to.seat === letter.to) post(world, role, to.node, letter.message)
    }
  }
}

function sendToNode(world: World, role: Role, to: number, message: ConsensusMessage): void {
  const seat = world.roles[to]?.seat
  if (seat === undefined) return
  for (const letter of lettersOf(world, role, message, [seat])) {
    post(world, role, to, letter.message)
  }
}

function post(world: World, { node, vice }: Role, to: number, message: ConsensusMessage): void {
  const { plan, network, referee, scheduler, options } = world
  if (options.scenario?.passes(node, to, message, scheduler.now()) === false) return
  const carried = plan.messagesAreEncoded ? carry(message, plan.seatCount) : message
  if (carried !== undefined) return network.send(node, to, carried, messageWord(carried))
  const sentence = `nobody can read what node ${node} says: ${messageText(message)}`
  if (vice === undefined) referee.report({ rule: 'host', sentence, atMs: scheduler.now() })
}

/** A process that ends closes its connections (R17), and one that starts makes new ones. A cut link says nothing, then or later. */
function tellPresence(world: World, { node, seat }: Role, isAway: boolean): void {
  const { roles, network, scheduler, plan, hosts } = world
  if (seat < 0) return
  const reached = roles
    .filter((to) => to.node !== node && !network.isApart(node, to.node))
    .map((to) => ({ host: hosts[to.node], life: hosts[to.node]?.restartCount() }))
  at(world, scheduler.now() + plan.network.stable.delayMaxMs, 'presence', () => {
    for (const { host, life } of reached)
      if (host?.restartCount() === life) host?.hearPresence(seat, isAway)
  })
}

/** Finalization certificates reach observers from two seats per view (A.8). */
function publish(world: World, role: Role, message: ConsensusMessage): void {
  const { seatCount } = world.plan
  const view = viewOf(message)
  if (role.seat !== view % seatCount && role.seat !== (view + 1) % seatCount) return
  for (const to of world.roles) {
    if (to.seat < 0) sendToNode(world, role, to.node, message)
  }
}

function deliver(world: World, from: number, to: number, message: ConsensusMessage): void {
  const sender = world.roles[from]
  if (sender === undefined) return
  const seat = sender.seat < 0 ? undefined : sender.seat
  if (world.adversaries[to]?.admits(seat, message) === false) return
  world.hosts[to]?.receive({ node: from, seat }, message)
}

function outcomeOf(world: World): ConsensusOutcome {
  const { plan, scheduler, referee, watch } = world
  const violation = referee.violation()
  return {
    campaign: plan.campaign,
    seed: plan.seed,
    violation,
    isStuck: violation === undefined && !watch.isDone(),
    recoveryMs: watch.recoveryMs(),
    endedAtMs: scheduler.now(),
    restarts: world.hosts.reduce((sum, host) => sum + host.restartCount(), 0),
    evidence: world.evidence.count,
    steps: scheduler.steps(),
    network: world.network.counts(),
    heights: watch.heights(),
    eventHash: scheduler.hash(),
  }
}

/**
 * Runs one plan of a whole network: a safety phase with trouble, in which every checker watches every event; then
 * everything honest is healed, and progress is demanded: new blocks on every chain at every honest node, and an end for
 * every transfer that a client was promised.
 */
import { toHex } from '../../node/primitives/bytes.ts'
import { schemeByName } from '../../node/primitives/io/schemes.ts'
import type { ValidatorFact } from '../../node/validator/contract.ts'
import type { Validator } from '../../node/validator/validator.ts'
import { genesisOfPlan } from './network-genesis.ts'
import type { ChurnPlan, NetworkOrder, NetworkPlan } from './network-plan.ts'
import { missingProgress, tipsOf, wrongBalance, type Progress } from './network-progress.ts'
import { createChurn } from './network-churn.ts'
import { createPrng } from '../../node/primitives/prng.ts'
import { isBeforeOpening, openingOf } from './network-opening.ts'
import { stakeCall } from './network-stake.ts'
import { createWallets, type WalletPorts, type Wallets } from './network-wallets.ts'
import { createCourt, type Court, type Verdict } from './sharded-court.ts'
import type { Corrupt, NodeEnd, WorldEvents } from './sharded-plan.ts'
import { createShardedWorld, type ShardedWorld } from './sharded-world.ts'

export type NetworkRunOptions = {
  /** Needed for plans with vices. */
  readonly corrupt?: Corrupt | undefined
  /** For planted bugs. */
  readonly replaced?: ((honest: Validator, node: number) => Validator) | undefined
  /** Every receiver reads every message from its bytes; the run is the same event for event, and slower. */
  readonly isWired?: boolean
  /** Gets a line per event of interest. */
  readonly trace?: ((now: number, node: number, line: string) => void) | undefined
}

export type NetworkOutcome = {
  readonly seed: number
  /** The first broken rule; `L` for progress that did not come. */
  readonly violation: Verdict | undefined
  readonly virtualMs: number
  /** From healing until all was as it should be. */
  readonly recoveryMs: number | undefined
  readonly steps: number
  readonly settled: number
  readonly refused: number
  /** That the beacon has begun. */
  readonly epochs: number
  readonly hash: string
}

type Run = {
  readonly plan: NetworkPlan
  readonly options: NetworkRunOptions
  readonly world: ShardedWorld
  readonly court: Court
  readonly wallets: Wallets
  /** Nodes that are honest to the end. */
  readonly honest: readonly number[]
  progress: Progress | undefined
  stuck: Verdict | undefined
  isDone: boolean
  /** Orders that wait for a shard that opens. */
  readonly early: Set<NetworkOrder>
}

/** How often the end of a run is looked for; part of the event hash. */
const LOOK_MS = 250
/** L7 counts views of a committee that is there; with newcomers come as many as have no state yet. L8 takes its place. */
const CHURN_UNJUDGED = ['L7']
/** Before, the network meets. */
const CHURN_FROM_MS = 2_000
/** An operator comes after so long. */
const OPERATOR_MS = 2_000

export function runNetwork(plan: NetworkPlan, options: NetworkRunOptions = {}): NetworkOutcome {
  const run = openRun(plan, options)
  const { world, court } = run
  begin(run)
  const isOver = (): boolean =>
    run.isDone || run.stuck !== undefined || court.verdict() !== undefined
  try {
    world.run(plan.healMs + plan.patienceMs, isOver)
    if (court.verdict() === undefined) conclude(run)
  } catch (error) {
    // Of whoever is asked from outside, or of a world in a circle: a finding like any other.
    run.stuck = { rule: 'host', sentence: `thrown: ${String(error)}`, atMs: world.now() }
  }
  const violation = court.verdict() ?? run.stuck
  const { placed, refused } = run.wallets.counts()
  return {
    seed: plan.seed,
    violation,
    virtualMs: world.now(),
    recoveryMs: run.isDone ? world.now() - plan.healMs : undefined,
    steps: world.steps(),
    settled: placed - refused - run.wallets.openCount(),
    refused,
    epochs: Math.max(...run.honest.map((node) => world.validator(node).beacon.head().epoch)),
    hash: world.hash(),
  }
}

function openRun(plan: NetworkPlan, options: NetworkRunOptions): Run {
  const { genesis, keys } = genesisOfPlan(plan)
  const scheme = schemeByName(plan.scheme)
  const court = createCourt(
    genesis,
    () => world,
    scheme,
    plan.churn === undefined ? [] : CHURN_UNJUDGED,
  )
  const liars = plan.vices.map(({ node }) => node)
  const all = [...keys.keys()]
  const world: ShardedWorld = createShardedWorld(
    {
      genesis,
      secretKeys: keys.map(({ secretKey }) => secretKey),
      scheme,
      seed: plan.seed,
      delayMinMs: plan.delayMinMs,
      delayMaxMs: plan.delayMaxMs,
      ...(options.corrupt === undefined ? {} : { corrupt: options.corrupt }),
      ...(options.replaced === undefined ? {} : { replaced: options.replaced }),
      isWired: options.isWired === true,
    },
    eventsOf(() => run),
  )
  const wallets = walletsOf(
    plan,
    () => run,
    (stake) => stakeCall(genesis, keys, stake),
  )
  const run: Run = {
    plan,
    options,
    world,
    court,
    wallets,
    honest: all.filter((node) => !liars.includes(node)),
    progress: undefined,
    stuck: undefined,
    isDone: false,
    early: new Set(),
  }
  return run
}

function eventsOf(run: () => Run): WorldEvents {
  return {
    onOpened: (node, restore) => run().court.onOpened(node, restore),
    onStarted: (node, restore) => {
      run().court.onStarted(node, restore)
      wish(run(), node)
      tell(run(), node, 'starts')
    },
    onFact: (node, fact) => {
      run().court.onFact(node, fact)
      if (isDivergence(fact)) renew(run(), node)
      if (run().options.trace !== undefined) tell(run(), node, factLine(fact))
    },
    onOutcome: (node, shard, outcome) => {
      const { court, wallets, honest } = run()
      court.onOutcome(node, shard, outcome)
      if (honest.includes(node)) wallets.observe(shard, outcome)
    },
    onBeacon: (node, state) => run().court.onBeacon(node, state),
    onSigned: (node, place, vote, root) => run().court.onSigned(node, place, vote, root),
    onWritten: (node, writes) => run().court.onWritten(node, writes),
    passes: (from, _to, message) => {
      run().court.onMessage(from, message)
      return true
    },
    onRefused: (node, chain, vote) => run().court.onRefused(node, chain, vote),
    onEnded: (node, end) => operate(run(), node, end),
    onTrouble: (trouble) => {
      run().court.onTrouble(trouble)
      if (run().options.trace !== undefined) tell(run(), -1, JSON.stringify(trouble))
    },
  }
}

function factLine(fact: ValidatorFact): string {
  switch (fact.kind) {
    case 'engine':
      return `chain ${fact.chain} ${fact.fact.kind}${'view' in fact.fact ? ` v${fact.fact.view}` : ''}`
    case 'finalized':
      return `chain ${fact.chain} finalized h${fact.height}`
    case 'evidence':
      return `shows evidence against seat ${fact.evidence.seat} of chain ${fact.evidence.domain.chain}`
    default:
      return JSON.stringify(fact)
  }
}

function tell({ options, world }: Run, node: number, line: string): void {
  options.trace?.(world.now(), node, line)
}

function walletsOf(
  { shardCount }: NetworkPlan,
  run: () => Run,
  callOf: WalletPorts['stakeCall'],
): Wallets {
  return createWallets(shardCount, {
    stakeCall: callOf,
    later: (delayMs, act) => run().world.at(run().world.now() + delayMs, 'client', act),
    nodeFor: (order, tries) => nodeFor(run(), order, tries),
    submit: (node, shard, raw, answer) => run().world.submit(node, shard, raw, answer),
    onOffered: ({ id, order, sender, nonce }) => {
      const { court } = run()
      const { shard, destination, amount } = order
      if (destination !== shard) court.conservation.declare(id, BigInt(amount))
      court.testimony.offered({ hash: id, shard, from: toHex(sender), nonce })
    },
    onAccepted: (node, { id }) => run().court.testimony.accepted(node, id),
  })
}

/** The node of the order first, then one honest member of the shard after the other. */
function nodeFor({ world, honest }: Run, order: NetworkOrder, tries: number): number | undefined {
  if (tries === 0 && world.isUp(order.node)) return order.node
  const members = world.validator(0).beacon.head().committees[order.shard] ?? []
  const up = members.filter((node) => honest.includes(node) && world.isUp(node))
  return up[tries % Math.max(1, up.length)]
}

/** Everything a plan says is put on the clock before the first event. */
function begin(run: Run): void {
  const { plan, world } = run
  world.at(0, 'begin', () => {
    for (const { node, vice } of plan.vices) world.apply({ kind: 'byzantine', nodes: [node], vice })
    world.apply({ kind: 'start', nodes: run.honest })
  })
  for (const { atMs, trouble } of plan.troubles) {
    world.at(atMs, trouble.kind, () => world.apply(trouble))
  }
  for (const order of plan.orders) world.at(order.atMs, 'order', () => place(run, order))
  world.at(plan.healMs, 'heal', () => heal(run))
  if (plan.churn !== undefined) churn(run, plan.churn)
}

/** B.7: a node forgets what its operator wants when it ends. */
function wish({ plan, world }: Run, node: number): void {
  if (plan.opens !== true) return
  const changes = [openingOf(plan)]
  world.at(world.now(), 'operator', () => world.apply({ kind: 'support', nodes: [node], changes }))
}

/** Whoever joins waits for the one before it, as indices are given in order; who pays on an opened shard, for the shard. */
function place(run: Run, order: NetworkOrder): void {
  const { world, wallets, honest, plan } = run
  if (isBeforeOpening(world, honest, plan, order)) {
    run.early.add(order)
    return world.at(world.now() + LOOK_MS, 'order', () => place(run, order))
  }
  run.early.delete(order)
  const { validators } = world.validator(0).beacon.head()
  const isEarly = order.stake?.kind === 'deposit' && order.stake.validator > validators.length
  if (!isEarly) return wallets.place(order)
  if (run.progress === undefined) world.at(world.now() + LOOK_MS, 'order', () => place(run, order))
}

function churn(run: Run, rules: ChurnPlan): void {
  const { plan, world } = run
  const dice = createPrng(plan.seed).stream('churn')
  const churning = createChurn(world, plan, rules, dice)
  const pass = (): void => {
    if (world.now() + rules.everyMs >= plan.healMs) return
    const sentence = churning.pass()
    if (sentence !== undefined) run.stuck ??= { rule: 'L8', sentence, atMs: world.now() }
    world.at(world.now() + rules.everyMs, 'churn', pass)
  }
  world.at(CHURN_FROM_MS, 'churn', pass)
}

function heal(run: Run): void {
  const { world, court, plan } = run
  world.calm()
  const all = Array.from({ length: world.nodeCount }, (_, index) => index)
  const down = all.filter((node) => !world.isUp(node))
  world.apply({ kind: 'start', nodes: down })
  court.testimony.healed()
  run.progress = { fromTips: tipsOf(world, run.honest), wallets: run.wallets }
  tell(run, -1, `healed; ${plan.patienceMs} ms are left for progress`)
  look(run)
}

function look(run: Run): void {
  const { world, progress, honest } = run
  if (progress === undefined) return
  // What the beacon sends, a reward for instance, is no client's order (B.10).
  run.isDone =
    run.early.size === 0 &&
    missingProgress(world, honest, progress) === undefined &&
    run.court.receipts.finish() === undefined
  if (!run.isDone) world.at(world.now() + LOOK_MS, 'look', () => look(run))
}

function conclude(run: Run): void {
  const { world, court, honest, wallets, progress } = run
  const accuse = (rule: string, sentence: string | undefined): void => {
    if (sentence !== undefined) run.stuck ??= { rule, sentence, atMs: world.now() }
  }
  if (!run.isDone && progress !== undefined) {
    const early = run.early.size === 0 ? undefined : 'an opened shard was not there to be paid'
    accuse(
      'L',
      early ?? missingProgress(world, honest, progress) ?? 'the run ended before its time',
    )
  }
  accuse('C4', court.receipts.finish())
  accuse('C3', wrongBalance(world, honest, wallets.expected()))
  court.testimony.finish()
}

/** What operators do: start what ended by chance, wipe what refuses its own disk. */
function operate(run: Run, node: number, end: NodeEnd): void {
  const { world, court } = run
  court.onEnded(node, end)
  tell(run, node, end.kind === 'crash' ? 'crashes' : `ends: ${end.detail}`)
  if (end.kind === 'crash' || (end.kind === 'disk' && end.detail === 'full')) return
  if (end.kind === 'machine' || end.detail === 'damaged') return renew(run, node)
  world.at(world.now() + OPERATOR_MS, 'operator', () => {
    world.apply({ kind: 'start', nodes: [node] })
  })
}

/** A node whose disk is damaged says that it disagrees with its committee, or does not start: its store is removed. */
function renew({ world }: Run, node: number): void {
  world.at(world.now() + OPERATOR_MS, 'operator', () => {
    if (!world.isDamaged(node)) return
    world.apply({ kind: 'wipe', nodes: [node] })
    world.apply({ kind: 'start', nodes: [node] })
  })
}

function isDivergence(fact: ValidatorFact): boolean {
  if (fact.kind === 'engine') return fact.fact.kind === 'divergence'
  return fact.kind === 'divergence' || fact.kind === 'forked'
}

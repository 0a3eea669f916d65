/**
 * The court of a sharded network: every checker behind one door. It listens to a world, translates what it hears into the
 * checkers' own words and keeps the first broken rule; what follows a violation proves nothing.
 */
import type { BeaconState } from '../../node/beacon/state.ts'
import type { Genesis } from '../../node/beacon/genesis.ts'
import type { EngineFact } from '../../node/consensus/engine-contract.ts'
import type { UnsignedVote } from '../../node/consensus/vote.ts'
import type { ChainNumber, Hash } from '../../node/primitives/identifiers.ts'
import type { CertificateScheme } from '../../node/primitives/signature.ts'
import type { BlockOutcome } from '../../node/shards/executor.ts'
import type { StoreWrite } from '../../node/storage/store.ts'
import type { ChainRestore, NodeRestore, ValidatorFact } from '../../node/validator/contract.ts'
import type { NodeMessage } from '../../node/validator/message.ts'
import { createBlockOrder, type BlockOrder, type ToldBlock } from './block-order.ts'
import { createBranchHold, type BranchHold } from './branch-hold.ts'
import { committeesSeen, createCapturedShards, type CapturedShards } from './captured-shards.ts'
import { createConservationChecker, type ConservationChecker } from './checkers/conservation.ts'
import { createReceiptChecker, type ReceiptChecker } from './checkers/receipts.ts'
import { createShardHeadChecker } from './checkers/shard-heads.ts'
import type { SeenBlock, SeenCut } from './checkers/sharded-observation.ts'
import { statementLine } from './consensus-seen.ts'
import { createChainsCourt, type ChainsCourt } from './sharded-chains-court.ts'
import { createOrphanRegister, type OrphanRegister } from './orphan-register.ts'
import { createJury, type Jury, type Testimony } from './sharded-jury.ts'
import type { NodeEnd, SignedPlace } from './sharded-plan.ts'
import {
  carriedBytes,
  checkedNetwork,
  journaledCertificate,
  seenBlock,
  genesisStakes,
  seenCut,
} from './sharded-seen.ts'
import type { Trouble } from './sharded-trouble.ts'
import type { ShardedWorld } from './sharded-world.ts'

/** Executors that a network can lose within one millisecond: a few times all of them. */
const FAILURES_AT_ONCE_MAX = 200
/** How far ahead of its own time of day a follower accepts a stamp. */
const TIMESTAMP_AHEAD_MAX_MS = 5_000

export type Court = {
  readonly onFact: (node: number, fact: ValidatorFact) => void
  readonly onOutcome: (node: number, shard: ChainNumber, outcome: BlockOutcome) => void
  readonly onBeacon: (node: number, state: BeaconState) => void
  /** `root`: the bytes that were signed. */
  readonly onSigned: (node: number, place: SignedPlace, vote: UnsignedVote, root?: Hash) => void
  readonly onMessage: (node: number, message: NodeMessage) => void
  /** A node writes this down: its journal shows the certificates that it acts upon. */
  readonly onWritten: (node: number, writes: readonly StoreWrite[]) => void
  /** A node came back from its store. */
  readonly onStarted: (node: number, restore: NodeRestore) => void
  readonly onOpened: (node: number, restore: ChainRestore) => void
  readonly onTrouble: (trouble: Trouble) => void
  readonly onRefused: (node: number, chain: ChainNumber, vote: UnsignedVote) => void
  readonly onEnded: (node: number, end: NodeEnd) => void
  readonly conservation: ConservationChecker
  readonly receipts: ReceiptChecker
  /** What the court cannot see by itself. */
  readonly testimony: Testimony
  /** So many of its seats lie, or lied, that only what the beacon records of this shard is judged. */
  readonly isCaptured: (shard: ChainNumber) => boolean
  /** The first rule that was broken. */
  readonly violation: () => string | undefined
  /** The same in parts. */
  readonly verdict: () => Verdict | undefined
}

export type Verdict = {
  readonly rule: string
  readonly sentence: string
  readonly atMs: number
}

type Bench = {
  readonly world: () => ShardedWorld
  readonly bornMs: number
  readonly chains: ChainsCourt
  /** Nodes that are, or once were, byzantine: what their keys do is nobody's guilt any more. */
  readonly byzantine: Set<number>
  readonly conservation: ConservationChecker
  readonly receipts: ReceiptChecker
  readonly heads: ReturnType<typeof createShardHeadChecker>
  readonly jury: Jury
  /** Beacon heights that were judged. */
  readonly cuts: Set<number>
  /** Cuts that name blocks which no honest node has executed yet, oldest first. */
  readonly waiting: SeenCut[]
  /** `shard/height` that an honest node has executed. */
  readonly executed: Set<string>
  readonly orphans: OrphanRegister
  readonly captured: CapturedShards
  readonly hold: BranchHold<ToldBlock>
  /** Blocks that the checkers had seen were taken back: from then on they cannot tell what follows from what. */
  isRewritten: boolean
  readonly order: BlockOrder
  readonly failures: { atMs: number; count: number }
  /** How far honest times of day were ahead and behind. */
  readonly clocks: { aheadMs: number; behindMs: number }
  readonly unjudged: string[]
  found: Verdict | undefined
}

function openBench(
  genesis: Genesis,
  world: () => ShardedWorld,
  scheme: CertificateScheme | undefined,
): Bench {
  const byzantine = new Set<number>()
  const captured = createCapturedShards()
  const bench: Bench = {
    world,
    bornMs: genesis.timestampMs,
    chains: createChainsCourt({
      genesis,
      scheme,
      byzantine,
      isScarred: (node) => world().wasDamaged(node),
      isCaptured: captured.has,
      now: () => world().now(),
      convict: (rule, sentence) => convict(bench, rule, sentence),
    }),
    byzantine,
    conservation: createConservationChecker(
      checkedNetwork(genesis, byzantine).balances,
      genesisStakes(genesis),
    ),
    receipts: createReceiptChecker(),
    heads: createShardHeadChecker(),
    jury: createJury({
      genesis,
      world,
      byzantine,
      isCaptured: captured.has,
      convict: (rule, sentence) => convict(bench, rule, sentence),
    }),
    cuts: new Set(),
    waiting: [],
    executed: new Set(),
    orphans: createOrphanRegister(),
    captured,
    hold: createBranchHold(captured.has),
    isRewritten: false,
    order: createBlockOrder(),
    failures: { atMs: 0, count: 0 },
    clocks: { aheadMs: 0, behindMs: 0 },
    unjudged: [],
    found: undefined,
  }
  return bench
}

/** `scheme` lets the court check evidence itself; rules in `unjudged` do not hold in this kind of run. */
export function createCourt(
  genesis: Genesis,
  world: () => ShardedWorld,
  scheme?: CertificateScheme,
  unjudged: readonly string[] = [],
): Court {
  const bench = openBench(genesis, world, scheme)
  bench.unjudged.push(...unjudged)
  const isHonest = (node: number): boolean => !bench.byzantine.has(node)
  return {
    onFact: (node, fact) => {
      if (isHonest(node)) hearFact(bench, node, fact)
    },
    onOutcome: (node, shard, outcome) => {
      if (isHonest(node)) hearOutcome(bench, node, { shard, outcome })
    },
    onBeacon: (node, state) => {
      if (isHonest(node)) hearBeacon(bench, node, state)
    },
    onSigned: (node, place, vote, root) => {
      bench.chains.signed(node, place, vote)
      const isJudged = root !== undefined && isHonest(node) && !bench.isRewritten
      if (isJudged) bench.jury.onSigned(node, place, vote, root)
    },
    onMessage: (node, message) => {
      bench.chains.heard(node, message)
      if (isHonest(node)) bench.jury.onMessage(node, carriedBytes(message))
    },
    onWritten: (node, writes) => {
      if (!isHonest(node)) return
      for (const { certificate, ...place } of writes.flatMap(journaledCertificate))
        bench.chains.used(node, place, certificate)
    },
    onStarted: (node, restore) => {
      if (!isHonest(node)) return
      bench.chains.restarted(node, restore)
      if (!bench.isRewritten) bench.jury.onStarted(node, restore)
    },
    onOpened: (node, restore) => {
      // What it had told of may have been taken back, as at a start.
      if (isHonest(node) && !bench.isRewritten) bench.jury.onOpened(node, restore)
    },
    onTrouble: (trouble) => hearTrouble(bench, trouble),
    onRefused: (node, chain, vote) => hearRefusal(bench, node, { chain, vote }),
    onEnded: (node, end) => hearEnd(bench, node, end),
    conservation: bench.conservation,
    receipts: bench.receipts,
    isCaptured: bench.captured.has,
    testimony: {
      ...bench.jury.testimony,
      finish: () => {
        convict(bench, 'court', bench.order.overdue(world().now()))
        bench.jury.testimony.finish()
      },
    },
    violation: () =>
      bench.found && `${bench.found.rule} at ${bench.found.atMs} ms: ${bench.found.sentence}`,
    verdict: () => bench.found,
  }
}

function convict(bench: Bench, rule: string, sentence: string | undefined): void {
  if (sentence === undefined || bench.unjudged.includes(rule)) return
  bench.found ??= { rule, sentence, atMs: bench.world().now() }
}

function hearFact(bench: Bench, node: number, fact: ValidatorFact): void {
  // Whoever learns late that its shard was forced goes on for a while in vain.
  const isOfChain = fact.kind === 'finalized' || fact.kind === 'epoch'
  if (isOfChain && bench.orphans.isOrphan(fact.chain, fact)) return
  if (!bench.isRewritten) bench.jury.onFact(node, fact)
  switch (fact.kind) {
    case 'finalized':
      return bench.chains.delivered(node, fact)
    case 'epoch':
      return bench.chains.began(node, fact)
    case 'state-sync':
      if (fact.phase === 'begun') bench.chains.fetches(node, fact.shard, fact.height)
      return
    case 'forked':
      if (bench.world().wasDamaged(node) || bench.captured.has(fact.shard)) return
      return convict(bench, 'C7', `node ${node} found shard ${fact.shard} forked`)
    case 'divergence':
      if (bench.world().wasDamaged(node) || bench.captured.has(fact.chain)) return
      return convict(bench, 'R8', `node ${node} diverged on chain ${fact.chain}: ${fact.detail}`)
    case 'refused-block':
      // Liars propose what must be refused, and a node whose beacon fell back refuses its own; others never do.
      if (bench.byzantine.size > 0 || bench.world().wasDamaged(node)) return
      if (fact.code === 'timestamp-in-future' && mayDisagree(bench)) return
      return convict(bench, 'R4', `node ${node} refused a block: ${fact.code} ${fact.detail}`)
    case 'evidence':
      return bench.chains.accused(node, fact.evidence)
    case 'executor-failed':
      return hearFailure(bench, node)
    case 'engine':
      return hearEngine(bench, node, fact, fact.fact)
    default:
  }
}

/** R4: two times of day that are further apart than a follower tolerates, each as wrong as the other. */
function mayDisagree({ clocks }: Bench): boolean {
  return clocks.aheadMs + clocks.behindMs > TIMESTAMP_AHEAD_MAX_MS
}

/** Executors die and come back; a node that loses one again and again at one moment goes in a circle. */
function hearFailure(bench: Bench, node: number): void {
  const { failures } = bench
  const now = bench.world().now()
  if (failures.atMs !== now) failures.count = 0
  failures.atMs = now
  failures.count++
  if (failures.count > FAILURES_AT_ONCE_MAX)
    convict(bench, 'host', `node ${node} asks its executor in a circle`)
}

function hearEngine(bench: Bench, node: number, place: SignedPlace, fact: EngineFact): void {
  // A disk that forgot leaves a node that disagrees, and falls silent.
  const isOwed = !bench.world().wasDamaged(node) && !bench.captured.has(place.chain)
  if (fact.kind === 'divergence' && isOwed) {
    convict(bench, 'R8', `node ${node} diverged`)
  }
  if (fact.kind === 'invalid-signature') bench.chains.blamed(node, place, fact.seat)
}

/** A node may turn while the network runs. */
function hearTrouble(bench: Bench, trouble: Trouble): void {
  tellJury(bench.jury, trouble)
  if (trouble.kind === 'clock') {
    const { clocks } = bench
    clocks.aheadMs = Math.max(clocks.aheadMs, trouble.skewMs)
    clocks.behindMs = Math.max(clocks.behindMs, -trouble.skewMs)
  }
  if (trouble.kind !== 'byzantine') return
  for (const node of trouble.nodes) {
    bench.byzantine.add(node)
    bench.chains.turned(node)
  }
  bench.captured.look(committeesSeen(bench.world()), bench.byzantine)
}

function tellJury(jury: Jury, trouble: Trouble): void {
  if (trouble.kind === 'clock') jury.onClock(trouble.skewMs)
  if (trouble.kind === 'stop' || trouble.kind === 'crash') trouble.nodes.forEach(jury.onStopped)
  const isLoss =
    trouble.kind === 'wipe' || trouble.kind === 'bit-flips' || trouble.kind === 'lost-records'
  if (isLoss) trouble.nodes.forEach(jury.onDiskLost)
}

/** In a correct node the guard never has to refuse; a node that lost its journal is what it is for. */
function hearRefusal(
  bench: Bench,
  node: number,
  { chain, vote }: { readonly chain: ChainNumber; readonly vote: UnsignedVote },
): void {
  if (bench.world().wasDamaged(node)) return
  const sentence = `the guard of node ${node} refused ${statementLine(vote)} of chain ${chain}`
  convict(bench, 'host', sentence)
}

/** A node ends when its disk fails, and refuses a damaged one; anything else is a broken assertion. */
function hearEnd(bench: Bench, node: number, end: NodeEnd): void {
  bench.jury.onStopped(node)
  if (end.kind !== 'machine' || end.isDamaged) return
  const who = bench.byzantine.has(node) ? 'the adversary in' : 'the machine of'
  convict(bench, 'host', `${who} node ${node} threw: ${end.detail}`)
}

function hearOutcome(
  bench: Bench,
  node: number,
  { shard, outcome }: { readonly shard: ChainNumber; readonly outcome: BlockOutcome },
): void {
  if (bench.isRewritten || bench.orphans.isOrphan(shard, outcome.header)) return
  const seen = seenBlock(shard, outcome)
  // Virtual time begins when the network is born.
  const block: SeenBlock = { ...seen, timestampMs: seen.timestampMs - bench.bornMs }
  judgeTold(bench, bench.hold.tell(block, { node, block }))
}

function judgeTold(bench: Bench, told: readonly ToldBlock[]): void {
  for (const one of told) judgeBlocks(bench, bench.order.tell(one, bench.world().now()))
}

function judgeBlocks(bench: Bench, told: readonly ToldBlock[]): void {
  for (const { node, block } of told) judgeBlock(bench, node, block)
}

function judgeBlock(bench: Bench, node: number, block: SeenBlock): void {
  if (bench.heads.isNew(block)) {
    bench.conservation.block(block)
    convict(bench, 'C3', bench.receipts.block(block))
  }
  convict(bench, 'S6', bench.heads.block(node, block))
  bench.jury.onBlock(node, block)
  bench.executed.add(`${block.shard}/${block.height}`)
  judgeCuts(bench)
}

/** Every finalized beacon block once, whichever node reaches it first. */
function hearBeacon(bench: Bench, node: number, state: BeaconState): void {
  bench.captured.look(state.committees, bench.byzantine)
  bench.chains.planned(node, state)
  for (const { shard, height } of bench.orphans.planned(state)) takeBack(bench, shard, height)
  if (bench.isRewritten) return
  if (bench.cuts.has(state.height)) return
  bench.cuts.add(state.height)
  const cut = seenCut(state)
  bench.waiting.push(cut)
  convict(bench, 'C3', bench.receipts.beaconSent(cut))
  judgeBlocks(bench, bench.order.record(cut))
  judgeTold(bench, bench.hold.record(cut.heads))
  judgeCuts(bench)
}

/**
 * B.8: what the checkers have seen above this height is void. They cannot unsee it, so blocks, cuts and progress are judged no
 * more in this run, only signatures, certificates and what is final at which height; whoever runs the network counts the money
 * at the end.
 */
function takeBack(bench: Bench, shard: ChainNumber, height: number): void {
  bench.chains.tookBack(shard, height)
  bench.order.takeBack(shard, height)
  if (bench.executed.has(`${shard}/${height + 1}`)) bench.isRewritten = true
}

/** A liar may be the first to commit what the beacon records: a cut is judged when an honest node has executed it all. */
function judgeCuts(bench: Bench): void {
  for (let cut = bench.waiting[0]; cut !== undefined; cut = bench.waiting[0]) {
    const isKnown = cut.heads.every(
      ({ height }, index) => height === 0 || bench.executed.has(`${index + 1}/${height}`),
    )
    if (!isKnown) return
    bench.waiting.shift()
    bench.jury.onCut(cut)
    convict(bench, 'X1', bench.heads.cut(cut))
    convict(bench, 'C4', bench.receipts.beaconConsumed(cut))
    convict(bench, 'C1', bench.conservation.cut(cut))
  }
}

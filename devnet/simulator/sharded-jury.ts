/**
 * The jury of a sharded network: the checkers that look at accounts, promises, bounds and progress (S10 to S14, C2, C5, X5,
 * L1 to L7), fed by the court and by whoever runs the network: only that one knows when clients speak and when faults are
 * over.
 */
import type { Genesis } from '../../node/beacon/genesis.ts'
import type { UnsignedVote } from '../../node/consensus/vote.ts'
import { fromHex, toHex } from '../../node/primitives/bytes.ts'
import { BEACON_CHAIN, type ChainNumber, type Hash } from '../../node/primitives/identifiers.ts'
import type { ChainRestore, NodeRestore, ValidatorFact } from '../../node/validator/contract.ts'
import { createAccountChecker } from './checkers/accounts.ts'
import { createAnchorChecker } from './checkers/anchors.ts'
import { createBoundsChecker } from './checkers/bounds.ts'
import { createCursorChecker } from './checkers/cursors.ts'
import { createDurabilityChecker } from './checkers/durability.ts'
import { createExecutionChecker } from './checkers/execution.ts'
import { createFlowChecker } from './checkers/flow.ts'
import { createCatchUpChecker } from './checkers/liveness-catch-up.ts'
import { createFinalityReturnChecker } from './checkers/liveness-finality.ts'
import { createInclusionChecker } from './checkers/liveness-inclusion.ts'
import { createIsolationChecker } from './checkers/liveness-isolation.ts'
import { createQuietChecker } from './checkers/liveness-quiet.ts'
import { createReceiptLivenessChecker } from './checkers/liveness-receipts.ts'
import { createViewChecker } from './checkers/liveness-views.ts'
import type {
  CheckedNetwork,
  NetworkChecker,
  NetworkObservation,
  OfferedTransaction,
} from './checkers/network-observation.ts'
import { createRpcTruthChecker } from './checkers/rpc-truth.ts'
import { createShardSupplyChecker } from './checkers/shard-supply.ts'
import type { SeenBlock, SeenCut } from './checkers/sharded-observation.ts'
import { createSigningRootChecker } from './checkers/signing-roots.ts'
import { createTimestampChecker } from './checkers/timestamps.ts'
import { statementLine } from './consensus-seen.ts'
import { checkedNetwork, genesisHashOf } from './sharded-seen.ts'
import type { SignedPlace } from './sharded-plan.ts'
import type { ShardedWorld } from './sharded-world.ts'

/** What only whoever runs the network can tell. All of it may be left out; then the rules about it are not judged. */
export type Testimony = {
  /** A client has made this transaction. */
  readonly offered: (transaction: OfferedTransaction) => void
  /** A node told a client that it took it. */
  readonly accepted: (node: number, transaction: string) => void
  /** All faults are over and everybody is up: from here on progress is owed. */
  readonly healed: () => void
  /** More members of the shard are away than it can spare. */
  readonly stalled: (shard: ChainNumber) => void
  readonly resumed: (shard: ChainNumber) => void
  /** Clients want nothing any more, and all they wanted is settled; or they begin again. */
  readonly idle: (isIdle: boolean) => void
  /** The run is over. */
  readonly finish: () => void
}

export type Jury = {
  readonly testimony: Testimony
  readonly onFact: (node: number, fact: ValidatorFact) => void
  readonly onBlock: (node: number, block: SeenBlock) => void
  readonly onCut: (cut: SeenCut) => void
  readonly onSigned: (node: number, place: SignedPlace, vote: UnsignedVote, root: Hash) => void
  readonly onMessage: (node: number, size: number | undefined) => void
  readonly onStarted: (node: number, restore: NodeRestore) => void
  readonly onOpened: (node: number, restore: ChainRestore) => void
  readonly onStopped: (node: number) => void
  readonly onDiskLost: (node: number) => void
  readonly onClock: (skewMs: number) => void
}

export type JuryOptions = {
  readonly genesis: Genesis
  readonly world: () => ShardedWorld
  /** Nodes that are or were byzantine; it may grow. */
  readonly byzantine: ReadonlySet<number>
  /** What its nodes call final is not judged (captured-shards.ts), only what the beacon has recorded. */
  readonly isCaptured: (chain: ChainNumber) => boolean
  readonly convict: (rule: string, sentence: string) => void
}

type Bench = JuryOptions & {
  readonly checkers: readonly NetworkChecker[]
  /** Those that count messages. */
  readonly talk: readonly NetworkChecker[]
  /** `shard/height` that some node has committed. */
  readonly committed: Set<string>
  /** Shard -> accounts that clients ask for: those that its last block has changed. */
  readonly asked: Map<ChainNumber, readonly Uint8Array[]>
  skewMaxMs: number
}

export function createJury(options: JuryOptions): Jury {
  const checkers = allCheckers(options, () => bench.skewMaxMs)
  const bench: Bench = {
    ...options,
    checkers,
    talk: checkers.filter(({ hearsTalk }) => hearsTalk === true),
    committed: new Set(),
    asked: new Map(),
    skewMaxMs: 0,
  }
  const hear = (seen: NetworkObservation): void => observe(bench, seen)
  return {
    testimony: {
      offered: (transaction) => hear({ kind: 'offered', transaction }),
      accepted: (node, transaction) => hear({ kind: 'accepted', node, transaction }),
      healed: () => hear({ kind: 'healed' }),
      stalled: (shard) => hear({ kind: 'stalled', shard }),
      resumed: (shard) => hear({ kind: 'resumed', shard }),
      idle: (isIdle) => hear({ kind: 'idle', isIdle }),
      finish: () => finish(bench),
    },
    onFact: (node, fact) => hearFact(bench, node, fact),
    onBlock: (node, block) => hearBlock(bench, node, block),
    onCut: (cut) => hear({ kind: 'cut', cut }),
    onSigned: (node, { chain, epoch }, vote, root) => {
      const statement = `${statementLine(vote)} in epoch ${epoch}`
      hear({ kind: 'signed-root', chain, root: toHex(root), statement })
      // It has executed a block that is not final: what it calls final must not know of it.
      if (vote.kind === 'notarize') readBack(bench, node, chain)
    },
    onMessage: (node, size) => {
      hear({ kind: 'spoken', node })
      if (size !== undefined) hear({ kind: 'load', node, what: 'message-bytes', count: size })
    },
    onStarted: (node, { chains }) => {
      const judged = chains.filter(({ chain }) => !bench.isCaptured(chain))
      const heads = judged.map(({ chain, head }) => ({ chain, height: head?.height ?? 0 }))
      hear({ kind: 'started', node, heads })
    },
    onOpened: (node, { chain, head }) => {
      if (!bench.isCaptured(chain)) hear({ kind: 'opened', node, chain, height: head?.height ?? 0 })
    },
    onStopped: (node) => hear({ kind: 'stopped', node }),
    onDiskLost: (node) => hear({ kind: 'disk-lost', node }),
    onClock: (skewMs) => {
      bench.skewMaxMs = Math.max(bench.skewMaxMs, Math.abs(skewMs))
    },
  }
}

function allCheckers(
  { genesis, byzantine }: JuryOptions,
  skewMaxMs: () => number,
): readonly NetworkChecker[] {
  const network = checkedNetwork(genesis, byzantine)
  return [
    createAccountChecker(),
    createShardSupplyChecker(network),
    createDurabilityChecker(),
    createBoundsChecker(),
    createFlowChecker(network),
    createAnchorChecker(toHex(genesisHashOf(genesis, BEACON_CHAIN))),
    createCursorChecker(),
    createTimestampChecker(skewMaxMs),
    createExecutionChecker(),
    createRpcTruthChecker(network),
    createSigningRootChecker(),
    ...livenessCheckers(genesis, network),
  ]
}

/** What A.7 caps the backoff of timeouts at, and what a view without a block takes, in multiples of delta. */
const BACKOFF_MAX = 8
const VIEW_DELTAS = 7.5
/** Reconnecting, asking and replaying after a restart. */
const CATCH_UP_FIXED_MS = 15_000
/** Heartbeats of two chains per node take about five messages per node and second in a network of two shards. */
const QUIET_MESSAGES_MAX = 40

function livenessCheckers(genesis: Genesis, network: CheckedNetwork): readonly NetworkChecker[] {
  const { shardTiming, beaconTiming } = genesis
  const slotMs = Math.max(shardTiming.blockIntervalMs, beaconTiming.blockIntervalMs)
  const idleMs = Math.max(shardTiming.idleIntervalMs, beaconTiming.idleIntervalMs)
  const seats = Math.max(...network.committees.map((committee) => committee.length))
  const faults = Math.floor((seats - 1) / 3)
  const deltaMs = Math.max(shardTiming.deltaMs, beaconTiming.deltaMs)
  /** As many leaders as may be faulty in a row and one more, at the longest timeouts. */
  const rowMs = (faults + 1) * VIEW_DELTAS * deltaMs * BACKOFF_MAX
  const seated = seatedNetwork(genesis, network)
  return [
    createFinalityReturnChecker(seated, idleMs + 2 * rowMs + 4 * slotMs),
    createInclusionChecker(20 * slotMs + rowMs),
    createReceiptLivenessChecker(6 * slotMs + 4 * rowMs),
    createCatchUpChecker(seated, { fixedMs: CATCH_UP_FIXED_MS + rowMs, intervalMs: slotMs }),
    createIsolationChecker(network, idleMs + rowMs + 4 * slotMs),
    createQuietChecker(seated, QUIET_MESSAGES_MAX),
    createViewChecker(network),
  ]
}

/** Where seats move, only the beacon has the same followers for ever: everybody (B.15); of shards, those who hold them are asked in the end. */
function seatedNetwork({ epochs, validators }: Genesis, network: CheckedNetwork): CheckedNetwork {
  const [, ...shards] = network.committees
  const isMoving = (epochs?.blocks ?? 0) > 0
  const committees = [[...validators.keys()], ...(isMoving ? shards.map(() => []) : shards)]
  return { ...network, committees }
}

function observe(bench: Bench, seen: NetworkObservation): void {
  const now = bench.world().now()
  for (const checker of seen.kind === 'spoken' ? bench.talk : bench.checkers) {
    const sentence = checker.observe(seen, now)
    if (sentence !== undefined) bench.convict(checker.rule, sentence)
  }
}

function finish(bench: Bench): void {
  const now = bench.world().now()
  for (const { rule, finish: ask } of bench.checkers) {
    const sentence = ask?.(now)
    if (sentence !== undefined) bench.convict(rule, sentence)
  }
}

function hearFact(bench: Bench, node: number, fact: ValidatorFact): void {
  if ('chain' in fact && bench.isCaptured(fact.chain)) return
  if (fact.kind === 'finalized') {
    const { chain, height } = fact
    return observe(bench, { kind: 'final', node, chain, height, hash: toHex(fact.hash) })
  }
  if (fact.kind !== 'engine') return
  const { chain, epoch, fact: inner } = fact
  if (inner.kind === 'view-entered') {
    observe(bench, { kind: 'view-entered', node, chain, epoch, view: inner.view })
  }
  if (inner.kind === 'nullified') {
    const engine = bench.world().validator(node).chains.get(chain)
    // The turn that gave the view up may have ended the epoch: whose view it was can no more be asked.
    if (engine === undefined || engine.epoch !== epoch) return
    const leader = engine.leader(inner.view)
    if (!mayLead(bench, leader, { chain, epoch })) return
    observe(bench, { kind: 'nullified', node, chain, epoch, view: inner.view, leader })
  }
}

/** Who has not come to the epoch yet cannot lead in it, and while a shard recovers nobody may build on it (B.8). */
function mayLead(
  { world }: Bench,
  leader: number,
  { chain, epoch }: Pick<SignedPlace, 'chain' | 'epoch'>,
): boolean {
  // Who joined may have no node here at all.
  if (leader >= world().nodeCount || !world().isUp(leader)) return false
  const { beacon, chains } = world().validator(leader)
  const isRecovering = beacon.head().shards[chain - 1]?.status === 'recovering'
  return chains.get(chain)?.epoch === epoch && !isRecovering
}

/** What is kept grows by a few views per block at most, so a leak is seen just as well at some of the blocks. */
const MEASURED_ONE_IN = 8

function hearBlock(bench: Bench, node: number, block: SeenBlock): void {
  const key = `${block.shard}/${block.height}`
  const isFirst = !bench.committed.has(key)
  bench.committed.add(key)
  // Of a captured shard final is what the beacon has recorded.
  if (bench.isCaptured(block.shard)) {
    const { shard: chain, height, hash } = block
    observe(bench, { kind: 'final', node, chain, height, hash })
  }
  observe(bench, { kind: 'block', node, block, isFirst })
  if (isFirst && block.changed.length > 0) {
    const accounts = block.changed.map(({ account }) => fromHex(account))
    bench.asked.set(
      block.shard,
      accounts.filter((account) => account !== undefined),
    )
  }
  readBack(bench, node, block.shard)
  if (block.height % MEASURED_ONE_IN === 0) measure(bench, node, block.shard)
}

/** A client asks the node for some accounts as of its final head. */
function readBack(bench: Bench, node: number, shard: ChainNumber): void {
  if (bench.isCaptured(shard)) return
  const addresses = bench.asked.get(shard)
  if (addresses === undefined || !bench.world().validator(node).shards.has(shard)) return
  const request = { kind: 'accounts', at: { kind: 'finalized' }, addresses } as const
  const answer = bench.world().executor(node, shard).runNow(request)
  if (answer.kind !== 'accounts') return
  const { height } = answer
  for (const { address, nonce, balance } of answer.accounts) {
    const account = toHex(address)
    observe(bench, { kind: 'read', node, shard, height, account, nonce, balance })
  }
}

function measure(bench: Bench, node: number, shard: ChainNumber): void {
  const { chains, shards } = bench.world().validator(node)
  const held = chains.get(shard)?.held()
  if (held !== undefined) {
    for (const what of ['rounds', 'votes', 'blocks'] as const)
      observe(bench, { kind: 'load', node, what, count: held[what] })
  }
  const count = shards.get(shard)?.mempool.size().count ?? 0
  observe(bench, { kind: 'load', node, what: 'pool', count })
}

/**
 * Executing a block on its parent's state, to build it or to verify it: one path for both, so that what a leader builds is
 * what followers compute (docs/protocol/shards.md, "Blocks"; C.1, C.2, C.5, C.6).
 *
 * Order within a block: the inbox, then local transactions, then the tips to the proposer, then the outbox. Everything a
 * block depends on is its parent, its frame, its anchor and its body.
 */
import { outRootOf } from '../crosslink/channel.ts'
import type { AnchorView, ShardRecord } from '../crosslink/crosslink.ts'
import type { ShardHeader } from '../crosslink/header.ts'
import { HEADER_VERSION, shardBlockHash } from '../crosslink/header-codec.ts'
import type { InboxItem, ReceiptBatch } from '../crosslink/receipt.ts'
import { equalBytes } from '../primitives/bytes.ts'
import type { Address, Hash, Seat } from '../primitives/identifiers.ts'
import { accepted, rejected, type Result } from '../primitives/result.ts'
import type { TransactionRun } from './apply-transaction.ts'
import { inboxRootOf, resultsRootOf, transactionRootOf } from './block.ts'
import {
  bufferedOf,
  type ChannelState,
  copyChannels,
  cursorsOf,
  knownShards,
  readChannels,
  writeChannels,
} from './channel-state.ts'
import type { BlockOutcome, ShardConfig, TransactionResult } from './executor.ts'
import { evacuate } from './evacuation.ts'
import { baseFeeFloor, nextBaseFee } from './fees.ts'
import { flowLimits } from './flow-control.ts'
import type { InboxOutcome, InboxRun } from './inbox-execution.ts'
import { configAt, isDrainedAt, isDraining } from './layout.ts'
import { drainOutbox, openOutbox } from './outbox.ts'
import { type HashPairs, rootOf, type StateTree } from './state-tree.ts'
import {
  addTotals,
  credit,
  openState,
  type RecordedState,
  sealState,
  type StateWrite,
  type WorkingState,
} from './working-state.ts'

/** What a child needs to know of its parent besides the state. */
export type ChainPoint = {
  readonly hash: Hash
  readonly height: number
  readonly epoch: number
  readonly view: number
  readonly timestampMs: number
  readonly sealing: boolean
  readonly anchorHeight: number
  readonly gasLimit: number
  readonly gasUsed: number
  readonly baseFeePerGas: bigint
  /** The layout of its anchor (B.7). */
  readonly shardCount: number
}

export type StatePoint = { readonly point: ChainPoint; readonly tree: StateTree }

export function pointOf(hash: Hash, header: ShardHeader): ChainPoint {
  const { height, epoch, view, timestampMs, sealing, gasLimit, gasUsed, baseFeePerGas } = header
  return {
    hash,
    height,
    epoch,
    view,
    timestampMs,
    sealing,
    anchorHeight: header.anchor.beaconHeight,
    gasLimit,
    gasUsed,
    baseFeePerGas,
    shardCount: knownShards(header),
  }
}

/** Constants of one shard, worked out once. */
export type ShardRules = {
  readonly config: ShardConfig
  readonly hashPairs: HashPairs
  /** The state of block 0; it takes a while. */
  readonly genesis: () => RecordedState
}

/** What the proposer chose freely, and the beacon as the block sees it. */
export type BlockFrame = {
  readonly epoch: number
  readonly view: number
  readonly proposerSeat: Seat
  readonly timestampMs: number
  readonly sealing: boolean
  readonly beneficiary: Address
  readonly anchor: AnchorView
}

/** A block being executed. */
export type OpenBlock = {
  readonly rules: ShardRules
  readonly parent: StatePoint
  readonly frame: BlockFrame
  readonly state: WorkingState
  readonly inbox: InboxRun
  /** Begins with the whole gas limit; the inbox takes its part first. */
  readonly run: TransactionRun
}

/** Starts a block on its parent, or says which rule the frame breaks. */
export function openBlock(
  rules: ShardRules,
  parent: StatePoint,
  frame: BlockFrame,
): Result<OpenBlock, 'bad-frame'> {
  const fault = faultOfFrame(rules.config, parent.point, frame)
  if (fault !== undefined) return rejected('bad-frame', fault)
  const config = configAt(rules.config, frame.anchor)
  const limits = flowLimits(config)
  const state = openState(parent.tree)
  const before = readChannels(parent.tree, config.shardCount)
  const outbox = openOutbox(config.shard, copyChannels(before))
  const height = parent.point.height + 1
  const baseFeePerGas = nextBaseFee(parent.point, baseFeeFloor(config.initialBaseFee))
  const inbox = { config, limits, anchor: frame.anchor, height, before, outbox, state }
  const run = { config, baseFeePerGas, outbox, state, gasLeft: config.gasLimit, tips: 0n }
  return accepted({ rules, parent, frame, state, inbox, run })
}

/** Rules of C.1, C.2 and B.5 that need no execution. Drift against the clock is the host's to judge. */
function faultOfFrame(
  config: ShardConfig,
  parent: ChainPoint,
  frame: BlockFrame,
): string | undefined {
  const { anchor, epoch, view } = frame
  if (anchor.shards.length < config.shardCount) return 'the anchor does not know every shard' // B.7
  if (anchor.beaconHeight < parent.anchorHeight)
    return 'the anchor is older than the one of the parent' // C.2
  if (anchor.epoch < epoch) return 'the anchor is of an epoch before the one of the block' // C.2
  const isLast = isDrainedAt(anchor, config.shard) // B.7
  if (frame.sealing !== (anchor.epoch > epoch || isLast))
    return 'the sealing flag does not follow the anchor' // B.5
  const forced = faultOfForcing(anchor.shards[config.shard - 1], parent, epoch)
  if (forced !== undefined) return forced
  if (epoch < parent.epoch) return 'the epoch goes backwards'
  if (epoch === parent.epoch && parent.sealing) return 'a sealing block ends its epoch' // B.5
  if (epoch === parent.epoch && view <= parent.view) return 'the view does not advance'
  if (frame.timestampMs < parent.timestampMs) return 'the time goes backwards'
  return undefined
}

/** B.8: what the beacon says at the anchor about a shard that could not end its epoch. */
function faultOfForcing(
  record: ShardRecord | undefined,
  parent: ChainPoint,
  epoch: number,
): string | undefined {
  if (record === undefined) return 'the anchor does not know the shard'
  const { status, forcedEpoch, hash } = record
  if (status === 'recovering') return 'the shard makes no blocks while it recovers'
  if (epoch < forcedEpoch) return 'the epoch of the block was ended by force'
  if (epoch === parent.epoch || parent.sealing) return undefined
  const isForced = epoch === forcedEpoch && equalBytes(hash, parent.hash)
  return isForced ? undefined : 'the epoch began from another block'
}

/** What was executed in an open block. */
export type BlockWork = {
  readonly items: readonly InboxItem[]
  readonly inbox: InboxOutcome
  readonly transactionHashes: readonly Hash[]
  readonly results: readonly TransactionResult[]
  readonly contentsHash: Hash
}

export type ExecutedBlock = StatePoint & {
  readonly outcome: BlockOutcome
  /** Flat records that lead from the parent's state to this one. */
  readonly writes: readonly StateWrite[]
}

/** Ends the block: tips, outbox, state root, header. */
export function closeBlock(open: OpenBlock, work: BlockWork): ExecutedBlock {
  const { rules, inbox, state } = open
  const { channels } = inbox.outbox
  payTips(open)
  evacuate(inbox)
  const sent = drainOutbox(inbox)
  writeChannels(state, inbox.before, channels)
  const sealed = sealState(state, rules.hashPairs)
  const header = makeHeader(open, work, sealed.tree)
  const hash = shardBlockHash(header)
  const outcome: BlockOutcome = {
    hash,
    header,
    transactionHashes: work.transactionHashes,
    results: work.results,
    consumed: work.inbox.consumed,
    changed: sealed.changed,
    ...channelOutcome(channels, sent),
  }
  return { point: pointOf(hash, header), tree: sealed.tree, outcome, writes: sealed.writes }
}

function channelOutcome(
  channels: ChannelState,
  sent: readonly ReceiptBatch[],
): Pick<BlockOutcome, 'sent' | 'channels' | 'cursors' | 'buffered'> {
  return {
    sent,
    channels: channels.outgoing,
    cursors: cursorsOf(channels),
    buffered: bufferedOf(channels),
  }
}

/** Once per block: the proposer cannot spend a block's tips in that block. Tips nobody can hold are burnt. */
function payTips({ frame, run, state }: OpenBlock): void {
  if (run.tips === 0n) return
  if (!credit(state, frame.beneficiary, run.tips)) addTotals(state, { burnt: run.tips })
}

function makeHeader(open: OpenBlock, work: BlockWork, tree: StateTree): ShardHeader {
  const { frame, parent, inbox, run, rules } = open
  const { anchor } = frame
  const { channels } = inbox.outbox
  return {
    version: HEADER_VERSION,
    chain: rules.config.shard,
    parentHash: parent.point.hash,
    height: inbox.height,
    epoch: frame.epoch,
    view: frame.view,
    proposerSeat: frame.proposerSeat,
    timestampMs: frame.timestampMs,
    anchor: { beaconHeight: anchor.beaconHeight, beaconHash: anchor.beaconHash },
    sealing: frame.sealing,
    transactionRoot: transactionRootOf(work.transactionHashes),
    inboxRoot: inboxRootOf(work.items),
    stateRoot: rootOf(tree),
    outRoot: outRootOf(channels.outgoing),
    cursors: cursorsOf(channels).map((cursor) => cursor.nextSequence),
    resultsRoot: resultsRootOf(work.inbox.consumed, work.results),
    gasLimit: rules.config.gasLimit,
    gasUsed: rules.config.gasLimit - run.gasLeft,
    baseFeePerGas: run.baseFeePerGas,
    inboxUnits: work.inbox.unitsLeft,
    outBytes: outBytesOf(inbox),
    contentsHash: work.contentsHash,
  }
}

/** B.7: balances of a retiring shard wait to leave it like receipts in a buffer; one byte says that there are any. */
function outBytesOf({ config, state: { totals } }: InboxRun): number {
  return totals.outBytes + (isDraining(config) && totals.balances > 0n ? 1 : 0)
}

/** Name of the first field in which two headers differ; undefined when they are equal. */
export function differingField(left: ShardHeader, right: ShardHeader): string | undefined {
  const fields = Object.keys(left) as (keyof ShardHeader)[]
  return fields.find((field) => !isSameValue(left[field], right[field]))
}

type HeaderValue = ShardHeader[keyof ShardHeader]

function isSameValue(left: HeaderValue, right: HeaderValue): boolean {
  if (left instanceof Uint8Array) return right instanceof Uint8Array && equalBytes(left, right)
  if (isCursorList(left)) {
    return (
      isCursorList(right) && left.length === right.length && left.every((n, i) => n === right[i])
    )
  }
  if (typeof left === 'object' && typeof right === 'object') {
    return 'beaconHash' in left && 'beaconHash' in right && isSameAnchor(left, right)
  }
  return left === right
}

function isCursorList(value: HeaderValue): value is readonly number[] {
  return Array.isArray(value)
}

function isSameAnchor(left: ShardHeader['anchor'], right: ShardHeader['anchor']): boolean {
  return left.beaconHeight === right.beaconHeight && equalBytes(left.beaconHash, right.beaconHash)
}

/**
 * Building a shard block (R2): which beacon block to lean on, what the inbox must hold, which transactions to try.
 */
import type { ChainBlock } from '../consensus/message.ts'
import { isRecovering, type AnchorView } from '../crosslink/crosslink.ts'
import type { InboxItem } from '../crosslink/receipt.ts'
import { assert, present } from '../primitives/assert.ts'
import { concatBytes, equalBytes, toHex } from '../primitives/bytes.ts'
import type { Address, Hash, Seat } from '../primitives/identifiers.ts'
import { ANCHOR_LAG_MAX, BLOCK_BYTES_MAX, BLOCK_TRANSACTIONS_MAX } from '../primitives/limits.ts'
import type {
  BlockOutcome,
  CheckedTransaction,
  ExecutionResponse,
  ShardConfig,
} from '../shards/executor.ts'
import { isDrainedAt } from '../shards/layout.ts'
import type { Mempool } from '../shards/mempool.ts'
import type { Context } from './context.ts'
import type { CommittedTip } from './execution-state.ts'
import type { InboxFeed, PassingOver } from './inbox-feed.ts'
import type { ProposerPlace } from './place.ts'
import { decodeShardChainBlock } from './shard-block.ts'
import type { ShardExecution } from './shard-execution.ts'

/** Body bytes left to headers, inbox framing and list counts. */
const BODY_RESERVE_BYTES = 16 * 1024

export type BuilderParts = {
  readonly context: Context
  readonly config: ShardConfig
  /** Epoch and seat of this node on the shard, and when the epoch's first parent was made. */
  readonly seat: () => {
    readonly epoch: number
    readonly proposerSeat: Seat
    readonly startedMs: number
  }
  readonly payoutOf: (proposer: ProposerPlace) => Address | undefined
  readonly execution: ShardExecution
  readonly mempool: Mempool
  readonly inbox: InboxFeed
  readonly headAnchor: () => AnchorView
  readonly anchorOf: (hash: Hash) => AnchorView | undefined
  /** B.14: whether a shard in the one epoch need not wait for the committee of the next. */
  readonly isReady: (epoch: number, next: number) => boolean
  /** Of the committed tip. */
  readonly committed: () => CommittedFacts
  readonly built: (view: number, block: ChainBlock | undefined) => void
}

/** What the next block inherits from the committed tip. */
export type CommittedFacts = {
  readonly baseFeePerGas: bigint
  readonly outBytes: number
  /** The beacon block it leans on; undefined before block 1. */
  readonly anchor: { readonly beaconHeight: number; readonly beaconHash: Hash } | undefined
}

type Chosen = { readonly anchor: AnchorView; readonly items: readonly InboxItem[] }

export type BuildOrder = {
  readonly view: number
  readonly parentHash: Hash
  readonly parent: ChainBlock | undefined
  /** The executor was found to have lost the parent and has got it back; it is not tried a third time. */
  readonly isRepeated?: boolean
}

type OrderOfEpoch = BuildOrder & { readonly epoch: number }

/** Answers through `built`: undefined when there is nothing to stand on now. */
export function buildShardBlock(parts: BuilderParts, order: BuildOrder): void {
  const path = parts.execution.pathTo(order.parentHash)
  const chosen = path && chooseAnchor(parts, path)
  if (path === undefined || chosen === undefined) return parts.built(order.view, undefined)
  const request = requestOf(parts, order, { path, chosen })
  const { epoch } = request
  parts.context.execute(parts.config.shard, request, (response) =>
    received(parts, { ...order, epoch }, response, request.transactions),
  )
}

/** Nothing, if the engine that asked is gone with its epoch: the next one counts its views anew. */
function answer(
  { seat, built }: BuilderParts,
  { view, epoch }: OrderOfEpoch,
  block: ChainBlock | undefined,
): void {
  if (seat().epoch === epoch) built(view, block)
}

function requestOf(
  { context, config, seat, payoutOf, mempool, committed }: BuilderParts,
  { view, parentHash, parent }: BuildOrder,
  base: { readonly path: readonly BlockOutcome[]; readonly chosen: Chosen },
) {
  const { path, chosen } = base
  const transactions = mempool.select({
    baseFee: path.at(-1)?.header.baseFeePerGas ?? committed().baseFeePerGas,
    gasMax: config.gasLimit,
    bytesMax: BLOCK_BYTES_MAX - BODY_RESERVE_BYTES,
    countMax: BLOCK_TRANSACTIONS_MAX,
    changed: path.flatMap((outcome) => outcome.changed),
  })
  const { epoch, proposerSeat, startedMs } = seat()
  return {
    kind: 'build',
    parentHash,
    epoch,
    view,
    seat: proposerSeat,
    beneficiary: present(payoutOf({ epoch, view, proposerSeat }), 'the leader builds'),
    timestampMs: Math.max(context.wallMs(), (parent?.timestampMs ?? startedMs) + 1),
    anchor: chosen.anchor,
    // B.5: the first block that leans on a later epoch is the last of its own; B.7: or the last of all.
    sealing: chosen.anchor.epoch > epoch || isDrainedAt(chosen.anchor, config.shard),
    transactions,
    inbox: chosen.items,
  } as const
}

/**
 * C.2, C.5: the newest finalized beacon block whose promises this node can keep. While some of them cannot be kept, the
 * parent's own anchor as long as there is something to consume under it or nothing has been missing for long; then the
 * newest, and who does not serve is passed over: so anchors move on, whatever a source does. Where the parent's anchor is no
 * way out, who is missing is passed over at once, rather than to give up the view.
 */
function chooseAnchor(parts: BuilderParts, path: readonly BlockOutcome[]): Chosen | undefined {
  const parent = path.at(-1)
  const after: Pick<CommittedTip, 'cursors'> = parent ?? parts.execution.tip()
  const inherited = parent?.header.anchor ?? parts.committed().anchor
  const newest = parts.headAnchor()
  const known = inherited && parts.anchorOf(inherited.beaconHash)
  // B.8: the parent of a forced epoch's first block was anchored before it.
  const older = known !== undefined && known.epoch >= parts.seat().epoch ? known : undefined
  const attempt = (anchor: AnchorView, passingOver: PassingOver): Chosen | undefined => {
    if (isRecovering(anchor, parts.config.shard) || isOver(parts, anchor)) return undefined
    const items = parts.inbox.assemble(anchor, after.cursors, passingOver)
    return items && { anchor, items }
  }
  const waiting = older && isAwaited(parts, older, newest) ? attempt(older, 'nobody') : undefined
  if (waiting !== undefined) return waiting
  const complete = attempt(newest, 'nobody')
  if (complete !== undefined) return complete
  const same = older === undefined || equalBytes(older.beaconHash, newest.beaconHash)
  const kept = same ? undefined : attempt(older, 'nobody')
  if (kept?.items.some(({ batches }) => batches.length > 0) === true) return kept
  return attempt(newest, 'long-missing') ?? kept ?? attempt(newest, 'missing')
}

/** B.14: the seal waits for those who come, as long as followers take the parent’s anchor, even one that is a block ahead. */
function isAwaited(
  { seat, isReady }: BuilderParts,
  older: AnchorView,
  newest: AnchorView,
): boolean {
  const { epoch } = seat()
  if (older.epoch !== epoch || newest.epoch !== epoch + 1) return false
  const lag = newest.beaconHeight - older.beaconHeight
  return lag < ANCHOR_LAG_MAX && !isReady(epoch, newest.epoch)
}

/** B.8: the epoch was ended by force, and this node is not yet where the shard went on. */
function isOver({ config, seat }: BuilderParts, { shards }: AnchorView): boolean {
  return seat().epoch < (shards[config.shard - 1]?.forcedEpoch ?? 0)
}

function received(
  parts: BuilderParts,
  order: OrderOfEpoch,
  response: ExecutionResponse | undefined,
  candidates: readonly CheckedTransaction[],
): void {
  const { execution, mempool } = parts
  if (response?.kind !== 'built') return refused(parts, order, response)
  for (const hash of response.invalid) mempool.discard(hash)
  const block = decodeShardChainBlock(response.block)
  assert(block.ok, 'our own block decodes')
  const { outcome } = response
  execution.built(block.value, outcome, sendersOf(outcome.transactionHashes, candidates))
  answer(parts, order, block.value)
}

/** A worker that died costs some milliseconds, not the view: the block is built when the parent has been executed again. */
function refused(
  parts: BuilderParts,
  order: OrderOfEpoch,
  response: Exclude<ExecutionResponse, { kind: 'built' }> | undefined,
): void {
  const { execution, context, config, seat } = parts
  const { epoch, parentHash, isRepeated = false } = order
  if (response?.kind === 'refused' && response.code === 'malformed') {
    const { code, detail } = response
    const fact = { kind: 'refused-block', chain: config.shard, code, detail } as const
    context.emit({ kind: 'report', fact })
    return answer(parts, order, undefined)
  }
  if (isRepeated || seat().epoch !== epoch) {
    execution.recover()
    return answer(parts, order, undefined)
  }
  execution.recoverFor(parentHash, () => {
    if (seat().epoch === epoch) buildShardBlock(parts, { ...order, isRepeated: true })
  })
}

/** Senders of the transactions that were included, in their order, out of the candidates. */
function sendersOf(
  included: readonly Hash[],
  candidates: readonly CheckedTransaction[],
): Uint8Array {
  const byHash = new Map(candidates.map(({ hash, sender }) => [toHex(hash), sender]))
  return concatBytes(
    ...included.map((hash) => present(byHash.get(toHex(hash)), 'only candidates are included')),
  )
}

/**
 * The steps of a shard's execution: hold, prepare, execute, judge, commit (docs/protocol/consensus.md R4, R8).
 */
import type { ChainBlock } from '../consensus/message.ts'
import { present } from '../primitives/assert.ts'
import { equalBytes, toHex } from '../primitives/bytes.ts'
import type { Hash } from '../primitives/identifiers.ts'
import { RANGE_BLOCKS_MAX } from '../primitives/limits.ts'
import type { ExecutionResponse } from '../shards/executor.ts'
import { committedTip, type CommittedBlock, type ExecutionState } from './execution-state.ts'
import {
  createPending,
  findAnchor,
  findSenders,
  type PendingBlock,
  type Preparation,
} from './pending-block.ts'

/** Blocks on their way at once: those an engine holds, and a stretch of final ones. Beyond it, dead leaves go. */
const PENDING_MAX = 3 * RANGE_BLOCKS_MAX

/** The next final block after the queue. */
export function enqueue(self: ExecutionState, block: ChainBlock, replayed: boolean): void {
  const entry = hold(self, block)
  entry.certified = true
  self.queue.push({ hash: block.hash, height: block.height, replayed })
  if (entry.state === 'invalid') diverge(self, entry, 'it was found invalid before')
}

export function hold(self: ExecutionState, block: ChainBlock): PendingBlock {
  const key = toHex(block.hash)
  const known = self.pending.get(key)
  if (known !== undefined) return known
  const entry = createPending(block)
  self.pending.set(key, entry)
  findSenders(self.context, entry, self.options, preparationOf(self, entry))
  lookForAnchor(self, entry)
  evict(self)
  return entry
}

export function lookForAnchor(self: ExecutionState, entry: PendingBlock): void {
  if (entry.state === 'preparing') findAnchor(entry, self.options, preparationOf(self, entry))
}

function preparationOf(self: ExecutionState, entry: PendingBlock): Preparation {
  return {
    ready: () => advance(self),
    hopeless: (detail) => judge(self, entry, detail),
  }
}

/** Proposals that nobody built on, of the oldest views, are forgotten first; certified blocks never are. */
function evict(self: ExecutionState): void {
  if (self.pending.size <= PENDING_MAX) return
  const parents = new Set([...self.pending.values()].map(({ block }) => toHex(block.parentHash)))
  let oldest: PendingBlock | undefined
  for (const entry of self.pending.values()) {
    if (entry.certified || parents.has(toHex(entry.block.hash))) continue
    if (oldest === undefined || entry.block.view < oldest.block.view) oldest = entry
  }
  if (oldest !== undefined) self.pending.delete(toHex(oldest.block.hash))
}

/** Does everything that has become possible. */
export function advance(self: ExecutionState): void {
  if (self.mode !== 'running') return
  self.refill()
  for (const entry of self.pending.values()) {
    if (entry.state === 'preparing' && isExecuted(self, entry.block.parentHash))
      execute(self, entry)
  }
  commit(self)
}

function isExecuted(self: ExecutionState, hash: Hash): boolean {
  if (equalBytes(hash, committedTip(self).hash)) return true
  return self.pending.get(toHex(hash))?.state === 'executed'
}

function execute(self: ExecutionState, entry: PendingBlock): void {
  const { anchor, senders, block } = entry
  if (anchor === undefined || senders === undefined) return
  const beneficiary = self.options.beneficiaryOf(entry.decoded)
  if (beneficiary === undefined) return judge(self, entry, 'its proposer does not lead its view')
  entry.state = 'executing'
  const request = { kind: 'verify', block: block.bytes, beneficiary, anchor, senders } as const
  const { generation } = self
  self.context.execute(self.options.shard, request, (response) => {
    if (self.generation === generation) executed(self, entry, response)
  })
}

function executed(
  self: ExecutionState,
  entry: PendingBlock,
  response: ExecutionResponse | undefined,
): void {
  if (response?.kind === 'verified') {
    entry.outcome = response.outcome
    entry.state = 'executed'
    giveVerdict(self, entry)
    serveAwaited(self)
    return advance(self)
  }
  if (response?.kind === 'refused' && isVerdict(response)) {
    return judge(self, entry, `${response.code}: ${response.detail}`)
  }
  self.recover()
}

/** After a recovery: blocks are executed parents first, so this one stands on what is held. */
export function serveAwaited(self: ExecutionState): void {
  const { awaited } = self
  if (awaited === undefined) return
  const isTip = equalBytes(awaited.hash, committedTip(self).hash)
  if (!isTip && self.pending.get(toHex(awaited.hash))?.state !== 'executed') return
  self.awaited = undefined
  awaited.act()
}

/** All other refusals are about an executor that lost its memory or its life. */
function isVerdict(response: ExecutionResponse & { readonly kind: 'refused' }): boolean {
  return response.code === 'malformed' || response.code === 'invalid-block'
}

/** The block is invalid, whoever signs it. */
function judge(self: ExecutionState, entry: PendingBlock, detail: string): void {
  if (entry.state === 'invalid') return
  entry.state = 'invalid'
  const { shard } = self.options
  const fact = { kind: 'refused-block', chain: shard, code: 'invalid-block', detail } as const
  self.context.emit({ kind: 'report', fact })
  giveVerdict(self, entry)
  const isFinal = self.queue.some(({ hash }) => equalBytes(hash, entry.block.hash))
  if (isFinal) diverge(self, entry, detail)
}

/** R8: this node and its committee disagree about a final block; it must be heard, and nothing may be built on it. */
function diverge(self: ExecutionState, entry: PendingBlock, detail: string): void {
  if (self.mode === 'diverged') return
  self.mode = 'diverged'
  self.retryAt = Infinity
  const { height } = entry.block
  const fact = { kind: 'divergence', chain: self.options.shard, height, detail } as const
  self.context.emit({ kind: 'report', fact })
}

export function giveVerdict(self: ExecutionState, entry: PendingBlock): void {
  if (!entry.asked) return
  entry.asked = false
  self.options.verified(entry.block.hash, entry.state === 'executed')
}

function commit(self: ExecutionState): void {
  if (self.committing || self.mode !== 'running') return
  const next = self.queue[0]
  const entry = next && self.pending.get(toHex(next.hash))
  if (next === undefined || entry?.state !== 'executed') return
  self.committing = true
  self.options.committing(committedBlock(entry))
  const { generation } = self
  self.context.execute(self.options.shard, { kind: 'finalize', hash: next.hash }, (response) => {
    if (self.generation !== generation) return
    self.committing = false
    if (response?.kind !== 'finalized') return self.recover()
    takeCommitted(self)
    advance(self)
  })
}

function committedBlock(entry: PendingBlock): CommittedBlock {
  return {
    block: entry.decoded,
    outcome: present(entry.outcome, 'an executed block has an outcome'),
    senders: present(entry.senders, 'an executed block has senders'),
  }
}

/** The state of the first block in the queue is committed. */
export function takeCommitted(self: ExecutionState): void {
  const next = present(self.queue.shift(), 'a committed block was queued')
  const entry = present(self.pending.get(toHex(next.hash)), 'a committed block is held')
  const { outcome } = committedBlock(entry)
  const { height, hash, replayed } = next
  const { cursors, channels, buffered } = outcome
  self.tip = { height, hash, cursors, channels, buffered }
  for (const [key, { block }] of self.pending) if (block.height <= height) self.pending.delete(key)
  const told = height <= self.toldHeight
  self.toldHeight = Math.max(self.toldHeight, height)
  self.options.committed(entry.decoded, outcome, { replayed, told })
}

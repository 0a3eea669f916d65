/**
 * Execution order: the blocks of one hosted shard on their way through the executor.
 *
 * A block is prepared (pending-block.ts), executed once its parent is, and committed in height order once it is final.
 * Execution and commits do not overlap. Blocks that became final faster than they are executed wait in the store and are
 * read back in bounded stretches; the same way leads out of a crash (execution-recovery.ts).
 *
 * Invariants: the queue of final blocks continues the committed tip without gaps; an answer to a question from before a
 * recovery is dropped. A final block that is not valid here is reported once, and nothing is executed after it (R8).
 */
import type { ChainBlock } from '../consensus/message.ts'
import { equalBytes, toHex } from '../primitives/bytes.ts'
import type { Hash } from '../primitives/identifiers.ts'
import { RANGE_BLOCKS_MAX } from '../primitives/limits.ts'
import type { BlockOutcome } from '../shards/executor.ts'
import type { Context } from './context.ts'
import {
  recover,
  refill,
  retryNow,
  rewound,
  suspend,
  synchronize,
  unsuspend,
} from './execution-recovery.ts'
import {
  committedTip,
  type CommittedTip,
  type ExecutionState,
  type ShardExecutionOptions,
} from './execution-state.ts'
import { advance, enqueue, giveVerdict, hold, lookForAnchor } from './execution-steps.ts'
import { createPending } from './pending-block.ts'

export type ShardExecution = {
  /** Asks the executor where its state stands, then `done`; what is final above it is replayed meanwhile. */
  readonly synchronize: (finalizedHeight: number, done: () => void) => void
  readonly verify: (block: ChainBlock, certified: boolean) => void
  readonly finalize: (block: ChainBlock) => void
  /** A block this node built: executed already. */
  readonly built: (block: ChainBlock, outcome: BlockOutcome, senders: Uint8Array) => void
  /** The beacon moved: blocks that waited for an anchor may go on. */
  readonly anchorsMoved: () => void
  readonly tip: () => CommittedTip
  /** Outcomes above the committed tip that lead to this block, oldest first; undefined if one is missing. */
  readonly pathTo: (hash: Hash) => readonly BlockOutcome[] | undefined
  /** An executed block that was proposed in this view. */
  readonly executedIn: (view: number) => Hash | undefined
  /** The executor answered something that only a lost executor answers. */
  readonly recover: () => void
  /** The same; `act` as soon as it holds this block again. */
  readonly recoverFor: (hash: Hash, act: () => void) => void
  /** Stops, while the state comes from elsewhere; goes on, with that state if there is one. */
  readonly suspend: () => void
  readonly unsuspend: (replaced?: CommittedTip) => void
  /** Goes on after the chain went back to this height (B.8); the state stands there or below. */
  readonly rewound: (height: number, status: CommittedTip) => void
  /** A final block is not valid here (R8). */
  readonly isDiverged: () => boolean
  readonly deadline: () => number
  readonly tick: () => void
}

export function createShardExecution(
  context: Context,
  options: ShardExecutionOptions,
): ShardExecution {
  const self: ExecutionState = {
    context,
    options,
    pending: new Map(),
    queue: [],
    finalizedHeight: 0,
    toldHeight: 0,
    tip: undefined,
    mode: 'starting',
    generation: 0,
    committing: false,
    loading: false,
    retryAt: Infinity,
    retry: () => undefined,
    recoveredAt: -Infinity,
    awaited: undefined,
    recover: () => recover(self),
    refill: () => refill(self),
  }
  return {
    synchronize: (finalizedHeight, done) => synchronize(self, finalizedHeight, done),
    verify: (block, certified) => verify(self, block, certified),
    finalize: (block) => finalize(self, block),
    built: (block, outcome, senders) => {
      const entry = createPending(block)
      self.pending.set(toHex(block.hash), { ...entry, senders, state: 'executed', outcome })
    },
    anchorsMoved: () => {
      for (const entry of self.pending.values()) lookForAnchor(self, entry)
      advance(self)
    },
    tip: () => committedTip(self),
    pathTo: (hash) => pathTo(self, hash),
    executedIn: (view) => executedIn(self, view),
    recover: () => recover(self),
    recoverFor: (hash, act) => {
      self.awaited = { hash, act }
      recover(self)
    },
    suspend: () => suspend(self),
    unsuspend: (replaced) => unsuspend(self, replaced),
    rewound: (height, status) => rewound(self, height, status),
    isDiverged: () => self.mode === 'diverged',
    deadline: () => self.retryAt,
    tick: () => retryNow(self),
  }
}

function verify(self: ExecutionState, block: ChainBlock, certified: boolean): void {
  if (self.tip !== undefined && block.height <= self.tip.height) return
  const entry = hold(self, block)
  entry.certified ||= certified
  entry.asked = true
  if (entry.state === 'executed' || entry.state === 'invalid') giveVerdict(self, entry)
  else advance(self)
}

function finalize(self: ExecutionState, block: ChainBlock): void {
  if (self.tip !== undefined && block.height <= self.tip.height) return
  self.finalizedHeight = Math.max(self.finalizedHeight, block.height)
  const last = self.queue.at(-1)?.height ?? self.tip?.height
  // What does not fit, or does not follow, is read back from the store in its turn.
  const fits = block.height === (last ?? NaN) + 1 && self.queue.length < RANGE_BLOCKS_MAX
  if (fits && !self.loading) enqueue(self, block, false)
  advance(self)
}

function pathTo(self: ExecutionState, hash: Hash): readonly BlockOutcome[] | undefined {
  const path: BlockOutcome[] = []
  let at = hash
  while (!equalBytes(at, committedTip(self).hash)) {
    const entry = self.pending.get(toHex(at))
    if (entry?.state !== 'executed' || entry.outcome === undefined) return undefined
    path.push(entry.outcome)
    at = entry.block.parentHash
  }
  return path.reverse()
}

function executedIn(self: ExecutionState, view: number): Hash | undefined {
  for (const { block, state } of self.pending.values()) {
    if (block.view === view && state === 'executed') return block.hash
  }
  return undefined
}

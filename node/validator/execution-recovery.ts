/**
 * Recovery of a shard's execution: when the executor loses its unfinalized blocks (a worker died) they are executed again;
 * when its disk is behind the finalized chain (after a crash) the missing blocks are replayed from the store, a stretch of
 * at most RANGE_BLOCKS_MAX at a time.
 */
import { committedTip, type CommittedTip, type ExecutionState } from './execution-state.ts'
import { advance, enqueue, lookForAnchor, serveAwaited, takeCommitted } from './execution-steps.ts'

/** A worker comes back in some tens of milliseconds; asking faster only keeps the loop busy. */
const RETRY_MS = 100

/** First of all: where the state stands. */
export function synchronize(self: ExecutionState, finalizedHeight: number, done: () => void): void {
  self.finalizedHeight = finalizedHeight
  readStatus(self, (status) => {
    self.toldHeight = status.height
    resume(self, status)
    done()
    advance(self)
  })
}

/** The executor lost what was not committed: ask where it stands and start again from there. */
export function recover(self: ExecutionState): void {
  if (self.mode !== 'running') return
  self.mode = 'recovering'
  self.generation++
  self.committing = false
  self.loading = false
  self.retryAt = Infinity
  self.options.failed()
  const again = (): void =>
    readStatus(self, (status) => {
      resume(self, status)
      advance(self)
    })
  // An executor that goes on refusing what it should know must not be asked without end at one moment.
  const isRepeated = self.context.now() < self.recoveredAt + RETRY_MS
  self.recoveredAt = self.context.now()
  if (isRepeated) retryLater(self, again)
  else again()
}

/** Executes nothing while the state comes from elsewhere (S.8). */
export function suspend(self: ExecutionState): void {
  self.mode = 'suspended'
  self.generation++
  self.committing = false
  self.loading = false
  self.retryAt = Infinity
}

/** Goes on: where the state stood, or from the state that has taken its place. */
export function unsuspend(self: ExecutionState, replaced: CommittedTip | undefined): void {
  const goOn = (status: CommittedTip): void => {
    resume(self, status)
    advance(self)
  }
  if (replaced === undefined) return readStatus(self, goOn)
  self.queue = []
  self.toldHeight = Math.max(self.toldHeight, replaced.height)
  self.finalizedHeight = Math.max(self.finalizedHeight, replaced.height)
  goOn(replaced)
}

/** B.8: the chain has gone back to this height. What was executed above is of no block any more. */
export function rewound(self: ExecutionState, height: number, status: CommittedTip): void {
  self.queue = []
  self.pending.clear()
  self.toldHeight = height
  self.finalizedHeight = height
  resume(self, status)
  advance(self)
}

function readStatus(self: ExecutionState, answer: (status: CommittedTip) => void): void {
  self.context.execute(self.options.shard, { kind: 'status' }, (response) => {
    if (response?.kind === 'status') return answer(response)
    retryLater(self, () => readStatus(self, answer))
  })
}

function retryLater(self: ExecutionState, retry: () => void): void {
  self.retryAt = self.context.now() + RETRY_MS
  self.retry = retry
}

export function retryNow(self: ExecutionState): void {
  if (self.context.now() < self.retryAt) return
  self.retryAt = Infinity
  self.retry()
}

function resume(self: ExecutionState, status: CommittedTip): void {
  self.mode = 'running'
  // Committed, but the answer was lost with the worker: it counts as committed.
  while (self.queue[0] !== undefined && self.queue[0].height <= status.height) takeCommitted(self)
  self.tip = status
  // The disk may be behind what it had confirmed: then the queue no longer follows, and the store has it all.
  if (self.queue[0]?.height !== status.height + 1) self.queue = []
  for (const [key, entry] of self.pending) {
    if (entry.block.height <= status.height) self.pending.delete(key)
    else if (entry.state !== 'invalid') {
      entry.state = 'preparing'
      entry.outcome = undefined
    }
  }
  for (const entry of self.pending.values()) lookForAnchor(self, entry)
  serveAwaited(self)
}

/** Reads the next stretch of final blocks when the queue has run dry. */
export function refill(self: ExecutionState): void {
  const { height } = committedTip(self)
  if (self.queue.length > 0 || self.loading || height >= self.finalizedHeight) return
  self.loading = true
  const { generation } = self
  self.options.loadFinalized(height + 1, (blocks) => {
    if (self.generation !== generation) return
    self.loading = false
    for (const block of blocks) {
      const isNext = block.height === committedTip(self).height + self.queue.length + 1
      if (isNext) enqueue(self, block, true)
    }
    // What is final was written before; a store that does not give it back is asked again, after a while: it may lie in the
    // gap below a snapshot, and then only another snapshot helps (S.8).
    if (self.queue.length === 0) return retryLater(self, () => advance(self))
    advance(self)
  })
}

/**
 * Taking back (docs/protocol/beacon.md B.8, docs/protocol/crosslinks.md C.7): the state of a shard goes back to an earlier block of its
 * chain, and what was final above it is found, to be deleted in the one write that puts something else in its place.
 *
 * The state goes back first. A crash before that write finds a state below its chain, replays, and is led back once more.
 */
import { assert } from '../primitives/assert.ts'
import type { Address, ChainNumber } from '../primitives/identifiers.ts'
import type { ShardHeader } from '../crosslink/header.ts'
import type { AccountView } from '../shards/executor.ts'
import type { Context } from './context.ts'
import type { CommittedTip } from './execution-state.ts'
import { loadOrphans, type Orphans } from './orphans.ts'

/** A worker comes back in some tens of milliseconds. */
const EXECUTOR_RETRY_MS = 100
/** Accounts in one answer of the executor: some hundred kilobytes. */
const ACCOUNTS_ASKED_MAX = 4_096

/** The block that is gone back to; no header: genesis. */
export type Foot = { readonly height: number; readonly header: ShardHeader | undefined }

export type Reached = Foot & {
  /** Where the state stands: at the block, or below it if that state is not held any more. */
  readonly tip: CommittedTip
  readonly orphans: Orphans
  /** The senders of orphaned transactions as they stand now. */
  readonly accounts: readonly AccountView[]
}

export type TakeBack = {
  readonly begin: (foot: Foot, reached: (reached: Reached) => void) => void
  readonly deadline: () => number
  readonly tick: () => void
}

type Taking = {
  readonly context: Context
  readonly shard: ChainNumber
  /** What an executor that died is asked again, and when. */
  retry: (() => void) | undefined
  retryAt: number
}

/** Chain and execution of the shard stand still from before `begin` until `reached`. One at a time. */
export function createTakeBack(context: Context, shard: ChainNumber): TakeBack {
  const self: Taking = { context, shard, retry: undefined, retryAt: Infinity }
  return {
    begin: (foot, reached) => {
      assert(self.retry === undefined, 'one block is gone back to at a time')
      rewind(self, foot, reached)
    },
    deadline: () => self.retryAt,
    tick: () => {
      const { retry } = self
      if (retry === undefined || context.now() < self.retryAt) return
      self.retry = undefined
      self.retryAt = Infinity
      retry()
    },
  }
}

function later(self: Taking, retry: () => void): void {
  self.retry = retry
  self.retryAt = self.context.now() + EXECUTOR_RETRY_MS
}

function rewind(self: Taking, foot: Foot, reached: (reached: Reached) => void): void {
  const { context, shard } = self
  const { height, header } = foot
  context.execute(shard, { kind: 'rewind', header }, (response) => {
    if (response?.kind !== 'status') return later(self, () => rewind(self, foot, reached))
    loadOrphans(context, shard, height, (orphans) =>
      readSenders(self, orphans.senders, [], (accounts) =>
        reached({ ...foot, tip: response, orphans, accounts }),
      ),
    )
  })
}

/**
 * A pool that remembers their later nonces would never offer the same transactions again, so there is no going on without an
 * answer. They are as many as the orphans' transactions, so they are asked for in stretches.
 */
function readSenders(
  self: Taking,
  senders: readonly Address[],
  known: readonly AccountView[],
  answer: (accounts: readonly AccountView[]) => void,
): void {
  const addresses = senders.slice(known.length, known.length + ACCOUNTS_ASKED_MAX)
  if (addresses.length === 0) return answer(known)
  const request = { kind: 'accounts', at: { kind: 'finalized' }, addresses } as const
  self.context.execute(self.shard, request, (response) => {
    if (response?.kind !== 'accounts')
      return later(self, () => readSenders(self, senders, known, answer))
    readSenders(self, senders, [...known, ...response.accounts], answer)
  })
}

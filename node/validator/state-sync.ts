/**
 * State sync of one hosted shard (docs/protocol/state-sync.md S.1, S.8): it decides whether the node's state is so old that a
 * snapshot is the shorter way, fetches one by a plan (state-sync-plan.ts) while the chain is suspended, and lets the chain go
 * on from the block the snapshot belongs to.
 *
 * Invariants: what is fetched is named by the node's own finalized beacon, nothing else is believed; while a snapshot is
 * fetched the old state stays; when none can be had, the chain goes on by replay.
 */
import type { ChainBlock } from '../consensus/message.ts'
import type { Crosslink } from '../crosslink/crosslink.ts'
import { shardBlockHash } from '../crosslink/header-codec.ts'
import { present } from '../primitives/assert.ts'
import { equalBytes } from '../primitives/bytes.ts'
import type { ChainNumber, Hash } from '../primitives/identifiers.ts'
import type { ExecutionResponse } from '../shards/executor.ts'
import type { AdoptedBlock } from './chain.ts'
import type { Context } from './context.ts'
import type { StateSyncFact } from './contract.ts'
import type { CommittedTip } from './execution-state.ts'
import type { NodeMessage } from './message.ts'
import { createSnapshotGap, type SnapshotGap } from './snapshot-gap.ts'
import type { SnapshotRules } from './snapshot-points.ts'
import { createSyncPlan, type SyncEffect, type SyncPlan } from './state-sync-plan.ts'

/** One block of at most a frame. */
const BLOCK_TIMEOUT_MS = 3_000
/** How long a node that found no snapshot waits for its beacon to name a newer one, before it replays. */
const NEWER_POINT_WAIT_MS = 10_000
/** A worker comes back in some tens of milliseconds. */
const EXECUTOR_RETRY_MS = 100
/**
 * A point that nobody had is asked for again after so long, if the chain has not moved by itself meanwhile: those who have it
 * may have been away, all of them at once.
 */
const GIVEN_UP_REST_MS = 20_000
/** An import that ends with another root was spoilt by this node's own disk: twice is no accident. */
const SPOILT_MAX = 2

export type StateSyncOptions = {
  readonly shard: ChainNumber
  readonly rules: SnapshotRules
  /** The shard's snapshot points, oldest first. */
  readonly points: () => readonly Crosslink[]
  /** Who has the shard's state, without this node: whoever made its recorded head, and its committee (B.11). */
  readonly members: () => readonly number[]
  readonly committedHeight: () => number
  readonly askBlock: (validator: number, hash: Hash) => void
  /** The chain and its execution stand still; blocks that come are handed over. */
  readonly suspend: (take: (block: ChainBlock) => void) => void
  /** They go on: from the adopted block, if the state is now its. */
  readonly resume: (adopted?: AdoptedBlock & { readonly tip: CommittedTip }) => void
}

export type StateSync = {
  /** A point or the own state is new: begins, if the state is far behind. */
  readonly consider: () => void
  /** The state at this height was taken in before a restart, and the chain does not know it yet. */
  readonly complete: (height: number) => void
  /** An answer from this validator. */
  readonly receive: (answer: NodeMessage & { readonly kind: 'chunk' }, validator: number) => void
  readonly isSyncing: () => boolean
  readonly deadline: () => number
  readonly tick: () => void
}

/** A snapshot that is being fetched. */
type Fetching = {
  readonly point: Crosslink
  readonly hash: Hash
  /** undefined until the executor has said how far the import is. */
  plan: SyncPlan | undefined
  block: ChainBlock | undefined
  /** Members asked for the block so far, in turn. */
  blockAsks: number
  blockAskableAt: number
  /** Who gave a chunk of the snapshot, and so has its block: asked for it at once. */
  readonly givers: Set<number>
  bytes: number
  complete: boolean
  /** The imported state is the executor's state. */
  tip: CommittedTip | undefined
}

type Sync = {
  readonly context: Context
  readonly options: StateSyncOptions
  readonly gap: SnapshotGap
  fetching: Fetching | undefined
  /** Nobody had the last point; the chain is still suspended. */
  waitUntil: number
  /** Points at or below this height were given up, when the state stood at `committed`; not asked for again before `until`. */
  givenUp: { readonly height: number; readonly committed: number; readonly until: number }
  retryAt: number
  spoilt: number
  /** Members whose chunks did not verify: not asked again until a state is there, whatever point it is of. */
  readonly liars: Set<number>
}

export function createStateSync(context: Context, options: StateSyncOptions): StateSync {
  const self: Sync = {
    context,
    options,
    gap: createSnapshotGap(context, options.shard),
    fetching: undefined,
    waitUntil: Infinity,
    givenUp: { height: 0, committed: 0, until: 0 },
    retryAt: Infinity,
    spoilt: 0,
    liars: new Set(),
  }
  return {
    consider: () => consider(self),
    complete: (height) => {
      const point = options.points().find(({ tip }) => tip.height === height)
      if (point === undefined || isSyncing(self)) return
      options.suspend((block) => takeBlock(self, block))
      begin(self, point)
    },
    receive: (answer, validator) => receive(self, answer, validator),
    isSyncing: () => isSyncing(self),
    deadline: () => deadlineOf(self),
    tick: () => tick(self),
  }
}

function isSyncing({ fetching, waitUntil }: Sync): boolean {
  return fetching !== undefined || waitUntil < Infinity
}

/** S.1: far behind the newest point, a snapshot is fetched; a newer point takes the place of one nobody has begun to give. */
function consider(self: Sync): void {
  const { options, fetching } = self
  const point = options.points().at(-1)
  if (point === undefined || isGivenUp(self, point)) return
  if (!isFarBehind(options, point)) return
  if (fetching !== undefined && (isGiven(fetching) || fetching.point === point)) return
  if (fetching !== undefined) self.gap.forget(fetching.point.tip.height)
  if (!isSyncing(self)) options.suspend((block) => takeBlock(self, block))
  begin(self, point)
}

/** A chunk of it is in the state, or on its way there; what nobody asked for is neither. */
function isGiven({ bytes, plan }: Fetching): boolean {
  return bytes > 0 || plan?.isVerifying() === true
}

function isGivenUp({ context, options, givenUp }: Sync, { tip }: Crosslink): boolean {
  if (tip.height > givenUp.height) return false
  return context.now() < givenUp.until || options.committedHeight() > givenUp.committed
}

/**
 * S.1: by so many blocks; or, where seats change, below the older point, with which the youngest members may have begun: they
 * have no blocks from before it.
 */
function isFarBehind(
  { rules, points, committedHeight }: StateSyncOptions,
  newest: Crosslink,
): boolean {
  const height = committedHeight()
  if (rules.replayBlocksMax === Infinity) return false
  if (newest.tip.height - height >= rules.replayBlocksMax) return true
  const older = points().at(-2)
  return older !== undefined && newest.tip.epoch > 0 && height < older.tip.height
}

function begin(self: Sync, point: Crosslink): void {
  const { context, options } = self
  const fetching: Fetching = {
    point,
    hash: shardBlockHash(point.tip),
    plan: undefined,
    block: undefined,
    blockAsks: 0,
    blockAskableAt: context.now(),
    givers: new Set(),
    bytes: 0,
    complete: false,
    tip: undefined,
  }
  self.fetching = fetching
  self.waitUntil = Infinity
  self.retryAt = Infinity
  self.gap.note(point.tip.height, options.committedHeight())
  report(self, { phase: 'begun', height: point.tip.height })
  context.execute(options.shard, { kind: 'begin-import', header: point.tip }, (response) => {
    if (self.fetching !== fetching) return
    if (response?.kind === 'status') fetching.tip = response
    else if (response?.kind !== 'importing') return retryLater(self)
    const progress = response.kind === 'importing' ? response.progress : []
    fetching.plan = createSyncPlan(membersToAsk(self), progress)
    proceed(self)
  })
}

/** S.5; where all have lied there is nobody else to ask. */
function membersToAsk({ options, liars }: Sync): readonly number[] {
  const members = options.members()
  const others = members.filter((member) => !liars.has(member))
  return others.length > 0 ? others : members
}

/** The executor was lost: what it had stored is still there, and the import goes on with it. */
function retryLater(self: Sync): void {
  self.retryAt = self.context.now() + EXECUTOR_RETRY_MS
}

function report(self: Sync, fact: Omit<StateSyncFact, 'kind' | 'shard'>): void {
  const { shard } = self.options
  self.context.emit({ kind: 'report', fact: { kind: 'state-sync', shard, ...fact } })
}

function proceed(self: Sync): void {
  const { fetching, context } = self
  if (fetching?.plan === undefined) return
  askBlock(self, fetching)
  perform(self, fetching, fetching.plan.advance(context.now()))
}

/** The block itself: the chain stands on it, and RPC shows it. Its hash says that it is the right one. */
function askBlock({ context, options }: Sync, fetching: Fetching): void {
  const members = options.members()
  if (fetching.block !== undefined || context.now() < fetching.blockAskableAt) return
  const member = members[fetching.blockAsks % Math.max(1, members.length)]
  if (member === undefined) return
  fetching.blockAsks++
  fetching.blockAskableAt = context.now() + BLOCK_TIMEOUT_MS
  options.askBlock(member, fetching.hash)
}

function askGiver({ options }: Sync, { block, hash, givers }: Fetching, peer: number): void {
  if (block !== undefined || givers.has(peer)) return
  givers.add(peer)
  options.askBlock(peer, hash)
}

function takeBlock(self: Sync, block: ChainBlock): void {
  const { fetching } = self
  if (fetching === undefined || !equalBytes(block.hash, fetching.hash)) return
  fetching.block = block
  finish(self, fetching)
}

function receive(
  self: Sync,
  answer: NodeMessage & { readonly kind: 'chunk' },
  validator: number,
): void {
  const { fetching, context } = self
  if (fetching?.plan === undefined || answer.height !== fetching.point.tip.height) return
  const now = context.now()
  const { stretch, from, chunk } = answer
  if (chunk === undefined) return perform(self, fetching, fetching.plan.refused(now, validator))
  const received = { peer: validator, stretch, from, chunk }
  perform(self, fetching, fetching.plan.received(now, received))
}

function perform(self: Sync, fetching: Fetching, effects: readonly SyncEffect[]): void {
  for (const effect of effects) {
    if (self.fetching !== fetching) return
    performOne(self, fetching, effect)
  }
}

function performOne(self: Sync, fetching: Fetching, effect: SyncEffect): void {
  const { context, options } = self
  const { height } = fetching.point.tip
  switch (effect.kind) {
    case 'ask': {
      const { stretch, from } = effect
      const message = { kind: 'get-chunk', shard: options.shard, height, stretch, from } as const
      return context.emit({ kind: 'send', to: [effect.peer], channel: 'relay', message })
    }
    case 'import':
      return importChunk(self, fetching, effect)
    case 'ban':
      self.liars.add(effect.peer)
      return report(self, { phase: 'liar', height, peer: effect.peer })
    case 'finish':
      fetching.complete = true
      return finish(self, fetching)
    case 'give-up':
      return giveUp(self, fetching)
    default:
      return effect satisfies never
  }
}

function importChunk(
  self: Sync,
  fetching: Fetching,
  { peer, stretch, from, chunk }: SyncEffect & { readonly kind: 'import' },
): void {
  const { context, options } = self
  const request = { kind: 'import-chunk', stretch, from, chunk } as const
  context.execute(options.shard, request, (response) => {
    if (self.fetching !== fetching || fetching.plan === undefined) return
    const verdict = verdictOf(response, stretch)
    if (verdict === undefined) return retryLater(self)
    if (verdict.ok) {
      fetching.bytes += chunk.length
      askGiver(self, fetching, peer)
    }
    const answer = { peer, stretch, verdict }
    perform(self, fetching, fetching.plan.imported(context.now(), answer))
  })
}

/** undefined: the executor was lost and says nothing about the chunk. */
function verdictOf(response: ExecutionResponse | undefined, stretch: number) {
  if (response?.kind === 'importing') return { ok: true, next: response.progress[stretch] } as const
  const isLie = response?.kind === 'refused' && response.code === 'invalid-chunk'
  return isLie ? ({ ok: false } as const) : undefined
}

/** S.7, S.8: the state is complete and the block is there; the executor has the last word. */
function finish(self: Sync, fetching: Fetching): void {
  const { block, complete, tip } = fetching
  if (block === undefined || !complete) return
  if (tip !== undefined) return goOn(self, fetching, { block, tip })
  const { context, options } = self
  context.execute(options.shard, { kind: 'finish-import' }, (response) => {
    if (self.fetching !== fetching) return
    if (response?.kind === 'refused' && response.code === 'incomplete') return beginAnew(self)
    if (response?.kind !== 'status') return retryLater(self)
    goOn(self, fetching, { block, tip: response })
  })
}

function goOn(
  self: Sync,
  { point, bytes }: Fetching,
  reached: { readonly block: ChainBlock; readonly tip: CommittedTip },
): void {
  self.fetching = undefined
  self.spoilt = 0
  self.liars.clear()
  self.gap.close(point.tip.height)
  self.options.resume({ ...reached, certificate: point.certificate })
  report(self, { phase: 'done', height: point.tip.height, bytes })
}

function beginAnew(self: Sync): void {
  const { point } = present(self.fetching, 'an import that just ended was under way')
  self.spoilt++
  if (self.spoilt >= SPOILT_MAX) return replay(self, point)
  begin(self, point)
}

/** The beacon of a node that catches up names an old point first; the next may be one that members still keep. */
function giveUp(self: Sync, { point }: Fetching): void {
  const newest = self.options.points().at(-1)
  self.gap.forget(point.tip.height)
  if (newest !== undefined && newest.tip.height > point.tip.height) return begin(self, newest)
  self.fetching = undefined
  rememberGivenUp(self, point)
  self.waitUntil = self.context.now() + NEWER_POINT_WAIT_MS
  report(self, { phase: 'refused', height: point.tip.height })
}

function rememberGivenUp(self: Sync, { tip }: Crosslink): void {
  const { context, options, givenUp } = self
  const until = context.now() + GIVEN_UP_REST_MS
  const height = Math.max(givenUp.height, tip.height)
  self.givenUp = { height, committed: options.committedHeight(), until }
}

function replay(self: Sync, point: Crosslink | undefined): void {
  self.fetching = undefined
  self.waitUntil = Infinity
  self.liars.clear()
  if (point !== undefined) {
    self.gap.forget(point.tip.height)
    rememberGivenUp(self, point)
  }
  report(self, { phase: 'given-up', height: self.givenUp.height })
  self.options.resume()
}

function deadlineOf({ fetching, waitUntil, retryAt }: Sync): number {
  if (fetching === undefined) return waitUntil
  // Until the executor has answered nothing is asked for: an instant that is past would be come back to for ever.
  if (fetching.plan === undefined) return retryAt
  const forBlock = fetching.block === undefined ? fetching.blockAskableAt : Infinity
  return Math.min(retryAt, forBlock, fetching.plan.deadline())
}

function tick(self: Sync): void {
  const now = self.context.now()
  const { fetching } = self
  if (fetching === undefined) {
    if (now >= self.waitUntil) replay(self, undefined)
    return
  }
  if (now >= self.retryAt) return begin(self, fetching.point)
  if (now >= deadlineOf(self)) proceed(self)
}

/**
 * The plan of a state sync: which stretches of a snapshot are missing, who is asked for what, who answers and who lies
 * (docs/protocol/state-sync.md S.4, S.5). A pure machine: inputs with the time in, effects out.
 *
 * Every stretch of the state is fetched on its own, from its beginning to its end, chunk after chunk, so that several members
 * are asked at once. What arrives is only ever taken if its proof verifies; a member whose chunk does not is never asked
 * again. A member that is slow or has nothing rests, for twice as long each time.
 *
 * Invariants: a stretch has at most one chunk under verification; what is asked for and held is bounded (ASKED_MAX); as long
 * as one member that serves the snapshot answers, every stretch comes to its end.
 */
import { present } from '../primitives/assert.ts'
import { compareBytes, equalBytes } from '../primitives/bytes.ts'
import type { Hash } from '../primitives/identifiers.ts'

/** Chunks asked of one member at once: the next is on its way while the last is verified. */
const ASKED_PER_PEER_MAX = 2
/** Chunks asked for, or held until they are verified, at once: at most 4 MiB. */
export const ASKED_MAX = 8
/** A chunk is a quarter of a frame; a member that takes longer is slow or gone. A late answer still counts. */
export const CHUNK_TIMEOUT_MS = 3_000
/** How long a member rests that did not answer, or that has no such snapshot; doubles up to REST_FACTOR_MAX times. */
const REST_MS = 1_000
const REST_FACTOR_MAX = 8
/** Rounds in which nobody had the snapshot before it is given up. */
const REFUSALS_MAX = 3
/** Rounds in which a member did not answer at all before it counts as having nothing. */
const SILENCES_MAX = 5

/** Where a stretch goes on; undefined: it is complete. */
export type StretchProgress = readonly (Hash | undefined)[]

export type SyncEffect =
  /** Ask this member for the chunk of the stretch that begins at `from`. */
  | {
      readonly kind: 'ask'
      readonly peer: number
      readonly stretch: number
      readonly from: Hash
    }
  /** Verify and import; answered by `imported`. */
  | {
      readonly kind: 'import'
      readonly peer: number
      readonly stretch: number
      readonly from: Hash
      readonly chunk: Uint8Array
    }
  | { readonly kind: 'ban'; readonly peer: number }
  /** Every stretch is complete. */
  | { readonly kind: 'finish' }
  /** No member is left that could serve it. */
  | { readonly kind: 'give-up' }

export type SyncPlan = {
  /** Asks for what can be asked for now. */
  readonly advance: (now: number) => readonly SyncEffect[]
  readonly received: (now: number, answer: ChunkAnswer) => readonly SyncEffect[]
  /** The member has no such snapshot. */
  readonly refused: (now: number, peer: number) => readonly SyncEffect[]
  /** The verdict on a chunk: `next` is where the stretch goes on. */
  readonly imported: (now: number, verdict: ImportVerdict) => readonly SyncEffect[]
  /** A chunk that was asked for is with the executor. */
  readonly isVerifying: () => boolean
  readonly deadline: () => number
}

export type ChunkAnswer = {
  readonly peer: number
  readonly stretch: number
  readonly from: Hash
  readonly chunk: Uint8Array
}

export type ImportVerdict = {
  readonly stretch: number
  readonly peer: number
  readonly verdict: { readonly ok: true; readonly next: Hash | undefined } | { readonly ok: false }
}

type Ask = { readonly peer: number; readonly expiresAt: number }

type Stretch = {
  next: Hash | undefined
  asked: Ask | undefined
  /** Members asked for this chunk: an answer that comes late is as good. */
  readonly asking: Set<number>
  /** The member whose chunk is being verified. */
  importing: number | undefined
}

type Peer = {
  readonly peer: number
  restUntil: number
  rests: number
  refusals: number
  silences: number
  banned: boolean
}

type Plan = {
  readonly stretches: readonly Stretch[]
  readonly peers: readonly Peer[]
  now: number
  ended: boolean
}

/** `peers`: who may be asked, in the order to begin with. */
export function createSyncPlan(peers: readonly number[], progress: StretchProgress): SyncPlan {
  const self: Plan = {
    stretches: progress.map((next) => {
      return { next, asked: undefined, asking: new Set(), importing: undefined }
    }),
    peers: peers.map((peer) => {
      return { peer, restUntil: -Infinity, rests: 0, refusals: 0, silences: 0, banned: false }
    }),
    now: -Infinity,
    ended: false,
  }
  return {
    advance: (now) => advance(self, now),
    received: (now, answer) => received(self, now, answer),
    refused: (now, peer) => refused(self, now, peer),
    imported: (now, verdict) => imported(self, now, verdict),
    isVerifying: () => isVerifying(self),
    deadline: () => deadlineOf(self),
  }
}

function advance(self: Plan, now: number): readonly SyncEffect[] {
  if (self.ended) return []
  self.now = now
  expire(self, now)
  if (self.stretches.every(({ next }) => next === undefined)) return end(self, 'finish')
  if (isHopeless(self)) return end(self, 'give-up')
  const effects: SyncEffect[] = []
  for (const [index, stretch] of self.stretches.entries()) {
    const { next } = stretch
    if (next === undefined || stretch.importing !== undefined || stretch.asked !== undefined)
      continue
    if (loadOf(self) >= ASKED_MAX) break
    const peer = choose(self, index, now)
    if (peer === undefined) break
    stretch.asked = { peer: peer.peer, expiresAt: now + CHUNK_TIMEOUT_MS }
    stretch.asking.add(peer.peer)
    effects.push({ kind: 'ask', peer: peer.peer, stretch: index, from: next })
  }
  return effects
}

function end(self: Plan, kind: 'finish' | 'give-up'): readonly SyncEffect[] {
  self.ended = true
  return [{ kind }]
}

/** S.5: nobody is left who has not lied, kept silent or said that it has no such snapshot, again and again. */
function isHopeless(self: Plan): boolean {
  if (isVerifying(self)) return false
  return self.peers.every(
    ({ banned, refusals, silences }) =>
      banned || refusals >= REFUSALS_MAX || silences >= SILENCES_MAX,
  )
}

function isVerifying({ stretches }: Plan): boolean {
  return stretches.some(({ importing }) => importing !== undefined)
}

/** Chunks asked for or held. */
function loadOf({ stretches }: Plan): number {
  return stretches.filter((one) => one.asked !== undefined || one.importing !== undefined).length
}

/**
 * Who answered best so far, then the least busy; between equals the stretch decides, so that all are asked. Without the first,
 * members that keep silent in turns could keep the one that answers from ever being asked.
 */
function choose(self: Plan, stretch: number, now: number): Peer | undefined {
  let best: { readonly peer: Peer; readonly cost: number } | undefined
  for (let step = 0; step < self.peers.length; step++) {
    const peer = present(self.peers[(stretch + step) % self.peers.length], 'the index is bounded')
    if (peer.banned || now < peer.restUntil) continue
    const load = self.stretches.filter((one) => isWith(one, peer.peer)).length
    if (load >= ASKED_PER_PEER_MAX) continue
    const cost = (peer.silences + peer.refusals) * (ASKED_PER_PEER_MAX + 1) + load
    if (best === undefined || cost < best.cost) best = { peer, cost }
  }
  return best?.peer
}

function isWith({ asked, importing }: Stretch, peer: number): boolean {
  return asked?.peer === peer || importing === peer
}

/** Who did not answer in time rests; the stretch is free for another. */
function expire(self: Plan, now: number): void {
  for (const stretch of self.stretches) {
    const { asked } = stretch
    if (asked === undefined || now < asked.expiresAt) continue
    stretch.asked = undefined
    const peer = peerOf(self, asked.peer)
    // Several questions that went unanswered together are one silence.
    if (peer === undefined || now < peer.restUntil) continue
    peer.silences++
    rest(peer, now)
  }
}

function peerOf({ peers }: Plan, number: number): Peer | undefined {
  return peers.find(({ peer }) => peer === number)
}

function rest(peer: Peer, now: number): void {
  peer.restUntil = now + REST_MS * Math.min(2 ** peer.rests, REST_FACTOR_MAX)
  peer.rests++
}

function received(self: Plan, now: number, answer: ChunkAnswer): readonly SyncEffect[] {
  const stretch = self.stretches[answer.stretch]
  const peer = peerOf(self, answer.peer)
  if (self.ended || stretch === undefined || peer === undefined || peer.banned) return []
  if (stretch.importing !== undefined || stretch.next === undefined) return []
  if (!stretch.asking.has(answer.peer) || !equalBytes(stretch.next, answer.from)) return []
  stretch.importing = answer.peer
  stretch.asked = undefined
  return [{ kind: 'import', ...answer }, ...advance(self, now)]
}

function refused(self: Plan, now: number, number: number): readonly SyncEffect[] {
  const peer = peerOf(self, number)
  const asked = self.stretches.filter((stretch) => stretch.asked?.peer === number)
  // Only an answer to a question counts, and those to several at once count as one.
  if (peer === undefined || asked.length === 0) return []
  for (const stretch of asked) stretch.asked = undefined
  peer.refusals++
  rest(peer, now)
  return advance(self, now)
}

function imported(
  self: Plan,
  now: number,
  { stretch: index, peer: number, verdict }: ImportVerdict,
): readonly SyncEffect[] {
  const stretch = self.stretches[index]
  const peer = peerOf(self, number)
  if (stretch?.next === undefined || stretch.importing !== number || peer === undefined) return []
  stretch.importing = undefined
  stretch.asking.clear()
  if (!verdict.ok) {
    // Two of its chunks may be verified at once: it lied once.
    const news = peer.banned ? [] : [{ kind: 'ban', peer: number } as const]
    ban(self, peer)
    return [...news, ...advance(self, now)]
  }
  const isProgress = verdict.next === undefined || compareBytes(verdict.next, stretch.next) > 0
  if (isProgress) stretch.next = verdict.next
  peer.refusals = 0
  peer.silences = 0
  peer.rests = 0
  return advance(self, now)
}

/** S.5: whoever sent a chunk that does not verify is never asked again. */
function ban(self: Plan, peer: Peer): void {
  peer.banned = true
  for (const stretch of self.stretches) {
    if (stretch.asked?.peer === peer.peer) stretch.asked = undefined
    stretch.asking.delete(peer.peer)
  }
}

/** When to call `advance`: an answer is overdue, or somebody has rested. Infinity: only an answer can change anything. */
function deadlineOf(self: Plan): number {
  if (self.ended) return Infinity
  let earliest = Infinity
  for (const { asked } of self.stretches)
    earliest = Math.min(earliest, asked?.expiresAt ?? Infinity)
  const isWaiting = self.stretches.some(
    ({ next, asked, importing }) =>
      next !== undefined && asked === undefined && importing === undefined,
  )
  if (!isWaiting || loadOf(self) >= ASKED_MAX) return earliest
  for (const { banned, restUntil } of self.peers) {
    if (!banned && restUntil > self.now) earliest = Math.min(earliest, restUntil)
  }
  return earliest
}

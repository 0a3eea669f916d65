/**
 * Offering: a member of a shard tells the beacon's coming leaders about its shard's newest crosslink, until the beacon has
 * recorded it (C.3).
 *
 * f + 1 members speak, so that one of them is honest, to each coming leader once per tip. If the beacon has recorded nothing
 * for a while, a message was lost or a leader is away: then other members speak, and to the whole beacon committee, so that
 * everybody knows of work and an absent leader is not waited for. Never fire and forget, and never silence either.
 */
import { bringsNews, type Crosslink, type ShardRecord } from '../crosslink/crosslink.ts'
import { equalBytes } from '../primitives/bytes.ts'
import type { ChainNumber, Seat } from '../primitives/identifiers.ts'
import type { Context } from './context.ts'
import {
  createCrosslinkRelay,
  type CrosslinkRelay,
  type FinalizedHeader,
} from './crosslink-relay.ts'

/** Beacon blocks' time without a record after which everybody is told; it doubles up to this many times that. */
const PATIENCE_FACTOR_MAX = 16

export type CrosslinkOfferOptions = {
  readonly shard: ChainNumber
  /** Of this node, in the shard's epoch. */
  readonly seat: () => Seat
  readonly committeeSize: () => number
  /** How long to wait for the beacon before everybody is told. */
  readonly patienceMs: number
  /** How long the beacon rests if it has no reason for a block. */
  readonly restMs: number
  /** The shard as the beacon has recorded it. */
  readonly record: () => ShardRecord
  readonly committedHeight: () => number
  /** Validators that lead the beacon next, and all of its members; without this node. */
  readonly upcomingLeaders: () => readonly number[]
  readonly beaconMembers: () => readonly number[]
  /** This node's own beacon takes it. */
  readonly offer: (crosslink: Crosslink) => void
  /** Finalized headers above a recorded height, ascending. */
  readonly loadBacklog: (
    recordedHeight: number,
    answer: (entries: readonly FinalizedHeader[]) => void,
  ) => void
  /** The beacon's record is of another chain than ours (C.7). */
  readonly forked: () => void
}

export type CrosslinkOffer = {
  /** The next finalized block of this shard. */
  readonly add: (entry: FinalizedHeader) => void
  /** The beacon's finalized head moved. */
  readonly recorded: () => void
  /** Makes the newest crosslink and tells whoever has not heard of it. */
  readonly offer: () => void
  /** The chain has gone back to this height (B.8). */
  readonly rewound: (height: number) => void
  readonly deadline: () => number
  readonly tick: () => void
}

/** `isUrgent`: the beacon has reason to make a block for it. */
type Waiting = { readonly recordHeight: number; readonly isUrgent: boolean; attempt: number }

type Offering = {
  readonly context: Context
  readonly options: CrosslinkOfferOptions
  readonly relay: CrosslinkRelay
  /** Who was told of the tip at this height. */
  told: { readonly height: number; readonly leaders: Set<number> }
  /** Height of the record that is being waited for to move, and how often in vain. */
  waiting: Waiting | undefined
  /** When to tell everybody; Infinity while nothing waits. */
  patientUntil: number
  reloading: boolean
}

export function createCrosslinkOffer(
  context: Context,
  options: CrosslinkOfferOptions,
): CrosslinkOffer {
  const self: Offering = {
    context,
    options,
    relay: createCrosslinkRelay(),
    told: { height: 0, leaders: new Set() },
    waiting: undefined,
    patientUntil: Infinity,
    reloading: false,
  }
  return {
    add: (entry) => self.relay.add(entry),
    recorded: () => {
      if (!self.relay.recorded(options.record())) options.forked()
    },
    offer: () => offer(self),
    rewound: (height) => {
      self.relay.rewound(height)
      self.told = { height: 0, leaders: new Set() }
      self.waiting = undefined
    },
    deadline: () => self.patientUntil,
    tick: () => {
      if (context.now() < self.patientUntil) return
      self.patientUntil = Infinity
      tellEverybody(self)
    },
  }
}

function offer(self: Offering): void {
  const { options, relay } = self
  const record = options.record()
  // B.8: while a shard recovers, anybody who knows its blocks may offer them.
  if (options.seat() < 0 && record.status !== 'recovering') return
  if (relay.behind(record, options.committedHeight())) return reloadBacklog(self, record)
  const candidate = relay.candidate(record)
  if (candidate === undefined) return rest(self, record)
  options.offer(candidate)
  const isUrgent = bringsNews(record, candidate)
  const { waiting } = self
  if (waiting?.recordHeight !== record.height || (isUrgent && !waiting.isUrgent)) {
    self.waiting = { recordHeight: record.height, isUrgent, attempt: 0 }
    self.patientUntil = self.context.now() + patience(options, self.waiting)
  }
  tellLeaders(self, candidate)
}

function patience(
  { patienceMs, restMs }: CrosslinkOfferOptions,
  { isUrgent, attempt }: Waiting,
): number {
  return patienceMs * Math.min(2 ** attempt, PATIENCE_FACTOR_MAX) + (isUrgent ? 0 : restMs)
}

/** Nothing to offer; or the chain that the beacon follows is not ours (C.7). */
function rest(self: Offering, record: ShardRecord): void {
  self.waiting = undefined
  self.patientUntil = Infinity
  if (self.relay.conflicts(record)) self.options.forked()
}

function tellLeaders(self: Offering, candidate: Crosslink): void {
  const { height } = candidate.tip
  if (height !== self.told.height) self.told = { height, leaders: new Set() }
  if (!speaks(self, height)) return
  const { leaders } = self.told
  const to = self.options.upcomingLeaders().filter((leader) => !leaders.has(leader))
  for (const leader of to) leaders.add(leader)
  send(self, to, candidate)
}

/** Who speaks rotates with the height, and with every attempt that was in vain. */
function speaks(self: Offering, height: number): boolean {
  const seat = self.options.seat()
  const committeeSize = self.options.committeeSize()
  const speakers = Math.floor((committeeSize - 1) / 3) + 1
  return (seat + height + (self.waiting?.attempt ?? 0)) % committeeSize < speakers
}

function tellEverybody(self: Offering): void {
  const { options, relay, waiting, context } = self
  const record = options.record()
  const candidate = relay.candidate(record)
  if (candidate === undefined || waiting === undefined) return offer(self)
  if (waiting.recordHeight !== record.height) return offer(self)
  waiting.attempt++
  self.patientUntil = context.now() + patience(options, waiting)
  if (speaks(self, candidate.tip.height)) send(self, options.beaconMembers(), candidate)
}

function send(self: Offering, to: readonly number[], crosslink: Crosslink): void {
  if (to.length === 0) return
  const message = { kind: 'crosslink', crosslink } as const
  self.context.emit({ kind: 'send', to, channel: 'relay', message })
}

function reloadBacklog(self: Offering, record: ShardRecord): void {
  if (self.reloading) return
  self.reloading = true
  self.options.loadBacklog(record.height, (entries) => {
    self.reloading = false
    // Only what was read for the record that still stands; else the next call reads again.
    const now = self.options.record()
    if (now.height !== record.height || !equalBytes(now.hash, record.hash)) return
    const unbroken = unbrokenFrom(record.height + 1, entries)
    // A store that has lost the next block leaves the offer to others; to ask it again at once would be a circle.
    if (unbroken.length === 0) return
    self.relay.reset(unbroken)
    offer(self)
  })
}

/** Up to the first hole. */
function unbrokenFrom(
  height: number,
  entries: readonly FinalizedHeader[],
): readonly FinalizedHeader[] {
  const hole = entries.findIndex(({ header }, index) => header.height !== height + index)
  return hole < 0 ? entries : entries.slice(0, hole)
}

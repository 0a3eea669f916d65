/**
 * Crosslink candidates for the next beacon block: per shard the best one that members of the shard have brought.
 *
 * Invariants: a candidate stands here only after its certificate was checked; what was checked is not checked again.
 * Bounds: CHECKING_PER_SHARD_MAX questions under way per shard, CHECKED_MAX answers remembered.
 */
import { checkCrosslink } from '../beacon/inclusion.ts'
import type { BeaconState } from '../beacon/state.ts'
import { crosslinkCheck } from '../beacon/transition.ts'
import { bringsNews, type Crosslink } from '../crosslink/crosslink.ts'
import { encodeCrosslink } from '../crosslink/crosslink-codec.ts'
import { toHex } from '../primitives/bytes.ts'
import { sha256 } from '../primitives/hash.ts'
import type { ChainNumber } from '../primitives/identifiers.ts'
import type { Context } from './context.ts'

/** Checked crosslinks remembered: a few beacon blocks' worth of all shards. */
const CHECKED_MAX = 1024
/** Of one shard at once: all of a small committee may speak for two tips. A member that floods harms its own shard only. */
const CHECKING_PER_SHARD_MAX = 8

export type CrosslinkCandidates = {
  /** From a member of its shard: kept if it advances the shard and its certificate is good. */
  readonly offer: (crosslink: Crosslink) => void
  readonly all: () => readonly Crosslink[]
  /** Forgets what cannot follow the finalized head any more; tells whether one is reason enough for a block on `base`. */
  readonly review: (head: BeaconState, base: BeaconState) => boolean
  readonly isChecked: (crosslink: Crosslink) => boolean
  /** Its certificate was found good elsewhere: in a block. */
  readonly remember: (crosslink: Crosslink) => void
}

type Candidates = {
  readonly context: Context
  readonly head: () => BeaconState
  readonly accepted: () => void
  readonly best: Map<ChainNumber, Crosslink>
  readonly checked: Set<string>
  readonly checking: Map<ChainNumber, Set<string>>
}

export function createCrosslinkCandidates(
  context: Context,
  head: () => BeaconState,
  accepted: () => void,
): CrosslinkCandidates {
  const self: Candidates = {
    context,
    head,
    accepted,
    best: new Map(),
    checked: new Set(),
    checking: new Map(),
  }
  return {
    offer: (crosslink) => offer(self, crosslink),
    all: () => [...self.best.values()],
    review: (finalized, base) => review(self, finalized, base),
    isChecked: (crosslink) => self.checked.has(keyOf(crosslink)),
    remember: (crosslink) => remember(self, keyOf(crosslink)),
  }
}

function fits(state: BeaconState, crosslink: Crosslink): boolean {
  return checkCrosslink(state, crosslink, state.height + 1).ok
}

function review({ best }: Candidates, head: BeaconState, base: BeaconState): boolean {
  let pending = false
  for (const [shard, crosslink] of best) {
    if (fits(base, crosslink)) pending ||= isReason(base, crosslink)
    else if (!fits(head, crosslink)) best.delete(shard)
  }
  return pending
}

/** A.7: a shard on which nothing has happened is recorded with the next block. */
function isReason({ shards }: BeaconState, crosslink: Crosslink): boolean {
  const record = shards[crosslink.shard - 1]
  return record !== undefined && bringsNews(record, crosslink)
}

function offer(self: Candidates, crosslink: Crosslink): void {
  const { shard } = crosslink
  const head = self.head()
  if (!isBetter(self, crosslink) || !fits(head, crosslink)) return
  const key = keyOf(crosslink)
  if (self.checked.has(key)) return accept(self, crosslink)
  const demand = crosslinkCheck(head, crosslink)
  const checking = self.checking.get(shard) ?? new Set<string>()
  if (demand === undefined || checking.has(key)) return
  if (checking.size >= CHECKING_PER_SHARD_MAX) return
  self.checking.set(shard, checking.add(key))
  self.context.check([demand], ([answer]) => {
    checking.delete(key)
    if (answer?.ok !== true) return
    remember(self, key)
    accept(self, crosslink)
  })
}

/** An older candidate that no longer applies must not keep a fresh one out. */
function isBetter({ best, head }: Candidates, { shard, tip }: Crosslink): boolean {
  const known = best.get(shard)
  return known === undefined || known.tip.height < tip.height || !fits(head(), known)
}

function accept(self: Candidates, crosslink: Crosslink): void {
  // Another one may have come in while this one was checked.
  if (!isBetter(self, crosslink)) return
  self.best.set(crosslink.shard, crosslink)
  self.accepted()
}

function remember({ checked }: Candidates, key: string): void {
  checked.add(key)
  if (checked.size <= CHECKED_MAX) return
  for (const oldest of checked) {
    checked.delete(oldest)
    return
  }
}

/** All of it, certificate included: a good certificate for a tip says nothing about another one for the same tip. */
function keyOf(crosslink: Crosslink): string {
  const known = keys.get(crosslink)
  if (known !== undefined) return known
  const key = toHex(sha256(encodeCrosslink(crosslink)))
  keys.set(crosslink, key)
  return key
}

/** A candidate is asked about at every step from its offer to its block. */
const keys = new WeakMap<Crosslink, string>()

/**
 * Catch-up: fetching bodies that certificates speak of (docs/protocol/consensus.md R7, R10, A.11). A few missing blocks
 * are asked for one by one from those who signed for them; a long stretch is asked for as a finalized range, which is
 * verified backwards from its certificate by parent hashes.
 *
 * Bounds: WANTED_BLOCKS_MAX bodies and one range are asked for at a time, each of one seat, the next after a timeout.
 */
import type { Certificate } from '../crosslink/certificate.ts'
import { present } from '../primitives/assert.ts'
import { equalBytes, toHex } from '../primitives/bytes.ts'
import { OBSERVER_SEAT, type Hash, type Seat } from '../primitives/identifiers.ts'
import { RANGE_BLOCKS_MAX } from '../primitives/limits.ts'
import { ancestryOf, holdersOf, tipsToExecute, undelivered } from './ancestry.ts'
import { admitBlock } from './blocks.ts'
import { adoptCertificate, isWellFormedCertificate } from './certificates.ts'
import { reportInvalidSignature, submit } from './checks.ts'
import { deliverUpTo } from './delivery.ts'
import type { ChainBlock, FinalizedRange } from './message.ts'
import { emit, type EngineState, type RangeQuest, type Source, type WantedBlock } from './state.ts'
import { fetchTimeout } from './timing.ts'

/** Bodies asked for at once. */
const WANTED_BLOCKS_MAX = 16
/** More missing heights than this are asked for as a range. */
const RANGE_DEPTH = 4

type Gap = {
  readonly hash: Hash
  /** The certified block itself is missing, so its height is unknown. */
  readonly isTip: boolean
  /** How many heights may be missing, as far as is known. */
  readonly depth: number
  readonly holders: readonly Seat[]
}

/** Asks for what is missing now, and forgets what no longer is. */
export function pursue(state: EngineState): void {
  const gaps = state.done || state.diverged ? [] : findGaps(state)
  const far = gaps.find(({ depth }) => depth > RANGE_DEPTH)
  if (far === undefined) state.rangeQuest = undefined
  else pursueRange(state, far.holders)
  // One by one even over a long way if nobody has a range: then the missing blocks are not finalized yet.
  const isRangeHopeless = (state.rangeQuest?.attempt ?? 0) > state.seatCount
  const near = gaps.filter(({ depth, isTip }) => isRangeHopeless || isTip || depth <= RANGE_DEPTH)
  pursueBlocks(state, near.slice(0, WANTED_BLOCKS_MAX))
}

export function pursuitDeadline(state: EngineState): number {
  let earliest = Infinity
  for (const { askableAt } of state.wanted.values()) earliest = Math.min(earliest, askableAt)
  const quest = state.rangeQuest
  if (quest !== undefined && !quest.checking) earliest = Math.min(earliest, quest.askableAt)
  return earliest
}

function findGaps(state: EngineState): readonly Gap[] {
  const gaps: Gap[] = []
  const add = (certificate: Certificate, goal: 'extendable' | 'floor', depthMin: number): void => {
    if (certificate.proposal === undefined) return
    const { missing } = ancestryOf(state, certificate.proposal.hash, goal)
    if (missing === undefined) return
    if (gaps.some((gap) => equalBytes(gap.hash, missing.hash))) return
    const { hash, depth } = missing
    const isTip = depth === undefined
    gaps.push({ hash, isTip, depth: depth ?? depthMin, holders: holdersOf(state, certificate) })
  }
  const finalizations = undelivered(state)
  for (const [index, certificate] of finalizations.slice(0, WANTED_BLOCKS_MAX).entries()) {
    // Each FINALIZATION names a block of its own, so at least the older ones lie between this one and the floor.
    add(certificate, 'floor', finalizations.length - index)
  }
  for (const certificate of tipsToExecute(state)) add(certificate, 'extendable', 0)
  return gaps
}

function pursueBlocks(state: EngineState, gaps: readonly Gap[]): void {
  if (gaps.length === 0 && state.wanted.size === 0) return
  const known = new Map(state.wanted)
  state.wanted.clear()
  for (const { hash, holders } of gaps) {
    const key = toHex(hash)
    const wanted: WantedBlock = known.get(key) ?? {
      hash,
      holders,
      attempt: 0,
      askableAt: state.now,
    }
    state.wanted.set(key, wanted)
    if (state.now < wanted.askableAt) continue
    const to = holderAt(state, wanted.holders, wanted.attempt)
    wanted.attempt++
    wanted.askableAt = state.now + fetchTimeout(state)
    if (to !== undefined) emit(state, { kind: 'send', to, message: { kind: 'get-block', hash } })
  }
}

function pursueRange(state: EngineState, holders: readonly Seat[]): void {
  state.rangeQuest ??= { asked: [], attempt: 0, askableAt: state.now, checking: false }
  const quest: RangeQuest = state.rangeQuest
  if (quest.checking || state.now < quest.askableAt) return
  const to = holderAt(state, holders, quest.attempt)
  quest.attempt++
  quest.askableAt = state.now + fetchTimeout(state)
  if (to === undefined) return
  if (!quest.asked.includes(to)) quest.asked.push(to)
  const fromHeight = state.floor.height + 1
  const message = { kind: 'get-range', fromHeight, countMax: RANGE_BLOCKS_MAX } as const
  emit(state, { kind: 'send', to, message })
}

/** Rotates through the holders, beginning at a place that differs from seat to seat. */
function holderAt(state: EngineState, holders: readonly Seat[], attempt: number): Seat | undefined {
  if (holders.length === 0) return undefined
  return holders[(state.config.seat + 1 + attempt) % holders.length]
}

/** A body as it arrives, from anybody: only those asked for are taken, and their hash says that they are right. */
export function receiveBlock(state: EngineState, block: ChainBlock): void {
  if (!state.wanted.delete(toHex(block.hash))) return
  admitBlock(state, block)
}

/** An answer to `get-range`, from a seat that was asked. */
export function receiveRange(state: EngineState, range: FinalizedRange, source: Source): void {
  const quest = state.rangeQuest
  if (quest === undefined || quest.checking) return
  if (source.from === undefined || !quest.asked.includes(source.from)) return
  if (extensionOf(state, range) === undefined || !namesLast(state, range)) {
    quest.askableAt = state.now // It is of no use: ask the next seat at once.
    return
  }
  quest.checking = true
  submit(state, { kind: 'range', range, source })
}

/** The verdict on a range's certificate. */
export function settleRange(
  state: EngineState,
  range: FinalizedRange,
  source: Source,
  ok: boolean,
): void {
  const quest = state.rangeQuest
  if (quest !== undefined) {
    quest.checking = false
    quest.askableAt = state.now
  }
  if (!ok) {
    reportInvalidSignature(state, source.from ?? OBSERVER_SEAT, source.peer)
    return
  }
  const extension = extensionOf(state, range)
  if (extension === undefined || state.done) return
  for (const block of extension) admitBlock(state, block)
  adoptCertificate(state, range.certificate)
  deliverUpTo(state, range.certificate)
  if (quest === undefined) return
  // Progress: whoever was asked before may be asked for the next stretch.
  quest.attempt = 0
  quest.asked.splice(0, quest.asked.length, present(source.from, 'a range came from a seat'))
}

/** The blocks of a range above the floor, if they link to it; undefined if they do not, or if there are none. */
function extensionOf(
  state: EngineState,
  { blocks }: FinalizedRange,
): readonly ChainBlock[] | undefined {
  if (blocks.length > RANGE_BLOCKS_MAX) return undefined
  const above = blocks.filter((block) => block.height > state.floor.height)
  let { height, hash } = state.floor
  for (const block of above) {
    if (block.height !== height + 1 || !equalBytes(block.parentHash, hash)) return undefined
    if (block.epoch !== state.config.domain.epoch) return undefined
    height = block.height
    hash = block.hash
  }
  return above.length > 0 ? above : undefined
}

function namesLast(state: EngineState, { blocks, certificate }: FinalizedRange): boolean {
  const last = blocks.at(-1)
  if (last === undefined || certificate.kind !== 'finalize') return false
  if (!isWellFormedCertificate(state, certificate) || certificate.proposal === undefined)
    return false
  return equalBytes(certificate.proposal.hash, last.hash)
}

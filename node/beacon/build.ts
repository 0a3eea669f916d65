/**
 * Making a beacon block out of what the proposer holds (docs/protocol/beacon.md B.1). The builder includes the best it has
 * per shard and leaves out what does not validate: a bad crosslink must never poison a whole block.
 */
import type { Accusation } from '../crosslink/accusation.ts'
import type { ForkProof } from '../crosslink/fork-proof.ts'
import type { Crosslink, ShardRecord } from '../crosslink/crosslink.ts'
import { encodeCrosslink } from '../crosslink/crosslink-codec.ts'
import { beaconBlockHash, contentsHash, HEADER_VERSION } from '../crosslink/header-codec.ts'
import { assert } from '../primitives/assert.ts'
import { createWriter } from '../primitives/codec.ts'
import { BEACON_CHAIN, type ChainNumber, type Seat } from '../primitives/identifiers.ts'
import { BLOCK_BYTES_MAX } from '../primitives/limits.ts'
import type { Reject } from '../primitives/result.ts'
import {
  ACCUSATIONS_MAX,
  encodeBeaconBlock,
  encodeBeaconBody,
  FORK_PROOFS_MAX,
  type BeaconBlock,
} from './block.ts'
import {
  BEACON_RECEIPTS_MAX,
  cutToRoom,
  takeIn,
  writeBeaconItem,
  type BeaconItem,
} from './beacon-inbox.ts'
import { isPossible } from './elastic.ts'
import { isSealingHeight } from './epoch.ts'
import { applyForks } from './fork-conviction.ts'
import { checkCrosslink, type CrosslinkReject } from './inclusion.ts'
import type { ShardChange } from './shard-change.ts'
import { stepRegistry } from './registry-step.ts'
import { applyAccusations } from './slashing.ts'
import { beaconStateRoot } from './state-root.ts'
import { proposerOf, type BeaconState } from './state.ts'
import { advance } from './transition.ts'

export type BeaconBuildRequest = {
  readonly view: number
  /** Own seat: the leader of the view. */
  readonly seat: Seat
  /** The proposer's clock; moved forward to one millisecond past the parent if it lags. */
  readonly timestampMs: number
  /** Own signature of `revealRoot`. */
  readonly reveal: Uint8Array
  /** Candidates with checked signatures, any order, any number per shard. */
  readonly crosslinks: readonly Crosslink[]
  /** With checked signatures, any number. */
  readonly accusations: readonly Accusation[]
  /** With checked signatures, any number. */
  readonly forks?: readonly ForkProof[]
  /** What shards have sent, with checked claims, at most one item per shard, any order. */
  readonly inbox?: readonly BeaconItem[]
  /** Changes of the set of shards that the proposer wants: the block asks for the first one that is possible (B.7). */
  readonly wishes?: readonly ShardChange[]
}

export type BeaconBuilt = {
  readonly block: BeaconBlock
  readonly bytes: Uint8Array
  /** State after the block. */
  readonly state: BeaconState
  /** Candidates left out, and why; a candidate that is behind a better one of its shard is not named. */
  readonly skipped: readonly {
    readonly shard: ChainNumber
    readonly reject: Reject<CrosslinkReject>
  }[]
}

/** Receipts of shards: a few times what as many registrations take, less than a backlog of digests. */
const INBOX_BYTES_MAX = 96 * 1024
/** With header, reveal, accusations and fork proofs, generously: what of BLOCK_BYTES_MAX is not for crosslinks. */
const BYTES_RESERVED = 64 * 1024 + INBOX_BYTES_MAX

export function buildBeaconBlock(state: BeaconState, request: BeaconBuildRequest): BeaconBuilt {
  const { view, seat, reveal } = request
  assert(seat === proposerOf(state, BEACON_CHAIN, view), 'only the leader builds')
  const inbox = chooseInbox(state, request.inbox ?? [])
  const { chosen, records, skipped } = chooseCrosslinks(state, request.crosslinks)
  const accusations = chooseAccusations(state, request)
  const forks = chooseForks(state, { ...request, accusations })
  const change = request.wishes?.find((wish) => isPossible(state, wish))
  const body = {
    reveal,
    crosslinks: chosen,
    accusations,
    inbox,
    ...(change && { change }),
    ...forks,
  }
  const timestampMs = Math.max(request.timestampMs, state.timestampMs + 1)
  const registry = stepRegistry(state, body, seat)
  assert(registry.ok, 'what was chosen applies')
  const after = advance(state, {
    timestampMs,
    proposerSeat: seat,
    body,
    records,
    registry: registry.value,
  })
  const header = {
    version: HEADER_VERSION,
    parentHash: state.headHash,
    height: after.height,
    epoch: state.epoch,
    view,
    proposerSeat: seat,
    timestampMs,
    sealing: isSealingHeight(state.epochRules, after.height),
    stateRoot: beaconStateRoot(after),
    contentsHash: contentsHash(encodeBeaconBody(body)),
    mix: after.mix,
  }
  const block = { header, body }
  const bytes = encodeBeaconBlock(block)
  assert(bytes.length <= BLOCK_BYTES_MAX, 'the builder keeps to the size of a block')
  return { block, bytes, state: { ...after, headHash: beaconBlockHash(header) }, skipped }
}

/** Each that still says something after those before it, as many as a block holds. */
function chooseAccusations(
  state: BeaconState,
  { accusations, seat }: Pick<BeaconBuildRequest, 'accusations' | 'seat'>,
): readonly Accusation[] {
  let chosen: readonly Accusation[] = []
  for (const accusation of accusations) {
    if (chosen.length === ACCUSATIONS_MAX) break
    const longer = [...chosen, accusation]
    if (applyAccusations(state, longer, seat).ok) chosen = longer
  }
  return chosen
}

/** Each that still convicts somebody after all before it. */
function chooseForks(
  state: BeaconState,
  { forks = [], accusations, seat }: Pick<BeaconBuildRequest, 'forks' | 'accusations' | 'seat'>,
): Pick<BeaconBlock['body'], 'forks'> {
  let chosen: readonly ForkProof[] = []
  const accused = applyAccusations(state, accusations, seat)
  assert(accused.ok, 'what was chosen applies')
  for (const proof of forks) {
    if (chosen.length === FORK_PROOFS_MAX) break
    const longer = [...chosen, proof]
    if (applyForks(state, accused.value, { forks: longer, proposerSeat: seat }).ok) chosen = longer
  }
  return chosen.length === 0 ? {} : { forks: chosen }
}

/** C.9: what applies, beginning with another shard from block to block; bodies of receipts come before crosslinks, which can wait. */
function chooseInbox(state: BeaconState, candidates: readonly BeaconItem[]): readonly BeaconItem[] {
  const shards = state.shards.length
  const turnOf = ({ source }: BeaconItem) => (source + state.height) % shards
  let chosen: readonly BeaconItem[] = []
  for (const candidate of candidates.toSorted((left, right) => turnOf(left) - turnOf(right))) {
    const taken = takeIn(state, chosen)
    assert(taken.ok, 'what was chosen so far applies')
    const room = BEACON_RECEIPTS_MAX - taken.value.count
    const longer = [...chosen, cutToRoom(candidate, room)].sort(
      (left, right) => left.source - right.source,
    )
    if (inboxBytes(longer) <= INBOX_BYTES_MAX && takeIn(state, longer).ok) chosen = longer
  }
  return chosen
}

function inboxBytes(items: readonly BeaconItem[]): number {
  return createWriter()
    .list(items, writeBeaconItem)
    .lend((bytes) => bytes.length)
}

type Choice = {
  readonly chosen: readonly Crosslink[]
  readonly records: readonly ShardRecord[]
  readonly skipped: BeaconBuilt['skipped']
}

/** Per shard the valid candidate with the highest tip; shards that waited longest first where the block is full. */
function chooseCrosslinks(state: BeaconState, candidates: readonly Crosslink[]): Choice {
  const best = new Map<
    ChainNumber,
    { readonly crosslink: Crosslink; readonly record: ShardRecord }
  >()
  const skipped: { shard: ChainNumber; reject: Reject<CrosslinkReject> }[] = []
  for (const crosslink of candidates) {
    const checked = checkCrosslink(state, crosslink, state.height + 1)
    if (!checked.ok) {
      skipped.push({ shard: crosslink.shard, reject: checked.reject })
      continue
    }
    const held = best.get(crosslink.shard)
    if (held === undefined || held.record.height < checked.value.height)
      best.set(crosslink.shard, { crosslink, record: checked.value })
  }
  const waiting = state.shards.toSorted(
    (left, right) =>
      left.lastCrosslinkHeight - right.lastCrosslinkHeight || left.shard - right.shard,
  )
  const taken = []
  let bytes = BYTES_RESERVED
  for (const { shard } of waiting) {
    const choice = best.get(shard)
    if (choice === undefined) continue
    const size = encodeCrosslink(choice.crosslink).length
    if (bytes + size > BLOCK_BYTES_MAX) continue
    bytes += size
    taken.push(choice)
  }
  taken.sort((left, right) => left.crosslink.shard - right.crosslink.shard)
  return {
    chosen: taken.map((choice) => choice.crosslink),
    records: taken.map((choice) => choice.record),
    skipped,
  }
}

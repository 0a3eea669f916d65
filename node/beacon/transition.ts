/**
 * The beacon's transition: state and block to state (docs/protocol/beacon.md B.1, B.2; crosslinks.md C.3, C.7).
 *
 * Builder and verifier share one body, `advance`: the builder takes its root from it, the verifier compares. Signatures are
 * not checked here; `signatureChecks` names them and the host answers, in batches, off the main thread.
 */
import { quorumOf, seatsOf, signingRoot } from '../crosslink/certificate.ts'
import type { Crosslink, ShardRecord } from '../crosslink/crosslink.ts'
import { beaconBlockHash } from '../crosslink/header-codec.ts'
import { present } from '../primitives/assert.ts'
import { equalBytes } from '../primitives/bytes.ts'
import { BEACON_CHAIN } from '../primitives/identifiers.ts'
import { keyFor } from '../primitives/key-use.ts'
import { accepted, rejected, type Reject, type Result } from '../primitives/result.ts'
import { noteActivity, reviewActivity } from './inactivity.ts'
import { sendOrders } from './beacon-outbox.ts'
import type { BeaconBlock, BeaconBody } from './block.ts'
import { drainRecords, isPossible } from './elastic.ts'
import { isSealingHeight } from './epoch.ts'
import { forkChecks } from './fork-conviction.ts'
import { turnEpoch } from './epoch-turn.ts'
import { checkCrosslink, type CrosslinkReject } from './inclusion.ts'
import { recoverForked, reviewShards } from './recovery.ts'
import { mixIn, revealRoot } from './randao.ts'
import { stepRegistry, type RegistryReject, type RegistryStep } from './registry-step.ts'
import { countChange } from './shard-change.ts'
import type { SignatureDemand } from './signature-demand.ts'
import { accusationChecks } from './slashing.ts'
import { beaconStateRoot } from './state-root.ts'
import {
  committeeKeys,
  committeeOf,
  planOf,
  proposerOf,
  pushBlockHash,
  type BeaconState,
} from './state.ts'

/** Beacon blocks without a crosslink after which a shard with known work is `lagging` (C.7). */
export const LAG_BLOCKS = 8
/** How far ahead of a follower's clock a proposal may be stamped: clocks of laptops differ by less. */
export const TIMESTAMP_DRIFT_MAX_MS = 5_000

export type BeaconReject =
  | 'wrong-parent'
  | 'wrong-height'
  | 'wrong-epoch'
  | 'wrong-view'
  | 'wrong-proposer'
  | 'wrong-sealing'
  | 'timestamp-not-ahead'
  | 'timestamp-in-future'
  | 'wrong-mix'
  | 'crosslink-order'
  | 'crosslink-repeated'
  | 'impossible-change'
  | 'wrong-state-root'
  | `crosslink: ${CrosslinkReject}`
  | RegistryReject

/**
 * The reveal by the proposer, each crosslink's certificate by its committee, and the two statements of each of the accused.
 * What a block says of proofs of possession is asked apart (possession.ts): such a claim may be that one does not hold. What is malformed against `state` gives no demand: `applyBeaconBlock` refuses it.
 */
export function signatureChecks(
  state: BeaconState,
  block: BeaconBlock,
): readonly SignatureDemand[] {
  return [
    revealCheck(state, block),
    ...block.body.crosslinks.map((crosslink) => crosslinkCheck(state, crosslink)),
    ...block.body.accusations.flatMap((accusation) => accusationChecks(state, accusation)),
    ...(block.body.forks ?? []).flatMap((proof) => forkChecks(state, proof)),
  ].filter((demand) => demand !== undefined)
}

/** The proposer's signature of this view's `revealRoot` (B.2); undefined if the proposer has no seat. */
export function revealCheck(state: BeaconState, block: BeaconBlock): SignatureDemand | undefined {
  const { header, body } = block
  const proposer = committeeOf(state, BEACON_CHAIN)[header.proposerSeat]
  if (proposer === undefined) return undefined
  // Never the key of a list, whose signatures are not unique.
  const key = keyFor(proposer.publicKey, 'aggregate')
  const message = revealRoot(state.genesisHash, header.epoch, header.view)
  return { publicKeys: [key], message, signatures: [body.reveal], mode: 'single' }
}

/**
 * The certificate's signature under the committee of the tip's shard and epoch (C.3 (4)); undefined if the certificate is
 * not a finalization by a quorum of a committee of this state.
 */
export function crosslinkCheck(
  state: BeaconState,
  crosslink: Crosslink,
): SignatureDemand | undefined {
  const { shard, tip, certificate } = crosslink
  const { kind, view, proposal, signers, signature } = certificate
  const plan = planOf(state, tip.epoch)
  if (state.shards[shard - 1] === undefined || plan === undefined) return undefined
  // B.7: a foreign tip may name an epoch in which the shard was not there yet, or not any more.
  if ((plan.committees[shard]?.length ?? 0) === 0) return undefined
  if (kind !== 'finalize' || proposal === undefined || proposal.view !== view) return undefined
  const keys = committeeKeys(state, shard, plan)
  const seats = seatsOf(signers, keys.length)
  if (seats === undefined || seats.length < quorumOf(keys.length)) return undefined
  const domain = { genesisHash: state.genesisHash, chain: shard, epoch: tip.epoch }
  return {
    publicKeys: seats.map((seat) => present(keys[seat], 'a signer has a seat')),
    message: signingRoot(domain, kind, view, proposal),
    signatures: [signature],
    mode: 'aggregate',
  }
}

export type BeaconExpectation = {
  /** View that is being voted on; absent when the block is already certified. */
  readonly view?: number
  /** The follower's clock, for proposals only: a certified block is taken whatever its stamp (R4). */
  readonly nowMs?: number
}

/** The state after a block whose signatures have been checked. Pure and total: a bad block is a reject. */
export function applyBeaconBlock(
  state: BeaconState,
  block: BeaconBlock,
  expected: BeaconExpectation = {},
): Result<BeaconState, BeaconReject> {
  const reject = checkHeader(state, block, expected)
  if (reject !== undefined) return { ok: false, reject }
  // The header's parent is this state's head, and the hash of a head stands for the state behind it.
  const known = stateAfter.get(block)
  if (known !== undefined) return accepted(known)
  const result = execute(state, block)
  if (result.ok) stateAfter.set(block, result.value)
  return result
}

/** A block leads to one state, so that is kept with it: it is asked for when the block is proposed and when it is final. */
const stateAfter = new WeakMap<BeaconBlock, BeaconState>()

function execute(state: BeaconState, block: BeaconBlock): Result<BeaconState, BeaconReject> {
  const reject = checkOrder(block.body.crosslinks)
  if (reject !== undefined) return { ok: false, reject }
  const { header, body } = block
  if (body.change !== undefined && !isPossible(state, body.change))
    // B.7
    return rejected('impossible-change', `the shards cannot change so: ${body.change.kind}`)
  const records: ShardRecord[] = []
  for (const crosslink of body.crosslinks) {
    const checked = checkCrosslink(state, crosslink, header.height)
    if (!checked.ok) {
      const { code, detail } = checked.reject
      return rejected(`crosslink: ${code}`, `shard ${crosslink.shard}: ${detail}`)
    }
    records.push(checked.value)
  }
  const registry = stepRegistry(state, body, header.proposerSeat)
  if (!registry.ok) return registry
  const { timestampMs, proposerSeat } = header
  const after = advance(state, {
    timestampMs,
    proposerSeat,
    body,
    records,
    registry: registry.value,
  })
  if (!equalBytes(after.mix, header.mix))
    return rejected('wrong-mix', 'the mix does not follow from the reveal')
  if (!equalBytes(beaconStateRoot(after), header.stateRoot))
    return rejected('wrong-state-root', 'the state after the block has another root')
  return accepted({ ...after, headHash: beaconBlockHash(header) })
}

type Problem = Reject<BeaconReject> | undefined

function checkHeader(
  state: BeaconState,
  { header }: BeaconBlock,
  expected: BeaconExpectation,
): Problem {
  if (!equalBytes(header.parentHash, state.headHash))
    return { code: 'wrong-parent', detail: 'the block is not a child of this state' }
  if (header.height !== state.height + 1)
    return { code: 'wrong-height', detail: `after height ${state.height} comes the next` }
  if (header.epoch !== state.epoch)
    return { code: 'wrong-epoch', detail: `the beacon is in epoch ${state.epoch}` }
  if (header.view < 1 || (expected.view !== undefined && header.view !== expected.view))
    return { code: 'wrong-view', detail: 'the header is of another view' }
  if (header.proposerSeat !== proposerOf(state, BEACON_CHAIN, header.view))
    return { code: 'wrong-proposer', detail: `seat ${header.proposerSeat} does not lead the view` }
  if (header.sealing !== isSealingHeight(state.epochRules, header.height))
    return { code: 'wrong-sealing', detail: 'the last block of an epoch seals it, and no other' }
  if (header.timestampMs <= state.timestampMs)
    return { code: 'timestamp-not-ahead', detail: 'time moves forward from block to block' }
  if (expected.nowMs !== undefined && header.timestampMs > expected.nowMs + TIMESTAMP_DRIFT_MAX_MS)
    return { code: 'timestamp-in-future', detail: 'the block is stamped ahead of the clock' }
  return undefined
}

/** C.3 (6): at most one crosslink per shard, ascending, so that a body has one form. */
function checkOrder(crosslinks: readonly Crosslink[]): Problem {
  for (const [index, { shard }] of crosslinks.entries()) {
    const before = crosslinks[index - 1]?.shard ?? 0
    if (shard === before)
      return { code: 'crosslink-repeated', detail: `shard ${shard} has two crosslinks` }
    if (shard < before)
      return { code: 'crosslink-order', detail: 'crosslinks are not ascending by shard' }
  }
  return undefined
}

export type BeaconStep = {
  readonly timestampMs: number
  readonly proposerSeat: number
  readonly body: BeaconBody
  /** Records after the body's crosslinks, checked. */
  readonly records: readonly ShardRecord[]
  /** What the body does to the registry, checked. */
  readonly registry: RegistryStep
}

/** The next state, but for the hash of the block that makes it, which the caller sets. */
export function advance(state: BeaconState, step: BeaconStep): BeaconState {
  const height = state.height + 1
  const { ledger, incoming, orders } = step.registry
  const channels = { incoming, ...sendOrders(state, orders, height) }
  const updated = new Map(step.records.map((record) => [record.shard, record]))
  const after = {
    ...state,
    ...ledger,
    ...channels,
    height,
    timestampMs: step.timestampMs,
    blockHashes: pushBlockHash(state),
    mix: mixIn(state.mix, step.body.reveal),
    changes: countChange(state.changes, step.body.change),
    shards: drainRecords(
      state.shards.map((record) => updated.get(record.shard) ?? ageRecord(record, height)),
      channels,
      height,
    ),
  }
  const { forks } = step.body
  const judged = forks === undefined ? after : { ...after, shards: recoverForked(after, forks) }
  const heard = withActivity(state, judged, step)
  return reviewShards(isSealingHeight(state.epochRules, height) ? turnEpoch(heard) : heard)
}

/** B.13: signs of life are read by the seats before the block; who gave none for too long leaves with the turn of the epoch. */
function withActivity(
  before: BeaconState,
  after: BeaconState,
  { proposerSeat, body }: BeaconStep,
): BeaconState {
  if (before.activity === undefined) return after
  const { crosslinks } = body
  const activity = noteActivity(before, before.activity, { proposerSeat, crosslinks })
  const isTurn = isSealingHeight(before.epochRules, after.height)
  return isTurn ? reviewActivity(after, activity) : { ...after, activity }
}

/** C.7: a shard that has work the beacon knows of and no crosslink for LAG_BLOCKS blocks is lagging. */
function ageRecord(record: ShardRecord, height: number): ShardRecord {
  const hasWork = record.inboxUnits > 0 || record.outBytes > 0
  const isLate = height - record.lastCrosslinkHeight >= LAG_BLOCKS
  return record.status === 'live' && hasWork && isLate ? { ...record, status: 'lagging' } : record
}

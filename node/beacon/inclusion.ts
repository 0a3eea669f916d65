/**
 * The inclusion rule: which crosslinks a beacon block may carry (docs/protocol/crosslinks.md C.3), all but the certificate's
 * signature, which `crosslinkCheck` (transition.ts) names and the host checks.
 *
 * The order of checks is from cheap to dear; each condition has a code of its own. Total on foreign crosslinks.
 */
import { quorumOf, seatsOf } from '../crosslink/certificate.ts'
import { channelTo, outRootOf } from '../crosslink/channel.ts'
import { foldLinks, isLastBlock, type Crosslink, type ShardRecord } from '../crosslink/crosslink.ts'
import { shardBlockHash } from '../crosslink/header-codec.ts'
import { assert, present } from '../primitives/assert.ts'
import { equalBytes } from '../primitives/bytes.ts'
import { BEACON_CHAIN, type Hash } from '../primitives/identifiers.ts'
import { CROSSLINK_SPAN_MAX } from '../primitives/limits.ts'
import { accepted, type Reject, type Result } from '../primitives/result.ts'
import { epochAfter } from './epoch.ts'
import { beaconHashAt, epochOfShard, planOf, shardCountAt, type BeaconState } from './state.ts'

export type CrosslinkReject =
  | 'unknown-shard'
  | 'shard-frozen'
  | 'shard-retired'
  | 'tip-not-ahead'
  | 'span-too-long'
  | 'wrong-epoch'
  | 'wrong-sealing'
  | 'links-miscounted'
  | 'not-descended'
  | 'certificate-kind'
  | 'certificate-mismatch'
  | 'certificate-signers'
  | 'certificate-quorum'
  | 'anchor-unknown'
  | 'anchor-regressed'
  | 'anchor-in-recovery'
  | 'cursors-malformed'
  | 'cursor-regressed'
  | 'cursor-ahead'
  | 'channels-mismatch'
  | 'value-regressed'
  | 'value-exceeded'

type Problem = Reject<CrosslinkReject> | undefined

function problem(code: CrosslinkReject, detail: string): Problem {
  return { code, detail }
}

/**
 * The shard's record after this crosslink in the beacon block at `beaconHeight`, the child of `state`; or why the block may
 * not carry it.
 */
export function checkCrosslink(
  state: BeaconState,
  crosslink: Crosslink,
  beaconHeight: number,
): Result<ShardRecord, CrosslinkReject> {
  assert(beaconHeight === state.height + 1, 'a crosslink is checked on the parent of its block')
  const record = state.shards[crosslink.shard - 1]
  if (record === undefined || crosslink.tip.chain !== crosslink.shard)
    return { ok: false, reject: { code: 'unknown-shard', detail: 'no shard has this number' } }
  const hash = shardBlockHash(crosslink.tip)
  const reject =
    checkPlace(record, crosslink) ??
    checkEpoch(state, record, crosslink) ??
    checkCertificate(state, crosslink, hash) ??
    checkTipAnchor(state, record, crosslink) ??
    checkCursors(state, record, crosslink) ??
    checkDescent(record, crosslink, hash) ??
    checkChannels(state, crosslink) ??
    checkValues(state, record, crosslink)
  if (reject !== undefined) return { ok: false, reject }
  return accepted(recordAfter(record, crosslink, { hash, beaconHeight }))
}

function recordAfter(
  record: ShardRecord,
  { tip, channels }: Crosslink,
  { hash, beaconHeight }: { readonly hash: Hash; readonly beaconHeight: number },
): ShardRecord {
  const { supply, forcedEpoch, recoveringSince, openedHeight, stage, stageHeight } = record
  const isLast = isLastBlock(record, tip)
  return {
    shard: tip.chain,
    epoch: tip.epoch,
    height: tip.height,
    hash,
    timestampMs: tip.timestampMs,
    stateRoot: tip.stateRoot,
    outRoot: tip.outRoot,
    cursors: tip.cursors,
    supply,
    sent: channels.map(({ value }) => value),
    sequences: channels.map(({ nextSequence }) => nextSequence),
    anchorHeight: tip.anchor.beaconHeight,
    sealed: tip.sealing,
    inboxUnits: tip.inboxUnits,
    outBytes: tip.outBytes,
    lastCrosslinkHeight: beaconHeight,
    // B.8: only the end of its epoch ends the recovery.
    ...(recoveringSince > 0 && !tip.sealing
      ? { status: 'recovering', recoveringSince }
      : { status: 'live', recoveringSince: 0 }),
    forcedEpoch,
    openedHeight,
    stage: isLast ? 'retired' : stage,
    stageHeight: isLast ? beaconHeight : stageHeight,
  }
}

/** C.3 (1): the shard accepts, and the tip is 1 to CROSSLINK_SPAN_MAX blocks ahead of the recorded head. */
function checkPlace(record: ShardRecord, { tip, links }: Crosslink): Problem {
  if (record.stage === 'retired')
    return problem('shard-retired', 'the shard has had its last block')
  if (record.status === 'frozen') return problem('shard-frozen', 'the shard takes no crosslinks')
  const span = tip.height - record.height
  if (span <= 0)
    return problem('tip-not-ahead', `the beacon has recorded height ${record.height} already`)
  if (span > CROSSLINK_SPAN_MAX)
    return problem('span-too-long', `a crosslink covers at most ${CROSSLINK_SPAN_MAX} blocks`)
  if (links.length !== span)
    return problem('links-miscounted', `${links.length} links for ${span} blocks`)
  return undefined
}

/** C.3 (3): one epoch per crosslink, the shard's own; a tip anchored in a later epoch seals it, and no other does (B.5). */
function checkEpoch(state: BeaconState, record: ShardRecord, { tip }: Crosslink): Problem {
  const epoch = epochOfShard(state, record)
  if (tip.epoch !== epoch) return problem('wrong-epoch', `the shard is in epoch ${epoch}`)
  const anchorEpoch = epochAfter(state.epochRules, tip.anchor.beaconHeight)
  // B.8: what the head of a forced epoch was anchored at lies before it.
  if (anchorEpoch < epoch) return problem('wrong-epoch', `the tip is anchored in ${anchorEpoch}`)
  if (tip.sealing !== (anchorEpoch > epoch || isLastBlock(record, tip)))
    return problem('wrong-sealing', 'the seal of an epoch does not follow the anchor')
  return undefined
}

/** C.3 (4) but the signature: a FINALIZATION of this very tip by a quorum of its committee. */
function checkCertificate(
  state: BeaconState,
  { shard, tip, certificate }: Crosslink,
  hash: Hash,
): Problem {
  const { kind, proposal, view, signers } = certificate
  if (kind !== 'finalize' || proposal === undefined)
    return problem('certificate-kind', 'only a finalization makes a crosslink')
  // R2: a block that seals is proposed again, in later views, until one of them finalizes it.
  const isItsView = tip.sealing ? view >= tip.view : view === tip.view
  if (!isItsView || proposal.view !== view || !equalBytes(proposal.hash, hash))
    return problem('certificate-mismatch', 'the certificate is of another block')
  const plan = present(planOf(state, tip.epoch), 'the plan of a shard’s epoch is kept')
  const seatCount = present(plan.committees[shard], 'every shard has a committee').length
  const seats = seatsOf(signers, seatCount)
  if (seats === undefined)
    return problem('certificate-signers', 'the bitmap is not of this committee')
  if (seats.length < quorumOf(seatCount))
    return problem('certificate-quorum', `${seats.length} of ${seatCount} seats are no quorum`)
  return undefined
}

/** C.3 (5): the anchor is a block of this chain, before this block, and not before the recorded one. */
function checkTipAnchor(state: BeaconState, record: ShardRecord, { tip }: Crosslink): Problem {
  const { beaconHeight, beaconHash } = tip.anchor
  const known = beaconHashAt(state, beaconHeight)
  if (known === undefined || !equalBytes(known, beaconHash))
    return problem('anchor-unknown', 'the anchor is not a recent block of this chain')
  if (beaconHeight < record.anchorHeight)
    return problem('anchor-regressed', `the shard was anchored at ${record.anchorHeight} already`)
  if (record.recoveringSince > 0 && beaconHeight >= record.recoveringSince)
    return problem('anchor-in-recovery', 'a shard that recovers makes no blocks') // B.8
  return undefined
}

/** Cursors only move forward (C.5), and a shard has none for itself, which sends it nothing. The tip's layout is that of its anchor (B.7). */
function checkCursors(state: BeaconState, record: ShardRecord, { shard, tip }: Crosslink): Problem {
  const { cursors } = tip
  if (cursors.length !== chainsSeenBy(state, tip) || cursors[shard] !== 0)
    return problem('cursors-malformed', 'there is one cursor per chain')
  if (cursors.some((cursor, source) => cursor < (record.cursors[source] ?? 0)))
    return problem('cursor-regressed', 'a cursor lies before the recorded one')
  if ((cursors[BEACON_CHAIN] ?? 0) > channelTo(state.outgoing, shard).nextSequence)
    return problem('cursor-ahead', 'the beacon has not sent so much')
  return undefined
}

/** C.3 (2): the links lead from the recorded head to the tip, so a fork of it is refused whatever its certificate. */
function checkDescent(record: ShardRecord, { links }: Crosslink, hash: Hash): Problem {
  const reached = foldLinks(record, links)
  if (!equalBytes(reached.hash, hash))
    return problem('not-descended', 'the tip does not descend from the recorded head')
  return undefined
}

function chainsSeenBy(state: BeaconState, { anchor }: Crosslink['tip']): number {
  return shardCountAt(state, anchor.beaconHeight) + 1
}

/** The channel leaves that destinations will build branches from are those of the tip (C.4). */
function checkChannels(state: BeaconState, { tip, channels }: Crosslink): Problem {
  if (channels.length !== chainsSeenBy(state, tip) || !equalBytes(outRootOf(channels), tip.outRoot))
    return problem('channels-mismatch', 'the channels are not those under the outRoot of the tip')
  return undefined
}

/**
 * C.3 (8): a shard sends no more than it was given, at genesis, by other shards and by the beacon. So whatever its committee signs, what
 * leaves it is what came in: its own accounts may be robbed, nobody else's money is made worth less.
 *
 * An honest shard always satisfies it. Its tip is anchored at a block A of this chain, at or before `state` (5), and none of
 * its blocks at a later one (C.2). So what it consumed of a source is at most that source's value at A (C.5 (4)), which is at
 * most the value recorded now, because values do not regress. And by the conservation of a shard (shards.md) it has sent at
 * most its genesis and what it consumed.
 */
function checkValues(
  state: BeaconState,
  record: ShardRecord,
  { shard, channels }: Crosslink,
): Problem {
  let sent = 0n
  for (const [destination, { value }] of channels.entries()) {
    if (value < (record.sent[destination] ?? 0n))
      return problem('value-regressed', `less was sent to chain ${destination} than before`)
    sent += value
  }
  const given = state.shards.reduce(
    (sum, source) => sum + (source.sent[shard] ?? 0n),
    record.supply + channelTo(state.outgoing, shard).value,
  )
  if (sent > given) return problem('value-exceeded', `${sent} wei sent, ${given} wei given`)
  return undefined
}

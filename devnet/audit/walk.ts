/**
 * The walk: the beacon from its genesis to its head, and along its crosslinks every shard. Each beacon block must follow
 * from the one before under the beacon's own rules (links, state root, crosslinks), be certified by the genesis validators or
 * an ancestor of one that is, and every crosslink must lie on its shard's chain, link by link.
 *
 * What it leaves behind is the auditor's books at the last cut, and where each chain stands.
 */
import { anchorViewOf } from '../../node/beacon/anchor.ts'
import { decodeBeaconBlock, type BeaconBlock } from '../../node/beacon/block.ts'
import type { EpochPlan } from '../../node/beacon/epoch.ts'
import { shardGenesis, type Genesis, type ShardGenesis } from '../../node/beacon/genesis.ts'
import {
  committeeKeys,
  genesisBeaconState,
  recordOf,
  type BeaconState,
} from '../../node/beacon/state.ts'
import { applyBeaconBlock, revealCheck } from '../../node/beacon/transition.ts'
import { channelTo } from '../../node/crosslink/channel.ts'
import type { AnchorView, Crosslink } from '../../node/crosslink/crosslink.ts'
import { assert, present } from '../../node/primitives/assert.ts'
import { equalBytes } from '../../node/primitives/bytes.ts'
import { BEACON_CHAIN } from '../../node/primitives/identifiers.ts'
import { schemeByName } from '../../node/primitives/io/schemes.ts'
import type { CertificateScheme } from '../../node/primitives/signature.ts'
import { genesisStateRoot } from '../../node/shards/genesis-state.ts'
import type { BeaconFlows } from '../observe/beacon-books.ts'
import {
  applyCut,
  createLedger,
  valueInFlight,
  type BlockFacts,
  type Ledger,
} from '../observe/ledger.ts'
import { certificateProblem } from './certificates.ts'
import { placeName, type AuditSource, type BeaconCopy, type ShardFacts } from './facts.ts'
import { bookable, data, followShardBlock, startTrail, type ShardTrail } from './shard-trail.ts'

/** What was looked at, for the reader of a report. */
export type AuditCounts = {
  beaconBlocks: number
  crosslinks: number
  shardBlocks: number
  certificates: number
  stateRoots: number
  /** Beacon blocks at which all money was counted again. */
  recounts: number
}

/** One finalized beacon block: where it records the shards, and what was on its way between them. */
export type Cut = {
  readonly beaconHeight: number
  /** Index = shard - 1. */
  readonly heights: readonly number[]
  readonly inFlight: bigint
  /** Stakes, and what was burnt of them. */
  readonly staked: bigint
}

export type Walk = {
  readonly genesis: Genesis
  readonly source: AuditSource
  readonly scheme: CertificateScheme
  /** At the last block that could be followed. */
  beacon: BeaconState
  /** Index = shard - 1; one more with every shard that opens (B.7). */
  readonly trails: ShardTrail[]
  /** What shards may see of each followed beacon block; index = beacon height. */
  readonly anchors: AnchorView[]
  /** Who sat where, by epoch, as far as the beacon was followed; and the one after that. */
  readonly plans: Map<number, EpochPlan>
  readonly ledger: Ledger
  readonly violations: string[]
  readonly counts: AuditCounts
  readonly cuts: Cut[]
  /** Beacon blocks since the last one with a certificate. */
  uncertified: number
  /** A chain broke off: sums over all of it would mean nothing. */
  broken: boolean
}

/** Sentences kept: the first tell what is wrong, thousands more would hide it. */
const VIOLATIONS_MAX = 100

export function startWalk(genesis: Genesis, source: AuditSource): Walk {
  const shards = Array.from({ length: genesis.shardCount }, (_, index) => index + 1)
  const roots = shards.map((shard) => genesisStateRoot(shardGenesis(genesis, shard)))
  const beacon = genesisBeaconState(genesis, roots)
  const plans = new Map([beacon, ...beacon.plans].map((plan) => [plan.epoch, plan]))
  return {
    genesis,
    source,
    scheme: schemeByName(genesis.certificateScheme),
    beacon,
    anchors: [anchorViewOf(beacon)],
    plans,
    trails: shards.map((shard) => startTrail(shardGenesis(genesis, shard))),
    ledger: createLedger(genesis.shardCount),
    violations: [],
    counts: {
      beaconBlocks: 0,
      crosslinks: 0,
      shardBlocks: 0,
      certificates: 0,
      stateRoots: 0,
      recounts: 0,
    },
    cuts: [],
    uncertified: 0,
    broken: false,
  }
}

export function report(walk: Walk, ...sentences: readonly string[]): void {
  for (const sentence of sentences) {
    if (walk.violations.length < VIOLATIONS_MAX) walk.violations.push(sentence)
  }
}

/** Follows the beacon as far as the source goes; call it again when there is more. */
export async function walkBeacon(
  walk: Walk,
  onBlock: (height: number) => void | Promise<void> = () => {},
): Promise<void> {
  while (!walk.broken) {
    const height = walk.beacon.height + 1
    const copy = await walk.source.beaconBlock(height)
    report(walk, ...walk.source.takeProblems())
    if (copy === undefined) return
    const block = followBeaconBlock(walk, copy)
    if (block === undefined) return
    await followCrosslinks(walk, block)
    await onBlock(height)
  }
}

/** The beacon's head must be certified; its ancestors are by their place. */
export function endBeacon(walk: Walk): void {
  if (walk.uncertified === 0 || walk.broken) return
  const { height } = walk.beacon
  const first = height - walk.uncertified + 1
  report(
    walk,
    `beacon, blocks ${first} to ${height}: expected a certificate of block ${height} or later, found none`,
  )
}

/** undefined: the block is not a child of the head, and nothing after it can be followed. */
function followBeaconBlock(walk: Walk, copy: BeaconCopy): BeaconBlock | undefined {
  const { beacon } = walk
  const height = beacon.height + 1
  const place = placeName(BEACON_CHAIN, height)
  const decoded = decodeBeaconBlock(copy.bytes)
  if (!decoded.ok) {
    breakOff(walk, `${place}: it does not decode: ${decoded.reject.detail}`)
    return undefined
  }
  const next = applyBeaconBlock(beacon, decoded.value)
  if (!next.ok) {
    breakOff(walk, `${place}: ${next.reject.code}: ${next.reject.detail}`)
    return undefined
  }
  checkReveal(walk, decoded.value)
  checkCrosslinkCertificates(walk, decoded.value)
  walk.beacon = next.value
  walk.anchors.push(anchorViewOf(next.value))
  for (const { shard } of next.value.shards.slice(walk.trails.length))
    walk.trails.push(startTrail(shardConfigOf(walk, shard)))
  for (const plan of next.value.plans) walk.plans.set(plan.epoch, plan)
  walk.counts.beaconBlocks++
  walk.uncertified++
  if (copy.certificate !== undefined) {
    const hash = next.value.headHash
    const keys = committeeKeys(beacon, BEACON_CHAIN)
    const { genesisHash, epoch } = beacon
    checkCertificate(
      walk,
      { genesisHash, chain: BEACON_CHAIN, epoch, hash, keys },
      copy.certificate,
      height,
    )
    walk.uncertified = 0
  }
  return decoded.value
}

/** What the first block of a shard builds on: the genesis, and where the beacon opened it (B.7). */
export function shardConfigOf({ genesis, beacon }: Walk, shard: number): ShardGenesis {
  return shardGenesis(genesis, shard, recordOf(beacon, shard).openedHeight)
}

function breakOff(walk: Walk, sentence: string): void {
  walk.broken = true
  report(walk, sentence)
}

export function checkCertificate(
  walk: Walk,
  block: Parameters<typeof certificateProblem>[0],
  certificate: Parameters<typeof certificateProblem>[1],
  height: number,
): void {
  walk.counts.certificates++
  const problem = certificateProblem(block, certificate, walk.scheme)
  if (problem !== undefined) report(walk, `${placeName(block.chain, height)}: ${problem}`)
}

/** B.2: the randomness of the beacon is signed by the view's proposer. */
function checkReveal(walk: Walk, block: BeaconBlock): void {
  const demand = revealCheck(walk.beacon, block)
  const [key] = demand?.publicKeys ?? []
  const isValid =
    demand !== undefined &&
    key !== undefined &&
    walk.scheme.verify(key, demand.message, block.body.reveal)
  if (isValid) return
  const { height, proposerSeat } = block.header
  report(
    walk,
    `${placeName(BEACON_CHAIN, height)}: its reveal is not signed by seat ${proposerSeat}`,
  )
}

/** C.3 (4). */
function checkCrosslinkCertificates(walk: Walk, { body }: BeaconBlock): void {
  const { beacon } = walk
  for (const { shard, tip, certificate } of body.crosslinks) {
    walk.counts.crosslinks++
    const proposal = present(certificate.proposal, 'a checked crosslink is certified')
    const keys = committeeKeys(beacon, shard, walk.plans.get(tip.epoch))
    const { genesisHash } = beacon
    // That the certificate is of the tip itself was a rule of the beacon block (C.3 (2)).
    const block = { genesisHash, chain: shard, epoch: tip.epoch, hash: proposal.hash, keys }
    checkCertificate(walk, block, certificate, tip.height)
  }
}

async function followCrosslinks(walk: Walk, { header, body }: BeaconBlock): Promise<void> {
  const blocks: BlockFacts[] = []
  for (const crosslink of body.crosslinks) {
    blocks.push(...(await followCrosslink(walk, crosslink, header.height)))
    if (walk.broken) return
  }
  const cut = walk.trails.map(({ shard }) => {
    const { height, hash } = recordOf(walk.beacon, shard)
    return { shard, height, hash: data(hash) }
  })
  const flows = flowsOf(walk.beacon)
  report(walk, ...applyCut(walk.ledger, cut, blocks, flows))
  const heights = cut.map(({ height }) => height)
  const staked = flows.stake + flows.burnt
  const inFlight = valueInFlight(walk.ledger)
  walk.cuts.push({ beaconHeight: header.height, heights, inFlight, staked })
}

/** As the rules of the beacon make it of its blocks. */
function flowsOf({ validators, burnt, shards, incoming, outgoing }: BeaconState): BeaconFlows {
  return {
    stake: validators.reduce((sum, { stake }) => sum + stake, 0n),
    burnt,
    channels: shards.map(({ shard }) => {
      const { nextSequence: sent, value: sentValue } = channelTo(outgoing, shard)
      return { consumed: channelTo(incoming, shard).nextSequence, sent, sentValue }
    }),
  }
}

/** Every block between the recorded head and the tip, compared with the crosslink's links. */
async function followCrosslink(
  walk: Walk,
  { shard, tip, links }: Crosslink,
  beaconHeight: number,
): Promise<readonly BlockFacts[]> {
  const trail = present(
    walk.trails[shard - 1],
    'a crosslink of the network is of one of its shards',
  )
  const blocks: BlockFacts[] = []
  assert(trail.height + links.length === tip.height, 'the rules of the beacon count the links')
  for (const expected of links) {
    const step = await followNext(walk, trail)
    if (step === undefined) return blocks
    if (!equalBytes(step.link, expected)) {
      const place = placeName(shard, trail.height)
      breakOff(
        walk,
        `${place}: the crosslink of beacon block ${beaconHeight} expects header ${data(expected)}, the shard's chain has ${data(step.link)}`,
      )
      return blocks
    }
    blocks.push(bookable(step.facts, step.hash))
  }
  return blocks
}

/** The next block of a shard; breaks off when nobody has it. */
export async function followNext(walk: Walk, trail: ShardTrail) {
  const height = trail.height + 1
  const facts: ShardFacts | undefined = await walk.source.shardBlock(trail.shard, height)
  report(walk, ...walk.source.takeProblems())
  if (facts === undefined) {
    breakOff(
      walk,
      `${placeName(trail.shard, height)}: expected a copy of it, found none that can be read`,
    )
    return undefined
  }
  const step = followShardBlock(trail, facts)
  walk.counts.shardBlocks++
  report(walk, ...step.problems)
  return { ...step, facts }
}

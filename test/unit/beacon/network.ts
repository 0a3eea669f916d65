/**
 * A small network for beacon tests: a genesis with mock signatures, shard chains of bare headers, and the crosslinks and
 * beacon blocks that an honest node would make of them.
 */
import type { BeaconItem } from '../../../node/beacon/beacon-inbox.ts'
import { buildBeaconBlock, type BeaconBuilt } from '../../../node/beacon/build.ts'
import type { Genesis } from '../../../node/beacon/genesis.ts'
import { epochAfter } from '../../../node/beacon/epoch.ts'
import {
  epochOfShard,
  genesisBeaconState,
  planOf,
  proposerOf,
  recordOf,
  type BeaconState,
} from '../../../node/beacon/state.ts'
import type { ShardChange } from '../../../node/beacon/shard-change.ts'
import { revealRoot } from '../../../node/beacon/randao.ts'
import {
  bitmapOf,
  quorumOf,
  signingRoot,
  type Certificate,
} from '../../../node/crosslink/certificate.ts'
import type { ForkProof } from '../../../node/crosslink/fork-proof.ts'
import type { Accusation } from '../../../node/crosslink/accusation.ts'
import { emptyChannels, outRootOf } from '../../../node/crosslink/channel.ts'
import type { Crosslink, ShardRecord } from '../../../node/crosslink/crosslink.ts'
import { headerBodyHash, shardBlockHash } from '../../../node/crosslink/header-codec.ts'
import type { ShardHeader } from '../../../node/crosslink/header.ts'
import type { ChannelHead } from '../../../node/crosslink/receipt.ts'
import { present } from '../../../node/primitives/assert.ts'
import { asciiBytes } from '../../../node/primitives/bytes.ts'
import { createMockScheme, mockKeyFromSeed } from '../../../node/primitives/mock-signature.ts'
import type { Hash, Seat } from '../../../node/primitives/identifiers.ts'
import { addressOf, exampleShardHeader, hashOf } from '../crosslink/examples.ts'

export const scheme = createMockScheme()

export const keyOf = (validator: number) => mockKeyFromSeed(asciiBytes(`validator ${validator}`))

const timing = { blockIntervalMs: 500, idleIntervalMs: 10_000, deltaMs: 150 }

export function exampleGenesis(
  changes: Partial<Genesis> & { validatorCount?: number } = {},
): Genesis {
  const { validatorCount = 8, ...rest } = changes
  return {
    version: 1,
    networkName: 'example',
    chainIdBase: 4_000,
    shardCount: 2,
    certificateScheme: 'mock',
    timestampMs: 1_700_000_000_000,
    seed: hashOf('seed'),
    shardTiming: timing,
    beaconTiming: timing,
    gasLimit: 30_000_000,
    initialBaseFee: 1_000_000_000n,
    validators: Array.from({ length: validatorCount }, (_, index) => ({
      publicKey: keyOf(index).publicKey,
      possession: new Uint8Array(32),
      peer: `peer-${index}`,
      payout: addressOf(`payout ${index}`),
    })),
    allocations: [],
    ...rest,
  }
}

export function exampleState(genesis: Genesis = exampleGenesis()): BeaconState {
  const roots = Array.from({ length: genesis.shardCount }, (_, index) =>
    hashOf(`state ${index + 1}`),
  )
  return genesisBeaconState(genesis, roots)
}

/** A header on top of the recorded (or given) block, anchored at the head of `state`. */
export function headerOn(
  state: BeaconState,
  parent: { readonly shard: number; readonly hash: Hash; readonly height: number },
  changes: Partial<ShardHeader> = {},
): ShardHeader {
  const shardCount = state.shards.length
  return exampleShardHeader({
    chain: parent.shard,
    parentHash: parent.hash,
    height: parent.height + 1,
    view: parent.height + 1,
    anchor: { beaconHeight: state.height, beaconHash: state.headHash },
    cursors: Array.from({ length: shardCount + 1 }, () => 0),
    outRoot: outRootOf(emptyChannels(shardCount)),
    ...changes,
  })
}

/** `count` headers from the record on, the last of which seals where its anchor says so; `tip` changes the last one. */
export function headersOn(
  state: BeaconState,
  record: ShardRecord,
  options: { count?: number; branch?: string; tip?: Partial<ShardHeader> } = {},
): readonly ShardHeader[] {
  const { count = 1, branch = 'main', tip = {} } = options
  const headers: ShardHeader[] = []
  const epoch = epochOfShard(state, record)
  const sealing = epochAfter(state.epochRules, state.height) > epoch
  let parent = { shard: record.shard, hash: record.hash, height: record.height }
  for (let index = 1; index <= count; index++) {
    const last = index === count
    const common = { resultsRoot: hashOf(branch), epoch }
    const header = headerOn(state, parent, last ? { ...common, sealing, ...tip } : common)
    headers.push(header)
    parent = { shard: record.shard, hash: shardBlockHash(header), height: header.height }
  }
  return headers
}

export type SigningOptions = {
  readonly seats?: readonly Seat[]
  /** Committee that signs, if not the shard's own. */
  readonly committee?: readonly number[]
  readonly kind?: 'finalize' | 'notarize'
  /** View in which it was finalized, if not the one it was proposed in first. */
  readonly view?: number
}

/** A certificate over this header by a quorum of its committee. */
export function certify(
  state: BeaconState,
  header: ShardHeader,
  options: SigningOptions = {},
): Certificate {
  const plan = planOf(state, header.epoch) ?? state
  const committee =
    options.committee ?? present(plan.committees[header.chain], 'every shard has a committee')
  const seats =
    options.seats ?? Array.from({ length: quorumOf(committee.length) }, (_, seat) => seat)
  const kind = options.kind ?? 'finalize'
  const view = options.view ?? header.view
  const proposal = {
    view,
    parentView: view - 1,
    parentHash: header.parentHash,
    hash: shardBlockHash(header),
  }
  const domain = { genesisHash: state.genesisHash, chain: header.chain, epoch: header.epoch }
  const root = signingRoot(domain, kind, view, proposal)
  const signatures = seats.map((seat) =>
    scheme.sign(keyOf(present(committee[seat], 'the seat exists')).secretKey, root),
  )
  return {
    kind,
    view,
    proposal,
    signers: bitmapOf(seats, committee.length),
    signature: present(scheme.aggregate(signatures), 'mock signatures aggregate'),
  }
}

/** The crosslink over these headers, made without any check, so that tests can make bad ones. */
export function crosslinkOver(
  state: BeaconState,
  headers: readonly ShardHeader[],
  options: SigningOptions & { channels?: readonly ChannelHead[] } = {},
): Crosslink {
  const tip = present(headers.at(-1), 'a crosslink covers a block')
  return {
    shard: tip.chain,
    tip,
    links: headers.map(headerBodyHash),
    certificate: certify(state, tip, options),
    channels: options.channels ?? emptyChannels(state.shards.length),
  }
}

/** A valid crosslink of the next `count` blocks of a shard. */
export function nextCrosslink(
  state: BeaconState,
  shard: number,
  options: { count?: number; branch?: string; tip?: Partial<ShardHeader> } = {},
): Crosslink {
  return crosslinkOver(state, headersOn(state, recordOf(state, shard), options))
}

type BuildOptions = {
  view?: number
  timestampMs?: number
  wishes?: readonly ShardChange[]
  accusations?: readonly Accusation[]
  forks?: readonly ForkProof[]
  inbox?: readonly BeaconItem[]
}

/** The block that the leader of the view (the next one by default) builds. */
export function buildOn(
  state: BeaconState,
  crosslinks: readonly Crosslink[] = [],
  options: BuildOptions = {},
): BeaconBuilt {
  const { view = state.height + 1, timestampMs = state.timestampMs + 1_000 } = options
  const { wishes = [], accusations = [], forks = [], inbox = [] } = options
  const seat = proposerOf(state, 0, view)
  const root = revealRoot(state.genesisHash, state.epoch, view)
  const validator = present(state.committees[0]?.[seat], 'the beacon seats everybody')
  const reveal = scheme.sign(keyOf(validator).secretKey, root)
  return buildBeaconBlock(state, {
    view,
    seat,
    timestampMs,
    reveal,
    crosslinks,
    accusations,
    forks,
    inbox,
    wishes,
  })
}

/** `count` blocks without crosslinks. */
export function advanceBy(state: BeaconState, count: number): BeaconState {
  let next = state
  for (let index = 0; index < count; index++) next = buildOn(next).state
  return next
}

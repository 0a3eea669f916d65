/**
 * A toy world of shards that hold one pot of money each and send random amounts to each other, on the real rules: channels,
 * inbox, headers, crosslinks, beacon blocks, all with real hashes and mock signatures. Committees may fork: then both
 * branches are certified, extended and offered to the beacon.
 */
import { buildBeaconBlock } from '../../node/beacon/build.ts'
import {
  genesisBeaconState,
  proposerOf,
  recordOf,
  type BeaconState,
} from '../../node/beacon/state.ts'
import { applyBeaconBlock } from '../../node/beacon/transition.ts'
import { emptyChannels, extendChannel, outBranch, outRootOf } from '../../node/crosslink/channel.ts'
import type { Crosslink } from '../../node/crosslink/crosslink.ts'
import { shardBlockHash } from '../../node/crosslink/header-codec.ts'
import type { ShardHeader } from '../../node/crosslink/header.ts'
import { checkInboxSelection, selectInbox, verifyInboxItem } from '../../node/crosslink/inbox.ts'
import type { ChannelHead, InboxItem, Receipt, ReceiptBatch } from '../../node/crosslink/receipt.ts'
import { assert, present } from '../../node/primitives/assert.ts'
import { equalBytes, toHex } from '../../node/primitives/bytes.ts'
import type { Hash } from '../../node/primitives/identifiers.ts'
import { createPrng, type Prng } from '../../node/primitives/prng.ts'
import { addressOf, exampleReceipt, hashOf } from '../unit/crosslink/examples.ts'
import { CAPTURED, countFalsely, forge, type Outgoing } from './crosslink-captured.ts'
import { crosslinkOver, exampleGenesis, headerOn } from '../unit/beacon/network.ts'

export const POT = 1_000n

export type WorldOptions = {
  readonly seed: number
  readonly shardCount: number
  readonly forks: boolean
  /** Consume what any branch of a source signed, without the beacon: the mistake that C.5 forbids. */
  readonly trustSources?: boolean
  /** Shard 1 says whatever it likes (crosslink-captured.ts). */
  readonly captured?: boolean
  /** Credit what receipts say, whatever their leaf counts: the mistake that C.5 (4) forbids. */
  readonly trustAmounts?: boolean
}

/** A certified shard block with all that it did; `parent` is undefined at block 0. */
export type ToyBlock = {
  readonly hash: Hash
  readonly height: number
  readonly header: ShardHeader | undefined
  readonly parent: ToyBlock | undefined
  readonly balance: bigint
  readonly channels: readonly ChannelHead[]
  readonly cursors: readonly ChannelHead[]
  readonly sent: readonly ReceiptBatch[]
  /** Without void ones. */
  readonly consumed: readonly Receipt[]
  readonly voidCount: number
}

type Shard = { readonly shard: number; tips: ToyBlock[]; readonly blocks: Map<string, ToyBlock> }

export type World = {
  readonly dice: Prng
  readonly options: WorldOptions
  readonly shards: readonly Shard[]
  beacon: BeaconState
  /** Channel leaves of each shard's last crosslink, by source - 1: what beacon bodies told everybody. */
  leaves: (readonly ChannelHead[])[]
  /** What the beacon refused, by code; of a captured shard by code and the shard's name. */
  readonly refusals: Map<string, number>
}

export function createWorld(options: WorldOptions): World {
  const { shardCount } = options
  const genesis = exampleGenesis({
    validatorCount: 4 * shardCount,
    shardCount,
    allocations: [{ address: addressOf('pot'), shard: 0, balance: POT }],
  })
  const numbers = Array.from({ length: shardCount }, (_, index) => index + 1)
  const beacon = genesisBeaconState(
    genesis,
    numbers.map((shard) => hashOf(`state ${shard}`)),
  )
  const shards = numbers.map((shard): Shard => {
    const block0: ToyBlock = {
      hash: recordOf(beacon, shard).hash,
      height: 0,
      header: undefined,
      parent: undefined,
      balance: POT,
      channels: emptyChannels(shardCount),
      cursors: emptyChannels(shardCount),
      sent: [],
      consumed: [],
      voidCount: 0,
    }
    return { shard, tips: [block0], blocks: new Map([[toHex(block0.hash), block0]]) }
  })
  return {
    dice: createPrng(options.seed),
    options,
    shards,
    beacon,
    leaves: numbers.map(() => emptyChannels(shardCount)),
    refusals: new Map(),
  }
}

/** Every shard makes blocks, then the beacon makes one. */
export function stepWorld(world: World): void {
  for (const shard of world.shards) produce(world, shard)
  linkShards(world)
  for (const shard of world.shards) followBeacon(world, shard)
}

function produce(world: World, shard: Shard): void {
  const { dice, options } = world
  const grown = shard.tips.map((tip) => (dice.chance(4, 5) ? makeBlock(world, shard, tip) : tip))
  const [first] = shard.tips
  if (options.forks && shard.tips.length === 1 && first !== undefined && dice.chance(1, 8))
    grown.push(makeBlock(world, shard, first))
  shard.tips = grown
}

function makeBlock(world: World, { shard, blocks }: Shard, parent: ToyBlock): ToyBlock {
  const { dice, options, beacon } = world
  const { receipts, cursors, voided } = consume(world, shard, parent)
  const consumed = receipts.filter((receipt) => !voided.has(receipt))
  const isLying = options.captured === true && shard === CAPTURED
  const outgoing: Outgoing[] = isLying
    ? [...forge(dice, options.shardCount, POT * BigInt(options.shardCount))]
    : []
  let { balance } = parent
  for (const { source, kind, amount } of consumed) {
    // Every eleventh amount is refused and goes home.
    if (kind === 'transfer' && amount % 11n === 0n)
      outgoing.push({ destination: source, kind: 'bounce', amount })
    else balance += amount
  }
  for (let count = dice.below(4); count > 0; count--) {
    const destination = 1 + dice.below(options.shardCount)
    const amount = BigInt(1 + dice.below(30))
    if (destination === shard || amount > balance) continue
    balance -= amount
    outgoing.push({ destination, kind: 'transfer', amount })
  }
  const sent = batchesOf(shard, parent, outgoing)
  const extend = isLying
    ? (channel: ChannelHead, batch: ReceiptBatch) => countFalsely(dice, channel, batch)
    : extendChannel
  const channels = parent.channels.map((channel, destination) =>
    sent.filter((batch) => batch.destination === destination).reduce(extend, channel),
  )
  const header = headerOn(
    beacon,
    { shard, hash: parent.hash, height: parent.height },
    {
      outRoot: outRootOf(channels),
      cursors: cursors.map((cursor) => cursor.nextSequence),
      // Two branches never are the same block, whatever they did.
      resultsRoot: hashOf(`block ${dice.u32()} ${balance}`),
    },
  )
  const hash = shardBlockHash(header)
  const block = {
    hash,
    height: header.height,
    header,
    parent,
    balance,
    channels,
    cursors,
    sent,
    consumed,
    voidCount: voided.size,
  }
  blocks.set(toHex(hash), block)
  return block
}

function batchesOf(
  shard: number,
  parent: ToyBlock,
  outgoing: readonly Outgoing[],
): readonly ReceiptBatch[] {
  const destinations = [...new Set(outgoing.map((one) => one.destination))]
  return destinations.map((destination) => {
    const startSequence = present(parent.channels[destination], 'a channel').nextSequence
    const receipts = outgoing
      .filter((one) => one.destination === destination)
      .map((one, index) =>
        exampleReceipt({ ...one, source: shard, sequence: startSequence + index }),
      )
    return { source: shard, destination, height: parent.height + 1, startSequence, receipts }
  })
}

type Consumption = {
  readonly receipts: readonly Receipt[]
  readonly cursors: readonly ChannelHead[]
  readonly voided: ReadonlySet<Receipt>
}

/** Builder and verifier in one: selects by the rule, proves every item, checks the selection. */
function consume(world: World, shard: number, parent: ToyBlock): Consumption {
  const { options, beacon } = world
  const rule = {
    height: parent.height + 1,
    shardCount: options.shardCount,
    gasBudget: 5,
    gasOf: () => 1,
  }
  const heads = world.shards.map((source) => sourceHead(world, source))
  const available = heads.flatMap((head, index) =>
    index + 1 === shard
      ? []
      : itemsOf({
          head,
          source: index + 1,
          shard,
          parent,
          trusting: options.trustSources === true,
        }),
  )
  const { items, batches } = selectInbox(available, rule)
  const cursors = [...parent.cursors]
  const voided = new Set<Receipt>()
  for (const item of items) {
    const head = present(heads[item.source - 1], 'the source exists')
    const recorded = recordOf(beacon, item.source).outRoot
    const verified = verifyInboxItem({
      item,
      destination: shard,
      shardCount: options.shardCount,
      outRoot: options.trustSources === true ? outRootOf(head.channels) : recorded,
      cursor: present(parent.cursors[item.source], 'a cursor per chain'),
    })
    assert(verified.ok, 'what the builder selects is what the source committed to')
    cursors[item.source] = verified.value.cursor
    for (const receipt of item.batches.flatMap((batch) => batch.receipts)) {
      if (verified.value.voided.has(receipt.sequence) && options.trustAmounts !== true)
        voided.add(receipt)
    }
  }
  assert(checkInboxSelection(items, rule).ok, 'what the builder selects is what it must')
  return { receipts: batches.flatMap((batch) => batch.receipts), cursors, voided }
}

/** The block of a source up to which receipts may be consumed. */
function sourceHead(world: World, source: Shard): ToyBlock {
  if (world.options.trustSources === true) return world.dice.pick(source.tips)
  return present(
    source.blocks.get(toHex(recordOf(world.beacon, source.shard).hash)),
    'a recorded block was made by its shard',
  )
}

type ItemQuestion = {
  readonly head: ToyBlock
  readonly source: number
  readonly shard: number
  readonly parent: ToyBlock
  readonly trusting: boolean
}

function itemsOf({ head, source, shard, parent, trusting }: ItemQuestion): readonly InboxItem[] {
  const cursor = present(parent.cursors[source], 'a cursor per chain')
  const batches = ancestryOf(head)
    .flatMap((block) => block.sent)
    .filter((batch) => batch.destination === shard && batch.startSequence >= cursor.nextSequence)
  const leaf = present(head.channels[shard], 'a channel per chain')
  const reached = follows(cursor, batches) ? batches.reduce(extendChannel, cursor) : cursor
  if (!equalBytes(reached.head, leaf.head)) {
    assert(trusting, 'a cursor stands on the recorded branch of its source')
    // Consumed from a branch that lost: nothing of the other one will ever follow.
    return []
  }
  return [{ source, leaf, branch: outBranch(head.channels, shard), batches, tailDigests: [] }]
}

function follows(cursor: ChannelHead, batches: readonly ReceiptBatch[]): boolean {
  return (batches[0]?.startSequence ?? cursor.nextSequence) === cursor.nextSequence
}

/** From block 1 to this block. */
export function ancestryOf(tip: ToyBlock): readonly ToyBlock[] {
  const path: ToyBlock[] = []
  for (let block: ToyBlock | undefined = tip; block?.header !== undefined; block = block.parent)
    path.push(block)
  return path.toReversed()
}

export function recordedBlock(world: World, shard: number): ToyBlock {
  const source = present(world.shards[shard - 1], 'the shard exists')
  return present(
    source.blocks.get(toHex(recordOf(world.beacon, shard).hash)),
    'a recorded block was made by its shard',
  )
}

/** Random candidates, among them losing branches, replays and prefixes; the beacon takes what its rules allow. */
function linkShards(world: World): void {
  const { dice, beacon } = world
  const candidates: Crosslink[] = []
  for (const { shard, tips } of world.shards) {
    for (const tip of tips) {
      if (dice.chance(1, 3)) continue
      let end = tip
      for (let back = dice.below(3); back > 0 && end.height > 1; back--)
        end = present(end.parent, 'only block 0 has no parent')
      const { height } = recordOf(beacon, shard)
      const headers = ancestryOf(end)
        .filter((block) => block.height > Math.min(height, end.height - 1))
        .map((block) => present(block.header, 'only block 0 has no header'))
      if (headers.length > 0)
        candidates.push(crosslinkOver(beacon, headers, { channels: end.channels }))
    }
  }
  const view = beacon.height + 1
  const built = buildBeaconBlock(beacon, {
    view,
    seat: proposerOf(beacon, 0, view),
    timestampMs: beacon.timestampMs + 1_000,
    reveal: Uint8Array.of(1),
    crosslinks: dice.shuffle(candidates),
    accusations: [],
  })
  const applied = applyBeaconBlock(beacon, built.block)
  assert(applied.ok, 'a follower accepts what the builder built')
  for (const { reject, shard } of built.skipped) {
    const isLying = world.options.captured === true && shard === CAPTURED
    const name = isLying ? `captured: ${reject.code}` : reject.code
    world.refusals.set(name, (world.refusals.get(name) ?? 0) + 1)
  }
  world.beacon = applied.value
  world.leaves = world.leaves.map(
    (before, index) =>
      built.block.body.crosslinks.find((one) => one.shard === index + 1)?.channels ?? before,
  )
}

/** C.7: after a while, members of a losing branch return to the recorded one. */
function followBeacon(world: World, shard: Shard): void {
  const recorded = recordedBlock(world, shard.shard)
  // What the beacon refused for its value, nothing can follow: liars start again.
  if (world.options.captured === true && shard.shard === CAPTURED && world.dice.chance(1, 3))
    shard.tips = [recorded]
  const kept = shard.tips.filter(
    (tip) => descends(tip, recorded) || descends(recorded, tip) || world.dice.chance(2, 3),
  )
  const behind = kept.every((tip) => !descends(tip, recorded))
  const ahead = kept.filter((tip) => tip === recorded || !descends(recorded, tip))
  shard.tips = behind ? [...ahead, recorded] : ahead
}

export function descends(block: ToyBlock, ancestor: ToyBlock): boolean {
  for (let one: ToyBlock | undefined = block; one !== undefined; one = one.parent)
    if (one === ancestor) return true
  return false
}

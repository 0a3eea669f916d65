/**
 * A whole network without consensus: one leader and one follower executor per shard and a beacon that is a list of records.
 * Every block is built by the leader, verified by the follower and finalized by both; both must agree.
 */
import { channelTo, emptyChannels } from '../../../node/crosslink/channel.ts'
import type { AnchorView, ShardRecord } from '../../../node/crosslink/crosslink.ts'
import type { ChannelHead, InboxItem, ReceiptBatch } from '../../../node/crosslink/receipt.ts'
import { present } from '../../../node/primitives/assert.ts'
import type { Address } from '../../../node/primitives/identifiers.ts'
import type {
  AccountView,
  BlockOutcome,
  BuildRequest,
  CheckedTransaction,
  ShardConfig,
  SupplyView,
} from '../../../node/shards/executor.ts'
import { type InlineExecutor, openInlineExecutor } from '../../../node/shards/io/inline.ts'
import {
  anchorAt,
  buildRequest,
  expectKind,
  genesisRecord,
  inboxItem,
  recordOf,
  sendersOf,
  shardConfig,
  verifyRequest,
  type WorldOptions,
} from './fixture.ts'

type ShardWorld = {
  readonly config: ShardConfig
  readonly leader: InlineExecutor
  readonly follower: InlineExecutor
  readonly outcomes: BlockOutcome[]
  parent: { readonly hash: Uint8Array; readonly height: number }
  cursors: readonly ChannelHead[]
  /** Channel state as the beacon knows it, index = destination. */
  recordedChannels: readonly ChannelHead[]
}

export type World = {
  readonly config: (shard: number) => ShardConfig
  readonly anchor: () => AnchorView
  readonly outcomes: (shard: number) => readonly BlockOutcome[]
  readonly request: (shard: number, transactions?: readonly CheckedTransaction[]) => BuildRequest
  /** One finalized block. */
  readonly advance: (shard: number, transactions?: readonly CheckedTransaction[]) => BlockOutcome
  /** A new beacon block that records the finalized tips of these shards (all, if none is named). */
  readonly crosslink: (...shards: readonly number[]) => void
  /** The next beacon block knows one shard more, with an empty state (B.7); its number. */
  readonly open: () => number
  /** Overwrites what the beacon says of a shard. */
  readonly record: (shard: number, change: Partial<ShardRecord>) => void
  readonly account: (shard: number, address: Address) => AccountView
  readonly supply: (shard: number) => SupplyView
  readonly leader: (shard: number) => InlineExecutor
  /** Batches sent from source to destination at or above a sequence, as far as the beacon has recorded them. */
  readonly available: (source: number, destination: number) => InboxItem
}

export function createWorld(options: WorldOptions = {}): World {
  const { shardCount = 3 } = options
  const shards = Array.from({ length: shardCount }, (_, index) => createShard(index + 1, options))
  const at = (shard: number): ShardWorld => present(shards[shard - 1], 'the shard exists')
  const records = shards.map(({ config }) => genesisRecord(config))
  let beaconHeight = 1
  const anchor = (): AnchorView => anchorAt(beaconHeight, [...records])

  function available(source: number, destination: number): InboxItem {
    const channels = at(source).recordedChannels
    const cursor = channelTo(at(destination).cursors, source).nextSequence
    const end = present(channels[destination], 'there is a channel').nextSequence
    const batches = at(source)
      .outcomes.flatMap((outcome): readonly ReceiptBatch[] => outcome.sent)
      .filter((batch) => batch.destination === destination)
      .filter((batch) => batch.startSequence >= cursor && batch.startSequence < end)
    return inboxItem({ source, destination, channels, batches })
  }

  function request(shard: number, transactions: readonly CheckedTransaction[] = []): BuildRequest {
    // A source that does not know the shard has no leaf for it (B.7).
    const sources = shards.filter(
      (other) => other.config.shard !== shard && other.recordedChannels.length > shard,
    )
    const inbox = sources.map((other) => available(other.config.shard, shard))
    return buildRequest(at(shard).parent, anchor(), { transactions, inbox })
  }

  return {
    anchor,
    request,
    available,
    config: (shard) => at(shard).config,
    outcomes: (shard) => at(shard).outcomes,
    leader: (shard) => at(shard).leader,
    advance: (shard, transactions) => advanceShard(at(shard), request(shard, transactions)),
    crosslink: (...named) => {
      beaconHeight++
      for (const { config, outcomes } of shards) {
        const tip = outcomes.at(-1)
        if (tip === undefined || (named.length > 0 && !named.includes(config.shard))) continue
        records[config.shard - 1] = recordOf(tip)
        at(config.shard).recordedChannels = tip.channels
      }
    },
    open: () => {
      beaconHeight++
      const shard = shards.length + 1
      const opened = createShard(shard, { ...options, shardCount: shard, accountCount: 0 })
      shards.push(opened)
      records.push({ ...genesisRecord(opened.config), openedHeight: beaconHeight })
      return shard
    },
    record: (shard, change) => {
      records[shard - 1] = { ...present(records[shard - 1], 'the shard exists'), ...change }
    },
    account: (shard, address) => {
      const read = { kind: 'accounts', at: { kind: 'finalized' }, addresses: [address] } as const
      const answer = expectKind(at(shard).leader.runNow(read), 'accounts')
      return present(answer.accounts[0], 'one address, one account')
    },
    supply: (shard) => {
      const read = { kind: 'supply', at: { kind: 'finalized' } } as const
      return expectKind(at(shard).leader.runNow(read), 'supply').supply
    },
  }
}

function createShard(shard: number, options: WorldOptions): ShardWorld {
  const config = shardConfig(shard, options)
  const channels = emptyChannels(config.shardCount)
  return {
    config,
    leader: openInlineExecutor(config),
    follower: openInlineExecutor(config),
    outcomes: [],
    parent: { hash: config.genesisBlockHash, height: 0 },
    cursors: channels,
    recordedChannels: channels,
  }
}

function advanceShard(shard: ShardWorld, request: BuildRequest): BlockOutcome {
  const built = expectKind(shard.leader.runNow(request), 'built')
  const senders = sendersOf(built.outcome, request)
  const verify = verifyRequest(built.block, request, senders)
  const { outcome } = expectKind(shard.follower.runNow(verify), 'verified')
  for (const executor of [shard.leader, shard.follower]) {
    expectKind(executor.runNow({ kind: 'finalize', hash: outcome.hash }), 'finalized')
  }
  shard.outcomes.push(outcome)
  shard.parent = { hash: outcome.hash, height: outcome.header.height }
  shard.cursors = outcome.cursors
  return outcome
}

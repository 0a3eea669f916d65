/**
 * Methods that any node answers for the whole network: who it is, how it does, and what the beacon knows.
 */
import { GATEWAY_ABI } from '../shards/vm/gateway.ts'
import { channelTo } from '../crosslink/channel.ts'
import type { ShardRecord } from '../crosslink/crosslink.ts'
import type { ChainNumber, Hash } from '../primitives/identifiers.ts'
import type { BeaconHeadView, CommitteeView, TakenBackView } from './backend.ts'
import { answer } from './error-code.ts'
import { formatData, formatQuantity } from './hexadecimal.ts'
import { networkMethod, type Method } from './method.ts'

export const NETWORK_METHODS: readonly Method[] = [
  networkMethod({
    name: 'eth_chainId',
    summary: 'Chain id of the shard.',
    cost: 1,
    needsShard: true,
    parameters: [],
    run: ({ backend, shard }) => answer(formatQuantity(backend.network().chainIdBase + shard)),
  }),
  networkMethod({
    name: 'net_version',
    summary: 'Chain id of the shard in decimal digits.',
    cost: 1,
    needsShard: true,
    parameters: [],
    run: ({ backend, shard }) => answer(String(backend.network().chainIdBase + shard)),
  }),
  networkMethod({
    name: 'eth_syncing',
    summary: 'false, or where the node stands while it catches up.',
    cost: 1,
    needsShard: true,
    parameters: [],
    run: ({ backend, shard }) => {
      const chain = backend.health().chains.find((one) => one.chain === shard)
      if (chain === undefined || !chain.syncing) return answer(false)
      const height = formatQuantity(chain.height)
      return answer({ startingBlock: '0x0', currentBlock: height, highestBlock: height })
    },
  }),
  networkMethod({
    name: 'net_listening',
    summary: 'Whether the node takes connections.',
    cost: 1,
    parameters: [],
    run: () => answer(true),
  }),
  networkMethod({
    name: 'net_peerCount',
    summary: 'Connected peers.',
    cost: 1,
    parameters: [],
    run: ({ backend }) => answer(formatQuantity(backend.health().peers)),
  }),
  networkMethod({
    name: 'web3_clientVersion',
    summary: 'Name and version of the node.',
    cost: 1,
    parameters: [],
    run: ({ backend }) => answer(backend.network().clientVersion),
  }),
  networkMethod({
    name: 'beacon_getHead',
    summary: 'The newest finalized beacon block and what it records of each shard.',
    cost: 3,
    parameters: [],
    run: ({ backend }) => answer(formatBeaconHead(backend.beacon().head)),
  }),
  networkMethod({
    name: 'beacon_getCommittees',
    summary: 'The committee of each chain in the current epoch, a validator index per seat.',
    cost: 3,
    parameters: [],
    run: ({ backend }) => answer(backend.beacon().committees.map(formatCommittee)),
  }),
  networkMethod({
    name: 'shard_getConfig',
    summary: 'Constants of the network and of this shard, for clients and tools.',
    cost: 1,
    needsShard: true,
    parameters: [],
    run: ({ backend, shard }) => {
      const network = backend.network()
      return answer({
        shard,
        chainId: network.chainIdBase + shard,
        chainIdBase: network.chainIdBase,
        shardCount: network.shardCount,
        networkName: network.networkName,
        genesisHash: formatData(network.genesisHash),
        gateway: formatData(network.gatewayAddress),
        gatewayAbi: GATEWAY_ABI,
        blockIntervalMs: network.blockIntervalMs,
        certificateScheme: network.certificateScheme,
        hostedShards: network.hostedShards,
      })
    },
  }),
  networkMethod({
    name: 'shard_getTakenBack',
    summary:
      'How often this node took finalized blocks of the shard back since it started, and the last time from where to where.',
    cost: 1,
    needsShard: true,
    parameters: [],
    run: ({ backend, shard }) => answer(formatTakenBack(backend.takenBack(shard))),
  }),
]

function formatTakenBack({ count, last }: TakenBackView): object {
  if (last === undefined) return { count, last: null }
  const { from, to, ...rest } = last
  return { count, last: { ...rest, from: formatPlace(from), to: formatPlace(to) } }
}

function formatPlace({ height, hash }: { readonly height: number; readonly hash: Hash }): object {
  return { height, hash: formatData(hash) }
}

function formatBeaconHead(head: BeaconHeadView): object {
  return {
    epoch: head.epoch,
    height: head.height,
    hash: formatData(head.hash),
    timestampMs: head.timestampMs,
    shards: head.shards.map(formatShardRecord),
    registry: {
      stake: formatQuantity(head.stake),
      burnt: formatQuantity(head.burnt),
      channels: head.shards.map(({ shard }) => formatBeaconChannel(head, shard)),
    },
  }
}

/** C.9: how much the beacon has consumed of the shard, and sent to it. */
function formatBeaconChannel({ incoming, outgoing }: BeaconHeadView, shard: ChainNumber): object {
  const { nextSequence: sent, value } = channelTo(outgoing, shard)
  const consumed = channelTo(incoming, shard).nextSequence
  return { shard, consumed, sent, sentValue: formatQuantity(value) }
}

function formatShardRecord(record: ShardRecord): object {
  return {
    shard: record.shard,
    epoch: record.epoch,
    height: record.height,
    hash: formatData(record.hash),
    stateRoot: formatData(record.stateRoot),
    outRoot: formatData(record.outRoot),
    cursors: record.cursors,
    supply: formatQuantity(record.supply),
    sent: record.sent.map(formatQuantity),
    anchorHeight: record.anchorHeight,
    sealed: record.sealed,
    inboxUnits: record.inboxUnits,
    outBytes: record.outBytes,
    lastCrosslinkHeight: record.lastCrosslinkHeight,
    status: record.status,
    recoveringSince: record.recoveringSince,
    forcedEpoch: record.forcedEpoch,
    openedHeight: record.openedHeight,
    stage: record.stage,
    stageHeight: record.stageHeight,
  }
}

function formatCommittee(committee: CommitteeView): object {
  const { chain, epoch, validators, faultsTolerated, quorum } = committee
  return { chain, epoch, validators, faultsTolerated, quorum }
}

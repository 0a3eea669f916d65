/**
 * A node's place in its network: its seats, its shards, and how the engine of each chain is set up.
 */
import type { Genesis } from '../beacon/genesis.ts'
import { committeeKeys, leaderOrderOf, type BeaconState } from '../beacon/state.ts'
import type { EngineConfig } from '../consensus/engine-contract.ts'
import { topicName } from '../network/topic.ts'
import { present } from '../primitives/assert.ts'
import { BEACON_CHAIN, OBSERVER_SEAT, type ChainNumber } from '../primitives/identifiers.ts'
import { decodeBeaconChainBlock } from './beacon-block.ts'
import { decodeShardChainBlock } from './shard-block.ts'
import type { WireContext } from './wire.ts'

/** A.7: recovery after a partition is dominated by the backed-off timer, so it is capped early. */
const BACKOFF_MAX = 8

export type PlaceOptions = {
  readonly genesis: Genesis
  /** Own index in the registry; undefined: an observer. */
  readonly validator: number | undefined
  /** Shards to hold besides the one this validator has a seat in. */
  readonly followShards: readonly ChainNumber[]
  /** Of one signature in the network's scheme, times the largest committee: bounds foreign certificates. */
  readonly signatureBytesMax: number
}

export type Place = {
  /** At genesis. */
  readonly state: BeaconState
  /** Validator index per seat. */
  readonly committee: (chain: ChainNumber) => readonly number[]
  /** The same without this node. */
  readonly others: (chain: ChainNumber) => readonly number[]
  readonly seatOf: (chain: ChainNumber) => number
  readonly hosted: readonly ChainNumber[]
  /** Where the proposer of a finalized block tells observers. */
  readonly chainTopics: (chain: ChainNumber) => {
    readonly finality: string
    readonly body: string
  }
  readonly transactionTopic: (shard: ChainNumber) => string
  readonly wire: WireContext
  readonly engine: (chain: ChainNumber) => EngineConfig
}

export function placeOf(options: PlaceOptions, state: BeaconState): Place {
  const { genesis, validator } = options
  const committee = (chain: ChainNumber): readonly number[] =>
    present(state.committees[chain], 'every chain has a committee')
  const seatOf = (chain: ChainNumber): number =>
    validator === undefined ? OBSERVER_SEAT : committee(chain).indexOf(validator)
  const shards = Array.from({ length: genesis.shardCount }, (_, index) => index + 1)
  const topic = (chain: ChainNumber, name: 'fin' | 'blk' | 'tx'): string =>
    topicName(state.genesisHash, chain, name)
  return {
    state,
    committee,
    others: (chain) => committee(chain).filter((member) => member !== validator),
    seatOf,
    hosted: shards.filter((shard) => seatOf(shard) >= 0 || options.followShards.includes(shard)),
    chainTopics: (chain) => ({ finality: topic(chain, 'fin'), body: topic(chain, 'blk') }),
    transactionTopic: (shard) => topic(shard, 'tx'),
    wire: {
      seatCountOf: (chain) => state.committees[chain]?.length,
      decodeBlock: (chain) => {
        if (chain === BEACON_CHAIN) return decodeBeaconChainBlock
        return chain <= genesis.shardCount ? decodeShardChainBlock : undefined
      },
      signatureBytesMax: options.signatureBytesMax,
    },
    engine: (chain) => engineConfig(genesis, state, { chain, seat: seatOf(chain) }),
  }
}

function engineConfig(
  genesis: Genesis,
  state: BeaconState,
  { chain, seat }: { readonly chain: ChainNumber; readonly seat: number },
): EngineConfig {
  const timing = chain === BEACON_CHAIN ? genesis.beaconTiming : genesis.shardTiming
  const head = chain === BEACON_CHAIN ? state.headHash : state.shards[chain - 1]?.hash
  return {
    domain: { genesisHash: state.genesisHash, chain, epoch: state.epoch },
    committee: committeeKeys(state, chain),
    seat,
    leaderOrder: leaderOrderOf(state, chain),
    genesis: {
      hash: present(head, 'every chain has a genesis block'),
      height: 0,
      timestampMs: genesis.timestampMs,
    },
    timing: { ...timing, backoffMax: BACKOFF_MAX },
  }
}

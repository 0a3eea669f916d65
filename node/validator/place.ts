/**
 * A node's place in its network: its seats, its shards, and how the engine of each chain is set up.
 */
import { epochAfter } from '../beacon/epoch.ts'
import { genesisBlockHash, highestShard, type Genesis } from '../beacon/genesis.ts'
import { leaderOfView } from '../beacon/committee.ts'
import { leaderOrderOf, type BeaconState } from '../beacon/state.ts'
import type { EngineConfig } from '../consensus/engine-contract.ts'
import { topicName } from '../network/topic.ts'
import { present } from '../primitives/assert.ts'
import {
  BEACON_CHAIN,
  OBSERVER_SEAT,
  type Address,
  type ChainNumber,
  type Seat,
} from '../primitives/identifiers.ts'
import { votingKeys } from '../primitives/key-use.ts'
import { COMMITTEE_SEATS_MAX, SHARDS_MAX } from '../primitives/limits.ts'
import type { ChainPlace, Seating } from './epoch-chain.ts'
import type { EpochPlans } from './epoch-plans.ts'
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
  readonly genesisState: BeaconState
  /** Validator index per seat, in the beacon's epoch. */
  readonly committee: (chain: ChainNumber) => readonly number[]
  /** The same without this node. */
  readonly others: (chain: ChainNumber) => readonly number[]
  /** Whoever else has the shard's state, as far as the beacon knows (B.11): also those of the epoch that the shard still is in. */
  readonly holders: (chain: ChainNumber) => readonly number[]
  /** Whether this node is one of them. */
  readonly isHolder: (shard: ChainNumber) => boolean
  /** Where the proposer of a finalized block tells observers. */
  readonly chainTopics: (chain: ChainNumber) => {
    readonly finality: string
    readonly body: string
  }
  readonly transactionTopic: (shard: ChainNumber) => string
  /** What is listened to for a shard that is held; `follows`: without a seat, so nobody sends its blocks. */
  readonly topicsOf: (shard: ChainNumber, follows: boolean) => readonly string[]
  readonly wire: WireContext
  /** How a chain goes from one epoch into the next. */
  readonly epochsOf: (chain: ChainNumber) => ChainPlace
  /** Where the proposer of a shard block gets its tips; undefined of a block that its seat may not propose. */
  readonly payoutOf: (shard: ChainNumber, proposer: ProposerPlace) => Address | undefined
  /** Whether that seat was, or is, this node's. */
  readonly isOwn: (shard: ChainNumber, proposer: ProposerPlace) => boolean
}

export type ProposerPlace = {
  readonly epoch: number
  readonly view: number
  readonly proposerSeat: Seat
}

export function placeOf(
  options: PlaceOptions,
  genesisState: BeaconState,
  plans: EpochPlans,
): Place {
  const { genesis, validator } = options
  const committee = (chain: ChainNumber): readonly number[] =>
    plans.current().committees[chain] ?? []
  const topic = (chain: ChainNumber, name: 'fin' | 'blk' | 'tx'): string =>
    topicName(genesisState.genesisHash, chain, name)
  const hasEpochs = genesisState.epochRules.blocks > 0
  const chainTopics = (chain: ChainNumber) => {
    return { finality: topic(chain, 'fin'), body: topic(chain, 'blk') }
  }
  const followed = (shard: ChainNumber): readonly string[] => {
    const { finality, body } = chainTopics(shard)
    return [topic(shard, 'tx'), finality, body]
  }
  const orders = createLeaderOrders(plans)
  const inSeat = (chain: ChainNumber, epoch: number, seat: Seat): number | undefined =>
    plans.of(epoch)?.committees[chain]?.[seat]
  return {
    genesisState,
    committee,
    others: (chain) => committee(chain).filter((member) => member !== validator),
    holders: (chain) => plans.holders(chain).filter((holder) => holder !== validator),
    isHolder: (shard) => validator !== undefined && plans.holders(shard).includes(validator),
    chainTopics,
    transactionTopic: (shard) => topic(shard, 'tx'),
    topicsOf: (shard, follows) => (hasEpochs && follows ? followed(shard) : [topic(shard, 'tx')]),
    wire: {
      // Committees grow and shrink with the registry (B.6); of an epoch that this node has not come to it knows no size.
      seatCountOf: (chain) => {
        if (!hasEpochs) return genesisState.committees[chain]?.length
        return chain <= highestShard(genesis) ? COMMITTEE_SEATS_MAX : undefined
      },
      decodeBlock: (chain) => {
        if (chain === BEACON_CHAIN) return decodeBeaconChainBlock
        return chain <= highestShard(genesis) ? decodeShardChainBlock : undefined
      },
      signatureBytesMax: options.signatureBytesMax,
    },
    epochsOf: (chain) => ({
      number: chain,
      genesis: genesisBlock(genesis, genesisState, chain),
      firstEpoch: epochAfter(genesisState.epochRules, plans.openedHeight(chain)),
      seating: (epoch, start) =>
        seatingOf({ ...options, genesisState, plans }, { chain, epoch, start }),
      topics: chainTopics(chain),
    }),
    payoutOf: (shard, { epoch, view, proposerSeat }) => {
      const order = orders(epoch, shard)
      if (order === undefined || leaderOfView(order, view) !== proposerSeat) return undefined
      const index = inSeat(shard, epoch, proposerSeat)
      return index === undefined ? undefined : plans.validators()[index]?.payout
    },
    isOwn: (shard, { epoch, proposerSeat }) => {
      return validator !== undefined && inSeat(shard, epoch, proposerSeat) === validator
    },
  }
}

function seatIn(committee: readonly number[], validator: number | undefined): number {
  return validator === undefined ? OBSERVER_SEAT : committee.indexOf(validator)
}

/** Of every chain in this epoch and the last one, generously: replayed blocks ask for older ones, one after the other. */
const LEADER_ORDERS_KEPT_MAX = 4 * (SHARDS_MAX + 1)

function createLeaderOrders(plans: EpochPlans) {
  const kept = new Map<string, readonly Seat[]>()
  return (epoch: number, chain: ChainNumber): readonly Seat[] | undefined => {
    const key = `${epoch}/${chain}`
    const plan = plans.of(epoch)
    const order = kept.get(key) ?? (plan && leaderOrderOf(plan, chain))
    if (order === undefined) return undefined
    kept.set(key, order)
    if (kept.size > LEADER_ORDERS_KEPT_MAX) kept.clear()
    return order
  }
}

function genesisBlock(genesis: Genesis, state: BeaconState, chain: ChainNumber) {
  const { genesisHash, headHash } = state
  const hash = chain === BEACON_CHAIN ? headHash : genesisBlockHash(genesisHash, chain)
  return { hash, height: 0, timestampMs: genesis.timestampMs }
}

type Seated = Pick<PlaceOptions, 'genesis' | 'validator'> & {
  readonly genesisState: BeaconState
  readonly plans: EpochPlans
}

/** The one place that says who sits where on a chain in an epoch, and who leads. */
function seatingOf(
  { genesis, validator, genesisState, plans }: Seated,
  {
    chain,
    epoch,
    start,
  }: {
    readonly chain: ChainNumber
    readonly epoch: number
    readonly start: EngineConfig['genesis']
  },
): Seating | undefined {
  const plan = plans.of(epoch)
  if (plan === undefined) return undefined
  const committee = present(plan.committees[chain], 'every chain has a committee')
  const validators = plans.validators()
  const timing = chain === BEACON_CHAIN ? genesis.beaconTiming : genesis.shardTiming
  return {
    committee,
    engine: {
      domain: { genesisHash: genesisState.genesisHash, chain, epoch },
      committee: votingKeys(
        committee.map(
          (index) => present(validators[index], 'a committee seats validators').publicKey,
        ),
      ),
      seat: seatIn(committee, validator),
      leaderOrder: leaderOrderOf(plan, chain),
      genesis: start,
      timing: { ...timing, backoffMax: BACKOFF_MAX },
    },
  }
}

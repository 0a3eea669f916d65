/**
 * The validator: one whole node as a pure machine. Beacon, hosted shards, mempools, inboxes and crosslinks meet here;
 * inputs are routed to them, and what they want done comes back as one ordered list of effects (contract.ts).
 */
import { beaconChainBlock } from '../beacon/block.ts'
import { shardGenesis, type Genesis } from '../beacon/genesis.ts'
import {
  committeeKeys,
  committeeOf,
  genesisBeaconState,
  leaderOrderOf,
  type BeaconState,
} from '../beacon/state.ts'
import type { EngineConfig } from '../consensus/engine-contract.ts'
import { topicName } from '../network/topic.ts'
import { present, unreachable } from '../primitives/assert.ts'
import {
  BEACON_CHAIN,
  OBSERVER_SEAT,
  type ChainNumber,
  type Hash,
} from '../primitives/identifiers.ts'
import { shardChainBlock } from '../shards/block.ts'
import { createBeaconChain, type BeaconChain } from './beacon-chain.ts'
import type { Chain } from './chain.ts'
import { createChannelLeaves } from './channel-leaves.ts'
import { createContext, type Context } from './context.ts'
import type { NodeRestore, ValidatorEffect, ValidatorInput } from './contract.ts'
import { loadAnchor, loadBacklog, loadBatches, loadFinalized } from './history.ts'
import type { NodeMessage } from './message.ts'
import { createShardChain, type ShardChain } from './shard-chain.ts'
import {
  createTransactionIntake,
  unknownShard,
  type TransactionIntake,
} from './transaction-intake.ts'
import type { WireContext } from './wire.ts'

export type ValidatorOptions = {
  readonly genesis: Genesis
  /** State root of every shard at genesis, index = shard - 1. */
  readonly shardStateRoots: readonly Hash[]
  /** Own index in the registry; undefined: an observer. */
  readonly validator: number | undefined
  /** Shards to hold besides the one this validator has a seat in. */
  readonly followShards: readonly ChainNumber[]
  /** Of one signature in the network's scheme, times the largest committee: bounds foreign certificates. */
  readonly signatureBytesMax: number
}

export type Validator = {
  readonly handle: (input: ValidatorInput) => readonly ValidatorEffect[]
  readonly wire: WireContext
  readonly hostedShards: readonly ChainNumber[]
  readonly beacon: Pick<BeaconChain, 'head' | 'newest' | 'headAnchor'>
  readonly chains: ReadonlyMap<ChainNumber, Chain>
  readonly shards: ReadonlyMap<ChainNumber, ShardChain>
  /** Topics this node listens to: its shards' transactions, or finality where it only follows. */
  readonly topics: readonly string[]
}

export function createValidator(options: ValidatorOptions): Validator {
  const owner = createContext()
  const { context } = owner
  const genesisState = genesisBeaconState(options.genesis, options.shardStateRoots)
  const place = placeOf(options, genesisState)
  const leaves = createChannelLeaves(context)
  const shards = new Map<ChainNumber, ShardChain>()
  const forked = new Set<ChainNumber>()
  const beacon = createBeaconChain(context, {
    engine: place.engine(BEACON_CHAIN),
    committee: place.committee(BEACON_CHAIN),
    genesisState,
    topics: place.chainTopics(BEACON_CHAIN),
    onFinalized: (_state, block) => {
      leaves.learn(block)
      for (const shard of shards.values()) shard.beaconFinalized()
    },
  })
  for (const shard of place.hosted) {
    shards.set(shard, createHostedShard(context, { place, shard, beacon, leaves, options }))
  }
  const chains = new Map<ChainNumber, Chain>([[BEACON_CHAIN, beacon.chain]])
  for (const [number, shard] of shards) chains.set(number, shard.chain)
  const intakes = createIntakes(context, options, place, shards)

  function start(restore: NodeRestore): void {
    leaves.restore(restore.channels)
    beacon.start(restore)
    for (const [number, shard] of shards) {
      shard.start(restore.chains.find((one) => one.chain === number))
    }
  }

  function receive(input: ValidatorInput & { readonly kind: 'message' }): void {
    const { peer, validator, message } = input
    switch (message.kind) {
      case 'consensus': {
        const chain = chains.get(message.chain)
        if (chain?.epoch === message.epoch) chain.receive(peer, validator, message.message)
        return
      }
      case 'transactions':
        if (input.gossip || validator !== undefined) relay(message)
        return
      case 'receipts':
        for (const batch of message.batches) {
          if (!isMember(batch.source, validator)) continue
          shards.get(batch.destination)?.inbox.add(batch)
        }
        for (const shard of shards.values()) shard.updateWork()
        return
      case 'get-receipts':
        if (validator === undefined || !shards.has(message.source)) return
        return loadBatches(context, message, (batches) => {
          if (batches.length === 0) return
          const answer = { kind: 'receipts', batches } as const
          context.emit({ kind: 'reply', peer, channel: 'relay', message: answer })
        })
      case 'crosslink':
        if (isMember(message.crosslink.shard, validator)) beacon.offer(message.crosslink)
        return
      default:
        return unreachable(message)
    }
  }

  function relay(message: NodeMessage & { readonly kind: 'transactions' }): void {
    if (shards.has(message.shard)) intakes.get(message.shard)?.relay(message.raws)
  }

  function isMember(chain: ChainNumber, validator: number | undefined): boolean {
    return validator !== undefined && (genesisState.committees[chain]?.includes(validator) ?? false)
  }

  function tick(): void {
    for (const chain of chains.values()) chain.tick()
    for (const shard of shards.values()) shard.tick()
  }

  function route(input: ValidatorInput): void {
    switch (input.kind) {
      case 'start':
        return start(input.restore)
      case 'tick':
        return tick()
      case 'message':
        return receive(input)
      case 'validator-connected':
        for (const chain of chains.values()) chain.greet(input.validator)
        return
      case 'executed':
        return owner.answer('execute', input.job, input.response)
      case 'checked':
        return owner.answer('check', input.job, input.answers)
      case 'recovered':
        return owner.answer('recover', input.job, input.transactions)
      case 'loaded':
        return owner.answer('load', input.job, input.answer)
      case 'revealed':
        return owner.answer('reveal', input.job, input.signature)
      case 'signed': {
        const chain = chains.get(input.chain)
        if (chain?.epoch === input.epoch) chain.signed(input.vote)
        return
      }
      case 'submit': {
        const intake = intakes.get(input.shard)
        if (intake !== undefined) return intake.submit(input.request, input.raw)
        const { request, shard } = input
        return context.emit({ kind: 'submitted', request, result: unknownShard(shard) })
      }
      default:
        return unreachable(input)
    }
  }

  let announced = Number.NaN

  function announceDeadline(): void {
    let at = Number.POSITIVE_INFINITY
    for (const chain of chains.values()) at = Math.min(at, chain.deadline())
    for (const shard of shards.values()) at = Math.min(at, shard.deadline())
    if (at === announced) return
    announced = at
    context.emit({ kind: 'deadline', at })
  }

  /** The beacon entered a view, or a shard turned out to be on a losing branch (C.7: it signs no more). */
  function review(effects: readonly ValidatorEffect[]): void {
    for (const effect of effects) {
      if (effect.kind !== 'report') continue
      const { fact } = effect
      if (fact.kind === 'forked') forked.add(fact.shard)
      if (fact.kind !== 'engine' || fact.chain !== BEACON_CHAIN) continue
      if (fact.fact.kind !== 'view-entered') continue
      for (const shard of shards.values()) shard.beaconEntered()
    }
  }

  return {
    handle: (input) => {
      owner.begin(input.now)
      route(input)
      const effects = [...owner.take()]
      review(effects)
      announceDeadline()
      effects.push(...owner.take())
      return effects.filter((effect) => effect.kind !== 'sign' || !forked.has(effect.chain))
    },
    wire: place.wire,
    hostedShards: place.hosted,
    beacon,
    chains,
    shards,
    topics: place.hosted.map((shard) => topicName(genesisState.genesisHash, shard, 'tx')),
  }
}

/** Who this node is in the network: its seats, its shards, and how each chain's engine is set up. */
function placeOf(options: ValidatorOptions, state: BeaconState) {
  const { genesis, validator } = options
  const committee = (chain: ChainNumber): readonly number[] =>
    present(state.committees[chain], 'every chain has a committee')
  const seatOf = (chain: ChainNumber): number =>
    validator === undefined ? OBSERVER_SEAT : committee(chain).indexOf(validator)
  const hosted = Array.from({ length: genesis.shardCount }, (_, index) => index + 1).filter(
    (shard) => seatOf(shard) >= 0 || options.followShards.includes(shard),
  )
  const chainTopics = (chain: ChainNumber) => ({
    finality: topicName(state.genesisHash, chain, 'fin'),
    body: topicName(state.genesisHash, chain, 'blk'),
  })
  const wire: WireContext = {
    seatCountOf: (chain) => state.committees[chain]?.length,
    decodeBlock: (chain) => {
      if (chain === BEACON_CHAIN) return beaconChainBlock
      return chain <= genesis.shardCount ? shardChainBlock : undefined
    },
    signatureBytesMax: options.signatureBytesMax,
  }
  const engine = (chain: ChainNumber): EngineConfig => {
    const timing = chain === BEACON_CHAIN ? genesis.beaconTiming : genesis.shardTiming
    const head = chain === BEACON_CHAIN ? state.headHash : state.shards[chain - 1]?.hash
    return {
      domain: { genesisHash: state.genesisHash, chain, epoch: state.epoch },
      committee: committeeKeys(state, chain),
      seat: seatOf(chain),
      leaderOrder: leaderOrderOf(state, chain),
      genesis: {
        hash: present(head, 'every chain has a genesis block'),
        height: 0,
        timestampMs: genesis.timestampMs,
      },
      timing: { ...timing, backoffMax: BACKOFF_MAX },
    }
  }
  return { state, committee, seatOf, hosted, chainTopics, wire, engine }
}

type Place = ReturnType<typeof placeOf>

/** A.13: recovery after a partition is dominated by the backed-off timer, so it is capped early. */
const BACKOFF_MAX = 8

function createHostedShard(
  context: Context,
  parts: {
    readonly place: Place
    readonly shard: ChainNumber
    readonly beacon: BeaconChain
    readonly leaves: ReturnType<typeof createChannelLeaves>
    readonly options: ValidatorOptions
  },
): ShardChain {
  const { place, shard, beacon, leaves } = parts
  return createShardChain(context, {
    config: shardGenesis(parts.options.genesis, shard),
    engine: place.engine(shard),
    committee: place.committee(shard),
    payouts: committeeOf(place.state, shard).map(({ payout }) => payout),
    topics: place.chainTopics(shard),
    beacon: {
      headAnchor: beacon.headAnchor,
      anchorOf: beacon.anchorOf,
      loadAnchor: (beaconHeight, beaconHash, answer) =>
        loadAnchor(context, { beaconHeight, beaconHash }, answer),
      leavesOf: leaves.of,
      committeeOf: place.committee,
      upcomingLeaders: () => {
        const view = Math.max(1, beacon.chain.status().view)
        const leaders = [beacon.chain.leader(view), beacon.chain.leader(view + 1)]
        return [...new Set(leaders)].filter((leader) => leader !== parts.options.validator)
      },
      offer: beacon.offer,
    },
    loadFinalized: (fromHeight, answer) => loadFinalized(context, shard, fromHeight, answer),
    loadBacklog: (height, answer) => loadBacklog(context, shard, height, answer),
  })
}

function createIntakes(
  context: Context,
  options: ValidatorOptions,
  place: Place,
  shards: ReadonlyMap<ChainNumber, ShardChain>,
): ReadonlyMap<ChainNumber, TransactionIntake> {
  const intakes = new Map<ChainNumber, TransactionIntake>()
  for (let shard = 1; shard <= options.genesis.shardCount; shard++) {
    const isMember = place.seatOf(shard) >= 0
    const intake = createTransactionIntake(context, {
      config: shardGenesis(options.genesis, shard),
      shard: shards.get(shard),
      members: isMember
        ? place.committee(shard).filter((member) => member !== options.validator)
        : [],
      topic: topicName(place.state.genesisHash, shard, 'tx'),
    })
    intakes.set(shard, intake)
  }
  return intakes
}

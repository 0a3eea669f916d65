/**
 * The validator: one whole node as a pure machine. Beacon, hosted shards, mempools, inboxes and crosslinks meet here;
 * inputs are routed to them, and what they want done comes back as one ordered list of effects (contract.ts).
 */
import { highestShard } from '../beacon/genesis.ts'
import { decodeBeaconState } from '../beacon/state-codec.ts'
import { genesisBeaconState, type BeaconState } from '../beacon/state.ts'
import { isRecovering } from '../crosslink/crosslink.ts'
import type { ReceiptBatch } from '../crosslink/receipt.ts'
import type { StoreEntry } from '../storage/store.ts'
import { assert, unreachable } from '../primitives/assert.ts'
import { BEACON_CHAIN, type ChainNumber, type Hash } from '../primitives/identifiers.ts'
import { createBeaconChain, type BeaconChain } from './beacon-chain.ts'
import { createChannelLeaves, type ChannelLeaves } from './channel-leaves.ts'
import { createChunkServing, type ChunkServing } from './chunk-serving.ts'
import { createContext, type ContextOwner } from './context.ts'
import type { NodeRestore, ValidatorEffect, ValidatorFact, ValidatorInput } from './contract.ts'
import type { EpochChain } from './epoch-chain.ts'
import { createEpochPlans, type EpochPlans } from './epoch-plans.ts'
import { loadBatches } from './history.ts'
import { createIntakes, type Intakes } from './hosted-shard.ts'
import { createHostedShards, type HostedShards } from './hosted-shards.ts'
import { blockPatienceMs } from './inquiry.ts'
import { placeOf, type Place, type PlaceOptions } from './place.ts'
import type { ShardChain } from './shard-chain.ts'
import {
  createSnapshotPoints,
  SNAPSHOT_RULES,
  type SnapshotPoints,
  type SnapshotRules,
} from './snapshot-points.ts'
import { createReadiness, type Readiness } from './readiness.ts'
import { createStoredChains, type StoredChains } from './stored-chains.ts'
import { unknownShard } from './transaction-intake.ts'
import type { WireContext } from './wire.ts'

export type ValidatorOptions = PlaceOptions & {
  /** Only a test's, whose chains are short: all nodes of a network have the same. */
  readonly snapshotRules?: SnapshotRules
  /** State root of every shard at genesis, index = shard - 1. */
  readonly shardStateRoots: readonly Hash[]
  /** The encoded beacon state on the disk, if there is one: it says which shards are held from the start (B.11). */
  readonly beaconState?: Uint8Array | undefined
  /** Encoded plans of all epochs that the beacon had come to know. */
  readonly plans?: readonly StoreEntry[]
}

export type Validator = {
  readonly handle: (input: ValidatorInput) => readonly ValidatorEffect[]
  readonly wire: WireContext
  readonly beacon: Pick<BeaconChain, 'head' | 'newest' | 'headAnchor'>
  /** The beacon's and those of the shards that are held; both change with epochs (B.11). */
  readonly chains: ReadonlyMap<ChainNumber, EpochChain>
  readonly shards: ReadonlyMap<ChainNumber, ShardChain>
  /** The shard if it is held here and has once caught up: then clients are answered here. */
  readonly served: HostedShards['served']
  /** What this node listens to now: its shards' transactions, and finality where it only follows. */
  readonly topics: () => readonly string[]
  readonly payoutOf: Place['payoutOf']
}

type Input<Kind extends ValidatorInput['kind']> = ValidatorInput & { readonly kind: Kind }

type Effect<Kind extends ValidatorEffect['kind']> = ValidatorEffect & { readonly kind: Kind }

type Parts = {
  readonly owner: ContextOwner
  readonly place: Place
  readonly plans: EpochPlans
  readonly leaves: ChannelLeaves
  readonly points: SnapshotPoints
  readonly serving: ChunkServing
  readonly beacon: BeaconChain
  readonly hosting: HostedShards
  readonly shards: HostedShards['shards']
  readonly chains: HostedShards['chains']
  /** Of shards that are not held. */
  readonly stored: StoredChains
  readonly intakes: Intakes
  readonly readiness: Readiness
  /** Chains for which this node signs nothing more (R8). */
  readonly silenced: Set<ChainNumber>
  /** The deadline that the driver was told. */
  announced: number
}

export function createValidator(options: ValidatorOptions): Validator {
  const self = createParts(options)
  const { place, beacon, chains, shards, hosting } = self
  return {
    handle: (input) => handle(self, input),
    wire: place.wire,
    beacon,
    chains,
    shards,
    served: hosting.served,
    topics: () => topicsOf(self),
    payoutOf: place.payoutOf,
  }
}

function createParts(options: ValidatorOptions): Parts {
  const { genesis, snapshotRules = SNAPSHOT_RULES } = options
  const owner = createContext()
  const { context } = owner
  const genesisState = genesisBeaconState(genesis, options.shardStateRoots)
  const restored = restoredState(options) ?? genesisState
  const plans = createEpochPlans(context, genesisState, {
    head: restored,
    entries: options.plans ?? [],
  })
  const place = placeOf(options, genesisState, plans)
  const leaves = createChannelLeaves(context)
  const points = createSnapshotPoints(context, snapshotRules)
  const beacon = createBeaconChain(context, {
    epochs: place.epochsOf(BEACON_CHAIN),
    genesisState,
    registry: {
      seatsOf: (chain, epoch) => plans.of(epoch)?.committees[chain],
      others: () => place.others(BEACON_CHAIN),
    },
    leaves,
    holdersOf: place.holders,
    patienceMs:
      genesis.beaconSeats === undefined ? undefined : (height) => blockPatienceMs(genesis, height),
    onRestored: plans.learn,
    onFinalized: (block) => {
      leaves.learn(block)
      plans.learn(beacon.head())
      intakes.review()
      for (const shard of points.learn(block)) hosting.shards.get(shard)?.keepSnapshots()
      const { sent } = beacon.head()
      for (const shard of hosting.shards.values()) {
        shard.takeOwn(sent)
        shard.beaconFinalized()
      }
      hosting.review()
      readiness.tell()
    },
  })
  const readiness = createReadiness(context, {
    isAsked: genesis.readiness === true,
    validator: options.validator,
    epochRules: genesisState.epochRules,
    plans,
    beaconHeight: () => beacon.headAnchor().beaconHeight,
    served: () =>
      [...hosting.shards].flatMap(([shard, { chain }]) =>
        hosting.served(shard) === undefined ? [] : { shard, epoch: chain.epoch },
      ),
  })
  const readmit = (shard: ChainNumber, raws: readonly Uint8Array[]): void =>
    intakes.all.get(shard)?.readmit(raws)
  const parts = { genesis, place, plans, readmit, beacon, leaves, points, snapshotRules, readiness }
  const hosting = createHostedShards(context, options, parts, restored)
  const { shards, chains } = hosting
  const intakes = createIntakes(context, parts, hosting.served)
  const serving = createChunkServing(context)
  const stored = createStoredChains(context, highestShard(genesis))
  const known = { owner, place, plans, leaves, points, serving, beacon, hosting, stored }
  return { ...known, shards, chains, intakes, readiness, silenced: new Set(), announced: NaN }
}

function restoredState({ beaconState }: ValidatorOptions): BeaconState | undefined {
  if (beaconState === undefined) return undefined
  const state = decodeBeaconState(beaconState)
  assert(state.ok, 'a stored beacon state that passed its checksum decodes')
  return state.value
}

function topicsOf({ place, beacon, shards }: Parts): readonly string[] {
  const ofShards = [...shards].flatMap(([shard, { chain }]) =>
    place.topicsOf(shard, chain.seat < 0),
  )
  // B.9: who has no seat yet, or none any more, follows the beacon as well.
  if (beacon.chain.seat >= 0) return ofShards
  const { finality, body } = place.chainTopics(BEACON_CHAIN)
  return [finality, body, ...ofShards]
}

function handle(self: Parts, input: ValidatorInput): readonly ValidatorEffect[] {
  const { owner } = self
  owner.begin(input)
  route(self, input)
  const effects = owner.take()
  review(self, effects)
  announceDeadline(self, input.kind === 'tick')
  effects.push(...owner.take())
  return effects.filter((effect) => effect.kind !== 'sign' || maySign(self, effect))
}

/** Not with a disagreement (`silence`), not in an epoch that was ended by force (B.8) or in which the node was on another branch (C.7). */
function maySign({ silenced, plans, shards }: Parts, { chain, epoch }: Effect<'sign'>): boolean {
  if (epoch <= (shards.get(chain)?.mutedThrough() ?? -1)) return false
  return !silenced.has(chain) && plans.forcedAfter(chain, epoch) === undefined
}

function route(self: Parts, input: ValidatorInput): void {
  const { owner, chains } = self
  switch (input.kind) {
    case 'start':
      return start(self, input.restore)
    case 'tick':
      return tick(self)
    case 'message':
      if (input.validator !== undefined) setAway(self, input.validator, false)
      return receive(self, input)
    case 'validator-connected':
      setAway(self, input.validator, false)
      return self.hosting.greet(input.validator)
    case 'validator-away':
      return setAway(self, input.validator, true)
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
    case 'signed':
      return chains.get(input.chain)?.signed(input.epoch, input.vote)
    case 'support':
      return self.beacon.support(input.changes)
    case 'submit':
      return submit(self, input)
    case 'opened':
      return self.hosting.opened(input.shard, input.restore)
    default:
      return unreachable(input)
  }
}

/** R17: until anything is heard of it, or it is connected again. */
function setAway({ owner, chains }: Parts, validator: number, isAway: boolean): void {
  if (!owner.setAway(validator, isAway)) return
  owner.context.emit({ kind: 'report', fact: { kind: 'presence', validator, isAway } })
  for (const chain of chains.values()) chain.presence()
}

function start({ leaves, plans, points, beacon, hosting }: Parts, restore: NodeRestore): void {
  leaves.restore(restore.channels)
  points.restore(restore.snapshots)
  beacon.start(restore)
  plans.learn(beacon.head())
  hosting.start(restore)
}

function tick({ chains, shards, intakes, beacon }: Parts): void {
  beacon.tick()
  for (const chain of chains.values()) chain.tick()
  for (const shard of shards.values()) shard.tick()
  for (const intake of intakes.all.values()) intake.tick()
}

function submit({ intakes, owner }: Parts, { request, shard, raw }: Input<'submit'>): void {
  const intake = intakes.all.get(shard)
  if (intake !== undefined) return intake.submit(request, raw)
  owner.context.emit({ kind: 'submitted', request, result: unknownShard(shard) })
}

function receive(self: Parts, input: Input<'message'>): void {
  const { peer, validator, message } = input
  switch (message.kind) {
    case 'consensus': {
      const { chain, epoch } = message
      const held = self.chains.get(chain)
      if (held === undefined) return self.stored.receive(peer, message, message.message)
      return held.receive({ peer, validator }, epoch, message.message)
    }
    case 'transactions':
      if ((input.gossip || validator !== undefined) && self.hosting.served(message.shard)) {
        self.intakes.all.get(message.shard)?.relay(message.raws)
      }
      return
    case 'receipts':
      return receiveReceipts(self, input, message.batches)
    case 'get-receipts':
      return answerReceipts(self, input, message)
    case 'get-chunk':
      if (self.shards.has(message.shard)) return self.serving.serve(peer, message)
      return self.serving.refuse(peer, message)
    case 'chunk':
      if (validator !== undefined) self.shards.get(message.shard)?.sync.receive(message, validator)
      return
    case 'crosslink':
      if (mayOffer(self, message.crosslink.shard, validator)) self.beacon.offer(message.crosslink)
      return
    case 'fork-proof':
      if (validator !== undefined) self.beacon.forks.offer(message.proof, validator)
      return
    case 'accusation':
      if (validator !== undefined) self.beacon.accusations.offer(message.accusation, validator)
      return
    case 'ready':
      if (validator !== undefined) self.readiness.hear(message.shard, message.epoch, validator)
      return
    default:
      return unreachable(message)
  }
}

type Message<Kind extends Input<'message'>['message']['kind']> = Input<'message'>['message'] & {
  readonly kind: Kind
}

function receiveReceipts(
  self: Parts,
  { validator }: Input<'message'>,
  batches: Message<'receipts'>['batches'],
): void {
  if (validator === undefined) return
  const receivers = [[BEACON_CHAIN, self.beacon] as const, ...self.shards]
  for (const [number, receiver] of receivers) {
    const isFellow = isMember(self, number, validator)
    const mine = batches.filter(
      ({ source, destination }) =>
        destination === number && (isFellow || isMember(self, source, validator)),
    )
    if (mine.length > 0) receiver.receive(mine, validator)
  }
}

function answerReceipts(
  { owner, shards, beacon }: Parts,
  { peer, validator }: Input<'message'>,
  message: Message<'get-receipts'>,
): void {
  if (validator === undefined) return
  const { source, destination, fromSequence } = message
  const answer = (batches: readonly ReceiptBatch[]): void => {
    if (batches.length === 0) return
    const receipts = { kind: 'receipts', batches } as const
    owner.context.emit({ kind: 'reply', peer, channel: 'relay', message: receipts })
  }
  // Whoever has left the source still has what it sent (B.11).
  loadBatches(owner.context, message, (sent) => {
    if (sent.length > 0 || shards.has(source)) return answer(sent)
    // A fellow asks: its source may show receipts to some of us only (C.5).
    const fellow = destination === BEACON_CHAIN ? beacon : shards.get(destination)
    answer(fellow?.heldReceipts(source, fromSequence) ?? [])
  })
}

/** B.8: while a shard recovers, any validator may bring what its members finalized. */
function mayOffer(self: Parts, shard: ChainNumber, validator: number | undefined): boolean {
  if (isMember(self, shard, validator)) return true
  return validator !== undefined && isRecovering(self.beacon.headAnchor(), shard)
}

function isMember({ plans }: Parts, chain: ChainNumber, validator: number | undefined): boolean {
  return validator !== undefined && plans.isMember(chain, validator)
}

/** After these a node may follow a shard in which it sat, or the other way round. */
const MOVES = new Set<ValidatorFact['kind']>(['hosting', 'epoch', 'synchronized', 'state-sync'])

/** What the chains report concerns the others too. */
function review(self: Parts, effects: readonly ValidatorEffect[]): void {
  const entered = new Set<ChainNumber>()
  let isMoved = false
  for (const effect of effects) {
    if (effect.kind !== 'report') continue
    const { fact } = effect
    silence(self, fact)
    if (fact.kind === 'evidence') self.beacon.accusations.found(fact.evidence)
    if (fact.kind === 'fork') self.beacon.forks.found(fact.proof)
    isMoved ||= MOVES.has(fact.kind)
    if (fact.kind === 'engine' && fact.fact.kind === 'view-entered') entered.add(fact.chain)
  }
  if (isMoved) self.owner.context.emit({ kind: 'listen', topics: topicsOf(self) })
  // A view that ended without its block leaves the block's work undone.
  for (const chain of entered) self.shards.get(chain)?.updateWork()
  if (!entered.has(BEACON_CHAIN)) return
  self.beacon.updateWork()
  for (const shard of self.shards.values()) shard.beaconEntered()
}

/** R8: a chain whose final block is not valid here is not signed for any more. */
function silence({ silenced }: Parts, fact: ValidatorFact): void {
  if (fact.kind === 'divergence') silenced.add(fact.chain)
}

function announceDeadline(self: Parts, isTick: boolean): void {
  let at = self.beacon.deadline()
  for (const chain of self.chains.values()) at = Math.min(at, chain.deadline())
  for (const shard of self.shards.values()) at = Math.min(at, shard.deadline())
  for (const intake of self.intakes.all.values()) at = Math.min(at, intake.deadline())
  // A tick uses up the driver's timer, also one that came too early.
  if (at === self.announced && !isTick) return
  self.announced = at
  self.owner.context.emit({ kind: 'deadline', at })
}

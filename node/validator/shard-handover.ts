/**
 * A hosted shard whose chain goes elsewhere: to the block from which the beacon forces it on (docs/protocol/beacon.md B.8), or
 * onto the branch that the beacon has recorded (docs/protocol/crosslinks.md C.7). How chain, execution, mempool and crosslinks
 * stand still, and go on.
 */
import type { Certificate } from '../crosslink/certificate.ts'
import type { ShardRecord } from '../crosslink/crosslink.ts'
import type { Mempool } from '../shards/mempool.ts'
import type { ShardConfig } from '../shards/executor.ts'
import type { CrosslinkOffer } from './crosslink-offer.ts'
import type { Context } from './context.ts'
import type { EpochChain, EpochChainOptions } from './epoch-chain.ts'
import type { ForcedStart } from './epoch-plans.ts'
import {
  createForcedHandover,
  type ForcedHandover,
  type ForcedHandoverOptions,
} from './forced-handover.ts'
import {
  createReorganisation,
  type Reorganisation,
  type ReorganisationOptions,
} from './reorganisation.ts'
import type { CommittedFacts } from './shard-building.ts'
import type { ShardExecution } from './shard-execution.ts'
import type { StateSync } from './state-sync.ts'
import type { Reached } from './take-back.ts'

export type HandoverSurroundings = {
  readonly config: Pick<ShardConfig, 'shard' | 'initialBaseFee'>
  readonly epochs: Pick<EpochChainOptions, 'genesis'>
  readonly beacon: {
    /** Validators of a shard's committee, and all of them; without this node. */
    readonly holdersOf: (shard: number) => readonly number[]
    readonly beaconMembers: () => readonly number[]
  }
  /** The next epoch after this one that the beacon forced the shard into. */
  readonly forcedAfter: (epoch: number) => ForcedStart | undefined
  /** Transactions of blocks that were taken back: they are as good as new ones. */
  readonly readmit: (raws: readonly Uint8Array[]) => void
}

/** What the own beacon has recorded comes from no peer. */
const BEACON_AS_PEER = { peer: 'beacon', validator: undefined }

type HandedOver = {
  readonly options: HandoverSurroundings
  readonly mempool: Pick<Mempool, 'accounts' | 'finalize'>
  readonly execution: ShardExecution
  readonly offer: CrosslinkOffer
  readonly chain: EpochChain
  readonly sync: Pick<StateSync, 'isSyncing'>
  readonly certificates: Map<string, Certificate>
  committed: CommittedFacts
  readonly running: boolean
  readonly updateWork: () => void
}

type Departing = {
  readonly surroundings: HandoverSurroundings
  /** The shard as the own beacon has recorded it. */
  readonly record: () => ShardRecord
  readonly shard: () => HandedOver
  readonly handover: ForcedHandover
  readonly reorganisation: Reorganisation
}

export type Departure = Pick<Reorganisation, 'start' | 'seen' | 'mutedThrough' | 'forget'> & {
  /** Does the chain go elsewhere? Then nothing else is to be done with it. */
  readonly consider: () => boolean
  readonly deadline: () => number
  readonly tick: () => void
}

export function createDeparture(
  context: Context,
  surroundings: HandoverSurroundings,
  { record, shard }: Pick<Departing, 'record' | 'shard'>,
): Departure {
  const self: Departing = {
    surroundings,
    record,
    shard,
    handover: createForcedHandover(
      context,
      handoverOptions(surroundings, () => self),
    ),
    reorganisation: createReorganisation(
      context,
      reorganisationOptions(surroundings, () => self),
    ),
  }
  const { handover, reorganisation } = self
  return {
    start: reorganisation.start,
    seen: reorganisation.seen,
    mutedThrough: reorganisation.mutedThrough,
    forget: reorganisation.forget,
    consider: () => {
      reorganisation.consider()
      if (!reorganisation.isMoving()) handover.consider()
      return reorganisation.isMoving() || handover.isMoving()
    },
    deadline: () => Math.min(handover.deadline(), reorganisation.deadline()),
    tick: () => {
      handover.tick()
      reorganisation.tick()
    },
  }
}

function handoverOptions(
  { config, forcedAfter }: HandoverSurroundings,
  self: () => Departing,
): ForcedHandoverOptions {
  return {
    shard: config.shard,
    next: () =>
      self().reorganisation.isMoving() ? undefined : forcedAfter(self().shard().chain.epoch),
    committed: () => self().shard().execution.tip(),
    stop: () => stop(self().shard()),
    goOn: (begun, reached) => goOn(self().shard(), reached, (chain) => chain.force(begun)),
  }
}

function reorganisationOptions(
  { config, epochs, beacon, forcedAfter }: HandoverSurroundings,
  self: () => Departing,
): ReorganisationOptions {
  const { shard } = config
  return {
    shard,
    holders: () => [...new Set([...beacon.holdersOf(shard), ...beacon.beaconMembers()])],
    record: () => self().record(),
    forced: () => forcedAfter(self().shard().chain.epoch),
    chain: () => {
      const { epoch, status } = self().shard().chain
      return { epoch, ...status() }
    },
    committedHeight: () => self().shard().execution.tip().height,
    isHeld: () => {
      const { running, sync, execution } = self().shard()
      return !running || sync.isSyncing() || self().handover.isMoving() || execution.isDiverged()
    },
    genesis: epochs.genesis,
    show: (epoch, certificate) => {
      const { chain } = self().shard()
      const message = { kind: 'certificate', certificate } as const
      if (epoch === chain.epoch) chain.receive(BEACON_AS_PEER, epoch, message)
    },
    stop: () => stop(self().shard()),
    goOn: ({ begun, tip }, reached) =>
      goOn(self().shard(), reached, (chain) => chain.reseat(begun, tip)),
  }
}

function stop({ execution, chain }: HandedOver): void {
  execution.suspend()
  chain.suspend(() => undefined)
}

function goOn(
  self: HandedOver,
  { height, tip, header, orphans, accounts }: Reached,
  begin: (chain: EpochChain) => void,
): void {
  const { options, mempool, execution, offer, chain, certificates } = self
  const stands = tip.height === height ? header : undefined
  self.committed = {
    baseFeePerGas: stands?.baseFeePerGas ?? options.config.initialBaseFee,
    outBytes: stands?.outBytes ?? 0,
    anchor: stands?.anchor,
  }
  certificates.clear()
  mempool.accounts.forget()
  mempool.finalize(height, accounts)
  offer.rewound(height)
  execution.rewound(height, tip)
  begin(chain)
  options.readmit(orphans.transactions)
  self.updateWork()
}

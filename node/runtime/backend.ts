/**
 * The node as RPC sees it: the network, the beacon, the hosted shards, and the way to members of the others.
 */
import type { Genesis } from '../beacon/genesis.ts'
import { planOf, type BeaconState } from '../beacon/state.ts'
import type { ShardHeader } from '../crosslink/header.ts'
import { faultsTolerated, quorumOf } from '../crosslink/certificate.ts'
import { BEACON_CHAIN, type ChainNumber, type Hash } from '../primitives/identifiers.ts'
import type { Result } from '../primitives/result.ts'
import type {
  BeaconHeadView,
  CommitteeView,
  HeadEvent,
  HealthView,
  NetworkBackend,
  RegistryView,
  ShardBackend,
  SubmitRejectCode,
} from '../rpc/backend.ts'
import type { Executor } from '../shards/executor.ts'
import { GATEWAY_ADDRESS } from '../shards/vm/gateway.ts'
import type { Store } from '../storage/store.ts'
import type { ShardChain } from '../validator/shard-chain.ts'
import type { Validator } from '../validator/validator.ts'
import { createAdmissions, type Admissions } from './admissions.ts'
import { beaconBlockAt, crosslinkOf } from './beacon-history.ts'
import { createShardBackend } from './shard-backend.ts'
import { createRemoteShardBackend } from './remote-shard-backend.ts'
import type { TakenBack } from './taken-back.ts'

export type BackendParts = {
  readonly version: string
  readonly genesis: Genesis
  readonly validator: Validator
  readonly store: Store
  /** Of the shards that are open. */
  readonly executors: ReadonlyMap<ChainNumber, Executor>
  readonly submit: (shard: ChainNumber, raw: Uint8Array) => Promise<Result<Hash, SubmitRejectCode>>
  readonly peerCount: () => number
  readonly takenBack: TakenBack
  readonly forward: (shard: ChainNumber, request: string) => Promise<string | undefined>
  /** Milliseconds since the Unix epoch; the machine's clock by default. */
  readonly now?: () => number
}

export type RunningBackend = {
  readonly backend: NetworkBackend
  /** Tells all subscribers. */
  readonly announce: (event: HeadEvent) => void
  readonly hasListeners: () => boolean
}

/** A node this far behind the beacon's record of its shard says that it is syncing. */
const SYNCING_BLOCKS = 8

export function createBackend(parts: BackendParts): RunningBackend {
  const { genesis, validator } = parts
  const listeners = new Set<(event: HeadEvent) => void>()
  const admissions = createAdmissions(parts.now ?? Date.now)
  const shardBackend = createShardBackends(parts, admissions)
  const { beacon } = validator
  const history = { store: parts.store, head: beacon.head }
  const genesisHash = beacon.head().genesisHash

  return {
    announce: (event) => {
      if (event.kind === 'pending-transaction') admissions.note(event.shard, event.hash)
      for (const listener of listeners) listener(event)
    },
    hasListeners: () => listeners.size > 0,
    backend: {
      network: () => ({
        clientVersion: `weft/${parts.version}`,
        networkName: genesis.networkName,
        chainIdBase: genesis.chainIdBase,
        shardCount: beacon.head().shards.length,
        genesisHash,
        blockIntervalMs: genesis.shardTiming.blockIntervalMs,
        certificateScheme: genesis.certificateScheme,
        gatewayAddress: GATEWAY_ADDRESS,
        hostedShards: servedShards(validator),
      }),
      shard: shardBackend,
      beacon: () => ({ head: beaconHeadOf(validator), committees: committeesOf(validator) }),
      registry: () => registryOf(validator.beacon.head()),
      beaconBlock: (selector) => beaconBlockAt(history, selector),
      crosslinkOf: (shard, height) => crosslinkOf(history, shard, height),
      health: () => healthOf(validator, parts),
      takenBack: parts.takenBack.of,
      subscribe: (listener) => {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
      forward: parts.forward,
    },
  }
}

/** Of a shard that is held here and has caught up, its own; of others, what a node without them can do. It changes (B.11). */
function createShardBackends(
  parts: BackendParts,
  admissions: Admissions,
): (shard: ChainNumber) => ShardBackend | undefined {
  const { validator, store } = parts
  const own = new WeakMap<ShardChain, ShardBackend>()

  function createOwn(number: ChainNumber, shard: ShardChain, executor: Executor): ShardBackend {
    const { head, newest } = validator.beacon
    const payoutOf = (header: ShardHeader) => validator.payoutOf(number, header)
    const submit: ShardBackend['submit'] = (raw) => parts.submit(number, raw)
    const admittedAtMs = (hash: Hash): number | undefined => admissions.of(number, hash)
    const beacon = { head, newest }
    return createShardBackend({ shard, store, executor, payoutOf, beacon, submit, admittedAtMs })
  }

  return (number) => {
    // B.7: the beacon may have opened more than the genesis has.
    if (number < 1 || number > validator.beacon.head().shards.length) return undefined
    const shard = validator.served(number)
    const executor = parts.executors.get(number)
    if (shard === undefined || executor === undefined) {
      return createRemoteShardBackend((raw) => parts.submit(number, raw))
    }
    const known = own.get(shard) ?? createOwn(number, shard, executor)
    own.set(shard, known)
    return known
  }
}

function servedShards({ shards, served }: Validator): readonly ChainNumber[] {
  return [...shards.keys()].filter((shard) => served(shard) !== undefined)
}

export function beaconHeadOf({ beacon }: Validator): BeaconHeadView {
  const { epoch, height, headHash, timestampMs, shards, validators, burnt } = beacon.head()
  const { incoming, outgoing } = beacon.head()
  const stake = validators.reduce((sum, validator) => sum + validator.stake, 0n)
  return { epoch, height, hash: headHash, timestampMs, shards, stake, burnt, incoming, outgoing }
}

function committeesOf({ beacon }: Validator): readonly CommitteeView[] {
  const { committees, epoch } = beacon.head()
  const seated = [...committees.entries()].filter(([, validators]) => validators.length > 0) // B.7
  return seated.map(([chain, validators]) => ({
    chain,
    epoch,
    validators,
    faultsTolerated: faultsTolerated(validators.length),
    quorum: quorumOf(validators.length),
  }))
}

/** A state is all of it but the next epoch's seats. */
export function registryOf(state: BeaconState): RegistryView {
  const { epoch, height, validators, burnt, committees } = state
  const nextCommittees = planOf(state, epoch + 1)?.committees
  return { epoch, height, validators, burnt, committees, nextCommittees }
}

function healthOf(
  validator: Validator,
  { peerCount, takenBack }: Pick<BackendParts, 'peerCount' | 'takenBack'>,
): HealthView {
  const records = validator.beacon.head().shards
  const chains = [...validator.chains].map(([chain, { seat, status }]) => {
    const { view, deliveredHeight } = status()
    const recorded = chain === BEACON_CHAIN ? 0 : (records[chain - 1]?.height ?? 0)
    const height = validator.shards.get(chain)?.committedHeight() ?? deliveredHeight
    const syncing = height + SYNCING_BLOCKS < recorded
    return { chain, height, view, seat, syncing, takenBack: takenBack.of(chain).count }
  })
  // Whoever is on the way into a shard is well: nobody is sent to it yet.
  const ok = chains.every(({ chain, syncing }) => {
    return !syncing || (chain !== BEACON_CHAIN && validator.served(chain) === undefined)
  })
  return { ok, peers: peerCount(), chains }
}

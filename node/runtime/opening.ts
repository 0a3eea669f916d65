/**
 * Opening a node: everything that can fail for the user's sake before the first port is bound. What is opened is closed by
 * `Opening.closers`, in the opposite order.
 */
import { join } from 'node:path'
import { checkGenesis } from '../beacon/genesis-check.ts'
import { genesisHash, highestShard, shardGenesis, type Genesis } from '../beacon/genesis.ts'
import { decodeJournalRecord } from '../consensus/journal.ts'
import { signingRoot } from '../crosslink/certificate.ts'
import type { Hash } from '../primitives/identifiers.ts'
import { schemeByName, verifyPossession } from '../primitives/io/schemes.ts'
import { COMMITTEE_SEATS_MAX } from '../primitives/limits.ts'
import { genesisStateRoot } from '../shards/genesis-state.ts'
import { hashPairsNative } from '../shards/io/hashtree.ts'
import { lockDirectory } from '../storage/io/directory-lock.ts'
import { openLevelStore } from '../storage/io/level.ts'
import { stampNetwork } from '../storage/io/network-stamp.ts'
import { VoteGuardDamagedError, VoteGuardMissingError } from '../storage/io/storage-error.ts'
import { openVoteGuard } from '../storage/io/vote-guard.ts'
import type { Store } from '../storage/store.ts'
import type { VoteGuard, VoteRequest } from '../storage/vote-guard.ts'
import type { ChainRestore, NodeRestore } from '../validator/contract.ts'
import { missingRecord, spineReads } from '../validator/restore-check.ts'
import {
  beaconStateRead,
  headReads,
  plansRead,
  restoreOf,
  tailReads,
} from '../validator/restore.ts'
import { FULL_HISTORY_RULES } from '../validator/snapshot-points.ts'
import { createValidator, type Validator } from '../validator/validator.ts'
import type { NodeConfig } from './config.ts'
import { loadRange, type Signer } from './driver.ts'
import { readValidatorKey } from './keys.ts'
import type { Log } from './log.ts'
import { NodeError, storeIncomplete } from './node-error.ts'
import { wallClockOf, type NodeSeams } from './seams.ts'
import { createShardHost, type ShardHost } from './shard-host.ts'

/** A network younger than this has validators that start for the first time. */
const YOUNG_NETWORK_MS = 60_000
/** The largest signature of any scheme (BLS: 96 bytes; Ed25519 lists: 64 each). */
const SIGNATURE_BYTES_MAX = 64 * COMMITTEE_SEATS_MAX

export type Opening = {
  readonly config: NodeConfig
  readonly genesis: Genesis
  readonly log: Log
  readonly seams: NodeSeams
  /** In the order of opening. */
  readonly closers: (() => Promise<unknown>)[]
}

/** What is open and not yet running. */
export type OpenedNode = {
  readonly secretKey: Uint8Array | undefined
  readonly store: Store
  /** undefined: an observer, or a validator without its vote guard. */
  readonly signer: Signer | undefined
  readonly validator: Validator
  readonly shardHost: ShardHost
  readonly restore: NodeRestore
}

export async function openNode(opening: Opening): Promise<OpenedNode> {
  const { config, genesis, closers, seams } = opening
  checkNetwork(genesis, config)
  const secretKey =
    config.validator === undefined ? undefined : await readValidatorKey(config.validator, genesis)
  const directory = config.dataDirectory
  const lock = await lockDirectory(directory)
  closers.push(lock.release)
  await stampNetwork(directory, genesisHash(genesis))
  const database = await openLevelStore(join(directory, 'chain'), { create: true })
  closers.push(() => database.close())
  const store = seams.store?.(database) ?? database
  const signer = await openSigner(opening, secretKey, await mayBeginVoting(opening, store))
  const [entry] = await loadRange(store, beaconStateRead())
  const honest = createValidator({
    genesis,
    shardStateRoots: genesisStateRoots(genesis),
    validator: signer === undefined ? undefined : config.validator?.index,
    followShards: config.followShards,
    ...(config.fullHistory ? { snapshotRules: FULL_HISTORY_RULES } : {}),
    signatureBytesMax: SIGNATURE_BYTES_MAX,
    beaconState: entry?.value,
    plans: await loadRange(store, plansRead()),
  })
  const validator = seams.validator?.(honest, signer) ?? honest
  const shardHost = hostOf(opening, store)
  closers.push(shardHost.closeAll)
  for (const { config: shard } of validator.shards.values()) await shardHost.openExecutor(shard)
  const restore = await readRestore(opening, store, validator)
  if (signer !== undefined) await presentJournal(signer.guard, restore.chains, validator)
  seams.failPoints?.reached('restored')
  return { secretKey, store, signer, validator, shardHost, restore }
}

/** Index = shard - 1. Worked out from a genesis that lists its accounts; one whose accounts stand apart names them. */
function genesisStateRoots(genesis: Genesis): readonly Hash[] {
  return Array.from({ length: genesis.shardCount }, (_, index) =>
    genesisStateRoot(shardGenesis(genesis, index + 1), hashPairsNative),
  )
}

function checkNetwork(genesis: Genesis, config: NodeConfig): void {
  const checked = checkGenesis(genesis)
  if (!checked.ok) {
    throw new NodeError('genesis-invalid', `the genesis is not usable: ${checked.reject.detail}`)
  }
  const { certificateScheme } = genesis
  if (certificateScheme === 'mock') {
    const sentence = 'the mock scheme signs nothing and is for the simulator; use bls or ed25519'
    throw new NodeError('genesis-invalid', sentence)
  }
  // Security: a public key without proof of possession may be a rogue key, also in a genesis.
  for (const [index, { publicKey, possession }] of genesis.validators.entries()) {
    if (!verifyPossession(certificateScheme, publicKey, possession)) {
      const sentence = `validator ${index} of the genesis does not prove possession of its key`
      throw new NodeError('genesis-invalid', sentence)
    }
  }
  // B.7: one that is opened later is followed from then on.
  const highest = highestShard(genesis)
  const unknown = config.followShards.find((shard) => shard > highest)
  if (unknown !== undefined) {
    const sentence = `followShards names shard ${unknown}; this network may have 1 to ${highest}`
    throw new NodeError('shard-unknown', sentence)
  }
}

/**
 * Whether a missing vote guard may be created: nothing was ever stored here, and the network is so young that this cannot
 * be a validator whose disk was lost, or its operator says that it never voted (A.10.4).
 */
async function mayBeginVoting(opening: Opening, store: Store): Promise<boolean> {
  const { config, genesis, seams } = opening
  for (const table of ['journal', 'final']) {
    if ((await loadRange(store, { table, countMax: 1 })).length > 0) return false
  }
  const isYoung = wallClockOf(seams)() - genesis.timestampMs < YOUNG_NETWORK_MS
  return isYoung || config.validator?.neverVotedBefore === true
}

/** Without its guard a validator might contradict itself, so it only observes (A.10.4). */
async function openSigner(
  opening: Opening,
  secretKey: Uint8Array | undefined,
  mayCreate: boolean,
): Promise<Signer | undefined> {
  if (secretKey === undefined) return undefined
  const { config, genesis, log, closers, seams } = opening
  const path = join(config.dataDirectory, 'vote-guard')
  try {
    const reached = seams.failPoints?.reached ?? (() => {})
    const file = await openVoteGuard(path, genesisHash(genesis), { create: mayCreate, reached })
    closers.push(() => file.close())
    reached('guard-open')
    const guard = seams.guard?.(file) ?? file
    return { guard, scheme: schemeByName(genesis.certificateScheme), secretKey }
  } catch (error) {
    const isLost = error instanceof VoteGuardMissingError || error instanceof VoteGuardDamagedError
    if (!isLost) throw error
    log.error(
      { path },
      'the vote guard is missing or damaged: this node observes and does not vote; if this validator has never voted, ' +
        'set validator.neverVotedBefore to true in its config',
    )
    return undefined
  }
}

function hostOf({ config, log, seams }: Opening, store: Store): ShardHost {
  const { dataDirectory } = config
  const { failPoints } = seams
  const wallMs = wallClockOf(seams)
  return createShardHost({ dataDirectory, store, log, failPoints, wallMs })
}

async function readRestore(
  { config }: Opening,
  store: Store,
  validator: Validator,
): Promise<NodeRestore> {
  const chains = [...validator.chains.keys()]
  const readAll = (ranges: Parameters<typeof loadRange>[1][]) =>
    Promise.all(ranges.map((range) => loadRange(store, range)))
  const heads = await readAll([...headReads(chains)])
  const tails = await readAll([...tailReads(chains, heads)])
  const spines = await readAll([...spineReads(chains, heads)])
  const missing = missingRecord(chains, { heads, tails, spines })
  if (missing !== undefined) throw storeIncomplete(missing, config.dataDirectory)
  return restoreOf(chains, heads, tails)
}

/** A guard that lost its last record learns it again from the journal, before anything new is signed. */
export async function presentJournal(
  guard: VoteGuard,
  chains: readonly ChainRestore[],
  validator: Validator,
): Promise<void> {
  const { genesisHash: name } = validator.beacon.head()
  const requests: VoteRequest[] = []
  for (const { chain, epochStart, journal } of chains) {
    const epoch = epochStart?.epoch ?? 0
    for (const { value } of journal) {
      const record = decodeJournalRecord(value)
      if (!record.ok || record.value.kind !== 'vote') continue
      const { kind, view, proposal } = record.value.vote
      const root = signingRoot({ genesisHash: name, chain, epoch }, kind, view, proposal)
      requests.push({ chain, epoch, kind, view, signingRoot: root })
    }
  }
  requests.sort((left, right) => left.view - right.view)
  if (requests.length > 0) await guard.authorize(requests)
}

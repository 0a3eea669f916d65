/**
 * The composition root: one running node out of a config and a genesis. Everything is opened here, in the order in which
 * it can fail for the user's sake (bad input first, ports last), and closed here in the opposite order.
 */
import { join } from 'node:path'
import { rm } from 'node:fs/promises'
import { checkGenesis, genesisHash, shardGenesis, type Genesis } from '../beacon/genesis.ts'
import { decodeJournalRecord } from '../consensus/journal.ts'
import { signingRoot } from '../crosslink/certificate.ts'
import { startNetwork } from '../network/io/libp2p.ts'
import type { Network } from '../network/network.ts'
import { isLoopbackHost } from '../network/connection-policy.ts'
import { allTopics } from '../network/topic.ts'
import { schemeByName, verifyPossession } from '../primitives/io/schemes.ts'
import type { ChainNumber } from '../primitives/identifiers.ts'
import { COMMITTEE_SEATS_MAX } from '../primitives/limits.ts'
import { startRpcServer, type RpcServer } from '../rpc/io/server.ts'
import type { Executor } from '../shards/executor.ts'
import { genesisStateRoot } from '../shards/genesis-state.ts'
import { openCryptoPool } from '../shards/io/crypto-pool.ts'
import { openPoolExecutor } from '../shards/io/pool.ts'
import { StateDamagedError } from '../shards/io/state-store.ts'
import { lockDirectory } from '../storage/io/directory-lock.ts'
import { openLevelStore } from '../storage/io/level.ts'
import { stampNetwork } from '../storage/io/network-stamp.ts'
import { VoteGuardDamagedError, VoteGuardMissingError } from '../storage/io/storage-error.ts'
import { openVoteGuard } from '../storage/io/vote-guard.ts'
import type { Store } from '../storage/store.ts'
import type { VoteGuard, VoteRequest } from '../storage/vote-guard.ts'
import type { NodeRestore } from '../validator/contract.ts'
import { headReads, restoreOf, tailReads } from '../validator/restore.ts'
import { createValidator, type Validator } from '../validator/validator.ts'
import { createBackend, beaconHeadOf } from './backend.ts'
import type { NodeConfig } from './config.ts'
import { loadRange, startDriver, type Driver, type Signer } from './driver.ts'
import { createForwarding } from './forwarding.ts'
import { readIdentity, readValidatorKey } from './keys.ts'
import { createLog, type Log } from './log.ts'
import { createMetrics } from './metrics.ts'
import { NodeError } from './node-error.ts'
import { createTransport } from './transport.ts'

export type RunningNode = {
  readonly rpcUrl: string
  readonly rpcPort: number
  readonly peer: string
  readonly multiaddrs: readonly string[]
  readonly stop: () => Promise<void>
}

export type NodeOptions = {
  /** The disk failed or an assertion broke. By default the process ends with code 1 at once. */
  readonly onFatal?: (error: unknown) => void
}

/** A network younger than this has validators that start for the first time. */
const YOUNG_NETWORK_MS = 60_000
const VERSION = '0.1.0'
/** The largest signature of any scheme (BLS: 96 bytes; Ed25519 lists: 64 each). */
const SIGNATURE_BYTES_MAX = 64 * COMMITTEE_SEATS_MAX

/** Starts a node. Throws NodeError, StorageError, NetworkStartError or RpcListenError: each says what to do. */
export async function createNode(
  config: NodeConfig,
  genesis: Genesis,
  options: NodeOptions,
): Promise<RunningNode> {
  checkNetwork(genesis, config)
  const log = createLog(config.logLevel, nameOf(config))
  const closers: (() => Promise<unknown>)[] = []
  const stop = async (): Promise<void> => {
    for (let close = closers.pop(); close !== undefined; close = closers.pop()) await close()
  }
  try {
    return await open({ config, genesis, log, closers, stop, onFatal: options.onFatal })
  } catch (error) {
    await stop()
    throw error
  }
}

type Opening = {
  readonly config: NodeConfig
  readonly genesis: Genesis
  readonly log: Log
  /** In the order of opening. */
  readonly closers: (() => Promise<unknown>)[]
  readonly stop: () => Promise<void>
  readonly onFatal: ((error: unknown) => void) | undefined
}

async function open(opening: Opening): Promise<RunningNode> {
  const { config, genesis, closers } = opening
  const secretKey =
    config.validator === undefined ? undefined : await readValidatorKey(config.validator, genesis)
  const directory = config.dataDirectory
  const lock = await lockDirectory(directory)
  closers.push(lock.release)
  const name = genesisHash(genesis)
  await stampNetwork(directory, name)
  const store = await openLevelStore(join(directory, 'chain'), { create: true })
  closers.push(() => store.close())
  const signer = await openSigner(opening, secretKey, await mayBeginVoting(opening, store))
  const validator = createValidator({
    genesis,
    shardStateRoots: shardNumbers(genesis).map((shard) =>
      genesisStateRoot(shardGenesis(genesis, shard)),
    ),
    validator: signer === undefined ? undefined : config.validator?.index,
    followShards: config.followShards,
    signatureBytesMax: SIGNATURE_BYTES_MAX,
  })
  const executors = await openExecutors(opening, validator)
  const restore = await readRestore(store, validator)
  if (signer !== undefined) await presentJournal(signer.guard, restore, validator)
  return run(opening, { secretKey, store, signer, validator, executors, restore })
}

type Parts = {
  readonly secretKey: Uint8Array | undefined
  readonly store: Store
  readonly signer: Signer | undefined
  readonly validator: Validator
  readonly executors: ReadonlyMap<ChainNumber, Executor>
  readonly restore: NodeRestore
}

async function run(opening: Opening, parts: Parts): Promise<RunningNode> {
  const { config, genesis, log, closers } = opening
  const { validator, store, executors, signer } = parts
  const crypto = openCryptoPool({ threads: 1 })
  closers.push(() => crypto.close())
  const transport = createTransport(validator.beacon.head().validators, validator.wire, (event) =>
    driver.post(event),
  )
  const scheme = genesis.certificateScheme
  const driver: Driver = startDriver(
    validator,
    {
      store,
      signer,
      executors,
      recover: crypto.recover,
      check: (questions) => crypto.checkSignatures(scheme, questions),
      send: transport.send,
      reply: transport.reply,
      publish: transport.publish,
    },
    {
      onFact: (fact) => {
        metrics.count(fact)
        logFact(log, fact)
      },
      onEffect: (effect) => announce(effect),
      onFatal: opening.onFatal ?? ((error) => endProcess(log, error)),
    },
  )
  closers.push(() => driver.stop())
  const forwarding = createForwarding(validator, transport.peerOf)
  const network = await joinNetwork(opening, parts, {
    ...transport.events,
    onRequest: forwarding.answer,
  })
  closers.push(() => network.stop())
  transport.attach(network)
  forwarding.attach(network)
  const metrics = createMetrics({
    validator,
    network: () => network.stats(),
    malformed: transport.malformedCount,
  })
  const running = createBackend({
    version: VERSION,
    genesis,
    validator,
    store,
    executors,
    submit: driver.submit,
    peerCount: () => network.stats().peers,
    forward: forwarding.forward,
  })
  const announce = (effect: Parameters<Parameters<typeof startDriver>[2]['onEffect']>[0]): void => {
    switch (effect.kind) {
      case 'beacon-head':
        return running.announce({ kind: 'beacon', head: beaconHeadOf(validator) })
      case 'pending-transaction':
        return running.announce({
          kind: 'pending-transaction',
          shard: effect.shard,
          hash: effect.hash,
        })
      default: {
        const { shard, outcome } = effect
        const selector = { kind: 'height', height: outcome.header.height } as const
        const view = running.backend.shard(shard)?.block(selector)
        void view?.then((block) => block && running.announce({ kind: 'block', shard, block }))
      }
    }
  }
  const rpc: RpcServer = await startRpcServer({
    backend: running.backend,
    host: config.rpc.host,
    port: config.rpc.port,
    metricsText: metrics.text,
    onFailure: (method, err) => log.error({ method, err }, 'an RPC method failed: a bug'),
  })
  closers.push(() => rpc.stop())
  if (!isLoopbackHost(config.rpc.host)) {
    log.warn({ host: config.rpc.host }, 'RPC answers beyond this machine: it knows no users')
  }
  forwarding.serve((shard, text) => rpc.answer(shard, text))
  driver.post({ kind: 'start', restore: parts.restore })
  const { peer, addresses } = network.local()
  log.info({ peer, rpc: rpc.url, shards: validator.hostedShards }, 'node is up')
  return { rpcUrl: rpc.url, rpcPort: rpc.port, peer, multiaddrs: addresses, stop: opening.stop }
}

function checkNetwork(genesis: Genesis, config: NodeConfig): void {
  const checked = checkGenesis(genesis)
  if (!checked.ok) {
    throw new NodeError('genesis-invalid', `the genesis is not usable: ${checked.reject.detail}`)
  }
  const { certificateScheme, shardCount } = genesis
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
  const unknown = config.followShards.find((shard) => shard > shardCount)
  if (unknown !== undefined) {
    const sentence = `followShards names shard ${unknown}; this network has 1 to ${shardCount}`
    throw new NodeError('shard-unknown', sentence)
  }
}

function nameOf(config: NodeConfig): string {
  return config.validator === undefined ? 'observer' : `validator-${config.validator.index}`
}

function shardNumbers(genesis: Genesis): readonly ChainNumber[] {
  return Array.from({ length: genesis.shardCount }, (_, index) => index + 1)
}

/**
 * Whether a missing vote guard may be created: nothing was ever stored here, and the network is so young that this cannot
 * be a validator whose disk was lost, or its operator says that it never voted (A.10.4).
 */
async function mayBeginVoting({ config, genesis }: Opening, store: Store): Promise<boolean> {
  for (const table of ['journal', 'final']) {
    if ((await loadRange(store, { table, countMax: 1 })).length > 0) return false
  }
  const isYoung = Date.now() - genesis.timestampMs < YOUNG_NETWORK_MS
  return isYoung || config.validator?.neverVotedBefore === true
}

/** Without its guard a validator might contradict itself, so it only observes (A.10.4). */
async function openSigner(
  opening: Opening,
  secretKey: Uint8Array | undefined,
  mayCreate: boolean,
): Promise<Signer | undefined> {
  if (secretKey === undefined) return undefined
  const { config, genesis, log, closers } = opening
  const path = join(config.dataDirectory, 'vote-guard')
  try {
    const guard = await openVoteGuard(path, genesisHash(genesis), { create: mayCreate })
    closers.push(() => guard.close())
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

async function openExecutors(
  opening: Opening,
  validator: Validator,
): Promise<ReadonlyMap<ChainNumber, Executor>> {
  const { config, genesis, log, closers } = opening
  const executors = new Map<ChainNumber, Executor>()
  for (const shard of validator.hostedShards) {
    const directory = join(config.dataDirectory, `state-${shard}`)
    const setting = { config: shardGenesis(genesis, shard), directory }
    let executor: Executor
    try {
      executor = await openPoolExecutor(setting)
    } catch (error) {
      if (!(error instanceof StateDamagedError)) throw error
      log.error({ shard }, 'the stored state is damaged: replaying the shard from its blocks')
      await rm(directory, { recursive: true, force: true })
      executor = await openPoolExecutor(setting)
    }
    closers.push(() => executor.close())
    executors.set(shard, executor)
  }
  return executors
}

async function readRestore(store: Store, validator: Validator): Promise<NodeRestore> {
  const chains = [...validator.chains.keys()]
  const readAll = (ranges: Parameters<typeof loadRange>[1][]) =>
    Promise.all(ranges.map((range) => loadRange(store, range)))
  const heads = await readAll([...headReads(chains)])
  const tails = await readAll([...tailReads(chains, heads)])
  return restoreOf(chains, heads, tails)
}

/** A guard that lost its last record learns it again from the journal, before anything new is signed. */
async function presentJournal(
  guard: VoteGuard,
  restore: NodeRestore,
  validator: Validator,
): Promise<void> {
  const { genesisHash: name } = validator.beacon.head()
  const requests: VoteRequest[] = []
  for (const { chain, journal } of restore.chains) {
    const epoch = validator.chains.get(chain)?.epoch ?? 0
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

async function joinNetwork(
  opening: Opening,
  parts: Parts,
  events: Parameters<typeof startNetwork>[0]['events'],
): Promise<Network> {
  const { config, genesis, log } = opening
  const { validator, signer, secretKey } = parts
  const scheme = schemeByName(genesis.certificateScheme)
  const index = signer === undefined ? undefined : config.validator?.index
  const { validators, genesisHash: name } = validator.beacon.head()
  return startNetwork({
    identity: await readIdentity(config, genesis),
    listen: config.p2p.listen,
    bootstrap: config.p2p.bootstrap,
    genesisHash: name,
    events,
    subscriptions: validator.topics,
    allowedTopics: allTopics(name, genesis.shardCount),
    ...(index === undefined || secretKey === undefined
      ? {}
      : { validator: { index, sign: (message: Uint8Array) => scheme.sign(secretKey, message) } }),
    verifyValidator: async (claimed, message, signature, peer) => {
      const registered = validators[claimed]
      if (registered === undefined || registered.peer !== peer) return false
      return scheme.verify(registered.publicKey, message, signature)
    },
    log: (level, sentence, facts) => log[level](facts, sentence),
  })
}

function logFact(log: Log, fact: { readonly kind: string }): void {
  switch (fact.kind) {
    case 'forked':
    case 'evidence':
    case 'refused-block':
    case 'executor-failed':
      return log.warn(fact, fact.kind)
    case 'synchronized':
      return log.info(fact, fact.kind)
    default:
      return log.debug(fact, fact.kind)
  }
}

/** Fail fast: after a broken assertion or a failed disk nothing this process says can be trusted. */
function endProcess(log: Log, error: unknown): void {
  log.fatal({ err: error }, 'the node ends: a broken assertion or a failed disk')
  process.exit(1)
}

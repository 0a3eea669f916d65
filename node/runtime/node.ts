/**
 * The composition root: one running node out of a config and a genesis. Bad input fails first (opening.ts), ports last;
 * everything is closed in the opposite order of opening.
 */
import { highestShard, type Genesis } from '../beacon/genesis.ts'
import { isLoopbackHost } from '../network/connection-policy.ts'
import { startNetwork } from '../network/io/libp2p.ts'
import type { Network } from '../network/network.ts'
import { allTopics } from '../network/topic.ts'
import { toHex } from '../primitives/bytes.ts'
import { keyFor } from '../primitives/key-use.ts'
import { schemeByName } from '../primitives/io/schemes.ts'
import { startRpcServer, type RpcServer } from '../rpc/io/server.ts'
import type { ShardConfig } from '../shards/executor.ts'
import { openCryptoPool } from '../shards/io/crypto-pool.ts'
import type { StateSyncFact, ValidatorFact } from '../validator/contract.ts'
import { createBackend, beaconHeadOf, type RunningBackend } from './backend.ts'
import type { NodeConfig } from './config.ts'
import { startDriver, type Driver, type DriverEvents } from './driver.ts'
import { createForwarding } from './forwarding.ts'
import { readIdentity } from './keys.ts'
import { createLog, type Log } from './log.ts'
import { actingFor, hasLeft } from './membership.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import { openNode, presentJournal, type OpenedNode, type Opening } from './opening.ts'
import { steadyNow, wallClockOf, type NodeSeams } from './seams.ts'
import { createTakenBack } from './taken-back.ts'
import { createTransport, type Transport } from './transport.ts'
import { countVotes, countWork, createWorkCounters, type WorkCounters } from './work-counters.ts'

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
  /** Where tests and devnets reach in. Only a program written for it has any: no config, flag or environment sets one. */
  readonly seams?: NodeSeams
}

const VERSION = '0.1.0'

/** Starts a node. Throws NodeError, StorageError, NetworkStartError or RpcListenError: each says what to do. */
export async function createNode(
  config: NodeConfig,
  genesis: Genesis,
  options: NodeOptions,
): Promise<RunningNode> {
  const log = createLog(config.logLevel, nameOf(config))
  const closers: (() => Promise<unknown>)[] = []
  const stop = async (): Promise<void> => {
    for (let close = closers.pop(); close !== undefined; close = closers.pop()) await close()
  }
  const onFatal = options.onFatal ?? ((error: unknown) => endProcess(log, error))
  const opening = { config, genesis, log, closers, seams: options.seams ?? {} }
  try {
    const opened = await openNode(opening)
    return { ...(await runNode(opening, opened, onFatal)), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function runNode(
  opening: Opening,
  opened: OpenedNode,
  onFatal: (error: unknown) => void,
): Promise<Omit<RunningNode, 'stop'>> {
  const { closers, log } = opening
  const { validator } = opened
  const work = createWorkCounters()
  const takenBack = createTakenBack()
  const transport = createTransport(
    () => validator.beacon.head().validators,
    validator.wire,
    (event) => driver.post(event),
    work,
  )
  const states = awaitStates([...validator.shards.keys()])
  // Nothing is posted before all three are there: they know each other.
  const driver = openDriver(
    opening,
    opened,
    { transport, work },
    {
      onFact: (fact) => {
        metrics.count(fact)
        takenBack.observe(fact)
        logFact(log, fact)
        states.observe(fact)
      },
      onEffect: (effect) => announceEffect(running, opened, effect),
      onFatal: (error) => {
        states.fail(error)
        onFatal(error)
      },
    },
  )
  const metrics = createMetrics({
    validator,
    network: transport.stats,
    malformed: transport.malformedCount,
    work,
  })
  const forwarding = createForwarding(validator, transport)
  const running = createBackend({
    version: VERSION,
    genesis: opening.genesis,
    validator,
    store: opened.store,
    executors: opened.shardHost.executors,
    submit: driver.submit,
    peerCount: () => transport.stats().peers,
    takenBack,
    forward: forwarding.forward,
  })
  // The start comes before any peer, so that no greeting is missed.
  driver.post({ kind: 'start', restore: opened.restore })
  driver.post({ kind: 'support', changes: opening.config.shardChanges })
  opening.seams.support?.((changes) => driver.post({ kind: 'support', changes }))
  const onRequest = forwarding.answer
  const network = await joinNetwork(opening, opened, { ...transport.events, onRequest })
  closers.push(() => network.stop())
  transport.attach(network)
  // Before that it would answer with genesis, and take back what it had called final.
  await states.known
  const rpc = await openRpc(opening, running, metrics)
  forwarding.serve((shard, text) => rpc.answer(shard, text))
  const { peer, addresses } = network.local()
  log.info({ peer, rpc: rpc.url, shards: [...validator.shards.keys()] }, 'node is up')
  return { rpcUrl: rpc.url, rpcPort: rpc.port, peer, multiaddrs: addresses }
}

function openDriver(
  { config, genesis, closers, seams }: Opening,
  { validator, store, signer, shardHost }: OpenedNode,
  { transport, work }: { readonly transport: Transport; readonly work: WorkCounters },
  events: DriverEvents,
): Driver {
  const crypto = openCryptoPool({ threads: config.cryptoThreads })
  closers.push(() => crypto.close())
  const ports = {
    now: steadyNow,
    wallMs: wallClockOf(seams),
    store,
    signer: signer && countVotes(work, signer),
    ...countWork(work, {
      executors: shardHost.executors,
      recover: crypto.recover,
      check: (questions) => crypto.checkSignatures(genesis.certificateScheme, questions),
    }),
    send: transport.send,
    reply: transport.reply,
    publish: transport.publish,
    listen: transport.listen,
    openShard: async (config: ShardConfig) => {
      const restore = await shardHost.open(config)
      // As at the start: the guard hears of what the journal knows before anything new is signed.
      if (signer !== undefined) await presentJournal(signer.guard, [restore], validator)
      return restore
    },
    closeShard: shardHost.close,
    ...(seams.failPoints === undefined ? {} : { reached: seams.failPoints.reached }),
  }
  const driver = startDriver(validator, ports, events)
  closers.push(() => driver.stop())
  return driver
}

/** Resolves when the executor of every hosted shard has said where its state stands. */
function awaitStates(shards: readonly number[]): {
  readonly known: Promise<void>
  readonly observe: (fact: ValidatorFact) => void
  readonly fail: (error: unknown) => void
} {
  const missing = new Set(shards)
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  // A driver that fails later than that concerns nobody here.
  promise.catch(() => {})
  if (missing.size === 0) resolve()
  return {
    known: promise,
    observe: (fact) => {
      if (fact.kind === 'synchronized' && missing.delete(fact.chain) && missing.size === 0)
        resolve()
    },
    fail: reject,
  }
}

function announceEffect(
  running: RunningBackend,
  { validator }: OpenedNode,
  effect: Parameters<DriverEvents['onEffect']>[0],
): void {
  if (effect.kind === 'beacon-head') {
    return running.announce({ kind: 'beacon', head: beaconHeadOf(validator) })
  }
  const { shard } = effect
  if (effect.kind === 'close-shard') return running.announce({ kind: 'shard-left', shard })
  if (effect.kind === 'pending-transaction') {
    return running.announce({ kind: 'pending-transaction', shard, hash: effect.hash })
  }
  if (!running.hasListeners()) return
  const selector = { kind: 'height', height: effect.outcome.header.height } as const
  const view = running.backend.shard(shard)?.block(selector)
  void view?.then((block) => block && running.announce({ kind: 'block', shard, block }))
}

async function openRpc(
  { config, log, closers }: Opening,
  running: RunningBackend,
  metrics: Metrics,
): Promise<RpcServer> {
  const { host, port } = config.rpc
  const rpc = await startRpcServer({
    backend: running.backend,
    host,
    port,
    metricsText: metrics.text,
    onFailure: (method, err) => log.error({ method, err }, 'an RPC method failed: a bug'),
  })
  closers.push(() => rpc.stop())
  if (!isLoopbackHost(host)) {
    log.warn({ host }, 'RPC answers beyond this machine: it knows no users')
  }
  return rpc
}

function nameOf(config: NodeConfig): string {
  return config.validator === undefined ? 'observer' : `validator-${config.validator.index}`
}

async function joinNetwork(
  opening: Opening,
  opened: OpenedNode,
  events: Parameters<typeof startNetwork>[0]['events'],
): Promise<Network> {
  const { config, genesis, log, seams } = opening
  const { validator, signer, secretKey, restore } = opened
  const scheme = schemeByName(genesis.certificateScheme)
  const index = signer === undefined ? undefined : config.validator?.index
  const { genesisHash: name } = validator.beacon.head()
  const start = seams.network?.(startNetwork) ?? startNetwork
  return start({
    identity: await readIdentity(config, genesis),
    listen: config.p2p.listen,
    bootstrap: config.p2p.bootstrap,
    rejoins: restore.chains.some(({ head }) => head !== undefined),
    genesisHash: name,
    events,
    subscriptions: validator.topics(),
    allowedTopics: allTopics(name, highestShard(genesis)),
    ...(index === undefined || secretKey === undefined
      ? {}
      : {
          validator: {
            index,
            sign: (message: Uint8Array) => scheme.sign(secretKey, message, 'list'),
          },
        }),
    verifyValidator: async (claimed, message, signature, peer) => {
      const registered = actingFor(validator.beacon.head(), claimed, peer)
      if (registered === undefined) return false
      return scheme.verify(keyFor(registered.publicKey, 'list'), message, signature)
    },
    hasLeft: (index) => hasLeft(validator.beacon.head(), index),
    log: (level, sentence, facts) => log[level](facts, sentence),
  })
}

function logFact(log: Log, fact: ValidatorFact): void {
  const isDivergence = fact.kind === 'engine' && fact.fact.kind === 'divergence'
  if (isDivergence || fact.kind === 'divergence') {
    return log.error(fact, 'this node disagrees with its committee and signs no more there')
  }
  switch (fact.kind) {
    case 'forked':
      return log.warn(fact, 'the beacon recorded another branch: nothing is signed in this epoch')
    case 'reorganised': {
      const what = fact.from === undefined ? 'went over to' : 'took final blocks back and follows'
      return log.warn(inHex(fact), `this node ${what} the branch that the beacon recorded`)
    }
    case 'forced-handover':
      return log.warn(
        inHex(fact),
        'the shard was forced on: this node goes on from the recorded block',
      )
    case 'fork':
    case 'evidence':
    case 'refused-block':
    case 'executor-failed':
      return log.warn(fact, fact.kind)
    case 'state-sync':
      return logStateSync(log, fact)
    case 'synchronized':
    case 'presence':
      return log.info(fact, fact.kind)
    default:
      return log.debug(fact, fact.kind)
  }
}

/** Which blocks they were must be readable. */
function inHex(fact: Extract<ValidatorFact, { readonly kind: 'reorganised' | 'forced-handover' }>) {
  const { hash, from } = fact
  return {
    ...fact,
    hash: toHex(hash),
    from: from && { height: from.height, hash: toHex(from.hash) },
  }
}

function logStateSync(log: Log, fact: StateSyncFact): void {
  switch (fact.phase) {
    case 'begun':
      return log.info(fact, 'the state is far behind: fetching a snapshot')
    case 'done':
      return log.info(fact, 'the snapshot is complete: following blocks from its height')
    case 'liar':
      return log.warn(fact, 'a member sent a chunk that does not verify: it is asked no more')
    case 'refused':
      return log.warn(fact, 'no member has the snapshot: waiting for a newer one')
    case 'given-up':
      return log.warn(fact, 'no snapshot can be had: replaying the blocks')
    default:
      return fact.phase satisfies never
  }
}

/** Fail fast: after a broken assertion or a failed disk nothing this process says can be trusted. */
function endProcess(log: Log, error: unknown): void {
  log.fatal({ err: error }, 'the node ends: a broken assertion or a failed disk')
  process.exit(1)
}

/**
 * The network over libp2p: TCP, Noise, Yamux, identify and gossipsub behind the port `network.ts`.
 *
 * This file composes and wires; each part says what it does: `gater` and `dialer` (which connections), `hello` (who is
 * there), `peer-link` and `channels` (frames), `requests`, `gossip`. All limits are `../limits.ts`.
 */
import { yamux } from '@chainsafe/libp2p-yamux'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import type { GossipSub } from '@libp2p/gossipsub'
import { createLibp2p, type Libp2p } from 'libp2p'
import { assert } from '../../primitives/assert.ts'
import { isLoopbackHost } from '../connection-policy.ts'
import * as limits from '../limits.ts'
import type { Network, PeerName } from '../network.ts'
import { createBans, type Bans } from './bans.ts'
import { createCounters, type Counters } from './counters.ts'
import { Dialer } from './dialer.ts'
import { createGater, type Gater } from './gater.ts'
import { gossipService, wireGossip, type Gossip } from './gossip.ts'
import { hostOf, parsePeerAddress } from './identity.ts'
import type { NetworkOptions } from './options.ts'
import { SILENT_LOGGER } from './silent-logger.ts'
import { noiseInOneWrite } from './one-write.ts'
import { Peers } from './peers.ts'
import { askRequest, RequestError } from './requests.ts'
import { updateWindowsAtHalf } from './window-updates.ts'

/** The options contradict themselves, or the listening address cannot be had. */
class NetworkStartError extends Error {
  override readonly name = 'NetworkStartError'
  readonly code: 'malformed-address' | 'too-many-peers' | 'cannot-listen'

  constructor(code: NetworkStartError['code'], sentence: string) {
    super(sentence)
    this.code = code
  }
}

type WeftLibp2p = Libp2p<{ readonly gossip: GossipSub }>

function bootstrapOf(options: NetworkOptions): ReadonlyMap<PeerName, readonly string[]> {
  if (options.bootstrap.length > limits.BOOTSTRAP_MAX) {
    throw new NetworkStartError('too-many-peers', `at most ${limits.BOOTSTRAP_MAX} bootstrap peers`)
  }
  const addresses = new Map<PeerName, readonly string[]>()
  for (const text of options.bootstrap) {
    const parsed = parsePeerAddress(text)
    if (!parsed.ok) throw new NetworkStartError('malformed-address', parsed.reject.detail)
    const { peer, address } = parsed.value
    addresses.set(peer, [...(addresses.get(peer) ?? []), address])
  }
  return addresses
}

/** A network all of whose known addresses are on this machine. */
function isLoopbackNetwork(options: NetworkOptions): boolean {
  return [options.listen, ...options.bootstrap].every((address) =>
    isLoopbackHost(hostOf(address) ?? ''),
  )
}

async function createNode(
  options: NetworkOptions,
  gater: Gater,
  connectionsMax: number,
): Promise<WeftLibp2p> {
  const loopback = isLoopbackNetwork(options)
  const { privateKey } = options.identity
  updateWindowsAtHalf()
  return createLibp2p({
    start: false,
    logger: SILENT_LOGGER,
    privateKey,
    nodeInfo: { name: 'weft', version: '1' },
    addresses: { listen: [options.listen] },
    transports: [tcp()],
    connectionEncrypters: [noiseInOneWrite()],
    streamMuxers: [
      yamux({
        // The connection monitor pings too, and hangs up when there is no answer.
        enableKeepAlive: false,
        maxInboundStreams: limits.INBOUND_STREAMS_MAX,
        maxOutboundStreams: limits.OUTBOUND_STREAMS_MAX,
        streamOptions: {
          initialStreamWindowSize: limits.STREAM_WINDOW_BYTES,
          maxStreamWindowSize: limits.STREAM_WINDOW_BYTES,
          maxReadBufferLength: limits.STREAM_READ_BUFFER_MAX,
          maxWriteBufferLength: limits.STREAM_WRITE_BUFFER_MAX,
        },
      }),
    ],
    connectionGater: gater,
    connectionManager: {
      maxConnections: connectionsMax,
      inboundConnectionThreshold: loopback
        ? limits.INBOUND_PER_SECOND_LOOPBACK
        : limits.INBOUND_PER_SECOND_PUBLIC,
      maxIncomingPendingConnections: loopback
        ? limits.PENDING_INBOUND_LOOPBACK
        : limits.PENDING_INBOUND_PUBLIC,
      dialTimeout: limits.DIAL_TIMEOUT_MS,
      inboundUpgradeTimeout: limits.DIAL_TIMEOUT_MS,
      outboundStreamProtocolNegotiationTimeout: limits.NEGOTIATION_TIMEOUT_MS,
      inboundStreamProtocolNegotiationTimeout: limits.NEGOTIATION_TIMEOUT_MS,
      // The dialer does this, with jitter and without giving up.
      reconnectRetries: 0,
    },
    connectionMonitor: {
      pingInterval: limits.PING_INTERVAL_MS,
      // A machine that is merely busy answers late.
      pingTimeout: { minTimeout: limits.PING_INTERVAL_MS, maxTimeout: limits.PING_INTERVAL_MS },
    },
    services: {
      identify: identify(),
      gossip: gossipService(options.allowedTopics, loopback),
    },
  })
}

async function listen(libp2p: WeftLibp2p, address: string): Promise<void> {
  try {
    await libp2p.start()
  } catch (error) {
    await libp2p.stop()
    const cause = error instanceof Error ? error.message : String(error)
    throw new NetworkStartError('cannot-listen', `cannot listen on ${address}: ${cause}`)
  }
}

/** Starts listening and dialing. Throws a NetworkStartError; afterwards nothing throws but `request`. */
export async function startNetwork(options: NetworkOptions): Promise<Network> {
  const topics = new Set(options.allowedTopics)
  assert(
    options.subscriptions.every((topic) => topics.has(topic)),
    'own topics are allowed topics',
  )
  const addresses = bootstrapOf(options)
  const connectionsMax =
    options.connectionsMax ?? Math.max(limits.CONNECTIONS_MAX, addresses.size * 2)
  const bans: Bans = createBans()
  const self = options.identity.peer
  const gater = createGater({
    self,
    bans,
    connections: () => libp2p.getConnections(),
    letGo: (connection) => peers.letGo(connection),
  })
  const libp2p: WeftLibp2p = await createNode(options, gater, connectionsMax)
  const counters = createCounters()
  const gossip = wireGossip(libp2p, {
    subscriptions: options.subscriptions,
    topics: options.allowedTopics,
    onGossip: options.events.onGossip,
    log: options.log,
  })
  const dialer = new Dialer({
    self,
    rejoins: options.rejoins ?? false,
    addresses,
    isConnected: (peer) => peers.link(peer) !== undefined,
    dial: (known) => dial(libp2p, known),
  })
  const peers = new Peers({ libp2p, gossip, dialer, bans, counters, options })
  await peers.handleProtocols()
  await listen(libp2p, options.listen)
  gossip.subscribe()
  peers.start()
  dialer.start()

  return {
    local: () => ({
      peer: self,
      addresses: libp2p.getMultiaddrs().map((address) => address.toString()),
    }),
    ...portOf(peers, gossip, counters),
    stop: async () => {
      dialer.stop()
      peers.stop()
      await libp2p.stop()
    },
  }
}

async function dial(libp2p: WeftLibp2p, addresses: readonly string[]): Promise<void> {
  const signal = AbortSignal.timeout(limits.DIAL_TIMEOUT_MS)
  const targets = addresses.map((address) => multiaddr(address))
  await libp2p.dial(targets, { signal })
}

/** The methods of the port that move bytes, and what they count. */
function portOf(
  peers: Peers,
  gossip: Gossip,
  counters: Counters,
): Pick<Network, 'send' | 'publish' | 'listen' | 'request' | 'stats'> {
  return {
    send: (to, channel, bytes) => {
      const link = peers.link(to)
      if (link === undefined) counters.framesDropped += 1
      else link.send(channel, bytes)
    },
    publish: gossip.publish,
    listen: gossip.listen,
    request: async (to, bytes, timeoutMs) => {
      const link = peers.link(to)
      if (link === undefined || !link.isAdmitted) {
        throw new RequestError('not-connected', `${to} is not connected`)
      }
      return askRequest(link, bytes, timeoutMs, counters)
    },
    stats: () => ({
      peers: peers.admittedCount(),
      framesSent: { ...counters.framesSent },
      bytesSent: { ...counters.bytesSent },
      framesDropped: counters.framesDropped,
      meshes: gossip.meshes(),
    }),
  }
}

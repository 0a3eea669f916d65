/**
 * Gossip over `@libp2p/gossipsub`: messages without signatures or authors, ids from content, a fixed list of topics,
 * verdicts from the host before anything is relayed. Policy numbers are `peer-score.ts`.
 */
import { createHash } from 'node:crypto'
import { gossipsub, TopicValidatorResult, type GossipSub } from '@libp2p/gossipsub'
import type { Libp2p } from 'libp2p'
import { assert } from '../../primitives/assert.ts'
import { FRAME_BYTES_MAX } from '../../primitives/limits.ts'
import { messageIdPrefix } from '../gossip-message-id.ts'
import { GOSSIP_STREAMS_MAX, GOSSIP_WRITE_BUFFER_MAX } from '../limits.ts'
import type { NetworkEvents, NetworkLog, PeerName } from '../network.ts'
import {
  DECODE_LIMITS,
  GOSSIP_RPC_BYTES_MAX,
  HEARTBEAT_INTERVAL_MS,
  MESH,
  peerScorePolicy,
  PRUNE_BACKOFF_MS,
  SCORE_THRESHOLDS,
} from '../peer-score.ts'
import type { Counters } from './counters.ts'
import type { Connection } from './libp2p-types.ts'

/** A message and the RPC around it (topic, field headers, a few control messages) stay within one RPC. */
const GOSSIP_BYTES_MAX = FRAME_BYTES_MAX - 16 * 1024

const VERDICTS = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject,
} as const

/** SHA-256 by the platform; `gossipMessageId` is the definition and the oracle of its test. */
export function createMessageIdFunction(
  topics: readonly string[],
): (message: { readonly topic: string; readonly data: Uint8Array }) => Uint8Array {
  const prefixes = new Map(topics.map((topic) => [topic, messageIdPrefix(topic)]))
  return ({ topic, data }) => {
    const prefix = prefixes.get(topic) ?? messageIdPrefix(topic)
    return createHash('sha256').update(prefix).update(data).digest()
  }
}

/** The gossipsub service for `createLibp2p`. */
export function gossipService(
  topics: readonly string[],
  loopback: boolean,
): ReturnType<typeof gossipsub> {
  return gossipsub({
    ...MESH,
    heartbeatInterval: HEARTBEAT_INTERVAL_MS,
    pruneBackoff: PRUNE_BACKOFF_MS,
    globalSignaturePolicy: 'StrictNoSign',
    msgIdFn: createMessageIdFunction(topics),
    // Ids are map keys only; one character per byte is the cheapest text there is.
    msgIdToStrFn: (id) => Buffer.from(id.buffer, id.byteOffset, id.length).toString('latin1'),
    allowedTopics: [...topics],
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    emitSelf: false,
    floodPublish: false,
    fallbackToFloodsub: false,
    doPX: false,
    batchPublish: true,
    tagMeshPeers: false,
    scoreParams: peerScorePolicy(topics, loopback),
    scoreThresholds: SCORE_THRESHOLDS,
    decodeRpcLimits: DECODE_LIMITS,
    maxInboundDataLength: GOSSIP_RPC_BYTES_MAX,
    maxOutboundBufferSize: GOSSIP_WRITE_BUFFER_MAX,
    maxInboundStreams: GOSSIP_STREAMS_MAX,
    maxOutboundStreams: GOSSIP_STREAMS_MAX,
  })
}

/** What the service does not show in its interface but keeps in public fields. Checked when it is wired. */
type Inside = {
  readonly mesh: Map<string, Set<PeerName>>
  readonly peers: Map<PeerName, unknown>
  readonly streamsOutbound: Map<PeerName, unknown>
}

function insideOf(service: GossipSub): Inside {
  const inside = service as unknown as Partial<Inside>
  const { mesh, peers, streamsOutbound } = inside
  assert(mesh instanceof Map, 'gossipsub keeps its meshes in a map')
  assert(peers instanceof Map, 'gossipsub keeps its peers in a map')
  assert(streamsOutbound instanceof Map, 'gossipsub keeps its streams in a map')
  return { mesh, peers, streamsOutbound }
}

export type Gossip = {
  /** Call once the node has started. */
  readonly subscribe: () => void
  /** These topics and no others. */
  readonly listen: (topics: readonly string[]) => void
  readonly publish: (topic: string, bytes: Uint8Array) => void
  /** Mesh size per subscribed topic. */
  readonly meshes: () => Readonly<Record<string, number>>
  /** False when gossip with a connected peer has ended for good: only a new connection brings it back. */
  readonly isAlive: (peer: PeerName) => boolean
}

export type GossipOptions = {
  readonly subscriptions: readonly string[]
  readonly topics: readonly string[]
  readonly onGossip: NetworkEvents['onGossip']
  readonly log: NetworkLog
}

/** Puts the host's verdicts before the relay. Call before the node starts. */
export function wireGossip(
  libp2p: Libp2p<{ readonly gossip: GossipSub }>,
  options: GossipOptions,
): Gossip {
  const service = libp2p.services.gossip
  const inside = insideOf(service)
  let subscribed = new Set(options.subscriptions)
  let isStarted = false
  for (const topic of options.topics) {
    service.topicValidators.set(topic, (peer, message) =>
      // An allowed topic that nobody here listens to: not ours to judge, so not relayed either.
      subscribed.has(topic)
        ? judge(options.onGossip, peer.toString(), topic, message.data)
        : TopicValidatorResult.Ignore,
    )
  }

  function publish(topic: string, bytes: Uint8Array): void {
    assert(options.topics.includes(topic), 'only topics of the network are published to')
    assert(bytes.length > 0 && bytes.length <= GOSSIP_BYTES_MAX, 'a gossip message fits one RPC')
    service.publish(topic, bytes).catch((error: unknown) => {
      options.log('warn', 'a gossip message was not published', { topic, error: String(error) })
    })
  }

  return {
    subscribe: () => {
      isStarted = true
      subscribed.forEach((topic) => service.subscribe(topic))
    },
    listen: (topics) => {
      const wanted = new Set(topics)
      if (isStarted) {
        for (const topic of subscribed) if (!wanted.has(topic)) service.unsubscribe(topic)
        for (const topic of wanted) if (!subscribed.has(topic)) service.subscribe(topic)
      }
      subscribed = wanted
    },
    publish,
    meshes: () =>
      Object.fromEntries(
        [...subscribed].map((topic) => [topic, inside.mesh.get(topic)?.size ?? 0]),
      ),
    isAlive: (peer) => inside.peers.has(peer) && inside.streamsOutbound.has(peer),
  }
}

/** A verdict that throws is our bug: gossipsub would swallow it, so it is thrown again where it ends the process. */
function judge(
  onGossip: NetworkEvents['onGossip'],
  peer: PeerName,
  topic: string,
  bytes: Uint8Array,
): TopicValidatorResult | Promise<TopicValidatorResult> {
  const fail = (error: unknown): TopicValidatorResult => {
    queueMicrotask(() => {
      throw error
    })
    return TopicValidatorResult.Ignore
  }
  try {
    const verdict = onGossip(peer, topic, bytes)
    if (typeof verdict === 'string') return VERDICTS[verdict]
    return verdict.then((late) => VERDICTS[late], fail)
  } catch (error) {
    return fail(error)
  }
}

/**
 * Gossipsub relays on its own and says nothing about it, so what it sends is counted where its streams are opened.
 * (libp2p 3.3's stream middleware is no way to do this: every inbound stream adds its handler to the list once more.)
 */
export function countGossipBytes(connection: Connection, counters: Counters): void {
  const open = connection.newStream.bind(connection)
  connection.newStream = async (protocols, options) => {
    const stream = await open(protocols, options)
    if (!stream.protocol.startsWith('/meshsub/')) return stream
    const send = stream.send.bind(stream)
    stream.send = (data) => {
      counters.bytesSent.gossip += data.byteLength
      return send(data)
    }
    return stream
  }
}

/**
 * The validator's messages on the network port: validators by peer name, messages by bytes, foreign bytes by decoding.
 */
import type { BeaconValidator } from '../beacon/registry.ts'
import type { Network, NetworkEvents, NetworkStats, PeerName } from '../network/network.ts'
import type { ChannelName, NodeMessage } from '../validator/message.ts'
import type { ValidatorEvent } from '../validator/contract.ts'
import { decodeNodeMessage, encodeNodeMessage, type WireContext } from '../validator/wire.ts'
import { planeOf, type WorkCounters } from './work-counters.ts'

export type Transport = {
  readonly events: Pick<NetworkEvents, 'onFrame' | 'onGossip' | 'onValidator' | 'onAway' | 'onPeer'>
  readonly attach: (network: Network) => void
  readonly send: (to: readonly number[], channel: ChannelName, message: NodeMessage) => void
  readonly reply: (peer: PeerName, channel: ChannelName, message: NodeMessage) => void
  readonly publish: (topic: string, message: NodeMessage) => void
  /** From now on these topics, and no others. */
  readonly listen: (topics: readonly string[]) => void
  readonly stats: () => NetworkStats
  /** Rejects when the peer is away. */
  readonly request: (peer: PeerName, bytes: Uint8Array, timeoutMs: number) => Promise<Uint8Array>
  /** The peer that the registry names for this validator. */
  readonly peerOf: (validator: number) => PeerName | undefined
  readonly malformedCount: () => number
}

/** Before the network is attached. */
const NO_STATS: NetworkStats = {
  peers: 0,
  framesSent: { consensus: 0, relay: 0 },
  bytesSent: { consensus: 0, relay: 0, gossip: 0, request: 0 },
  framesDropped: 0,
  meshes: {},
}

export function createTransport(
  /** As the beacon knows them now: the registry grows (B.9). */
  validators: () => readonly BeaconValidator[],
  wire: WireContext,
  post: (event: ValidatorEvent) => void,
  { bytesSent }: Pick<WorkCounters, 'bytesSent'>,
): Transport {
  const validatorOf = new Map<PeerName, number>()
  let network: Network | undefined
  /** What was asked for before there was a network. */
  let listened: readonly string[] | undefined
  let malformed = 0

  function receive(peer: PeerName, bytes: Uint8Array, gossip: boolean): boolean {
    const message = decodeNodeMessage(bytes, wire)
    if (!message.ok) {
      malformed++
      return false
    }
    const validator = validatorOf.get(peer)
    post({ kind: 'message', peer, validator, message: message.value, gossip })
    return true
  }

  return {
    events: {
      onFrame: (peer, _channel, bytes) => {
        receive(peer, bytes, false)
      },
      onGossip: (peer, _topic, bytes) => (receive(peer, bytes, true) ? 'accept' : 'reject'),
      onValidator: (peer, validator) => {
        validatorOf.set(peer, validator)
        post({ kind: 'validator-connected', validator })
      },
      onAway: (_peer, validator) => post({ kind: 'validator-away', validator }),
      onPeer: (peer, connected) => {
        if (!connected) validatorOf.delete(peer)
      },
    },
    attach: (attached) => {
      network = attached
      if (listened !== undefined) network.listen(listened)
    },
    listen: (topics) => {
      listened = topics
      network?.listen(topics)
    },
    send: (to, channel, message) => {
      const bytes = encodeNodeMessage(message)
      const known = validators()
      for (const validator of to) {
        const peer = known[validator]?.peer
        if (peer === undefined) continue
        bytesSent[planeOf(message)] += bytes.length
        network?.send(peer, channel, bytes)
      }
    },
    reply: (peer, channel, message) => {
      const bytes = encodeNodeMessage(message)
      bytesSent[planeOf(message)] += bytes.length
      network?.send(peer, channel, bytes)
    },
    publish: (topic, message) => network?.publish(topic, encodeNodeMessage(message)),
    stats: () => network?.stats() ?? NO_STATS,
    request: (peer, bytes, timeoutMs) => {
      if (network === undefined) return Promise.reject(new Error('the network is not up yet'))
      return network.request(peer, bytes, timeoutMs)
    },
    peerOf: (validator) => validators()[validator]?.peer,
    malformedCount: () => malformed,
  }
}

/**
 * The network port: bytes between nodes. It knows peers, channels and topics; it never looks into what it carries.
 *
 * Where the receivers are known (a committee) messages go by direct stream; where they are not (observers, other shards'
 * users) by gossip. Implementation: `io/libp2p.ts`. Limits of docs/security.md are in force there.
 */

/** A peer's libp2p id in text form. */
export type PeerName = string

/** Where the network says what happened to it; `facts` are for programs and contain nothing a peer can format. */
export type NetworkLog = (
  level: 'debug' | 'info' | 'warn',
  sentence: string,
  facts: Readonly<Record<string, unknown>>,
) => void

/** Long-lived one-way streams, one per (peer, channel); frames keep their order per channel. */
export type StreamChannel = 'consensus' | 'relay'

/** Valid means relay it; ignore means drop silently; reject also costs the sender reputation. */
export type GossipVerdict = 'accept' | 'ignore' | 'reject'

export type NetworkEvents = {
  /** A frame on a direct stream. `validator` is the peer's proven validator index, if any. */
  readonly onFrame: (from: PeerName, channel: StreamChannel, bytes: Uint8Array) => void
  readonly onGossip: (
    from: PeerName,
    topic: string,
    bytes: Uint8Array,
  ) => GossipVerdict | Promise<GossipVerdict>
  /** A request on a stream of its own; the answer's bytes, or undefined to refuse. */
  readonly onRequest: (from: PeerName, bytes: Uint8Array) => Promise<Uint8Array | undefined>
  /** A peer proved by signed handshake that it acts for this validator (index in the registry). */
  readonly onValidator: (peer: PeerName, validator: number) => void
  /** Its connection was lost, by its doing or the network's, and there is no other. Told before `onPeer`. */
  readonly onAway: (peer: PeerName, validator: number) => void
  readonly onPeer: (peer: PeerName, connected: boolean) => void
}

export interface Network {
  /** Own peer name and listening addresses (multiaddr text). */
  local(): { readonly peer: PeerName; readonly addresses: readonly string[] }
  /** Queued if the stream is still opening, dropped (counted) if the peer is gone or its queue is full. */
  send(to: PeerName, channel: StreamChannel, bytes: Uint8Array): void
  publish(topic: string, bytes: Uint8Array): void
  /** Subscribes to these topics and no others. */
  listen(topics: readonly string[]): void
  request(to: PeerName, bytes: Uint8Array, timeoutMs: number): Promise<Uint8Array>
  stats(): NetworkStats
  stop(): Promise<void>
}

export type NetworkStats = {
  readonly peers: number
  readonly framesSent: Readonly<Record<StreamChannel, number>>
  readonly bytesSent: Readonly<Record<StreamChannel | 'gossip' | 'request', number>>
  readonly framesDropped: number
  /** Mesh size per subscribed topic. */
  readonly meshes: Readonly<Record<string, number>>
}

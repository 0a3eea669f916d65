/**
 * All peers: makes a link of every connection, runs the hello handshake, hands frames and requests of admitted peers to
 * the host, sends offenders away, and looks every few seconds for links that have died quietly.
 */
import type { GossipSub } from '@libp2p/gossipsub'
import type { Libp2p } from 'libp2p'
import { AssertionError } from '../../primitives/assert.ts'
import type { Dismissal } from '../connection-policy.ts'
import * as limits from '../limits.ts'
import type { PeerName } from '../network.ts'
import type { Bans } from './bans.ts'
import { CHANNELS, channelProtocol } from './channels.ts'
import type { Counters } from './counters.ts'
import type { Dialer } from './dialer.ts'
import { countGossipBytes, type Gossip } from './gossip.ts'
import { answerHello, askHello, HELLO_PROTOCOL, type HelloOptions } from './hello.ts'
import type { Connection, Stream } from './libp2p-types.ts'
import type { NetworkOptions } from './options.ts'
import { PeerLink } from './peer-link.ts'
import { answerRequest, REQUEST_PROTOCOL, type RequestServer } from './requests.ts'
import { StreamFailure } from './read-frame.ts'

type PeersOptions = {
  readonly libp2p: Libp2p<{ readonly gossip: GossipSub }>
  readonly gossip: Gossip
  readonly dialer: Dialer
  readonly bans: Bans
  readonly counters: Counters
  readonly options: NetworkOptions
}

/** A stream of a peer that is not (any more) the one we know. */
const STRANGER = new Error('the peer is not admitted')

export class Peers {
  readonly #deps: PeersOptions
  readonly #hello: HelloOptions
  readonly #requests: RequestServer
  readonly #links = new Map<PeerName, PeerLink>()
  #sweep: NodeJS.Timeout | undefined
  #forget: NodeJS.Timeout | undefined
  #stopped = false

  constructor(deps: PeersOptions) {
    this.#deps = deps
    const { identity, genesisHash, validator, verifyValidator, hasLeft, events } = deps.options
    this.#hello = { self: identity.peer, genesisHash, validator, verifyValidator, hasLeft }
    this.#requests = { onRequest: events.onRequest, counters: deps.counters, answering: 0 }
  }

  /** Before the node starts, so that no stream arrives unhandled. */
  async handleProtocols(): Promise<void> {
    const { libp2p } = this.#deps
    libp2p.addEventListener('connection:open', (event) => this.#onOpen(event.detail))
    libp2p.addEventListener('connection:close', (event) => this.#onClose(event.detail))
    await libp2p.handle(HELLO_PROTOCOL, this.#handler(this.#onHello), {
      maxInboundStreams: limits.HELLO_STREAMS_MAX,
      maxOutboundStreams: limits.HELLO_STREAMS_MAX,
    })
    await libp2p.handle(REQUEST_PROTOCOL, this.#handler(this.#onRequest), {
      maxInboundStreams: limits.REQUESTS_INBOUND_MAX,
      maxOutboundStreams: limits.REQUESTS_INBOUND_MAX,
    })
    for (const channel of CHANNELS) {
      const listen = this.#handler(async (link, stream) => this.#listen(link, channel, stream))
      await libp2p.handle(channelProtocol(channel), listen, {
        maxInboundStreams: limits.CHANNEL_STREAMS_MAX,
        maxOutboundStreams: limits.CHANNEL_STREAMS_MAX,
      })
    }
  }

  start(): void {
    this.#sweep = setInterval(() => this.#sweepLinks(Date.now()), limits.SWEEP_INTERVAL_MS)
    this.#forget = setInterval(() => this.#forgetStrangers(), limits.FORGET_INTERVAL_MS)
  }

  stop(): void {
    this.#stopped = true
    clearInterval(this.#sweep)
    clearInterval(this.#forget)
    for (const link of this.#links.values()) link.close()
  }

  /** The link of a connected peer, admitted or about to be. */
  link(peer: PeerName): PeerLink | undefined {
    return this.#links.get(peer)
  }

  /** Another connection of the same peer takes its place, so that it ends is no news. */
  letGo(connection: Connection): void {
    const link = this.#links.get(connection.remotePeer.toString())
    if (link?.connection === connection) link.isLetGo = true
  }

  admittedCount(): number {
    let count = 0
    for (const link of this.#links.values()) if (link.isAdmitted) count += 1
    return count
  }

  #onOpen(connection: Connection): void {
    if (this.#stopped || connection.status !== 'open') return
    countGossipBytes(connection, this.#deps.counters)
    const link = new PeerLink(connection, this.#deps.counters)
    this.#links.set(link.peer, link)
    this.#fatalOnAssertion(this.#ask(link))
  }

  #onClose(connection: Connection): void {
    const peer = connection.remotePeer.toString()
    const link = this.#links.get(peer)
    // The gate replaces connections before the new one opens; a late close of an old one changes nothing.
    if (link === undefined || link.connection !== connection) return
    this.#links.delete(peer)
    const { options, dialer } = this.#deps
    const { validator, isDismissed, isLetGo } = link
    if (link.close()) {
      options.log('info', 'a peer is gone', { peer })
      const isLost = !isDismissed && !isLetGo
      if (isLost && validator !== undefined) options.events.onAway(peer, validator)
      options.events.onPeer(peer, false)
    }
    dialer.onLost(peer)
  }

  async #ask(link: PeerLink): Promise<void> {
    const hello = await askHello(link, this.#hello)
    if (link.isClosed) return
    if (hello.ok) {
      this.#admit(link, hello.value)
      return
    }
    const { code, detail } = hello.reject
    this.#dismiss(link, code === 'malformed' ? 'misbehaved' : 'refused', code, detail)
  }

  #admit(link: PeerLink, validator: number | undefined): void {
    const { dialer, options } = this.#deps
    link.validator = validator
    if (!link.admit()) return
    dialer.onAdmitted(link.peer)
    options.log('info', 'a peer is here', { peer: link.peer, validator })
    options.events.onPeer(link.peer, true)
    if (validator !== undefined) options.events.onValidator(link.peer, validator)
    if (validator !== undefined || dialer.isTarget(link.peer)) this.#keep(link)
  }

  /** When connections must be pruned, strangers go before validators and bootstrap peers. */
  #keep(link: PeerLink): void {
    this.#deps.libp2p.peerStore
      .merge(link.connection.remotePeer, { tags: { 'weft-keep': { value: 100 } } })
      .catch((error: unknown) => {
        this.#deps.options.log('debug', 'a peer could not be tagged', { error: String(error) })
      })
  }

  #dismiss(link: PeerLink, dismissal: Dismissal, code: string, detail: string): void {
    if (link.isClosed || link.isDismissed) return
    link.isDismissed = true
    const { bans, options } = this.#deps
    const sentence = dismissal === 'refused' ? 'a peer is refused' : 'a peer misbehaved'
    options.log('warn', sentence, { peer: link.peer, code, detail })
    bans.add(link.peer, dismissal)
    const hangUp = (): void => link.connection.abort(new Error(detail))
    if (dismissal === 'misbehaved') hangUp()
    // An abort now would overtake our answer, and the other side would not learn why.
    else setTimeout(hangUp, limits.REFUSAL_LINGER_MS).unref()
  }

  /** Wraps a stream handler: finds the link, and sends peers away that send what no honest node sends. */
  #handler(
    handle: (link: PeerLink, stream: Stream) => Promise<void>,
  ): (stream: Stream, connection: Connection) => Promise<void> {
    return async (stream, connection) => {
      const link = this.#links.get(connection.remotePeer.toString())
      if (link === undefined || link.connection !== connection) return stream.abort(STRANGER)
      try {
        await handle(link, stream)
      } catch (error) {
        if (error instanceof AssertionError) this.#fatalOnAssertion(Promise.reject(error))
        const isMalformed = error instanceof StreamFailure && error.code === 'malformed'
        if (isMalformed) this.#dismiss(link, 'misbehaved', error.code, error.message)
        stream.abort(error instanceof Error ? error : new Error(String(error)))
      }
    }
  }

  readonly #onHello = async (link: PeerLink, stream: Stream): Promise<void> => {
    // One signature per connection is all a peer can ask of our validator key.
    if (link.helloAnswered) return stream.abort(new Error('hello was answered before'))
    link.helloAnswered = true
    const answered = await answerHello(link, stream, this.#hello)
    if (answered.ok) return
    const { code, detail } = answered.reject
    this.#dismiss(link, code === 'malformed' ? 'misbehaved' : 'refused', code, detail)
  }

  readonly #onRequest = async (link: PeerLink, stream: Stream): Promise<void> => {
    if (!(await link.admitted)) return stream.abort(STRANGER)
    await answerRequest(link, stream, this.#requests)
  }

  async #listen(link: PeerLink, channel: (typeof CHANNELS)[number], stream: Stream): Promise<void> {
    if (!(await link.admitted) || stream.status !== 'open') return stream.abort(STRANGER)
    const { onFrame } = this.#deps.options.events
    link.listen(
      channel,
      stream,
      (bytes) => onFrame(link.peer, channel, bytes),
      (detail) => this.#dismiss(link, 'misbehaved', 'malformed', detail),
    )
  }

  /** libp2p swallows what a handler throws; a bug of ours must end the process instead. */
  #fatalOnAssertion(work: Promise<void>): void {
    work.catch((error: unknown) => {
      if (error instanceof AssertionError) {
        queueMicrotask(() => {
          throw error
        })
        return
      }
      this.#deps.options.log('warn', 'a handshake failed', { error: String(error) })
    })
  }

  #sweepLinks(nowMs: number): void {
    for (const link of this.#links.values()) {
      const isYoung = nowMs - link.openedAtMs < limits.HELLO_TIMEOUT_MS
      if (!link.isAdmitted || isYoung) continue
      const gossipEnded = this.#deps.gossip.isAlive(link.peer) ? undefined : 'gossip has ended'
      const complaint = link.complaint(nowMs) ?? gossipEnded ?? this.#farewell(link)
      if (complaint === undefined) continue
      this.#deps.options.log('warn', 'a connection is renewed', { peer: link.peer, complaint })
      link.isLetGo = true
      link.connection.abort(new Error(complaint))
    }
  }

  #farewell({ validator }: PeerLink): string | undefined {
    if (validator === undefined) return undefined
    return this.#deps.options.hasLeft?.(validator) === true ? 'its validator has left' : undefined
  }

  /** The peer store never forgets by itself; who is neither connected nor a bootstrap peer need not be in it. */
  #forgetStrangers(): void {
    const { peerStore } = this.#deps.libp2p
    const forget = async (): Promise<void> => {
      for (const { id } of await peerStore.all()) {
        const peer = id.toString()
        const isKnown = this.#links.has(peer) || this.#deps.dialer.isTarget(peer)
        if (!isKnown && peer !== this.#hello.self) await peerStore.delete(id)
      }
    }
    forget().catch((error: unknown) => {
      this.#deps.options.log('debug', 'the peer store was not pruned', { error: String(error) })
    })
  }
}

/**
 * One connection to one peer, from the moment it is up until it is gone: its admission (the hello handshake), its
 * channels, its quotas. Streams of a peer that is not admitted are kept waiting, and nothing of it is delivered.
 */
import type { PeerName, StreamChannel } from '../network.ts'
import { fullBucket, REQUEST_RATE, spendIfAvailable, type Bucket } from '../rate-limit.ts'
import { CHANNELS, createMeter, InboundChannel, OutboundChannel, type Meter } from './channels.ts'
import type { Counters } from './counters.ts'
import type { Connection, Stream } from './libp2p-types.ts'

export class PeerLink {
  readonly peer: PeerName
  readonly connection: Connection
  readonly openedAtMs = Date.now()
  /** Resolves true when the peer is admitted, false when the connection ends before. */
  readonly admitted: Promise<boolean>
  validator: number | undefined
  helloAnswered = false
  /** Sent away: the connection may linger a moment, the peer is not admitted any more. */
  isDismissed = false
  /** This node ends the connection for reasons of its own: that it ends says nothing about the peer. */
  isLetGo = false
  requestsOut = 0

  readonly #outbound: Readonly<Record<StreamChannel, OutboundChannel>>
  readonly #inbound = new Map<StreamChannel, InboundChannel>()
  readonly #meters: Readonly<Record<StreamChannel, Meter>>
  #requestBucket: Bucket = fullBucket(REQUEST_RATE, Date.now())
  #state: 'pending' | 'admitted' | 'closed' = 'pending'
  readonly #settle: (isAdmitted: boolean) => void

  constructor(connection: Connection, counters: Counters) {
    this.connection = connection
    this.peer = connection.remotePeer.toString()
    this.#outbound = {
      consensus: new OutboundChannel(connection, 'consensus', counters),
      relay: new OutboundChannel(connection, 'relay', counters),
    }
    this.#meters = { consensus: createMeter('consensus'), relay: createMeter('relay') }
    const admission = Promise.withResolvers<boolean>()
    this.admitted = admission.promise
    this.#settle = admission.resolve
  }

  get isAdmitted(): boolean {
    return this.#state === 'admitted'
  }

  get isClosed(): boolean {
    return this.#state === 'closed'
  }

  /** False if the connection ended or the peer was sent away meanwhile. */
  admit(): boolean {
    if (this.#state !== 'pending' || this.isDismissed) return false
    this.#state = 'admitted'
    this.#settle(true)
    return true
  }

  /** Ends everything that belongs to the link; says whether the peer had been admitted. */
  close(): boolean {
    const wasAdmitted = this.isAdmitted
    this.#state = 'closed'
    this.#settle(false)
    for (const channel of CHANNELS) this.#outbound[channel].stop()
    for (const inbound of this.#inbound.values()) inbound.stop(new Error('the connection ended'))
    this.#inbound.clear()
    return wasAdmitted
  }

  send(channel: StreamChannel, frame: Uint8Array): void {
    this.#outbound[channel].send(frame)
  }

  /** The peer's new stream on a channel takes the place of the one before. */
  listen(
    channel: StreamChannel,
    stream: Stream,
    onFrame: (bytes: Uint8Array) => void,
    onMalformed: (detail: string) => void,
  ): void {
    this.#inbound.get(channel)?.stop(new Error('a newer stream took over'))
    const inbound = new InboundChannel(
      { channel, stream, onFrame, onMalformed },
      this.#meters[channel],
    )
    this.#inbound.set(channel, inbound)
  }

  /** Whether the peer may ask once more now. */
  takeRequest(questionBytes: number): boolean {
    const cost = { frames: 1, bytes: questionBytes }
    const spent = spendIfAvailable(REQUEST_RATE, this.#requestBucket, cost, Date.now())
    this.#requestBucket = spent.bucket
    return spent.granted
  }

  /** Why the link should be given up, if it should. */
  complaint(nowMs: number): string | undefined {
    for (const channel of CHANNELS) {
      if (this.#outbound[channel].isStalled(nowMs)) return `takes nothing on ${channel}`
      if (this.#inbound.get(channel)?.isStuck(nowMs) === true) return `half a frame on ${channel}`
    }
    return undefined
  }
}

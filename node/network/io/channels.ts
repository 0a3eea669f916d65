/**
 * Channels: one long-lived one-way stream per peer and channel, frames in order, at most once.
 *
 * The opener waits for one byte from the listener before it sends: the listener gives it once it has admitted the peer,
 * so that no frame ever waits unread in a muxer buffer. A broken stream is opened again as long as the connection
 * lives and frames wait; frames that had already been handed to the broken stream are lost.
 */
import { assert } from '../../primitives/assert.ts'
import { FRAME_BYTES_MAX } from '../../primitives/limits.ts'
import { createFrameParser, encodeFrames } from '../frame.ts'
import { createFrameQueue } from '../frame-queue.ts'
import { redialDelayMs } from '../connection-policy.ts'
import {
  NEGOTIATION_TIMEOUT_MS,
  PARTIAL_FRAME_TIMEOUT_MS,
  SEND_BATCH_BYTES,
  SEND_QUEUE_BYTES_MAX,
  STALL_TIMEOUT_MS,
} from '../limits.ts'
import type { StreamChannel } from '../network.ts'
import { CHANNEL_RATES, fullBucket, spend, type Bucket } from '../rate-limit.ts'
import type { Counters } from './counters.ts'
import type { Connection, Stream } from './libp2p-types.ts'
import { chunksOf } from './read-frame.ts'

export const CHANNELS: readonly StreamChannel[] = ['consensus', 'relay']

export function channelProtocol(channel: StreamChannel): string {
  return `/weft/${channel}/1`
}

/** The listener's word that it reads. */
const READY = 1

export class OutboundChannel {
  readonly #connection: Connection
  readonly #channel: StreamChannel
  readonly #counters: Counters
  readonly #queue = createFrameQueue(SEND_QUEUE_BYTES_MAX)
  #stream: Stream | undefined
  #ready = false
  #opening = false
  #stopped = false
  #flushScheduled = false
  #failures = 0
  #retry: NodeJS.Timeout | undefined
  #waitingSinceMs: number | undefined

  constructor(connection: Connection, channel: StreamChannel, counters: Counters) {
    this.#connection = connection
    this.#channel = channel
    this.#counters = counters
  }

  /** Takes a frame or, when the queue is full, drops and counts it. */
  send(frame: Uint8Array): void {
    assert(
      frame.length > 0 && frame.length <= FRAME_BYTES_MAX,
      'a frame has 1 to FRAME_BYTES_MAX bytes',
    )
    if (this.#stopped || !this.#queue.offer(frame)) {
      this.#counters.framesDropped += 1
      return
    }
    this.#waitingSinceMs ??= Date.now()
    if (this.#stream === undefined) this.#open()
    else this.#scheduleFlush()
  }

  /** Whether frames have waited so long without one byte leaving that the peer must be given up. */
  isStalled(nowMs: number): boolean {
    return this.#waitingSinceMs !== undefined && nowMs - this.#waitingSinceMs > STALL_TIMEOUT_MS
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#retry)
    this.#counters.framesDropped += this.#queue.clear()
    this.#waitingSinceMs = undefined
    this.#stream?.abort(new Error('the channel is stopped'))
    this.#stream = undefined
  }

  #open(): void {
    if (this.#opening || this.#stopped || this.#retry !== undefined) return
    this.#opening = true
    this.#connection
      .newStream(channelProtocol(this.#channel), {
        signal: AbortSignal.timeout(NEGOTIATION_TIMEOUT_MS),
      })
      .then((stream) => this.#attach(stream))
      .catch(() => this.#retryLater())
      .finally(() => {
        this.#opening = false
      })
  }

  #attach(stream: Stream): void {
    if (this.#stopped) return stream.abort(new Error('the channel is stopped'))
    this.#stream = stream
    stream.addEventListener('message', (event) => this.#onReady(stream, event.data.byteLength))
    // libp2p continues its own leftover on these events first; the next batch goes when that is out.
    stream.addEventListener('drain', () => this.#scheduleFlush())
    stream.addEventListener('idle', () => this.#scheduleFlush())
    stream.addEventListener('close', () => this.#onClosed(stream))
    if (stream.status !== 'open') this.#onClosed(stream)
  }

  #onReady(stream: Stream, byteCount: number): void {
    if (this.#ready || byteCount !== READY) {
      return stream.abort(new Error('a listener says one byte, once'))
    }
    this.#ready = true
    this.#failures = 0
    this.#flush()
  }

  #onClosed(stream: Stream): void {
    if (this.#stream !== stream) return
    this.#stream = undefined
    this.#ready = false
    if (this.#queue.count() > 0) this.#retryLater()
  }

  #retryLater(): void {
    if (this.#stopped || this.#connection.status !== 'open') return
    this.#failures += 1
    clearTimeout(this.#retry)
    this.#retry = setTimeout(
      () => {
        this.#retry = undefined
        if (this.#stream === undefined && this.#queue.count() > 0) this.#open()
      },
      redialDelayMs(this.#failures, Math.random()),
    )
  }

  /** Frames of one turn leave together. */
  #scheduleFlush(): void {
    if (this.#flushScheduled || !this.#ready) return
    this.#flushScheduled = true
    queueMicrotask(() => {
      this.#flushScheduled = false
      this.#flush()
    })
  }

  #flush(): void {
    const stream = this.#stream
    if (stream === undefined || !this.#ready) return
    while (
      this.#queue.count() > 0 &&
      !stream.writableNeedsDrain &&
      stream.writeBufferLength === 0
    ) {
      const batch = this.#queue.takeBatch(SEND_BATCH_BYTES)
      const bytes = encodeFrames(batch)
      try {
        stream.send(bytes)
      } catch {
        // The stream closed under our hands; its close event opens the next one.
        this.#counters.framesDropped += batch.length
        return
      }
      this.#counters.framesSent[this.#channel] += batch.length
      this.#counters.bytesSent[this.#channel] += bytes.length
      this.#waitingSinceMs = this.#queue.count() > 0 ? Date.now() : undefined
    }
  }
}

type InboundOptions = {
  readonly channel: StreamChannel
  readonly stream: Stream
  readonly onFrame: (bytes: Uint8Array) => void
  readonly onMalformed: (detail: string) => void
}

/** What a peer may send on a channel, kept over all streams of its connection. */
export type Meter = { bucket: Bucket }

export function createMeter(channel: StreamChannel): Meter {
  return { bucket: fullBucket(CHANNEL_RATES[channel], Date.now()) }
}

export class InboundChannel {
  readonly #options: InboundOptions
  readonly #meter: Meter
  readonly #parser = createFrameParser(FRAME_BYTES_MAX)
  #resume: NodeJS.Timeout | undefined
  #lastChunkAtMs = Date.now()

  constructor(options: InboundOptions, meter: Meter) {
    this.#options = options
    this.#meter = meter
    const { stream } = options
    stream.addEventListener('message', (event) => this.#onData(event.data))
    stream.addEventListener('close', () => clearTimeout(this.#resume))
    stream.send(Uint8Array.of(READY))
  }

  stop(reason: Error): void {
    clearTimeout(this.#resume)
    this.#options.stream.abort(reason)
  }

  /** Whether half a frame has lain here for too long. */
  isStuck(nowMs: number): boolean {
    return this.#parser.isPartial() && nowMs - this.#lastChunkAtMs > PARTIAL_FRAME_TIMEOUT_MS
  }

  #onData(data: Uint8Array | Iterable<Uint8Array>): void {
    let bytes = 0
    let frames = 0
    for (const chunk of chunksOf(data)) {
      const parsed = this.#parser.push(chunk)
      if (!parsed.ok) {
        this.#options.onMalformed(parsed.reject.detail)
        return
      }
      bytes += chunk.length
      frames += parsed.value.length
      for (const frame of parsed.value) this.#options.onFrame(frame)
    }
    this.#lastChunkAtMs = Date.now()
    this.#charge(frames, bytes)
  }

  /** Over the rate the stream is not read for a while (rate-limit.ts says why). */
  #charge(frames: number, bytes: number): void {
    const rate = CHANNEL_RATES[this.#options.channel]
    const spent = spend(rate, this.#meter.bucket, { frames, bytes }, this.#lastChunkAtMs)
    this.#meter.bucket = spent.bucket
    if (spent.waitMs > 0) this.#rest(spent.waitMs)
  }

  #rest(waitMs: number): void {
    const { stream } = this.#options
    // Not at once: `resume` of libp2p delivers what had come meanwhile and reopens the window only afterwards. A pause from
    // within that delivery would be undone, the window would stay open, and the read buffer overflow into a reset.
    queueMicrotask(() => {
      if (stream.readStatus !== 'readable') return
      stream.pause()
      this.#resume = setTimeout(() => {
        if (stream.readStatus === 'paused') stream.resume()
      }, waitMs)
    })
  }
}

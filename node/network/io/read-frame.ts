/**
 * Reads exactly one frame from a stream that carries one: questions and answers. The wait is bounded by a signal, the
 * memory by the frame limit; whatever else the peer sends is refused.
 */
import { createFrameParser } from '../frame.ts'
import type { Stream } from './libp2p-types.ts'

/** `malformed` means that no honest node sends this; `closed` that the peer refused or went away. */
export class StreamFailure extends Error {
  override readonly name = 'StreamFailure'
  readonly code: 'malformed' | 'closed' | 'timeout'

  constructor(code: 'malformed' | 'closed' | 'timeout', sentence: string) {
    super(sentence)
    this.code = code
  }
}

/** The chunks of a message event: libp2p hands over a byte array or a list of them. */
export function chunksOf(data: Uint8Array | Iterable<Uint8Array>): Iterable<Uint8Array> {
  return data instanceof Uint8Array ? [data] : data
}

/** Rejects with a StreamFailure, having reset the stream. */
export function readFrame(
  stream: Stream,
  bytesMax: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const parser = createFrameParser(bytesMax)
  return new Promise((resolve, reject) => {
    const listeners = new AbortController()

    function fail(failure: StreamFailure): void {
      listeners.abort()
      stream.abort(failure)
      reject(failure)
    }

    function onMessage(data: Uint8Array | Iterable<Uint8Array>): void {
      const frames: Uint8Array[] = []
      for (const chunk of chunksOf(data)) {
        const parsed = parser.push(chunk)
        if (!parsed.ok) return fail(new StreamFailure('malformed', parsed.reject.detail))
        frames.push(...parsed.value)
      }
      const [frame, ...rest] = frames
      if (frame === undefined) return
      if (rest.length > 0 || parser.isPartial()) {
        return fail(new StreamFailure('malformed', 'the peer sent more than one frame'))
      }
      listeners.abort()
      resolve(frame)
    }

    const onClosed = (): void => fail(new StreamFailure('closed', 'the peer closed the stream'))
    const onTimeout = (): void => fail(new StreamFailure('timeout', 'the peer took too long'))
    if (signal.aborted) return onTimeout()
    if (stream.status !== 'open') return onClosed()
    const { signal: until } = listeners
    stream.addEventListener('message', (event) => onMessage(event.data), { signal: until })
    stream.addEventListener('close', onClosed, { signal: until })
    stream.addEventListener('remoteCloseWrite', onClosed, { signal: until })
    signal.addEventListener('abort', onTimeout, { signal: until })
  })
}

/** Sends an encoded frame and reads one back. A send that fails ends the wait: the answer can no longer come. */
export function exchangeFrame(
  stream: Stream,
  question: Uint8Array,
  answerBytesMax: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const answer = readFrame(stream, answerBytesMax, signal)
  try {
    stream.send(question)
  } catch (error) {
    stream.abort(error instanceof Error ? error : new Error(String(error)))
  }
  return answer
}

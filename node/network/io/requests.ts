/**
 * Requests, `/weft/request/1`: a stream per request, one frame there, one frame back, everything bounded in bytes,
 * number and time. A request over its quota is refused by resetting its stream.
 */
import { AssertionError } from '../../primitives/assert.ts'
import { encodeFrames } from '../frame.ts'
import {
  ANSWER_BYTES_MAX,
  ANSWER_TIMEOUT_MS,
  QUESTION_TIMEOUT_MS,
  REQUEST_BYTES_MAX,
  REQUESTS_ANSWERING_MAX,
  REQUESTS_OUTBOUND_MAX,
} from '../limits.ts'
import type { NetworkEvents } from '../network.ts'
import type { Counters } from './counters.ts'
import type { Stream } from './libp2p-types.ts'
import type { PeerLink } from './peer-link.ts'
import { exchangeFrame, readFrame, StreamFailure } from './read-frame.ts'

export const REQUEST_PROTOCOL = '/weft/request/1'

export type RequestErrorCode =
  | 'not-connected'
  | 'busy'
  | 'too-large'
  | 'refused'
  | 'timeout'
  | 'malformed'

export class RequestError extends Error {
  override readonly name = 'RequestError'
  readonly code: RequestErrorCode

  constructor(code: RequestErrorCode, sentence: string) {
    super(sentence)
    this.code = code
  }
}

const CODE_OF_FAILURE = { malformed: 'malformed', closed: 'refused', timeout: 'timeout' } as const

function requestErrorOf(error: unknown, signal: AbortSignal): RequestError {
  if (error instanceof RequestError) return error
  if (error instanceof StreamFailure) {
    return new RequestError(CODE_OF_FAILURE[error.code], error.message)
  }
  if (signal.aborted) return new RequestError('timeout', 'the peer took too long')
  return new RequestError('refused', error instanceof Error ? error.message : String(error))
}

/** Sends `question` and waits for the answer; rejects with a RequestError. */
export async function askRequest(
  link: PeerLink,
  question: Uint8Array,
  timeoutMs: number,
  counters: Counters,
): Promise<Uint8Array> {
  if (question.length === 0 || question.length > REQUEST_BYTES_MAX) {
    throw new RequestError('too-large', `a question has 1 to ${REQUEST_BYTES_MAX} bytes`)
  }
  if (link.requestsOut >= REQUESTS_OUTBOUND_MAX) {
    throw new RequestError('busy', `${REQUESTS_OUTBOUND_MAX} requests to the peer are open`)
  }
  const signal = AbortSignal.timeout(timeoutMs)
  link.requestsOut += 1
  try {
    const stream = await link.connection.newStream(REQUEST_PROTOCOL, { signal })
    const bytes = encodeFrames([question])
    counters.bytesSent.request += bytes.length
    const frame = await exchangeFrame(stream, bytes, ANSWER_BYTES_MAX, signal)
    await stream.close({ signal })
    return frame
  } catch (error) {
    throw requestErrorOf(error, signal)
  } finally {
    link.requestsOut -= 1
  }
}

export type RequestServer = {
  readonly onRequest: NetworkEvents['onRequest']
  readonly counters: Counters
  /** Requests being answered over all peers. */
  answering: number
}

/** Serves one stream. Throws a StreamFailure if the question is malformed; every other refusal resets the stream. */
export async function answerRequest(
  link: PeerLink,
  stream: Stream,
  server: RequestServer,
): Promise<void> {
  const question = await readFrame(
    stream,
    REQUEST_BYTES_MAX,
    AbortSignal.timeout(QUESTION_TIMEOUT_MS),
  )
  if (!link.takeRequest(question.length)) {
    return stream.abort(new RequestError('busy', 'the peer asks too often'))
  }
  if (server.answering >= REQUESTS_ANSWERING_MAX) {
    return stream.abort(new RequestError('busy', 'too many requests are being answered'))
  }
  server.answering += 1
  try {
    const answer = await server.onRequest(link.peer, question)
    if (answer === undefined || answer.length === 0 || answer.length > ANSWER_BYTES_MAX) {
      return stream.abort(new RequestError('refused', 'the request is not answered'))
    }
    const bytes = encodeFrames([answer])
    stream.send(bytes)
    server.counters.bytesSent.request += bytes.length
    await stream.close({ signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) })
  } catch (error) {
    if (error instanceof AssertionError) throw error
    stream.abort(error instanceof Error ? error : new Error(String(error)))
  } finally {
    server.answering -= 1
  }
}

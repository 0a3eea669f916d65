/**
 * The hello handshake over a stream of its own, `/weft/hello/1`, asked by both sides as soon as a connection is up.
 * What is said and signed is `handshake.ts`; this file moves it and knows the deadlines.
 */
import { randomBytes } from 'node:crypto'
import type { Hash } from '../../primitives/identifiers.ts'
import { accepted, rejected, type Result } from '../../primitives/result.ts'
import { encodeFrames } from '../frame.ts'
import {
  bindingMessage,
  decodeAnswer,
  decodeQuestion,
  encodeAnswer,
  encodeQuestion,
  NONCE_SIZE,
  type HelloReject,
  type ValidatorProof,
} from '../handshake.ts'
import { HELLO_BYTES_MAX, HELLO_TIMEOUT_MS } from '../limits.ts'
import type { PeerName } from '../network.ts'
import type { Stream } from './libp2p-types.ts'
import type { PeerLink } from './peer-link.ts'
import { exchangeFrame, readFrame, StreamFailure } from './read-frame.ts'

export const HELLO_PROTOCOL = '/weft/hello/1'

/** The validator a node acts for. `sign` uses the committee key. */
export type ValidatorIdentity = {
  readonly index: number
  readonly sign: (message: Uint8Array) => Uint8Array | Promise<Uint8Array>
}

/** Whether `signature` over `message` is that of the registry's validator `index`, and `peer` may act for it. */
export type VerifyValidator = (
  index: number,
  message: Uint8Array,
  signature: Uint8Array,
  peer: PeerName,
) => Promise<boolean>

export type HelloOptions = {
  readonly self: PeerName
  readonly genesisHash: Hash
  readonly validator: ValidatorIdentity | undefined
  readonly verifyValidator: VerifyValidator
  /** Who has left is an observer, and says so by proving nothing. */
  readonly hasLeft?: ((validator: number) => boolean) | undefined
}

type AskReject = HelloReject | 'no-answer' | 'bad-binding'

/** Asks the peer who it is; the value is its proven validator index, if it claims one. */
export async function askHello(
  link: PeerLink,
  options: HelloOptions,
): Promise<Result<number | undefined, AskReject>> {
  const signal = AbortSignal.timeout(HELLO_TIMEOUT_MS)
  const nonce = randomBytes(NONCE_SIZE)
  let frame: Uint8Array
  try {
    const stream = await link.connection.newStream(HELLO_PROTOCOL, { signal })
    const question = encodeQuestion({ genesisHash: options.genesisHash, nonce })
    frame = await exchangeFrame(stream, encodeFrames([question]), HELLO_BYTES_MAX, signal)
    await stream.close({ signal })
  } catch (error) {
    if (error instanceof StreamFailure && error.code === 'malformed') {
      return rejected('malformed', error.message)
    }
    return rejected('no-answer', error instanceof Error ? error.message : String(error))
  }
  const answer = decodeAnswer(frame, options.genesisHash)
  if (!answer.ok) return answer
  if (answer.value.proof === undefined) return accepted(undefined)
  return checkProof(link.peer, answer.value.proof, nonce, options)
}

async function checkProof(
  claimant: PeerName,
  proof: ValidatorProof,
  nonce: Uint8Array,
  options: HelloOptions,
): Promise<Result<number, 'bad-binding'>> {
  const { genesisHash, self: asker } = options
  const { validator, signature } = proof
  const message = bindingMessage({ genesisHash, validator, claimant, asker, nonce })
  if (await options.verifyValidator(validator, message, signature, claimant)) {
    return accepted(validator)
  }
  return rejected('bad-binding', `the peer does not prove that it acts for validator ${validator}`)
}

/** Answers the peer's question. A peer from elsewhere gets the answer too, so that both sides can say why they part. */
export async function answerHello(
  link: PeerLink,
  stream: Stream,
  options: HelloOptions,
): Promise<Result<true, HelloReject>> {
  const signal = AbortSignal.timeout(HELLO_TIMEOUT_MS)
  const bytes = await readFrame(stream, HELLO_BYTES_MAX, signal)
  const question = decodeQuestion(bytes, options.genesisHash)
  const proof = question.ok ? await prove(link.peer, question.value.nonce, options) : undefined
  stream.send(encodeFrames([encodeAnswer({ genesisHash: options.genesisHash, proof })]))
  await stream.close({ signal })
  return question.ok ? accepted(true) : question
}

async function prove(
  asker: PeerName,
  nonce: Uint8Array,
  options: HelloOptions,
): Promise<ValidatorProof | undefined> {
  const { validator, genesisHash, self: claimant } = options
  if (validator === undefined || options.hasLeft?.(validator.index) === true) return undefined
  const message = bindingMessage({
    genesisHash,
    validator: validator.index,
    claimant,
    asker,
    nonce,
  })
  return { validator: validator.index, signature: await validator.sign(message) }
}

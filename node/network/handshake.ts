/**
 * The hello handshake: two questions and two answers on every new connection, one pair in each direction.
 *
 * The asker states its network and draws a nonce; the answerer states its network and, if it acts for a validator, signs
 * the nonce with that validator's committee key. The signature binds genesis, version, validator index, **both** peer
 * ids and the asker's nonce, so it proves nothing to anybody else and nothing later (security 7.3, 7.4).
 *
 * Layouts (canonical codec): question = u16 version, 32 genesis hash, 32 nonce.
 * answer = u16 version, 32 genesis hash, flag; with the flag: u32 validator index, u32 size and signature.
 */
import { assert } from '../primitives/assert.ts'
import { asciiBytes, equalBytes } from '../primitives/bytes.ts'
import { createReader, createWriter, DecodeError, decodeExactly } from '../primitives/codec.ts'
import { HASH_SIZE, hashTagged } from '../primitives/hash.ts'
import type { Hash } from '../primitives/identifiers.ts'
import { accepted, rejected, type Result } from '../primitives/result.ts'
import type { PeerName } from './network.ts'

/** Nodes of another version speak another network. */
const NETWORK_VERSION = 1
export const NONCE_SIZE = 32
/** BLS signatures have 96 bytes, Ed25519 ones 64. */
const SIGNATURE_BYTES_MAX = 128

export type HelloQuestion = { readonly genesisHash: Hash; readonly nonce: Uint8Array }

export type ValidatorProof = { readonly validator: number; readonly signature: Uint8Array }

export type HelloAnswer = { readonly genesisHash: Hash; readonly proof: ValidatorProof | undefined }

export type HelloReject = 'malformed' | 'other-version' | 'other-network'

export function encodeQuestion(question: HelloQuestion): Uint8Array {
  return createWriter()
    .u16(NETWORK_VERSION)
    .fixed(question.genesisHash, HASH_SIZE)
    .fixed(question.nonce, NONCE_SIZE)
    .finish()
}

export function encodeAnswer(answer: HelloAnswer): Uint8Array {
  const writer = createWriter()
    .u16(NETWORK_VERSION)
    .fixed(answer.genesisHash, HASH_SIZE)
    .flag(answer.proof !== undefined)
  if (answer.proof !== undefined) {
    assert(answer.proof.signature.length <= SIGNATURE_BYTES_MAX, 'a signature has its known size')
    writer.u32(answer.proof.validator).variable(answer.proof.signature)
  }
  return writer.finish()
}

/** The version comes first and alone: another version may have laid out everything after it differently. */
function checkVersion(bytes: Uint8Array): Result<true, 'malformed' | 'other-version'> {
  try {
    const version = createReader(bytes).u16()
    if (version === NETWORK_VERSION) return accepted(true)
    return rejected('other-version', `the peer speaks version ${version}, not ${NETWORK_VERSION}`)
  } catch (error) {
    if (error instanceof DecodeError) return rejected('malformed', error.message)
    throw error
  }
}

function checkNetwork<T extends { readonly genesisHash: Hash }>(
  hello: Result<T, 'malformed'>,
  genesisHash: Hash,
): Result<T, HelloReject> {
  if (!hello.ok) return hello
  if (equalBytes(hello.value.genesisHash, genesisHash)) return hello
  return rejected('other-network', 'the peer has another genesis hash')
}

/** Reads a question and refuses one from another version or network. */
export function decodeQuestion(
  bytes: Uint8Array,
  genesisHash: Hash,
): Result<HelloQuestion, HelloReject> {
  const version = checkVersion(bytes)
  if (!version.ok) return version
  const question = decodeExactly(bytes, (reader) => {
    reader.u16()
    return { genesisHash: reader.fixed(HASH_SIZE), nonce: reader.fixed(NONCE_SIZE) }
  })
  return checkNetwork(question, genesisHash)
}

/** Reads an answer and refuses one from another version or network. The proof's signature is not checked here. */
export function decodeAnswer(
  bytes: Uint8Array,
  genesisHash: Hash,
): Result<HelloAnswer, HelloReject> {
  const version = checkVersion(bytes)
  if (!version.ok) return version
  const answer = decodeExactly(bytes, (reader): HelloAnswer => {
    reader.u16()
    const hash = reader.fixed(HASH_SIZE)
    if (!reader.flag()) return { genesisHash: hash, proof: undefined }
    const validator = reader.u32()
    return {
      genesisHash: hash,
      proof: { validator, signature: reader.variable(SIGNATURE_BYTES_MAX) },
    }
  })
  return checkNetwork(answer, genesisHash)
}

/** What the validator's committee key signs, 32 bytes. */
export function bindingMessage(binding: {
  readonly genesisHash: Hash
  readonly validator: number
  /** The peer that claims to act for the validator. */
  readonly claimant: PeerName
  /** The peer that asked, whose nonce this is. */
  readonly asker: PeerName
  readonly nonce: Uint8Array
}): Uint8Array {
  const record = createWriter()
    .u16(NETWORK_VERSION)
    .fixed(binding.genesisHash, HASH_SIZE)
    .u32(binding.validator)
    .variable(asciiBytes(binding.claimant))
    .variable(asciiBytes(binding.asker))
    .fixed(binding.nonce, NONCE_SIZE)
    .finish()
  return hashTagged('weft-hello', record)
}

/**
 * Digests of the inputs of simulated validators: 32 bits over what an input carries, for the event hash.
 */
import { createReader } from '../../node/primitives/codec.ts'
import { sha256 } from '../../node/primitives/hash.ts'
import { unreachable } from '../../node/primitives/assert.ts'
import type { ExecutionResponse } from '../../node/shards/executor.ts'
import type { ValidatorEvent } from '../../node/validator/contract.ts'
import type { NodeMessage } from '../../node/validator/message.ts'
import { encodeNodeMessage } from '../../node/validator/wire.ts'
import { messageWord as consensusWord } from './consensus-seen.ts'
import { digestWord } from './digest-text.ts'
import { createEventHash, labelWord } from './event-hash.ts'

/** A broadcast is one object on its way to many, so it is looked at once. */
const wordOfMessage = new WeakMap<NodeMessage, number>()

function messageWord(message: NodeMessage): number {
  const known = wordOfMessage.get(message)
  if (known !== undefined) return known
  const word = contentWord(message)
  wordOfMessage.set(message, word)
  return word
}

/** Consensus messages are most of all and are told apart by what they name; the others are hashed whole. */
function contentWord(message: NodeMessage): number {
  if (message.kind !== 'consensus') return digestWord(sha256(encodeNodeMessage(message)))
  return consensusWord(message.message) ^ Math.imul(message.chain + 1, 0x9e3779b1)
}

export function eventWord(event: ValidatorEvent): number {
  switch (event.kind) {
    case 'message':
      return messageWord(event.message)
    case 'executed':
      return mixed(event.job, responseWord(event.response))
    case 'checked':
      return mixed(event.job, ...event.answers.map(({ ok }) => Number(ok)))
    case 'recovered':
      return mixed(event.job, ...event.transactions.map((one) => digestWord(one?.hash ?? NONE)))
    case 'loaded':
      return mixed(
        event.job,
        ...event.answer.flat().map(({ key, value }) => mixed(value.length, tailWord(key))),
      )
    case 'signed':
      return mixed(event.chain, event.vote.view, digestWord(event.vote.signature))
    case 'revealed':
      return mixed(event.job, digestWord(event.signature))
    case 'submit':
      return mixed(event.shard, tailWord(event.raw))
    case 'validator-connected':
    case 'validator-away':
      return event.validator
    case 'support':
      return mixed(...event.changes.map(({ shard }) => shard))
    case 'opened':
      return mixed(event.shard, event.restore.head?.height ?? 0, event.restore.journal.length)
    case 'start':
    case 'tick':
      return 0
    default:
      return unreachable(event)
  }
}

const NONE = new Uint8Array(0)

function responseWord(response: ExecutionResponse | undefined): number {
  switch (response?.kind) {
    case undefined:
      return 0
    case 'built':
    case 'verified':
      return digestWord(response.outcome.hash)
    case 'finalized':
    case 'status':
      return digestWord(response.hash)
    case 'accounts':
      return mixed(response.height, ...response.accounts.map(({ nonce }) => nonce))
    case 'supply':
      return response.supply.height
    case 'snapshots':
      return mixed(...response.heights)
    case 'chunk':
      return tailWord(response.chunk)
    case 'importing':
      return mixed(...response.progress.map((next) => (next === undefined ? 0 : digestWord(next))))
    case 'refused':
      return labelWord(response.code)
    default:
      return unreachable(response)
  }
}

function tailWord(bytes: Uint8Array): number {
  return bytes.length < 4 ? bytes.length : createReader(bytes.subarray(bytes.length - 4)).u32()
}

function mixed(...words: readonly number[]): number {
  const hash = createEventHash()
  for (const word of words) hash.absorb(word)
  return hash.word()
}

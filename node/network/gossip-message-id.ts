/**
 * The id of a gossip message: SHA-256 over a domain tag, the topic and **all** bytes of the message. Gossip remembers
 * an id before it judges the message, so two different byte strings must never share one: an invalid copy would
 * suppress the valid one (A.8). Chain and epoch are bound through the topic and the envelope.
 */
import { assert } from '../primitives/assert.ts'
import { asciiBytes, concatBytes } from '../primitives/bytes.ts'
import { hashTagged } from '../primitives/hash.ts'

const TAG = 'weft-gossip'

function topicPart(topic: string): Uint8Array {
  assert(topic.length < 256, 'a topic name is short')
  return concatBytes(Uint8Array.of(topic.length), asciiBytes(topic))
}

/** What is hashed before the message's bytes; one per topic, so that it is built once. */
export function messageIdPrefix(topic: string): Uint8Array {
  return concatBytes(Uint8Array.of(TAG.length), asciiBytes(TAG), topicPart(topic))
}

/** The definition. `io/gossip.ts` computes the same with the platform's faster SHA-256. */
export function gossipMessageId(topic: string, bytes: Uint8Array): Uint8Array {
  return hashTagged(TAG, topicPart(topic), bytes)
}

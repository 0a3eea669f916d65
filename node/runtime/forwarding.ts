/**
 * Forwarding: an RPC call about a shard that this node does not hold is answered by a member of its committee over the
 * network. The answer is the member's word, as any RPC answer is; proofs are for those who do not take a word.
 */
import type { PeerName } from '../network/network.ts'
import { createWriter, decodeExactly } from '../primitives/codec.ts'
import type { ChainNumber } from '../primitives/identifiers.ts'
import type { Validator } from '../validator/validator.ts'
import type { Transport } from './transport.ts'

/** A call is small: transactions go another way. */
const CALL_BYTES_MAX = 60 * 1024
const ANSWER_TIMEOUT_MS = 4_000
/** Members tried before the caller is told that nobody answers. */
const TRIES_MAX = 3

/** The node's own RPC, for one call on a shard it holds; undefined when the call has no answer. */
type LocalAnswer = (shard: ChainNumber, request: string) => Promise<string | undefined>

export type Forwarding = {
  readonly forward: (shard: ChainNumber, request: string) => Promise<string | undefined>
  /** Answers a call of another node, if this one holds the shard. */
  readonly answer: (from: PeerName, bytes: Uint8Array) => Promise<Uint8Array | undefined>
  readonly serve: (local: LocalAnswer) => void
}

export function createForwarding(
  validator: Validator,
  transport: Pick<Transport, 'peerOf' | 'request'>,
): Forwarding {
  let local: LocalAnswer | undefined
  let turn = 0

  async function forward(shard: ChainNumber, request: string): Promise<string | undefined> {
    const { committees } = validator.beacon.head()
    const members = committees[shard] ?? []
    const bytes = new TextEncoder().encode(request)
    if (members.length === 0 || bytes.length > CALL_BYTES_MAX) return undefined
    const call = createWriter().u32(shard).variable(bytes).finish()
    for (let attempt = 0; attempt < Math.min(TRIES_MAX, members.length); attempt++) {
      const member = members[turn++ % members.length]
      const peer = member === undefined ? undefined : transport.peerOf(member)
      if (peer === undefined) continue
      try {
        return new TextDecoder().decode(await transport.request(peer, call, ANSWER_TIMEOUT_MS))
      } catch {
        // The member is away or slow; the next one is asked.
      }
    }
    return undefined
  }

  return {
    forward,
    answer: async (_from, bytes) => {
      const call = decodeExactly(bytes, (reader) => {
        return { shard: reader.u32(), request: reader.variable(CALL_BYTES_MAX) }
      })
      if (!call.ok || local === undefined) return undefined
      const { shard, request } = call.value
      if (validator.served(shard) === undefined) return undefined
      const reply = await local(shard, new TextDecoder().decode(request))
      return reply === undefined ? undefined : new TextEncoder().encode(reply)
    },
    serve: (handler) => {
      local = handler
    },
  }
}

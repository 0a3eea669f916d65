/**
 * Bytes of evidence (docs/protocol/consensus.md A.3): the engine's domain and the two votes. The decoder refuses votes
 * that do not contradict each other; their signatures are the reader's to check.
 */
import { createWriter, decodeExactly, DecodeError } from '../primitives/codec.ts'
import { HASH_SIZE } from '../primitives/hash.ts'
import type { Result } from '../primitives/result.ts'
import type { Evidence } from './engine-contract.ts'
import { conflicting } from './evidence.ts'
import { readVote, writeVote } from './vote-codec.ts'

export function encodeEvidence(evidence: Evidence): Uint8Array {
  const { domain, first, second } = evidence
  const writer = createWriter()
    .fixed(domain.genesisHash, HASH_SIZE)
    .u32(domain.chain)
    .u64(domain.epoch)
  writeVote(writer, first)
  writeVote(writer, second)
  return writer.finish()
}

export function decodeEvidence(
  bytes: Uint8Array,
  signatureBytesMax: number,
): Result<Evidence, 'malformed'> {
  return decodeExactly(bytes, (reader) => {
    const domain = {
      genesisHash: reader.fixed(HASH_SIZE),
      chain: reader.u32(),
      epoch: reader.u64(),
    }
    const first = readVote(reader, signatureBytesMax)
    const second = readVote(reader, signatureBytesMax)
    if (!conflicting(first, second)) throw new DecodeError('the two votes do not contradict')
    return { domain, seat: first.seat, first, second }
  })
}

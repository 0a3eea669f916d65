/**
 * Server of wrong state: in every chunk of a snapshot that it serves, the last record says something else than the state
 * does (S.3). Whoever fetches the state must find that out from the chunk alone, and ask others.
 */
import { decodeStateChunk, encodeStateChunk } from '../../node/shards/snapshot-chunk.ts'
import type { ValidatorEffect } from '../../node/validator/contract.ts'
import type { Adversary } from './adversary.ts'
import { corrupted } from './corruption.ts'

export const wrongChunk: Adversary = {
  name: 'wrong-chunk',
  description: 'serves chunks of a state that is not the one the beacon has recorded',
  corrupt: (honest) => corrupted(honest, { effect: (effect) => [falsified(effect)] }),
}

function falsified(effect: ValidatorEffect): ValidatorEffect {
  if (effect.kind !== 'reply' || effect.message.kind !== 'chunk') return effect
  const { chunk } = effect.message
  if (chunk === undefined) return effect
  return { ...effect, message: { ...effect.message, chunk: withWrongRecord(chunk) } }
}

/** Proof and keys stay what they are, so everything fits but the root. */
function withWrongRecord(bytes: Uint8Array): Uint8Array {
  const read = decodeStateChunk(bytes)
  if (!read.ok) return bytes
  const { records } = read.value
  const at = records.length - 1
  return encodeStateChunk({
    ...read.value,
    records: records.map((record, index) =>
      index === at ? { ...record, value: record.value.map((byte) => byte ^ 1) } : record,
    ),
  })
}

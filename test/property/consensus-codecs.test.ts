/** Bytes of consensus: what is encoded comes back, what is changed is refused or is another canonical message. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { JournalRecord } from '../../node/consensus/engine-contract.ts'
import { decodeJournalRecord, encodeJournalRecord } from '../../node/consensus/journal.ts'
import { decodeConsensusMessage, encodeConsensusMessage } from '../../node/consensus/wire.ts'
import {
  certificates,
  messages,
  unsignedVotes,
  wireContext,
} from '../unit/consensus/support/arbitraries.ts'

const records: fc.Arbitrary<JournalRecord> = fc.oneof(
  unsignedVotes.map((vote) => ({ kind: 'vote', vote }) as const),
  certificates.map((certificate) => ({ kind: 'certificate', certificate }) as const),
  fc
    .record({
      view: fc.maxSafeNat(),
      height: fc.maxSafeNat(),
      hash: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    })
    .map((floor) => ({ kind: 'floor', ...floor }) as const),
)

/** Flips a bit, cuts the end off, or adds to it. */
const damages = fc.oneof(
  fc.record({ kind: fc.constant('flip' as const), at: fc.nat(), bit: fc.nat({ max: 7 }) }),
  fc.record({ kind: fc.constant('cut' as const), at: fc.nat(), bit: fc.constant(0) }),
  fc.record({ kind: fc.constant('grow' as const), at: fc.nat({ max: 40 }), bit: fc.constant(0) }),
)

type Damage = { readonly kind: 'flip' | 'cut' | 'grow'; readonly at: number; readonly bit: number }

function damage(bytes: Uint8Array, { kind, at, bit }: Damage): Uint8Array {
  const index = at % bytes.length
  if (kind === 'cut') return bytes.slice(0, index)
  if (kind === 'grow') return Uint8Array.from([...bytes, ...new Uint8Array(at + 1)])
  return bytes.map((byte, position) => (position === index ? byte ^ (1 << bit) : byte))
}

describe('consensus: codecs', () => {
  it('consensus: codecs: every message comes back as it went', () => {
    fc.assert(
      fc.property(messages, (message) => {
        const decoded = decodeConsensusMessage(encodeConsensusMessage(message), wireContext)
        expect(decoded).toEqual({ ok: true, value: message })
      }),
    )
  })

  it('consensus: codecs: a damaged message is refused or is itself canonical, and nothing is thrown', () => {
    fc.assert(
      fc.property(messages, damages, (message, change) => {
        const bytes = damage(encodeConsensusMessage(message), change)
        const decoded = decodeConsensusMessage(bytes, wireContext)
        if (decoded.ok) expect(encodeConsensusMessage(decoded.value)).toEqual(bytes)
        else expect(decoded.reject.code).toBe('malformed')
      }),
    )
  })

  it('consensus: codecs: no bytes at all make the decoder throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const decoded = decodeConsensusMessage(bytes, wireContext)
        if (decoded.ok) expect(encodeConsensusMessage(decoded.value)).toEqual(bytes)
      }),
    )
  })

  it('consensus: codecs: every journal record comes back as it went, damaged ones do not throw', () => {
    fc.assert(
      fc.property(records, damages, (record, change) => {
        const bytes = encodeJournalRecord(record)
        expect(decodeJournalRecord(bytes)).toEqual({ ok: true, value: record })
        const damaged = damage(bytes, change)
        const decoded = decodeJournalRecord(damaged)
        if (decoded.ok) expect(encodeJournalRecord(decoded.value)).toEqual(damaged)
      }),
    )
  })
})

/** The guard's rules: what may be signed next to what, windows, epochs, and the record's bytes. */
import { describe, expect, it } from 'vitest'
import type { VoteKind } from '../../../node/crosslink/certificate.ts'
import { asciiBytes } from '../../../node/primitives/bytes.ts'
import { sha256 } from '../../../node/primitives/hash.ts'
import { SHARDS_MAX } from '../../../node/primitives/limits.ts'
import {
  authorizeVotes,
  decodeGuardRecord,
  emptyGuardRecord,
  encodeGuardRecord,
  GUARD_RECORD_BYTES_MAX,
  GUARD_VIEWS_MAX,
  type GuardRecord,
  type VoteRequest,
} from '../../../node/storage/vote-guard.ts'

const genesis = sha256(asciiBytes('genesis'))
const [A, B] = [sha256(asciiBytes('A')), sha256(asciiBytes('B'))]

const ask = (kind: VoteKind, view: number, signingRoot = A): VoteRequest => ({
  chain: 1,
  epoch: 5,
  kind,
  view,
  signingRoot,
})

/** Verdicts of requests that come one after the other. */
function verdictsOf(...requests: VoteRequest[]): readonly string[] {
  return authorizeVotes(emptyGuardRecord(genesis), requests).verdicts
}

function recordAfter(...requests: VoteRequest[]): GuardRecord {
  return authorizeVotes(emptyGuardRecord(genesis), requests).record
}

describe('storage: vote guard: rules', () => {
  it('storage: vote guard: the same vote again is granted and needs no new record', () => {
    const record = recordAfter(ask('notarize', 1), ask('finalize', 1))
    const again = authorizeVotes(record, [ask('notarize', 1), ask('finalize', 1)])
    expect(again.verdicts).toEqual(['granted', 'granted'])
    expect(again.record).toBe(record)
    expect(record.sequence).toBe(1)
  })

  const contradictions: readonly (readonly [string, VoteRequest, VoteRequest])[] = [
    ['two proposals notarized in one view', ask('notarize', 3), ask('notarize', 3, B)],
    ['two proposals finalized in one view', ask('finalize', 3), ask('finalize', 3, B)],
    ['finalize after nullify', ask('nullify', 3), ask('finalize', 3)],
    ['nullify after finalize', ask('finalize', 3), ask('nullify', 3)],
  ]
  it.each(contradictions)('storage: vote guard: %s is refused', (_, first, second) => {
    expect(verdictsOf(first, second)).toEqual(['granted', 'refused'])
    expect(verdictsOf(first, second, first)).toEqual(['granted', 'refused', 'granted'])
  })

  it('storage: vote guard: what contradicts nothing is granted', () => {
    expect(verdictsOf(ask('notarize', 3), ask('nullify', 3), ask('nullify', 3))).toEqual([
      'granted',
      'granted',
      'granted',
    ])
    // Another view, another chain and another epoch are other oaths.
    expect(verdictsOf(ask('notarize', 3), ask('notarize', 4, B))).toEqual(['granted', 'granted'])
    expect(verdictsOf(ask('notarize', 3), { ...ask('notarize', 3, B), chain: 2 })).toEqual([
      'granted',
      'granted',
    ])
    expect(verdictsOf(ask('notarize', 3), { ...ask('notarize', 3, B), epoch: 6 })).toEqual([
      'granted',
      'granted',
    ])
  })

  it('storage: vote guard: view 0 is the genesis of an epoch and never signed', () => {
    expect(verdictsOf(ask('notarize', 0))).toEqual(['refused'])
  })

  it('storage: vote guard: 64 views are remembered, and what is behind them is refused', () => {
    const top = 200
    const record = recordAfter(ask('notarize', 100), ask('notarize', top))
    const floor = top - GUARD_VIEWS_MAX
    expect(authorizeVotes(record, [ask('notarize', 100)]).verdicts).toEqual(['refused'])
    expect(authorizeVotes(record, [ask('notarize', floor)]).verdicts).toEqual(['refused'])
    expect(authorizeVotes(record, [ask('notarize', floor + 1)]).verdicts).toEqual(['granted'])
    const filled = recordAfter(
      ...Array.from({ length: 1000 }, (_, index) => ask('notarize', index + 1)),
    )
    expect(filled.chains[0]?.domains[0]?.views).toHaveLength(GUARD_VIEWS_MAX)
    expect(filled.chains[0]?.domains[0]?.floor).toBe(1000 - GUARD_VIEWS_MAX)
  })

  it('storage: vote guard: a view signed late, inside the window, does not move the floor', () => {
    const record = recordAfter(ask('notarize', 100), ask('notarize', 90), ask('nullify', 95))
    expect(record.chains[0]?.domains[0]).toMatchObject({ floor: 100 - GUARD_VIEWS_MAX })
    expect(record.chains[0]?.domains[0]?.views.map(({ view }) => view)).toEqual([90, 95, 100])
  })

  it('storage: vote guard: of one chain two epochs are open, older ones are closed for good', () => {
    const at = (epoch: number, view = 1, root = A) => ({ ...ask('notarize', view, root), epoch })
    expect(verdictsOf(at(5), at(6), at(5, 2), at(6, 2))).toEqual(Array(4).fill('granted'))
    const record = recordAfter(at(5), at(6), at(7))
    expect(authorizeVotes(record, [at(5), at(5, 9), at(4), at(6), at(7)]).verdicts).toEqual([
      'refused',
      'refused',
      'refused',
      'granted',
      'granted',
    ])
    // An epoch below two open ones is refused even when none was closed yet.
    expect(verdictsOf(at(5), at(6), at(4))).toEqual(['granted', 'granted', 'refused'])
    // Another chain may still be in the old epoch.
    expect(authorizeVotes(record, [{ ...at(5), chain: 2 }]).verdicts).toEqual(['granted'])
  })

  it('storage: vote guard: a refused request leaves no trace', () => {
    const record = recordAfter(ask('notarize', 1))
    const refused = authorizeVotes(record, [ask('notarize', 1, B), ask('finalize', 0)])
    expect(refused.record).toBe(record)
  })

  it('storage: vote guard: the guard keeps its own copy of a root', () => {
    const root = A.slice()
    const record = recordAfter(ask('notarize', 1, root))
    root.fill(0)
    expect(authorizeVotes(record, [ask('notarize', 1, A)]).verdicts).toEqual(['granted'])
  })
})

describe('storage: vote guard: record', () => {
  const rich = recordAfter(
    ask('notarize', 1),
    ask('finalize', 1),
    ask('nullify', 2),
    ask('notarize', 2, B),
    { ...ask('finalize', 7), chain: 0, epoch: 0 },
    { ...ask('notarize', 1), epoch: 6 },
    { ...ask('notarize', 1), epoch: 7 },
  )

  it('storage: vote guard: a record survives its encoding', () => {
    expect(decodeGuardRecord(encodeGuardRecord(rich))).toEqual({ ok: true, value: rich })
  })

  it('storage: vote guard: a cut, lengthened or newer record is refused', () => {
    const bytes = encodeGuardRecord(rich)
    for (let size = 0; size < bytes.length; size += 7) {
      expect(decodeGuardRecord(bytes.subarray(0, size)).ok).toBe(false)
    }
    expect(decodeGuardRecord(Uint8Array.from([...bytes, 0])).ok).toBe(false)
    expect(decodeGuardRecord(Uint8Array.from([0, 2, ...bytes.subarray(2)])).ok).toBe(false)
  })

  it('storage: vote guard: a seat on every chain in a handover fits the bound', () => {
    let record = emptyGuardRecord(genesis)
    for (let chain = 0; chain <= SHARDS_MAX; chain++) {
      const requests: VoteRequest[] = []
      for (const epoch of [1, 2]) {
        for (let view = 1; view <= GUARD_VIEWS_MAX; view++) {
          requests.push({ chain, epoch, kind: 'notarize', view, signingRoot: A })
          requests.push({ chain, epoch, kind: 'finalize', view, signingRoot: A })
        }
      }
      record = authorizeVotes(record, requests).record
    }
    expect(encodeGuardRecord(record).length).toBe(GUARD_RECORD_BYTES_MAX)
  })
})

/**
 * The journal of one (chain, epoch) on disk: own votes, certificates and the floor (docs/protocol/consensus.md A.10).
 */
import type { JournalRecord } from '../consensus/engine-contract.ts'
import { decodeJournalRecord, encodeJournalRecord } from '../consensus/journal.ts'
import { assert, unreachable } from '../primitives/assert.ts'
import { createWriter } from '../primitives/codec.ts'
import type { ChainNumber } from '../primitives/identifiers.ts'
import type { StoreEntry } from '../storage/store.ts'
import type { Context } from './context.ts'

const VOTE_JOURNAL_KIND = { notarize: 0, nullify: 1, finalize: 2 } as const
const CERTIFICATE_JOURNAL_KIND = { notarize: 3, nullify: 4, finalize: 5 } as const
const FLOOR_JOURNAL_KIND = 6
const FLOOR_JOURNAL_VIEW = 0

export type JournalWriter = {
  readonly append: (record: JournalRecord) => void
  readonly restore: (entries: readonly StoreEntry[]) => readonly JournalRecord[]
  /** The epoch is over: nothing of its journal is needed any more. */
  readonly close: () => void
}

/** Own votes and certificates of one (chain, epoch) on disk; records at or below the floor are deleted (A.10.3). */
export function createJournalWriter(
  context: Context,
  chain: ChainNumber,
  epoch: number,
): JournalWriter {
  const kept = new Map<number, Uint8Array[]>()

  function keep(view: number, key: Uint8Array): void {
    const keys = kept.get(view)
    if (keys === undefined) kept.set(view, [key])
    else keys.push(key)
  }

  function drop(key: Uint8Array): void {
    context.emit({ kind: 'write', write: { kind: 'delete', table: 'journal', key }, sync: false })
  }

  function prune(floor: number): void {
    for (const [view, keys] of kept) {
      // The floor view itself stays: its FINALIZATION answers laggards after a restart (R12).
      if (view >= floor) continue
      kept.delete(view)
      keys.forEach(drop)
    }
  }

  return {
    append: (record: JournalRecord): void => {
      const { view, byte } = placeOf(record)
      const key = journalKey(chain, epoch, view, byte)
      const value = encodeJournalRecord(record)
      // A.10.1: an own vote is on disk before its signature leaves; certificates are lazy.
      const sync = record.kind === 'vote'
      context.emit({ kind: 'write', write: { kind: 'put', table: 'journal', key, value }, sync })
      if (record.kind === 'floor') prune(record.view)
      else keep(view, key)
    },
    restore: (entries: readonly StoreEntry[]): readonly JournalRecord[] =>
      entries.map(({ key, value }) => {
        const record = decodeJournalRecord(value)
        assert(record.ok, 'a journal record that passed its checksum decodes')
        const { view } = placeOf(record.value)
        if (record.value.kind !== 'floor') keep(view, key)
        return record.value
      }),
    close: () => {
      prune(Infinity)
      drop(journalKey(chain, epoch, FLOOR_JOURNAL_VIEW, FLOOR_JOURNAL_KIND))
    },
  }
}

/** View 0 holds the one floor record; a floor is replaced, not added. */
function placeOf(record: JournalRecord): { readonly view: number; readonly byte: number } {
  switch (record.kind) {
    case 'vote':
      return { view: record.vote.view, byte: VOTE_JOURNAL_KIND[record.vote.kind] }
    case 'certificate': {
      const { view, kind } = record.certificate
      return { view, byte: CERTIFICATE_JOURNAL_KIND[kind] }
    }
    case 'floor':
      return { view: FLOOR_JOURNAL_VIEW, byte: FLOOR_JOURNAL_KIND }
    default:
      return unreachable(record)
  }
}

function journalKey(chain: number, epoch: number, view: number, byte: number): Uint8Array {
  return createWriter().u32(chain).u64(epoch).u64(view).u8(byte).finish()
}

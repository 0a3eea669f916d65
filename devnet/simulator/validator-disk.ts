/**
 * What one simulated validator keeps on disk: the engine's journal, the blocks it stored, and the application's applied
 * blocks; and how it comes back from there.
 *
 * Recovery trusts the journal up to the first record that names a block which is not stored: blocks are written before
 * the records that need them, so such a record and all behind it were never synced, and nothing was signed because of them.
 */
import { present, unreachable } from '../../node/primitives/assert.ts'
import type { Prng } from '../../node/primitives/prng.ts'
import type { JournalRecord } from '../../node/consensus/engine-contract.ts'
import type { ChainBlock } from '../../node/consensus/message.ts'
import type { Certificate } from '../../node/crosslink/certificate.ts'
import { createDisk, type DiskOptions, type Retention } from './disk.ts'
import { digestText } from './digest-text.ts'
import { TOY_GENESIS } from './toy-chain.ts'

export type AppliedBlock = {
  readonly block: ChainBlock
  /** On the blocks that were finalized directly. */
  readonly certificate: Certificate | undefined
}

type Recovery = {
  readonly journal: readonly JournalRecord[]
  /** The finalized floor's block and stored blocks above it. */
  readonly blocks: readonly ChainBlock[]
  /** Finalized and stored, but not yet applied: to be applied before anything else, in this order. */
  readonly unapplied: readonly ChainBlock[]
}

export type ValidatorDisk = {
  readonly appendRecord: (record: JournalRecord) => void
  readonly storeBlock: (block: ChainBlock) => void
  readonly block: (hash: Uint8Array) => ChainBlock | undefined
  readonly appendApplied: (applied: AppliedBlock) => void
  /** Index i is height i + 1. */
  readonly applied: () => readonly AppliedBlock[]
  readonly isDirty: () => boolean
  readonly sync: () => void
  readonly crash: (retention: Retention, dice: Prng) => void
  readonly recover: () => Recovery
}

export type ValidatorDiskOptions = DiskOptions & {
  /**
   * Hosts may drop records of views below the floor's, and a database gives them back by key, not by time: one way to
   * keep the journal. The other is all of it, in the order of writing.
   */
  readonly journalIsPruned: boolean
}

export function createValidatorDisk(options: ValidatorDiskOptions): ValidatorDisk {
  const disk = createDisk(options)
  const journal = disk.log<JournalRecord>()
  const blocks = disk.table<ChainBlock>()
  const applied = disk.log<AppliedBlock>()

  function block(hash: Uint8Array): ChainBlock | undefined {
    return blocks.get(digestText(hash))
  }

  /** The blocks from the applied tip up to `floor`, or undefined if one of them is not stored. */
  function pathFromApplied(floor: Uint8Array): readonly ChainBlock[] | undefined {
    const path: ChainBlock[] = []
    const appliedHeight = applied.values().length
    let current = block(floor)
    while (current !== undefined && current.height > appliedHeight) {
      path.push(current)
      if (current.height === appliedHeight + 1) return path.reverse()
      current = block(current.parentHash)
    }
    return current === undefined ? undefined : []
  }

  function isSupported(record: JournalRecord): boolean {
    if (record.kind === 'floor') return pathFromApplied(record.hash) !== undefined
    if (record.kind !== 'vote' || record.vote.kind !== 'notarize') return true
    return block(present(record.vote.proposal, 'a notarize vote names a block').hash) !== undefined
  }

  function recover(): Recovery {
    const unsupported = journal.values().findIndex((record) => !isSupported(record))
    if (unsupported >= 0) journal.truncate(unsupported)
    const floor = lastFloor(journal.values())
    return {
      journal: options.journalIsPruned ? pruned(journal.values(), floor.view) : journal.values(),
      blocks: [...blocks.values()].filter((stored) => isAtOrAbove(stored, floor)),
      unapplied: floor.height === 0 ? [] : (pathFromApplied(floor.hash) ?? []),
    }
  }

  return {
    appendRecord: journal.append,
    storeBlock: (stored) => blocks.put(digestText(stored.hash), stored),
    block,
    appendApplied: applied.append,
    applied: applied.values,
    isDirty: disk.isDirty,
    sync: disk.sync,
    crash: disk.crash,
    recover,
  }
}

type Floor = { readonly view: number; readonly height: number; readonly hash: Uint8Array }

function lastFloor(journal: readonly JournalRecord[]): Floor {
  for (let index = journal.length - 1; index >= 0; index--) {
    const record = journal[index]
    if (record?.kind === 'floor') return record
  }
  return { view: 0, ...TOY_GENESIS }
}

/** By view and kind, as keys are; what is not needed after a restart is gone. */
function pruned(journal: readonly JournalRecord[], floorView: number): readonly JournalRecord[] {
  return journal
    .filter((record) => viewOfRecord(record) >= floorView)
    .toSorted(
      (left, right) => viewOfRecord(left) - viewOfRecord(right) || rankOf(left) - rankOf(right),
    )
}

function viewOfRecord(record: JournalRecord): number {
  switch (record.kind) {
    case 'floor':
      return record.view
    case 'vote':
      return record.vote.view
    case 'certificate':
      return record.certificate.view
    default:
      return unreachable(record)
  }
}

function rankOf({ kind }: JournalRecord): number {
  return ['certificate', 'floor', 'vote'].indexOf(kind)
}

function isAtOrAbove(block: ChainBlock, floor: Floor): boolean {
  return block.height > floor.height || digestText(block.hash) === digestText(floor.hash)
}

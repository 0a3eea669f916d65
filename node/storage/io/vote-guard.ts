/**
 * The vote guard's file: two alternating slots, so that the record before is whole while the next one is written. A slot is
 * u32 size, SHA-256 of the record, the record; only the bytes in use are written, followed by one fdatasync.
 *
 * Order (docs/reliability.md): check, write, fdatasync, and only then does `authorize` resolve and anybody sign. A crash in
 * between loses a vote, never an oath. Any error of write or sync is fatal: the kernel may have dropped the pages.
 */
import { createHash } from 'node:crypto'
import { writeSync } from 'node:fs'
import { open, readFile, type FileHandle } from 'node:fs/promises'
import { assert } from '../../primitives/assert.ts'
import { concatBytes, equalBytes } from '../../primitives/bytes.ts'
import type { Hash } from '../../primitives/identifiers.ts'
import {
  authorizeVotes,
  decodeGuardRecord,
  emptyGuardRecord,
  encodeGuardRecord,
  GUARD_RECORD_BYTES_MAX,
  type GuardRecord,
  type VoteGuard,
  type VoteRequest,
  type VoteVerdict,
} from '../vote-guard.ts'
import { systemErrorCode, writeFileDurably } from './durable-file.ts'
import {
  NetworkMismatchError,
  StorageFatalError,
  VoteGuardDamagedError,
  VoteGuardMissingError,
} from './storage-error.ts'

/** What the guard needs of an open file; tests put a failing disk in its place. */
export interface GuardFile {
  write(bytes: Uint8Array, offset: number): Promise<void>
  datasync(): Promise<void>
  close(): Promise<void>
}

/** Where a crash of a granted vote can fall. */
export type GuardStep = 'before-guard-write' | 'before-guard-sync' | 'after-guard-sync'

const CHECKSUM_SIZE = 32
const HEADER_SIZE = 4 + CHECKSUM_SIZE
const PAGE_SIZE = 4096
/** Room for the largest record, in whole pages. The rest of a slot is never written and takes no disk. */
export const GUARD_SLOT_SIZE =
  Math.ceil((HEADER_SIZE + GUARD_RECORD_BYTES_MAX) / PAGE_SIZE) * PAGE_SIZE

/**
 * Opens the guard at `path`; with `create` an absent one is made (both slots at sequence 0). A guard that is absent
 * otherwise, belongs to another network or has no readable slot is an error: the node must not vote.
 */
export async function openVoteGuard(
  path: string,
  genesisHash: Hash,
  options: { readonly create: boolean; readonly reached?: (step: GuardStep) => void },
): Promise<VoteGuard> {
  const slots = splitSlots(await readOrCreate(path, genesisHash, options.create))
  const record = slots.reduce(newerRecord, undefined)
  if (record === undefined) throw new VoteGuardDamagedError(path)
  if (!equalBytes(record.genesisHash, genesisHash)) {
    throw new NetworkMismatchError(path, record.genesisHash, genesisHash)
  }
  const intact = slots.every((slot) => slot !== undefined)
  const file = await openGuardFile(path)
  const reached = options.reached ?? (() => {})
  return createVoteGuard({ path, file, record, intact, reached })
}

/** The guard around an open file; `record` is the newest one in it. */
export function createVoteGuard(state: {
  readonly path: string
  readonly file: GuardFile
  readonly record: GuardRecord
  readonly intact: boolean
  /** Only a test has one. */
  readonly reached?: (step: GuardStep) => void
}): VoteGuard {
  const { path, file, reached } = state
  let record = state.record
  let fatal: StorageFatalError | undefined
  let closed = false
  /** Calls run one after the other; each sees what the one before it has put on disk. */
  let tail: Promise<unknown> = Promise.resolve()

  async function put(next: GuardRecord, slot: number): Promise<void> {
    try {
      reached?.('before-guard-write')
      await file.write(encodeSlot(next), slot * GUARD_SLOT_SIZE)
      reached?.('before-guard-sync')
      await file.datasync()
      reached?.('after-guard-sync')
    } catch (error) {
      fatal = new StorageFatalError(path, error)
      throw fatal
    }
  }

  async function authorizeNow(requests: readonly VoteRequest[]): Promise<readonly VoteVerdict[]> {
    assert(!closed, 'the vote guard is open')
    if (fatal !== undefined) throw fatal
    const ruling = authorizeVotes(record, requests)
    if (ruling.record !== record) {
      await put(ruling.record, ruling.record.sequence % 2)
      record = ruling.record
    }
    return ruling.verdicts
  }

  async function closeNow(): Promise<void> {
    if (closed) return
    closed = true
    // A clean stop leaves the last record in both slots, so that damage to one of them at rest forgets nothing.
    if (fatal === undefined) await put(record, (record.sequence + 1) % 2)
    await file.close()
  }

  function enqueue<T>(run: () => Promise<T>): Promise<T> {
    const result = tail.then(run)
    tail = result.catch(() => undefined)
    return result
  }

  return {
    authorize: (requests) => enqueue(() => authorizeNow(requests)),
    condition: () => (state.intact ? 'intact' : 'one-slot-lost'),
    close: () => enqueue(closeNow),
  }
}

async function readOrCreate(path: string, genesisHash: Hash, create: boolean): Promise<Uint8Array> {
  try {
    return await readFile(path)
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw new StorageFatalError(path, error)
    if (!create) throw new VoteGuardMissingError(path)
  }
  const slot = encodeSlot(emptyGuardRecord(genesisHash))
  const bytes = concatBytes(slot, new Uint8Array(GUARD_SLOT_SIZE - slot.length), slot)
  await writeFileDurably(path, bytes)
  return bytes
}

async function openGuardFile(path: string): Promise<GuardFile> {
  const handle = await open(path, 'r+')
  return {
    write: async (bytes, offset) => writeFully(handle, bytes, offset),
    datasync: () => handle.datasync(),
    close: () => handle.close(),
  }
}

/**
 * Synchronous on purpose: some kilobytes into the page cache take less than the way to a thread and back, and the datasync
 * that follows makes that way anyway.
 */
function writeFully({ fd }: FileHandle, bytes: Uint8Array, offset: number): void {
  let written = 0
  while (written < bytes.length) {
    const rest = bytes.subarray(written)
    const count = writeSync(fd, rest, 0, rest.length, offset + written)
    assert(count > 0, 'a write makes progress or fails')
    written += count
  }
}

function encodeSlot(record: GuardRecord): Uint8Array {
  const payload = encodeGuardRecord(record)
  const header = new Uint8Array(4)
  new DataView(header.buffer).setUint32(0, payload.length)
  const slot = concatBytes(header, checksumOf(payload), payload)
  assert(slot.length <= GUARD_SLOT_SIZE, 'a record fits its slot')
  return slot
}

function splitSlots(bytes: Uint8Array): readonly (GuardRecord | undefined)[] {
  return [0, GUARD_SLOT_SIZE].map((offset) =>
    decodeSlot(bytes.subarray(offset, offset + GUARD_SLOT_SIZE)),
  )
}

function decodeSlot(slot: Uint8Array): GuardRecord | undefined {
  if (slot.length < HEADER_SIZE) return undefined
  const size = new DataView(slot.buffer, slot.byteOffset).getUint32(0)
  if (size > slot.length - HEADER_SIZE) return undefined
  const payload = slot.subarray(HEADER_SIZE, HEADER_SIZE + size)
  if (!equalBytes(checksumOf(payload), slot.subarray(4, HEADER_SIZE))) return undefined
  const decoded = decodeGuardRecord(payload)
  return decoded.ok ? decoded.value : undefined
}

function newerRecord(
  newest: GuardRecord | undefined,
  candidate: GuardRecord | undefined,
): GuardRecord | undefined {
  if (newest === undefined || candidate === undefined) return newest ?? candidate
  return candidate.sequence > newest.sequence ? candidate : newest
}

function checksumOf(payload: Uint8Array): Uint8Array {
  return createHash('sha256').update(payload).digest()
}

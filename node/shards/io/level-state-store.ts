/**
 * The state store on disk: classic-level in a directory of its own, one synced batch per finalized block or imported chunk.
 *
 * Records stand in one of two slots. The slot that has a head is the state; a snapshot is imported into the other, and the
 * batch that ends the import moves the head. What is then left in the old slot is removed when there is time for it.
 *
 * LevelDB does not check values on reading, so each carries eight bytes of SHA-256 over key and value: a flipped bit or a
 * value under the wrong key is found before it is used. The head names the network and shard, so that a directory of
 * another chain is refused.
 */
import { ClassicLevel } from 'classic-level'
import { decodeShardHeader, encodeShardHeader } from '../../crosslink/header-codec.ts'
import { equalBytes } from '../../primitives/bytes.ts'
import { createWriter, decodeExactly } from '../../primitives/codec.ts'
import { HASH_SIZE, hashTagged } from '../../primitives/hash.ts'
import type { Hash } from '../../primitives/identifiers.ts'
import type { FinalizedHead, StoreCommit, StoredState } from '../execution-machine.ts'
import type { ImportProgress, ShardConfig } from '../executor.ts'
import type { StoredImport } from '../snapshot-import.ts'
import { STRETCH_COUNT } from '../snapshot-proof.ts'
import { decodeUndo, encodeUndo, UNDO_HEIGHTS_MAX, type UndoStep } from '../undo-log.ts'
import { headOf, StateDamagedError, type StateStore, StateStoreError } from './state-store.ts'

const CHECKSUM_SIZE = 8
/** Disk keys: one byte for the kind, then the record's own key. */
const SLOTS = [
  { head: Uint8Array.of(0x48), records: 0x52 },
  { head: Uint8Array.of(0x49), records: 0x53 },
] as const
const IMPORT_KEY = Uint8Array.of(0x50)
/** One byte, then the height. Steps above the head are of blocks that were gone back from: they are overwritten. */
const UNDO_KIND = 0x55
/** Old steps are removed so many at a time. */
const UNDO_CLEARED_AT_ONCE = 64
/** Records read from disk per call. */
const READ_COUNT = 4096
/** A header is below 2 KiB at SHARDS_MAX. */
const HEADER_BYTES_MAX = 4096
/** The whole state is in memory already; LevelDB needs no block cache for a file it reads once. */
const CACHE_BYTES = 1024 * 1024

type Database = ClassicLevel<Uint8Array, Uint8Array>
type Entry = { readonly key: Uint8Array; readonly value: Uint8Array }
type Slot = (typeof SLOTS)[number]
type Operation =
  | { type: 'put'; key: Uint8Array; value: Uint8Array }
  | { type: 'del'; key: Uint8Array }

type Opened = {
  readonly database: Database
  /** The chain that the directory belongs to. */
  readonly network: Hash
  /** Where the state stands. */
  live: Slot
  /** Steps below this height were removed. */
  undoFrom: number
}

/** Throws StateStoreError when the directory cannot be opened: locked, full, not ours to write. */
export async function openLevelStateStore(
  directory: string,
  config: Pick<ShardConfig, 'genesisHash' | 'shard'>,
): Promise<StateStore> {
  const database: Database = new ClassicLevel(directory, {
    keyEncoding: 'view',
    valueEncoding: 'view',
    cacheSize: CACHE_BYTES,
    writeBufferSize: CACHE_BYTES,
  })
  await attempt('open', () => database.open())
  const self: Opened = {
    database,
    network: networkOf(config),
    live: await liveSlot(database),
    undoFrom: 0,
  }
  return {
    load: () => loadState(self),
    loadImport: () => loadImport(self),
    commit: (commit) => attempt('write', () => writeCommit(self, commit)),
    close: () => attempt('close', () => database.close()),
  }
}

async function liveSlot(database: Database): Promise<Slot> {
  const [first, second] = SLOTS
  return (await attempt('read', () => database.get(second.head))) === undefined ? first : second
}

function otherSlot({ live }: Opened): Slot {
  return live === SLOTS[0] ? SLOTS[1] : SLOTS[0]
}

/** The chain that a directory belongs to. */
function networkOf({ genesisHash, shard }: Pick<ShardConfig, 'genesisHash' | 'shard'>): Hash {
  return hashTagged('state-store', genesisHash, createWriter().u32(shard).finish())
}

async function attempt<T>(deed: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw new StateStoreError(`could not ${deed} the state store: ${reasonOf(cause)}`, { cause })
  }
}

/** LevelDB's own words stand one level down. */
function reasonOf(error: unknown): string {
  const inner = error instanceof Error ? error.cause : undefined
  return inner instanceof Error ? inner.message : String(error)
}

async function writeCommit(self: Opened, commit: StoreCommit): Promise<void> {
  const { database, live } = self
  const staging = otherSlot(self)
  switch (commit.kind) {
    case 'blocks':
      await writeBatch(self, [
        ...writesTo(live, commit.writes),
        ...(commit.undo ?? []).map(stepAt),
        headAt(self, live, commit.head),
      ])
      return clearOldSteps(self, commit.head.height)
    case 'begin-import':
      await clearRecords(database, staging)
      return writeBatch(self, [progressOf(self, commit)])
    case 'import-chunk':
      return writeBatch(self, [...writesTo(staging, commit.writes), progressOf(self, commit)])
    case 'finish-import':
      await writeBatch(self, [
        headAt(self, staging, headOf(commit)),
        { type: 'del', key: live.head },
        { type: 'del', key: IMPORT_KEY },
      ])
      self.live = staging
      // A crash before this leaves records without a head: the next import into the slot removes them.
      return clearRecords(database, live)
    default:
      return commit satisfies never
  }
}

async function writeBatch({ database }: Opened, operations: Operation[]): Promise<void> {
  await database.batch(operations, { sync: true })
}

function clearRecords(database: Database, { records }: Slot): Promise<void> {
  return database.clear({ gte: Uint8Array.of(records), lt: Uint8Array.of(records + 1) })
}

function stepAt(step: UndoStep): Operation {
  const key = undoKey(step.height)
  return { type: 'put', key, value: sealValue(key, encodeUndo(step)) }
}

function undoKey(height: number): Uint8Array {
  return createWriter().u8(UNDO_KIND).u64(height).finish()
}

async function clearOldSteps(self: Opened, height: number): Promise<void> {
  const from = height - UNDO_HEIGHTS_MAX
  if (from < self.undoFrom + UNDO_CLEARED_AT_ONCE) return
  self.undoFrom = from
  await self.database.clear({ gte: undoKey(0), lt: undoKey(from) })
}

function writesTo(
  slot: Slot,
  writes: readonly { readonly key: Uint8Array; readonly value: Uint8Array | undefined }[],
): readonly Operation[] {
  return writes.map(({ key, value }) => {
    const diskKey = recordKey(slot, key)
    if (value === undefined) return { type: 'del', key: diskKey }
    return { type: 'put', key: diskKey, value: sealValue(diskKey, value) }
  })
}

function headAt({ network }: Opened, slot: Slot, head: FinalizedHead): Operation {
  const value = sealValue(slot.head, encodeHead(head, network))
  return { type: 'put', key: slot.head, value }
}

function progressOf(
  { network }: Opened,
  { header, progress }: Pick<StoredImport, 'header' | 'progress'>,
): Operation {
  const writer = createWriter().fixed(network, HASH_SIZE).variable(encodeShardHeader(header))
  for (const next of progress) writer.variable(next ?? new Uint8Array(0))
  return { type: 'put', key: IMPORT_KEY, value: sealValue(IMPORT_KEY, writer.finish()) }
}

async function loadState({ database, network, live }: Opened): Promise<StoredState | undefined> {
  let head: FinalizedHead | undefined
  const records: Entry[] = []
  const undo: UndoStep[] = []
  for (const { key, value } of await readEntries(database)) {
    const content = openValue(key, value)
    if (equalBytes(key, live.head)) head = decodeHead(content, network)
    else if (key[0] === live.records) records.push({ key: key.slice(1), value: content })
    else if (key[0] === UNDO_KIND) undo.push(stepOf(key, content))
    else if (!isKnown(key)) {
      throw new StateDamagedError('the state store holds a key of an unknown kind')
    }
  }
  if (head === undefined && records.length > 0) {
    throw new StateDamagedError('the state store has records but no head')
  }
  return head === undefined ? undefined : { head, records, undo }
}

function stepOf(key: Uint8Array, content: Uint8Array): UndoStep {
  const height = decodeExactly(key.subarray(1), (reader) => reader.u64())
  const step = height.ok ? decodeUndo(height.value, content) : height
  if (!step.ok) throw new StateDamagedError('a stored step of the undo log does not decode')
  return step.value
}

/** A record of the other slot, or the progress of an import. */
function isKnown(key: Uint8Array): boolean {
  return equalBytes(key, IMPORT_KEY) || SLOTS.some(({ records }) => key[0] === records)
}

async function loadImport(self: Opened): Promise<StoredImport | undefined> {
  const { database, network } = self
  const value = await attempt('read', () => database.get(IMPORT_KEY))
  if (value === undefined) return undefined
  const { header, progress } = decodeProgress(openValue(IMPORT_KEY, value), network)
  const { records: kind } = otherSlot(self)
  const entries = await readEntries(database, {
    gte: Uint8Array.of(kind),
    lt: Uint8Array.of(kind + 1),
  })
  const records = entries.map(({ key, value: sealed }) => {
    return { key: key.slice(1), value: openValue(key, sealed) }
  })
  return { header, progress, records }
}

function decodeProgress(bytes: Uint8Array, network: Hash): Omit<StoredImport, 'records'> {
  const decoded = decodeExactly(bytes, (reader) => ({
    network: reader.fixed(HASH_SIZE),
    header: reader.variable(HEADER_BYTES_MAX),
    progress: Array.from({ length: STRETCH_COUNT }, () => reader.variable(HASH_SIZE)),
  }))
  const header = decoded.ok ? decodeShardHeader(decoded.value.header) : decoded
  if (!decoded.ok || !header.ok || !equalBytes(decoded.value.network, network)) {
    throw new StateDamagedError('the stored progress of an import does not decode')
  }
  const progress: ImportProgress = decoded.value.progress.map((next) =>
    next.length === 0 ? undefined : next,
  )
  return { header: header.value, progress }
}

async function readEntries(
  database: Database,
  range: { readonly gte?: Uint8Array; readonly lt?: Uint8Array } = {},
): Promise<readonly Entry[]> {
  const entries: Entry[] = []
  await attempt('read', async () => {
    const iterator = database.iterator({ ...range })
    try {
      for (;;) {
        const page = await iterator.nextv(READ_COUNT)
        if (page.length === 0) return
        // Copies: what the iterator gives may be a view on a larger buffer.
        for (const [key, value] of page) {
          entries.push({ key: new Uint8Array(key), value: new Uint8Array(value) })
        }
      }
    } finally {
      await iterator.close()
    }
  })
  return entries
}

function recordKey({ records }: Slot, key: Uint8Array): Uint8Array {
  const diskKey = new Uint8Array(1 + key.length)
  diskKey[0] = records
  diskKey.set(key, 1)
  return diskKey
}

function sealValue(key: Uint8Array, value: Uint8Array): Uint8Array {
  const sealed = new Uint8Array(value.length + CHECKSUM_SIZE)
  sealed.set(value)
  sealed.set(checksumOf(key, value), value.length)
  return sealed
}

function openValue(key: Uint8Array, sealed: Uint8Array): Uint8Array {
  const size = sealed.length - CHECKSUM_SIZE
  const value = sealed.slice(0, Math.max(0, size))
  if (size < 0 || !equalBytes(sealed.subarray(size), checksumOf(key, value))) {
    throw new StateDamagedError('a stored record does not match its checksum')
  }
  return value
}

/** As u32, of the key. One is written and read for every record. */
const keySize = new Uint8Array(4)
const keySizeView = new DataView(keySize.buffer)

function checksumOf(key: Uint8Array, value: Uint8Array): Uint8Array {
  keySizeView.setUint32(0, key.length)
  return hashTagged('state-value', keySize, key, value).subarray(0, CHECKSUM_SIZE)
}

function encodeHead(head: FinalizedHead, network: Hash): Uint8Array {
  return createWriter()
    .fixed(network, HASH_SIZE)
    .u64(head.height)
    .fixed(head.hash, HASH_SIZE)
    .fixed(head.stateRoot, HASH_SIZE)
    .variable(head.header === undefined ? new Uint8Array(0) : encodeShardHeader(head.header))
    .finish()
}

function decodeHead(bytes: Uint8Array, network: Hash): FinalizedHead {
  const decoded = decodeExactly(bytes, (reader) => ({
    network: reader.fixed(HASH_SIZE),
    height: reader.u64(),
    hash: reader.fixed(HASH_SIZE),
    stateRoot: reader.fixed(HASH_SIZE),
    header: reader.variable(HEADER_BYTES_MAX),
  }))
  if (!decoded.ok) throw new StateDamagedError('the stored head does not decode')
  const { height, hash, stateRoot } = decoded.value
  if (!equalBytes(decoded.value.network, network)) {
    throw new StateDamagedError('the state store belongs to another network or shard')
  }
  if (decoded.value.header.length === 0) return { height, hash, stateRoot, header: undefined }
  const header = decodeShardHeader(decoded.value.header)
  if (!header.ok) throw new StateDamagedError('the stored header does not decode')
  return { height, hash, stateRoot, header: header.value }
}

/**
 * The state store on disk: classic-level in a directory of its own, one synced batch per finalized block.
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
import type { FinalizedHead, StateCommit, StoredState } from '../execution.ts'
import type { ShardConfig } from '../executor.ts'
import { StateDamagedError, type StateStore, StateStoreError } from './state-store.ts'

const CHECKSUM_SIZE = 8
/** Disk keys: one byte for the kind, then the record's own key. */
const HEAD_KEY = Uint8Array.of(0x48)
const RECORD_KIND = 0x52
/** Records read from disk per call. */
const READ_COUNT = 4096
/** A header is below 2 KiB at SHARDS_MAX. */
const HEADER_BYTES_MAX = 4096
/** The whole state is in memory already; LevelDB needs no block cache for a file it reads once. */
const CACHE_BYTES = 1024 * 1024

type Database = ClassicLevel<Uint8Array, Uint8Array>
type Entry = { readonly key: Uint8Array; readonly value: Uint8Array }

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
  const network = networkOf(config)
  return {
    load: () => loadState(database, network),
    commit: (commit) => attempt('write', () => writeCommit(database, commit, network)),
    close: () => attempt('close', () => database.close()),
  }
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

async function writeCommit(database: Database, commit: StateCommit, network: Hash): Promise<void> {
  const writes = commit.writes.map(({ key, value }) => {
    const diskKey = recordKey(key)
    if (value === undefined) return { type: 'del' as const, key: diskKey }
    return { type: 'put' as const, key: diskKey, value: sealValue(diskKey, value) }
  })
  const head = sealValue(HEAD_KEY, encodeHead(commit.head, network))
  await database.batch([...writes, { type: 'put', key: HEAD_KEY, value: head }], { sync: true })
}

async function loadState(database: Database, network: Hash): Promise<StoredState | undefined> {
  let head: FinalizedHead | undefined
  const records: Entry[] = []
  for (const { key, value } of await readEntries(database)) {
    const content = openValue(key, value)
    if (equalBytes(key, HEAD_KEY)) head = decodeHead(content, network)
    else if (key[0] === RECORD_KIND) records.push({ key: key.slice(1), value: content })
    else throw new StateDamagedError('the state store holds a key of an unknown kind')
  }
  if (head === undefined && records.length > 0) {
    throw new StateDamagedError('the state store has records but no head')
  }
  return head === undefined ? undefined : { head, records }
}

async function readEntries(database: Database): Promise<readonly Entry[]> {
  const entries: Entry[] = []
  await attempt('read', async () => {
    const iterator = database.iterator()
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

function recordKey(key: Uint8Array): Uint8Array {
  const diskKey = new Uint8Array(1 + key.length)
  diskKey[0] = RECORD_KIND
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

function checksumOf(key: Uint8Array, value: Uint8Array): Uint8Array {
  const size = createWriter().u32(key.length).finish()
  return hashTagged('state-value', size, key, value).slice(0, CHECKSUM_SIZE)
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

/**
 * One node's disk as the audit reads it: its chain store and the states of the shards it holds. Nothing is ever written to
 * it; what stands behind is a store in memory (simulator, tests) or a snapshot of the files (snapshot.ts).
 */
import { CERTIFICATE_BOUNDS, decodeCertificate } from '../../node/crosslink/certificate-codec.ts'
import { present } from '../../node/primitives/assert.ts'
import { fromHex } from '../../node/primitives/bytes.ts'
import { BEACON_CHAIN, type Hash } from '../../node/primitives/identifiers.ts'
import type { StoredState } from '../../node/shards/execution-machine.ts'
import { StoreCorruptionError } from '../../node/storage/io/storage-error.ts'
import type { Store, StoreEntry } from '../../node/storage/store.ts'
import { readFinalEntry } from '../../node/validator/serve.ts'
import { blockKey, decodeNumbers, numberKey, numberOfKey } from '../../node/validator/table.ts'

export type NodeArchive = {
  readonly node: number
  readonly store: Store
  /** By shard. Rejects with StateDamagedError when what is stored cannot be read; undefined: nothing was ever stored. */
  readonly states: ReadonlyMap<number, () => Promise<StoredState | undefined>>
}

/** What could be read, or why not, in words. */
export type Reading<T> =
  | { readonly ok: true; readonly value: T | undefined }
  | { readonly ok: false; readonly problem: string }

export type FinalBlock = {
  readonly hash: Hash
  readonly bytes: Uint8Array
  readonly certificate: Uint8Array | undefined
}

/** A read that tells a damaged value from an absent one. */
export async function readValue(
  { store }: NodeArchive,
  table: string,
  key: Uint8Array,
): Promise<Reading<Uint8Array>> {
  try {
    return { ok: true, value: await store.get(table, key) }
  } catch (error) {
    if (!(error instanceof StoreCorruptionError)) throw error
    return { ok: false, problem: `its record in table ${table} does not match its checksum` }
  }
}

/** The finalized block at a height, as this node stored it. */
export async function readFinalBlock(
  archive: NodeArchive,
  chain: number,
  height: number,
): Promise<Reading<FinalBlock>> {
  const key = numberKey(chain, height)
  const final = await readValue(archive, 'final', key)
  if (!final.ok) return final
  if (final.value === undefined) return { ok: true, value: undefined }
  const { hash, certificate } = readFinalEntry({ key, value: final.value })
  if (certificate !== undefined && !decodeCertificate(certificate, CERTIFICATE_BOUNDS).ok) {
    return { ok: false, problem: 'its certificate does not decode' }
  }
  const block = await readValue(archive, 'block', blockKey(chain, height, hash))
  if (!block.ok) return block
  if (block.value === undefined) {
    return { ok: false, problem: 'it is recorded as final, expected its bytes, found none' }
  }
  return { ok: true, value: { hash, bytes: block.value, certificate } }
}

/**
 * How far this node goes on a chain; 0 when it has nothing of it. The beacon's end is its newest final block, a shard's its
 * newest executed one: a killed node may have recorded as final what it executes when it starts again.
 */
export async function newestHeight(archive: NodeArchive, chain: number): Promise<number> {
  const table = chain === BEACON_CHAIN ? 'final' : 'outcome'
  const range = { table, from: numberKey(chain), to: numberKey(chain + 1) }
  try {
    const [newest] = await collect(archive, { ...range, reverse: true, countMax: 1 })
    return newest === undefined ? 0 : numberOfKey(newest.key)
  } catch (error) {
    if (!(error instanceof StoreCorruptionError)) throw error
    // The damaged record is the newest: its key tells how far the chain goes.
    return numberOfKey(present(fromHex(error.key), 'the error names the key in hexadecimal'))
  }
}

/** Heights that a node legitimately lacks: it took the state of `height` when it stood at `from` (state-sync.md S.8). */
export type Gap = { readonly from: number; readonly height: number }

/** Of one chain, ascending. Empty where the record cannot be read: what it excuses is then missing. */
export async function readGaps(archive: NodeArchive, chain: number): Promise<readonly Gap[]> {
  const range = { table: 'gap', from: numberKey(chain), to: numberKey(chain + 1) }
  try {
    const entries = await collect(archive, range)
    return entries.map(({ key, value }) => {
      const [from = 0] = decodeNumbers(value)
      return { from, height: numberOfKey(key) }
    })
  } catch (error) {
    if (!(error instanceof StoreCorruptionError)) throw error
    return []
  }
}

async function collect(
  { store }: NodeArchive,
  range: Parameters<Store['entries']>[0],
): Promise<readonly StoreEntry[]> {
  const entries: StoreEntry[] = []
  for await (const entry of store.entries(range)) entries.push(entry)
  return entries
}

/**
 * The store port: ordered bytes to bytes in named tables, with atomic batches. Implementations: `io/level.ts`,
 * `io/memory.ts`, `io/faulty.ts` (loses unsynced writes on a simulated crash), all held to one contract test.
 *
 * Every value on disk carries a checksum bound to table and key, so that a flipped bit or a value under the wrong key is
 * found before use (LevelDB does not tell). Reading such a value throws `StoreCorruptionError`.
 */

export type StoreWrite =
  | {
      readonly kind: 'put'
      readonly table: string
      readonly key: Uint8Array
      readonly value: Uint8Array
    }
  | { readonly kind: 'delete'; readonly table: string; readonly key: Uint8Array }

export type StoreRange = {
  readonly table: string
  /** Inclusive lower bound, exclusive upper bound; absent = open. */
  readonly from?: Uint8Array
  readonly to?: Uint8Array
  readonly reverse?: boolean
  readonly countMax?: number
}

export type StoreEntry = { readonly key: Uint8Array; readonly value: Uint8Array }

export interface Store {
  get(table: string, key: Uint8Array): Promise<Uint8Array | undefined>
  /** Atomic. With `sync` it is on disk when the promise resolves. */
  write(writes: readonly StoreWrite[], options: { readonly sync: boolean }): Promise<void>
  entries(range: StoreRange): AsyncIterable<StoreEntry>
  close(): Promise<void>
}

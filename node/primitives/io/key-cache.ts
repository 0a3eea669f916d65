/**
 * Decoded public keys, kept: decompression and subgroup check are done once per key, not once per signature (A.9).
 * Bounded; when full, the key that came first goes (a working set of committees is far below the bound).
 * Malformed keys are not kept, so that foreign bytes cannot push good ones out.
 */

/** As many as a registry holds (beacon.md B.15): eight full committees' worth. */
const KEYS_MAX = 1024

export function createKeyCache<Key>(
  decode: (bytes: Uint8Array) => Key | undefined,
): (bytes: Uint8Array) => Key | undefined {
  const known = new Map<string, Key>()
  return (bytes) => {
    const name = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
    const hit = known.get(name)
    if (hit !== undefined) return hit
    const key = decode(bytes)
    if (key === undefined) return undefined
    if (known.size >= KEYS_MAX) {
      for (const oldest of known.keys()) {
        known.delete(oldest)
        break
      }
    }
    known.set(name, key)
    return key
  }
}

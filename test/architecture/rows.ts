/**
 * The picture of ARCHITECTURE.md as a table: which folder stands in which row, what may be imported where, and what a
 * file may look like. The checker reads nothing but this.
 */

/** A folder imports itself and folders of lower rows: never sideways, never up. */
export const ROWS: Readonly<Record<string, number>> = {
  'node/primitives': 1,
  'node/crosslink': 2,
  'node/consensus': 3,
  'node/beacon': 3,
  'node/shards': 3,
  'node/network': 4,
  'node/storage': 4,
  'node/light': 4,
  'node/validator': 5,
  'node/rpc': 5,
  'node/runtime': 6,
  'node/cli': 7,
  devnet: 8,
  layer2: 8,
  explorer: 8,
  bench: 9,
}

/** Rows up to here are pure outside of their `io/`; from the next one on, input and output are everywhere. */
export const PURE_ROW_MAX = 5

/** The tests stand above everything and may import anything; nothing may import them. */
export const TEST_FOLDER = 'test'

/** Packages that pure code may use: functions of their arguments, no input or output. */
export const PURE_PACKAGES = [
  '@chainsafe/as-sha256',
  '@ethereumjs/',
  '@noble/',
  'hash-wasm',
  'msgpackr',
  'zod',
]

/** Packages that stay where they are wrapped, so that replacing one touches one folder. Tests are free. */
export const CONFINED_PACKAGES: readonly {
  readonly packages: readonly string[]
  readonly folders: readonly string[]
}[] = [
  {
    packages: ['libp2p', '@libp2p/', '@chainsafe/libp2p-', '@multiformats/'],
    folders: ['node/network/io/'],
  },
  { packages: ['piscina'], folders: ['node/shards/io/'] },
  {
    packages: ['level', 'classic-level'],
    folders: ['node/storage/io/', 'node/shards/io/'],
  },
  {
    packages: ['@chainsafe/blst', 'secp256k1'],
    folders: ['node/primitives/io/'],
  },
]

export const LINES_MAX = 400

/** Names that say nothing about what is inside, and barrels. */
export const BANNED_NAMES = ['utils', 'helpers', 'common', 'misc', 'manager', 'service', 'index']

/** Tools that demand a default export. */
export const DEFAULT_EXPORT_ALLOWED = ['vitest.config.ts']

/** Is the tree still the picture? And would we notice if it were not? */
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkArchitecture, type Violation } from './architecture/checker.ts'
import { ROWS } from './architecture/rows.ts'
import { importsOf, readSources } from './architecture/source.ts'

const root = join(import.meta.dirname, '..')
const sources = await readSources(root, ['node', 'devnet', 'bench', 'layer2', 'explorer', 'test'])

/** Violations of one planted file among harmless neighbours. */
function planted(file: string, code: string): readonly Violation[] {
  const doc = '/** A module. */\n'
  const neighbours = [
    'node/primitives/bytes.ts',
    'node/primitives/io/bls.ts',
    'node/consensus/engine.ts',
    'node/shards/machine.ts',
    'node/shards/io/pool.ts',
    'node/storage/store.ts',
    'node/storage/io/level.ts',
    'node/network/io/libp2p.ts',
    'node/runtime/driver.ts',
    'devnet/scenario.ts',
    'bench/sweep.ts',
    'test/unit/some.test.ts',
  ]
  return checkArchitecture(
    new Map([...neighbours.map((name) => [name, doc] as const), [file, doc + code]]),
  )
}

const rulesOf = (violations: readonly Violation[]) => violations.map(({ rule }) => rule)

describe('architecture: the tree', () => {
  it('architecture: the tree: the checker saw every folder of the picture that exists, and many files', () => {
    expect(sources.size).toBeGreaterThan(150)
    for (const folder of Object.keys(ROWS).filter((name) => name.startsWith('node/'))) {
      // The light client is part of the picture as soon as it has a file.
      if (folder === 'node/light') continue
      const seen = [...sources.keys()].filter((file) => file.startsWith(`${folder}/`))
      expect(seen.length, folder).toBeGreaterThan(0)
    }
    const imported = [...sources.values()].flatMap((text) => importsOf(text))
    expect(imported.length).toBeGreaterThan(2 * sources.size)
  })

  it('architecture: the tree: every file keeps the rules of the picture', () => {
    const found = checkArchitecture(sources).map(
      ({ rule, file, detail }) => `${rule}: ${file}: ${detail}`,
    )
    expect(found).toEqual([])
  })
})

describe('architecture: the checker', () => {
  const refused: readonly (readonly [string, Violation['rule'], string, string])[] = [
    [
      'an import upwards',
      'row',
      'node/primitives/planted.ts',
      `import { step } from '../consensus/engine.ts'`,
    ],
    [
      'an import sideways',
      'row',
      'node/consensus/planted.ts',
      `import type { Machine } from '../shards/machine.ts'`,
    ],
    [
      'an import from the tests',
      'row',
      'node/consensus/planted.ts',
      `import { x } from '../../test/unit/some.test.ts'`,
    ],
    [
      'an io file that imports upwards',
      'row',
      'node/primitives/io/planted.ts',
      `import { openLevelStore } from '../../storage/io/level.ts'`,
    ],
    ['a devnet that imports the bench', 'row', 'devnet/planted.ts', `import '../bench/sweep.ts'`],
    [
      'pure code that imports its own io',
      'wiring',
      'node/storage/planted.ts',
      `import { openLevelStore } from './io/level.ts'`,
    ],
    [
      'pure code that imports the io of a lower row',
      'wiring',
      'node/shards/planted.ts',
      `const scheme = await import('../primitives/io/bls.ts')`,
    ],
    [
      'pure code that imports node',
      'purity',
      'node/beacon/planted.ts',
      `import { readFile } from 'node:fs/promises'`,
    ],
    [
      'pure code that imports a package which is not on the list',
      'purity',
      'node/rpc/planted.ts',
      `import { WebSocket } from 'ws'`,
    ],
    [
      'libp2p outside of the network',
      'package',
      'node/runtime/planted.ts',
      `import type { PeerId } from '@libp2p/interface'`,
    ],
    [
      'piscina outside of the shards',
      'package',
      'node/runtime/planted.ts',
      `export type Pool = import('piscina').Piscina`,
    ],
    [
      'a native binding outside of its wrapper',
      'package',
      'devnet/planted.ts',
      `const native = createRequire(import.meta.url)('secp256k1/bindings.js')`,
    ],
    [
      'an import of nothing',
      'missing',
      'node/storage/planted.ts',
      `import { Store } from './store'`,
    ],
    ['a default export', 'export', 'node/storage/planted.ts', `export default 1`],
    ['a barrel', 'export', 'node/storage/planted.ts', `export * from './store.ts'`],
    [
      'a re-export by name',
      'export',
      'node/storage/planted.ts',
      `export type {\n  Store,\n} from './store.ts'`,
    ],
    ['an index', 'name', 'node/storage/index.ts', ''],
    ['a name that says nothing', 'name', 'node/storage/utils.ts', ''],
    ['a name in another case', 'name', 'node/storage/LevelStore.ts', ''],
    ['a long file', 'length', 'test/unit/planted.test.ts', 'const x = 1\n'.repeat(400)],
  ]
  it.each(refused)('architecture: the checker: it refuses %s', (_, rule, file, code) => {
    expect(rulesOf(planted(file, code))).toEqual([rule])
  })

  it('architecture: the checker: it refuses a module without documentation', () => {
    const files = new Map([['node/storage/planted.ts', '// A comment.\nexport const x = 1\n']])
    expect(rulesOf(checkArchitecture(files))).toEqual(['doc'])
  })

  it('architecture: the checker: it finds cycles, also of types and over three files', () => {
    const doc = '/** A module. */\n'
    const files = new Map([
      ['node/storage/a.ts', `${doc}import { b } from './b.ts'`],
      ['node/storage/b.ts', `${doc}import type { C } from './c.ts'`],
      ['node/storage/c.ts', `${doc}import { a } from './a.ts'`],
      ['node/storage/d.ts', `${doc}import { a } from './a.ts'`],
    ])
    expect(checkArchitecture(files)).toEqual([
      {
        rule: 'cycle',
        file: 'node/storage/a.ts',
        detail: 'node/storage/a.ts -> node/storage/b.ts -> node/storage/c.ts -> node/storage/a.ts',
      },
    ])
  })

  const allowed: readonly (readonly [string, string, string])[] = [
    ['a lower row', 'node/storage/planted.ts', `import { x } from '../consensus/engine.ts'`],
    ['the own folder', 'node/storage/planted.ts', `import { x } from './store.ts'`],
    [
      'io of a lower row from io',
      'node/shards/io/planted.ts',
      `import '../../primitives/io/bls.ts'`,
    ],
    ['own io from io', 'node/storage/io/planted.ts', `import { x } from './level.ts'`],
    ['any io from the runtime', 'node/runtime/planted.ts', `import '../storage/io/level.ts'`],
    ['node from io', 'node/storage/io/planted.ts', `import { open } from 'node:fs'`],
    ['a pure package', 'node/shards/planted.ts', `import { x } from '@noble/hashes/sha2.js'`],
    ['anything from a test', 'test/unit/planted.test.ts', `import { createLibp2p } from 'libp2p'`],
    [
      'an import in a comment or a string',
      'node/storage/planted.ts',
      `// import '../runtime/driver.ts'\n/* import('libp2p') */\nconst url = 'http://x' // from 'y'`,
    ],
  ]
  it.each(allowed)('architecture: the checker: it allows %s', (_, file, code) => {
    expect(planted(file, code)).toEqual([])
  })
})

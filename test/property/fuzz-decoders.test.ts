/** Every decoder of bytes, against valid, damaged and random input. `FUZZ_RUNS=100000` makes a long session of it. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { chainTargets } from './fuzz-targets-chain.ts'
import { nodeTargets } from './fuzz-targets-node.ts'
import { stakeTargets } from './fuzz-targets-stake.ts'
import { storeTargets } from './fuzz-targets-store.ts'
import { textTargets } from './fuzz-targets-text.ts'

const targets = [...chainTargets, ...nodeTargets, ...stakeTargets, ...storeTargets, ...textTargets]

describe.each(targets)('fuzz: $name', ({ name, holdsValid, holdsDamaged }) => {
  it(`fuzz: ${name}: what is valid comes back`, holdsValid)
  it(`fuzz: ${name}: damage is refused in declared words, or is canonical itself`, holdsDamaged)
})

describe('fuzz: list', () => {
  it('fuzz: list: every exported decoder and parser of the node is on it', () => {
    const covered = new Set(targets.flatMap((one) => one.covers))
    const exported = sourcesOf('node').flatMap(decodersIn)
    expect(exported.length).toBeGreaterThan(30)
    expect(exported.filter((one) => !covered.has(one))).toEqual([])
  })

  it('fuzz: list: everything on it exists', () => {
    for (const one of targets.flatMap(({ covers }) => covers)) {
      const [file = '', name = ''] = one.split('#')
      expect(readFileSync(file, 'utf8'), one).toMatch(new RegExp(`export .*\\b${name}\\b`))
    }
  })

  it('fuzz: list: no input has changed what all objects have in common', () => {
    expect(Object.keys(Object.prototype)).toEqual([])
    expect(Object.keys(Array.prototype)).toEqual([])
  })
})

function sourcesOf(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(folder, file))
}

function decodersIn(file: string): readonly string[] {
  const pattern = /^export (?:async )?(?:function|const) ((?:decode|parse)[A-Z]\w*)/gm
  return [...readFileSync(file, 'utf8').matchAll(pattern)].map((match) => `${file}#${match[1]}`)
}

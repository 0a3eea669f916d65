/** State roots of a genesis: worked out, or read from a file that says whose they are. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { shardGenesis } from '../../../node/beacon/genesis.ts'
import { genesisRootsText, genesisStateRoots } from '../../../node/runtime/genesis-roots.ts'
import { genesisStateRoot } from '../../../node/shards/genesis-state.ts'
import { exampleGenesis } from '../beacon/network.ts'

const genesis = exampleGenesis({ shardCount: 2, validatorCount: 8 })
const directory = await mkdtemp(join(tmpdir(), 'weft-roots-'))
afterAll(() => rm(directory, { recursive: true }))

async function fileWith(text: string): Promise<string> {
  const file = join(directory, 'roots.json')
  await writeFile(file, text)
  return file
}

describe('runtime: genesis roots', () => {
  test('runtime: genesis roots: without a file they are those of the allocations', async () => {
    const expected = [1, 2].map((shard) => genesisStateRoot(shardGenesis(genesis, shard)))
    expect(await genesisStateRoots(genesis, undefined)).toEqual(expected)
    expect(await genesisStateRoots(genesis, join(directory, 'none.json'))).toEqual(expected)
    expect(await genesisStateRoots(genesis, await fileWith(genesisRootsText(genesis)))).toEqual(
      expected,
    )
  })

  test('runtime: genesis roots: what the file says is taken, if it is of this genesis', async () => {
    const text = genesisRootsText(genesis).replace(/[0-9a-f]{8}"\s*\]/, '01234567"]')
    const roots = await genesisStateRoots(genesis, await fileWith(text))
    expect(roots[1]?.slice(28)).toEqual(Uint8Array.of(1, 0x23, 0x45, 0x67))
  })

  test.each([
    ['another genesis', genesisRootsText(exampleGenesis({ shardCount: 2, validatorCount: 9 }))],
    ['no JSON', '{'],
    ['a root that is too short', genesisRootsText(genesis).replace(/[0-9a-f]{2}"\s*\]/, '"]')],
  ])('runtime: genesis roots: a file with %s is refused, with what to do', async (_, text) => {
    await expect(genesisStateRoots(genesis, await fileWith(text))).rejects.toThrow(
      /is damaged or of another genesis; delete it/,
    )
  })
})

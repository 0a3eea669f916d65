/** Executors of a shard whose accounts at genesis stand in a file: read when a state is made of them, believed in nothing. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Executor, ShardConfig } from '../../node/shards/executor.ts'
import { ACCOUNT_ENTRY_SIZE, writeAccounts } from '../../node/shards/genesis-accounts.ts'
import { genesisStateRoot } from '../../node/shards/genesis-state.ts'
import { GenesisAccountsError } from '../../node/shards/io/genesis-file-state.ts'
import { openInlineExecutor } from '../../node/shards/io/inline.ts'
import { openPoolExecutor } from '../../node/shards/io/pool.ts'
import { ETHER, shardConfig } from '../unit/shards/fixture.ts'

const LISTED = shardConfig(1)
const ROOT = genesisStateRoot(LISTED)
const BYTES = new Uint8Array(LISTED.allocations.length * ACCOUNT_ENTRY_SIZE)
writeAccounts(BYTES, LISTED.allocations)

let directory: string
let file: string
let config: ShardConfig

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weft-genesis-accounts-'))
  file = join(directory, 'accounts-1.bin')
  const supply = 100n * ETHER * BigInt(LISTED.allocations.length)
  config = { ...LISTED, allocations: [], accounts: { stateRoot: ROOT, supply, file } }
  await writeFile(file, BYTES)
})

afterEach(() => rm(directory, { recursive: true }))

const openPool = (isLate = false): Promise<Executor> =>
  openPoolExecutor({ config, directory: join(directory, 'state'), isLate })

/** The last byte is a wei. */
const richer = Uint8Array.from(BYTES).fill(1, -1)

describe('contract: genesis accounts', () => {
  test('contract: genesis accounts: inline and in a thread the state is that of the list', async () => {
    const pool = await openPool()
    for (const executor of [pool, openInlineExecutor(config)])
      expect(await executor.run({ kind: 'status' })).toMatchObject({ height: 0, stateRoot: ROOT })
    await pool.close()
  })

  test('contract: genesis accounts: once the state is stored, nobody reads them again', async () => {
    await (await openPool()).close()
    await rm(file)
    const again = await openPool()
    expect(await again.run({ kind: 'status' })).toMatchObject({ stateRoot: ROOT })
    await again.close()
  })

  test.each([
    ['damaged', () => writeFile(file, richer), 'they give another state root; copy it again'],
    ['cut off', () => writeFile(file, BYTES.subarray(1)), 'it ends within an account; copy it'],
    ['gone', () => rm(file), 'copy it beside the genesis file'],
  ])(
    'contract: genesis accounts: a file that is %s is refused by name, with what to do',
    async (_how, spoil, sentence) => {
      await spoil()
      const problem = await openPool().catch((error: unknown) => error)
      if (!(problem instanceof GenesisAccountsError))
        throw new Error('it was opened', { cause: problem })
      expect(problem.message).toContain(file)
      expect(problem.message).toContain(sentence)
      expect(() => openInlineExecutor(config)).toThrow(sentence)
    },
  )

  test('contract: genesis accounts: a sum other than the genesis names is refused', async () => {
    const { accounts } = config
    if (accounts === undefined) throw new Error('they stand apart')
    const other = { ...config, accounts: { ...accounts, supply: accounts.supply + 1n } }
    expect(() => openInlineExecutor(other)).toThrow(file)
  })

  test('contract: genesis accounts: whoever comes late reads them when a state is needed, and not before', async () => {
    await rm(file)
    const late = await openPool(true)
    expect(await late.run({ kind: 'status' })).toMatchObject({ height: 0 })
    await expect(late.run({ kind: 'supply', at: { kind: 'finalized' } })).rejects.toThrow(file)
    await writeFile(file, BYTES)
    expect(await late.run({ kind: 'supply', at: { kind: 'finalized' } })).toMatchObject({
      kind: 'supply',
    })
    await late.close()
  })
})

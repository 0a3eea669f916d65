/** What a node refuses when it opens, with what is missing and what to do: a record of its database, accounts of its shard. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Genesis } from '../../../node/beacon/genesis.ts'
import { hashTagged } from '../../../node/primitives/hash.ts'
import { committeeKeyFromSeed, provePossession } from '../../../node/primitives/io/schemes.ts'
import { parseNodeConfig, type NodeConfig } from '../../../node/runtime/config.ts'
import { withAccountsApart } from '../../../node/runtime/genesis-accounts.ts'
import { genesisFileText, readGenesisFile } from '../../../node/runtime/genesis-file.ts'
import { createLog } from '../../../node/runtime/log.ts'
import { NodeError } from '../../../node/runtime/node-error.ts'
import { openNode, type Opening } from '../../../node/runtime/opening.ts'
import { openLevelStore } from '../../../node/storage/io/level.ts'
import type { StoreWrite } from '../../../node/storage/store.ts'
import { numberKey } from '../../../node/validator/table.ts'
import { genesisOf } from '../../simulation/sharded/genesis.ts'

function observedGenesis(shards = 1): Genesis {
  const keys = Array.from({ length: 4 * shards }, (_, seat) =>
    committeeKeyFromSeed('ed25519', hashTagged('test/key', Uint8Array.of(seat))),
  )
  const genesis = genesisOf(shards, keys)
  return {
    ...genesis,
    certificateScheme: 'ed25519',
    validators: genesis.validators.map((validator, seat) => {
      const secretKey = keys[seat]?.secretKey ?? new Uint8Array(32)
      return { ...validator, possession: provePossession('ed25519', secretKey) }
    }),
  }
}

function configIn(dataDirectory: string, followShards: readonly number[] = []): NodeConfig {
  const parsed = parseNodeConfig({
    dataDirectory,
    genesisFile: 'unused',
    p2p: { identityFile: 'unused', listen: '/ip4/127.0.0.1/tcp/0', bootstrap: [] },
    rpc: { host: '127.0.0.1', port: 0 },
    followShards,
    logLevel: 'silent',
  })
  if (!parsed.ok) throw new Error(parsed.problems.join())
  return parsed.config
}

/** What a start on a database with these records says; undefined: it opens. */
async function startOn(writes: readonly StoreWrite[]): Promise<unknown> {
  const directory = await mkdtemp(join(tmpdir(), 'weft-opening-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const database = await openLevelStore(join(directory, 'chain'), { create: true })
  await database.write(writes, { sync: true })
  await database.close()
  return open(configIn(directory), observedGenesis())
}

async function open(config: NodeConfig, genesis: Genesis): Promise<unknown> {
  const log = createLog('silent', 'test')
  const opening: Opening = { config, genesis, log, seams: {}, closers: [] }
  try {
    await openNode(opening)
    return undefined
  } catch (error) {
    return error
  } finally {
    for (const close of opening.closers.toReversed()) await close()
  }
}

test('opening: an empty database is opened', async () => {
  expect(await startOn([])).toBeUndefined()
})

test('opening: a database with a hole is refused with what is missing and what to do', async () => {
  const value = new Uint8Array(32)
  const final = { kind: 'put', table: 'final', key: numberKey(0, 7), value } as const
  const error = await startOn([final])
  if (!(error instanceof NodeError)) throw new Error('the node was opened', { cause: error })
  expect(error.code).toBe('store-incomplete')
  expect(error.message).toContain("the journal's floor 7 of chain 0")
  expect(error.message).toContain('keep the file vote-guard')
})

test('opening: a node reads the accounts of the shards that it holds, and of no other', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'weft-opening-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  // A young network, in which the state of genesis is made at once.
  const { genesis, files } = withAccountsApart({ ...observedGenesis(2), timestampMs: Date.now() })
  const genesisFile = join(directory, 'genesis.json')
  await writeFile(genesisFile, genesisFileText(genesis))
  const [first] = files
  if (first === undefined) throw new Error('a shard has accounts')
  await writeFile(join(directory, first.name), first.bytes)
  const read = await readGenesisFile(genesisFile)
  expect(await open(configIn(join(directory, 'one'), [1]), read)).toBeUndefined()
  const error = await open(configIn(join(directory, 'two'), [2]), read)
  expect(error).toMatchObject({ code: 'genesis-accounts' })
  expect(String(error)).toContain(join(directory, 'accounts-2.bin'))
})

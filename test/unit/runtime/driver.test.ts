/** What the driver makes of an executor that can never answer: the node ends and says why, instead of asking for ever. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startDriver, type DriverPorts } from '../../../node/runtime/driver.ts'
import { GenesisAccountsError } from '../../../node/shards/io/genesis-file-state.ts'
import { openPoolExecutor } from '../../../node/shards/io/pool.ts'
import { openMemoryStore } from '../../../node/storage/io/memory.ts'
import type { NodeRestore, ValidatorEffect } from '../../../node/validator/contract.ts'
import type { Validator } from '../../../node/validator/validator.ts'
import { shardConfig } from '../shards/fixture.ts'

const question: ValidatorEffect = {
  kind: 'execute',
  shard: 1,
  job: 1,
  request: { kind: 'supply', at: { kind: 'finalized' } },
}
const NOTHING_STORED: NodeRestore = {
  chains: [],
  beaconState: undefined,
  anchors: [],
  channels: [],
  snapshots: [],
}

/** Asks one question, and nothing more whatever it hears. */
const asking: Pick<Validator, 'handle'> = {
  handle: (input) => (input.kind === 'start' ? [question] : []),
}

test('runtime: driver: a genesis whose accounts are not there ends the node', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'weft-driver-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const file = join(directory, 'accounts-1.bin')
  const accounts = { stateRoot: new Uint8Array(32), supply: 0n, file }
  const config = { ...shardConfig(1), allocations: [], accounts }
  const executor = await openPoolExecutor({ config, directory, isLate: true })
  onTestFinished(() => executor.close())
  const nothing = (): void => {}
  const ports: DriverPorts = {
    now: () => 0,
    wallMs: () => 0,
    store: openMemoryStore(),
    signer: undefined,
    executors: new Map([[1, executor]]),
    recover: () => Promise.resolve([]),
    check: () => Promise.resolve([]),
    send: nothing,
    reply: nothing,
    publish: nothing,
    listen: nothing,
    openShard: () => Promise.reject(new Error('no shard is opened here')),
    closeShard: () => Promise.resolve(),
  }
  const error = await new Promise((resolve) => {
    const events = { onFact: nothing, onEffect: nothing, onFatal: resolve }
    const driver = startDriver(asking as Validator, ports, events)
    onTestFinished(() => driver.stop())
    driver.post({ kind: 'start', restore: NOTHING_STORED })
  })
  expect(error).toBeInstanceOf(GenesisAccountsError)
  expect(String(error)).toContain(file)
})

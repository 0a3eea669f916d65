import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { genesisPerShard } from '../../../devnet/audit.ts'
import { DEFAULT_PARAMETERS } from '../../../devnet/parameters.ts'
import {
  filesOf,
  openDataDirectory,
  resetDataDirectory,
} from '../../../devnet/processes/data-directory.ts'
import { findFreePorts, PortClaims } from '../../../devnet/processes/ports.ts'
import { cpuSecondsOf, parseMachineTicks } from '../../../devnet/processes/process-figures.ts'
import {
  findRunning,
  isAlive,
  nameProcess,
  writeRunFile,
} from '../../../devnet/processes/run-file.ts'
import { startZombie } from '../storage/zombie.ts'

const parameters = {
  ...DEFAULT_PARAMETERS,
  shards: 1,
  validators: 4,
  scheme: 'ed25519' as const,
  loadAccounts: 2,
}
const fresh = { reset: false, nowMs: 1_780_000_000_000 }
let directory: string
let path: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weft-data-test-'))
  path = join(directory, 'net')
})

afterEach(async () => {
  await rm(directory, { recursive: true, force: true })
})

describe('devnet: data directory', () => {
  test('devnet: data directory: what was created is resumed with the same genesis', async () => {
    const created = await openDataDirectory(path, parameters, fresh)
    const resumed = await openDataDirectory(path, parameters, { ...fresh, nowMs: 1 })
    expect([created.resumed, resumed.resumed]).toEqual([false, true])
    expect(resumed.genesis).toEqual(created.genesis)
  })

  test('devnet: data directory: many accounts stand apart from the genesis, few are listed in it', async () => {
    const few = await openDataDirectory(path, parameters, fresh)
    expect(few.genesis.allocations.length).toBe(12)
    const large = { ...parameters, idleAccounts: 4096 }
    const { genesis } = await openDataDirectory(path, large, { ...fresh, reset: true })
    expect([genesis.allocations, genesis.shardAccounts?.length]).toEqual([[], 1])
    const file = join(path, 'accounts-1.bin')
    expect(genesis.shardAccounts?.[0]?.file).toBe(file)
    expect((await stat(file)).size).toBe(52 * (12 + 4096))
    expect((await readFile(filesOf(path).genesis, 'utf8')).length).toBeLessThan(10_000)
    const resumed = await openDataDirectory(path, large, fresh)
    expect(resumed.genesis).toEqual(genesis)
    expect(genesisPerShard(genesis)).toEqual([
      10n * 10_000n * 10n ** 18n + 2n * 10n ** 27n + 4096n * 10n ** 18n,
    ])
  })

  test('devnet: data directory: keys are readable by their owner only', async () => {
    await openDataDirectory(path, parameters, fresh)
    const { committeeKey, identityKey } = filesOf(path).node(3)
    for (const file of [committeeKey, identityKey]) {
      expect((await stat(file)).mode & 0o777).toBe(0o600)
    }
  })

  test('devnet: data directory: other parameters are refused by name and change nothing', async () => {
    await openDataDirectory(path, parameters, fresh)
    const before = await readFile(filesOf(path).genesis, 'utf8')
    const other = { ...parameters, validators: 5 }
    await expect(openDataDirectory(path, other, fresh)).rejects.toThrow(
      /validators 4 instead of 5.*--reset/,
    )
    expect(await readFile(filesOf(path).genesis, 'utf8')).toBe(before)
  })

  test('devnet: data directory: reset makes another network', async () => {
    const first = await openDataDirectory(path, parameters, fresh)
    const reset = { reset: true, nowMs: fresh.nowMs + 1 }
    const second = await openDataDirectory(path, parameters, reset)
    expect(second.resumed).toBe(false)
    expect(second.genesis.seed).not.toEqual(first.genesis.seed)
  })

  test('devnet: data directory: what is not ours is neither used nor deleted', async () => {
    await mkdir(path)
    await writeFile(join(path, 'thesis.txt'), 'years of work')
    const refusal = /is not empty and holds no devnet/
    await expect(openDataDirectory(path, parameters, fresh)).rejects.toThrow(refusal)
    await expect(openDataDirectory(path, parameters, { ...fresh, reset: true })).rejects.toThrow(
      refusal,
    )
    await expect(resetDataDirectory(path)).rejects.toThrow(refusal)
    expect(await readdir(path)).toEqual(['thesis.txt'])
  })

  test('devnet: data directory: a damaged stamp is not taken for a licence to delete', async () => {
    await openDataDirectory(path, parameters, fresh)
    await writeFile(filesOf(path).stamp, '{"format":"weft-devnet-9"}')
    await expect(resetDataDirectory(path)).rejects.toThrow(/another version of weft or damaged/)
    expect(await readdir(path)).toContain('genesis.json')
  })
})

describe('devnet: run file', () => {
  test('devnet: run file: a process is known by its start time, not by its number alone', async () => {
    const self = await nameProcess(process.pid)
    expect(await isAlive(self)).toBe(true)
    expect(await isAlive({ pid: self.pid, startTicks: (self.startTicks ?? 0) + 1 })).toBe(false)
  })

  test.runIf(process.platform === 'linux')(
    'devnet: run file: a process that has ended is not alive, also before its parent has noticed',
    async () => {
      const zombie = await startZombie()
      onTestFinished(zombie.bury)
      expect(await isAlive({ pid: zombie.pid, startTicks: zombie.startTicks })).toBe(false)
    },
  )

  test('devnet: run file: what a killed supervisor left does not count as running', async () => {
    await mkdir(path)
    const supervisor = await nameProcess(process.pid)
    const run = { format: 'weft-run-1' as const, supervisor, startedMs: 1, nodes: [] }
    await writeRunFile(path, run)
    expect(await findRunning(path)).toEqual(run)
    await writeRunFile(path, { ...run, supervisor: { ...supervisor, startTicks: 1 } })
    expect(await findRunning(path)).toBeUndefined()
  })
})

describe('devnet: ports', () => {
  const opened: PortClaims[] = []
  const devnet = (): PortClaims => {
    const claims = new PortClaims()
    opened.push(claims)
    return claims
  }
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((claims) => claims.release()))
  })

  test('devnet: ports: free ports are different ones', async () => {
    const ports = await devnet().find(20)
    expect(new Set(ports).size).toBe(20)
  })

  test('devnet: ports: a taken port is refused when asked for, and replaced when not', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
    const { port } = server.address() as AddressInfo
    await expect(devnet().choose(port, 8545)).rejects.toThrow(/choose another with --rpc-port/)
    expect(await devnet().choose(undefined, port)).not.toBe(port)
    await new Promise<void>((resolve) => void server.close(() => resolve()))
    expect(await devnet().choose(port, 8545)).toBe(port)
  })

  test('devnet: ports: of devnets that start at once, one has the usual port and the others theirs', async () => {
    const [usual = 0] = await findFreePorts(1)
    const all = Array.from({ length: 8 }, devnet)
    const chosen = await Promise.all(all.map((one) => one.choose(undefined, usual)))
    expect(chosen.filter((port) => port === usual)).toHaveLength(1)
    // No node listens yet, and the port is taken all the same, until that devnet has ended.
    await expect(devnet().choose(usual, 1)).rejects.toThrow(`port ${usual} is taken`)
    await all[chosen.indexOf(usual)]?.release()
    expect(await devnet().choose(usual, 1)).toBe(usual)
  })
})

describe('devnet: process figures', () => {
  test('devnet: process figures: user and system ticks of a stat line are seconds', () => {
    const line = 'S 1 2 3 0 -1 4194560 9 8 7 6 250 50 0 0 20 0 15 0 123456 1 2'
    expect(cpuSecondsOf(line.split(' '))).toBe(3)
  })

  test('devnet: process figures: waiting for the disk is idle, guests are not counted twice', () => {
    const text = 'cpu  100 10 50 800 40 0 5 20 60 0\ncpu0 1 2 3'
    expect(parseMachineTicks(text)).toMatchObject({ idle: 840, steal: 20, total: 1025 })
  })
})

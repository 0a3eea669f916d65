/** Data directories: one living node each, one network each. */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { present } from '../../../node/primitives/assert.ts'
import { asciiBytes, toHex } from '../../../node/primitives/bytes.ts'
import { sha256 } from '../../../node/primitives/hash.ts'
import { lockDirectory } from '../../../node/storage/io/directory-lock.ts'
import { stampNetwork } from '../../../node/storage/io/network-stamp.ts'
import { startZombie } from './zombie.ts'

let directory = ''
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weft-directory-'))
})
afterEach(() => rm(directory, { recursive: true }))

const lockFile = () => join(directory, 'node.lock')

describe('storage: directory lock', () => {
  it('storage: directory lock: a second holder is refused and told who the first is', async () => {
    const lock = await lockDirectory(directory)
    await expect(lockDirectory(directory)).rejects.toMatchObject({
      code: 'DIRECTORY_LOCKED',
      message: expect.stringContaining(`process ${process.pid}`) as string,
    })
    await lock.release()
    const again = await lockDirectory(directory)
    await again.release()
    expect(await readdir(directory)).toEqual([])
  })

  it('storage: directory lock: another living process keeps its lock, and loses it by dying', async () => {
    const module = join(import.meta.dirname, '../../../node/storage/io/directory-lock.ts')
    const script = `
      const { lockDirectory } = await import(${JSON.stringify(module)})
      await lockDirectory(${JSON.stringify(directory)})
      process.stdout.write('locked')
      setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script])
    await new Promise((resolve) => child.stdout.once('data', resolve))
    await expect(lockDirectory(directory)).rejects.toMatchObject({
      message: expect.stringContaining(`process ${child.pid ?? 0}`) as string,
    })
    const dead = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await dead
    const lock = await lockDirectory(directory)
    await lock.release()
  })

  it('storage: directory lock: a process id used again by somebody else does not hold the lock', async () => {
    // Process 1 lives, but it did not start at tick 1.
    await writeFile(lockFile(), '1 1\n')
    const lock = await lockDirectory(directory)
    await lock.release()
  })

  it.runIf(process.platform === 'linux')(
    'storage: directory lock: a holder that has ended holds nothing, also before its parent has noticed',
    async () => {
      const zombie = await startZombie()
      onTestFinished(zombie.bury)
      await writeFile(lockFile(), `${zombie.pid} ${zombie.startTicks}\n`)
      const lock = await lockDirectory(directory)
      await lock.release()
    },
  )

  it('storage: directory lock: a torn lock is taken over', async () => {
    await writeFile(lockFile(), '')
    const lock = await lockDirectory(directory)
    expect(await readFile(lockFile(), 'utf8')).toMatch(new RegExp(`^${process.pid} `))
    await lock.release()
  })

  it('storage: directory lock: of ten that find a dead lock at once exactly one gets it', async () => {
    await writeFile(lockFile(), '1 1\n')
    const attempts = await Promise.allSettled(
      Array.from({ length: 10 }, () => lockDirectory(directory)),
    )
    const winners = attempts.filter((attempt) => attempt.status === 'fulfilled')
    expect(winners).toHaveLength(1)
    await present(winners[0], 'there is one winner').value.release()
  })
})

describe('storage: network stamp', () => {
  const [ours, theirs] = [sha256(asciiBytes('ours')), sha256(asciiBytes('theirs'))]

  it('storage: network stamp: a fresh directory is bound and opens again for its network', async () => {
    await stampNetwork(directory, ours)
    await stampNetwork(directory, ours)
    expect(await readFile(join(directory, 'NETWORK'), 'utf8')).toBe(`${toHex(ours)}\n`)
    expect(await readdir(directory)).toEqual(['NETWORK'])
  })

  it('storage: network stamp: a directory of another network is refused with both names', async () => {
    await stampNetwork(directory, theirs)
    await expect(stampNetwork(directory, ours)).rejects.toMatchObject({
      code: 'NETWORK_MISMATCH',
      message: expect.stringMatching(`${toHex(theirs)}.*${toHex(ours)}`) as string,
    })
  })

  it('storage: network stamp: a stamp that says nothing is refused, not replaced', async () => {
    await writeFile(join(directory, 'NETWORK'), '\n')
    await expect(stampNetwork(directory, ours)).rejects.toMatchObject({ code: 'NETWORK_MISMATCH' })
    await writeFile(join(directory, 'NETWORK'), 'zz')
    await expect(stampNetwork(directory, ours)).rejects.toThrow('an unreadable name')
  })
})

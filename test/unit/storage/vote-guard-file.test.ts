/** The guard's file: restarts, damage at every place, torn writes, failing disks and foreign networks. */
import { cp, mkdtemp, open, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { asciiBytes } from '../../../node/primitives/bytes.ts'
import { sha256 } from '../../../node/primitives/hash.ts'
import {
  createVoteGuard,
  GUARD_SLOT_SIZE,
  openVoteGuard,
} from '../../../node/storage/io/vote-guard.ts'
import {
  emptyGuardRecord,
  type VoteGuard,
  type VoteRequest,
} from '../../../node/storage/vote-guard.ts'

const genesis = sha256(asciiBytes('genesis'))
const [A, B] = [sha256(asciiBytes('A')), sha256(asciiBytes('B'))]
const vote = (view: number, signingRoot = A): VoteRequest => ({
  chain: 1,
  epoch: 0,
  kind: 'notarize',
  view,
  signingRoot,
})

let directory = ''
const path = () => join(directory, 'votes')
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weft-guard-'))
})
afterEach(() => rm(directory, { recursive: true }))

const reopen = () => openVoteGuard(path(), genesis, { create: false })
const openNew = () => openVoteGuard(path(), genesis, { create: true })

/** A guard that was killed after votes in views 1..count, one record each: nothing closes it. */
async function killedAfter(count: number): Promise<void> {
  const guard = await openNew()
  for (let view = 1; view <= count; view++) await guard.authorize([vote(view)])
  await cp(path(), `${path()}.killed`)
  await guard.close()
  await cp(`${path()}.killed`, path())
}

async function flip(offset: number): Promise<void> {
  const file = await open(path(), 'r+')
  const byte = new Uint8Array(1)
  await file.read(byte, 0, 1, offset)
  await file.write(Uint8Array.of((byte[0] ?? 0) ^ 0x10), 0, 1, offset)
  await file.close()
}

async function knows(guard: VoteGuard, view: number): Promise<boolean> {
  const [verdict] = await guard.authorize([vote(view, B)])
  return verdict === 'refused'
}

describe('storage: vote guard: file', () => {
  it('storage: vote guard: a vote is on disk when it is granted', async () => {
    await killedAfter(3)
    const guard = await reopen()
    expect(guard.condition()).toBe('intact')
    const requests = [vote(1), vote(2), vote(3), vote(3, B), vote(4)]
    expect(await guard.authorize(requests)).toEqual([
      'granted',
      'granted',
      'granted',
      'refused',
      'granted',
    ])
    await guard.close()
  })

  it('storage: vote guard: one call is one record, and a call that grants nothing new writes none', async () => {
    const guard = await openNew()
    await guard.authorize([vote(1), vote(2), vote(3)])
    const before = await readFile(path())
    await guard.authorize([vote(1), vote(2), vote(2, B)])
    expect(Buffer.compare(await readFile(path()), before)).toBe(0)
    await guard.close()
  })

  it('storage: vote guard: calls made at once are ruled one after the other', async () => {
    const guard = await openNew()
    const answers = await Promise.all([
      guard.authorize([vote(1, A)]),
      guard.authorize([vote(1, B)]),
      guard.authorize([vote(1, A)]),
    ])
    expect(answers).toEqual([['granted'], ['refused'], ['granted']])
    await guard.close()
  })

  it('storage: vote guard: a flip anywhere in the newest slot falls back to the slot before, and says so', async () => {
    await killedAfter(20)
    const pristine = await readFile(path())
    // An even sequence is in the first slot. Slot header, record header with one domain, 20 views.
    const used = 36 + 82 + 20 * 41
    for (let offset = 0; offset < used; offset += 64) {
      await writeFile(path(), pristine)
      await flip(offset)
      const guard = await reopen()
      expect(guard.condition(), `offset ${offset}`).toBe('one-slot-lost')
      expect(await knows(guard, 19)).toBe(true)
      await guard.close()
    }
  })

  it('storage: vote guard: a flip anywhere in the older slot forgets nothing', async () => {
    await killedAfter(20)
    const pristine = await readFile(path())
    for (let offset = 0; offset < 36 + 82 + 19 * 41; offset += 64) {
      await writeFile(path(), pristine)
      await flip(GUARD_SLOT_SIZE + offset)
      const guard = await reopen()
      expect(guard.condition(), `offset ${offset}`).toBe('one-slot-lost')
      expect(await knows(guard, 20)).toBe(true)
      await guard.close()
    }
  })

  it('storage: vote guard: damage in both slots stops the voter', async () => {
    await killedAfter(5)
    await flip(40)
    await flip(GUARD_SLOT_SIZE + 40)
    await expect(reopen()).rejects.toMatchObject({
      name: 'VoteGuardDamagedError',
      code: 'VOTE_GUARD_DAMAGED',
    })
    await expect(openNew()).rejects.toMatchObject({ code: 'VOTE_GUARD_DAMAGED' })
  })

  it('storage: vote guard: a truncated file gives what is whole in it, or stops the voter', async () => {
    await killedAfter(5)
    const { size } = await stat(path())
    await truncate(path(), size - 10)
    const guard = await reopen()
    expect(guard.condition()).toBe('one-slot-lost')
    expect(await knows(guard, 4)).toBe(true)
    await guard.close()
    for (const rest of [100, 36, 3, 0]) {
      await truncate(path(), rest)
      await expect(reopen()).rejects.toMatchObject({ code: 'VOTE_GUARD_DAMAGED' })
    }
  })

  it('storage: vote guard: a write torn at any sector leaves the record before it whole', async () => {
    await killedAfter(20)
    const before = await readFile(path())
    const guard = await reopen()
    await guard.authorize([vote(21)])
    const after = await readFile(path())
    await guard.close()
    for (let sectors = 0; sectors < 2; sectors++) {
      const torn = Buffer.from(before)
      after.copy(torn, GUARD_SLOT_SIZE, GUARD_SLOT_SIZE, GUARD_SLOT_SIZE + sectors * 512)
      await writeFile(path(), torn)
      const recovered = await reopen()
      expect(await knows(recovered, 20)).toBe(true)
      await recovered.close()
    }
  })

  it('storage: vote guard: after a clean stop damage to either slot forgets nothing', async () => {
    for (const slot of [0, 1]) {
      await rm(path(), { force: true })
      const guard = await openNew()
      await guard.authorize([vote(1)])
      await guard.authorize([vote(2)])
      await guard.close()
      await flip(slot * GUARD_SLOT_SIZE + 50)
      const recovered = await reopen()
      expect(await knows(recovered, 2)).toBe(true)
      await recovered.close()
    }
  })

  it('storage: vote guard: a recovered guard overwrites the damaged slot and goes on', async () => {
    await killedAfter(6)
    await flip(40)
    const guard = await reopen()
    await guard.authorize([vote(7)])
    await guard.authorize([vote(8)])
    await guard.close()
    const again = await reopen()
    expect(again.condition()).toBe('intact')
    expect(await knows(again, 8)).toBe(true)
    await again.close()
  })

  it('storage: vote guard: an absent guard is not made unless asked', async () => {
    await expect(reopen()).rejects.toMatchObject({ code: 'VOTE_GUARD_MISSING' })
  })

  it('storage: vote guard: the guard of another network is refused', async () => {
    await killedAfter(1)
    await expect(openVoteGuard(path(), B, { create: true })).rejects.toMatchObject({
      name: 'NetworkMismatchError',
      code: 'NETWORK_MISMATCH',
    })
  })

  it('storage: vote guard: the file is for its owner only', async () => {
    await killedAfter(1)
    expect((await stat(path())).mode & 0o077).toBe(0)
  })

  it.each(['write', 'datasync'] as const)(
    'storage: vote guard: after a failed %s nothing is granted any more',
    async (failing) => {
      let healthy = true
      let closed = false
      const attempt = async (operation: string) => {
        if (!healthy && operation === failing) throw new Error('EIO')
      }
      const guard = createVoteGuard({
        path: 'the test disk',
        record: emptyGuardRecord(genesis),
        intact: true,
        file: {
          write: () => attempt('write'),
          datasync: () => attempt('datasync'),
          close: async () => {
            closed = true
          },
        },
      })
      expect(await guard.authorize([vote(1)])).toEqual(['granted'])
      healthy = false
      await expect(guard.authorize([vote(2)])).rejects.toMatchObject({ code: 'STORAGE_FATAL' })
      healthy = true
      await expect(guard.authorize([vote(1)])).rejects.toMatchObject({ code: 'STORAGE_FATAL' })
      await guard.close()
      expect(closed).toBe(true)
    },
  )
})

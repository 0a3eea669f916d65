/** A node that starts on a store with holes says which record is gone, instead of voting on what is left. */
import { beforeAll, describe, expect, test } from 'vitest'
import { createNodeDisk, type NodeDisk } from '../../devnet/simulator/sharded-disk.ts'
import type { NodeEnd } from '../../devnet/simulator/sharded-plan.ts'
import { decodeJournalRecord } from '../../node/consensus/journal.ts'
import { present } from '../../node/primitives/assert.ts'
import type { ChainNumber } from '../../node/primitives/identifiers.ts'
import type { StoreEntry, StoreWrite } from '../../node/storage/store.ts'
import { missingRecord, spineReads } from '../../node/validator/restore-check.ts'
import { headReads, tailReads } from '../../node/validator/restore.ts'
import { chainKey, numberOfKey, type TableName } from '../../node/validator/table.ts'
import { createTrial, type Trial } from './sharded/trial.ts'

const CHAINS = [0, 1]
const NODE = 0

/** What a node of a network with some traffic has written. */
const written: (readonly StoreWrite[])[] = []
let trial: Trial

beforeAll(() => {
  const onWritten = (node: number, writes: readonly StoreWrite[]): void => {
    if (node === NODE) written.push(writes)
  }
  trial = createTrial({ shardCount: 2, seed: 11, events: { onWritten } })
  trial.startAll()
  for (let amount = 1; amount <= 20; amount++) {
    const destination = 1 + (amount % 2)
    const order = { shard: 1, sender: amount % 4, destination, to: 'account', amount: 5n } as const
    trial.traffic.send(order, NODE)
    trial.world.run(trial.world.now() + 1000)
  }
})

function storedDisk(): NodeDisk {
  const disk = createNodeDisk(trial.genesis)
  for (const writes of written) disk.write(writes)
  return disk
}

/** What the check says of this disk. */
function saidOf(disk: NodeDisk): string | undefined {
  const heads = headReads(CHAINS).map(disk.read)
  const tails = tailReads(CHAINS, heads).map(disk.read)
  const spines = spineReads(CHAINS, heads).map(disk.read)
  return missingRecord(CHAINS, { heads, tails, spines })
}

function recordsOf(disk: NodeDisk, table: TableName, chain: ChainNumber): readonly StoreEntry[] {
  return disk.read({ table, from: chainKey(chain), to: chainKey(chain + 1) })
}

function lose(disk: NodeDisk, table: TableName, entry: StoreEntry | undefined): void {
  const { key } = present(entry, `the table ${table} has such a record`)
  disk.write([{ kind: 'delete', table, key }])
}

function isFloor({ value }: StoreEntry): boolean {
  const record = decodeJournalRecord(value)
  return record.ok && record.value.kind === 'floor'
}

describe('sharded: holes', () => {
  test('sharded: holes: a store without one is taken as it is, at every moment of its life', () => {
    const disk = createNodeDisk(trial.genesis)
    expect(saidOf(disk)).toBeUndefined()
    for (const writes of written) {
      disk.write(writes)
      expect(saidOf(disk)).toBeUndefined()
    }
    expect(recordsOf(disk, 'final', 1).length).toBeGreaterThanOrEqual(20)
  })

  test.each(CHAINS)('sharded: holes: chain %s: each final height is missed', (chain) => {
    const heights = recordsOf(storedDisk(), 'final', chain).map(({ key }) => numberOfKey(key))
    for (const height of heights.slice(-16)) {
      const disk = storedDisk()
      lose(
        disk,
        'final',
        recordsOf(disk, 'final', chain).find(({ key }) => numberOfKey(key) === height),
      )
      expect(saidOf(disk)).toBe(`final height ${height} of chain ${chain}`)
    }
  })

  test.each(CHAINS)(
    'sharded: holes: chain %s: each block from the spine upwards is missed',
    (chain) => {
      const final = recordsOf(storedDisk(), 'final', chain).slice(-16)
      for (const { key, value } of final) {
        const disk = storedDisk()
        const height = numberOfKey(key)
        const block = recordsOf(disk, 'block', chain).find((entry) => {
          return numberOfKey(entry.key) === height && endsWith(entry.key, value.slice(0, 32))
        })
        lose(disk, 'block', block)
        expect(saidOf(disk)).toBe(`block ${height} of chain ${chain}`)
      }
    },
  )

  test.each(CHAINS)("sharded: holes: chain %s: the journal's floor is missed", (chain) => {
    const disk = storedDisk()
    const head = present(recordsOf(disk, 'final', chain).at(-1), 'the chain has blocks')
    lose(disk, 'journal', recordsOf(disk, 'journal', chain).find(isFloor))
    expect(saidOf(disk)).toBe(`the journal's floor ${numberOfKey(head.key)} of chain ${chain}`)
  })

  test("sharded: holes: the head's certificate is missed", () => {
    const disk = storedDisk()
    const { key, value } = present(recordsOf(disk, 'final', 1).at(-1), 'the chain has blocks')
    disk.write([{ kind: 'put', table: 'final', key, value: value.slice(0, 32) }])
    expect(saidOf(disk)).toBe(`the certificate of height ${numberOfKey(key)} of chain 1`)
  })

  test('sharded: holes: a block that this node voted for is missed', () => {
    // The moment before a block became final that this node had voted for.
    const disk = createNodeDisk(trial.genesis)
    const said = new Set<string | undefined>()
    for (const writes of written) {
      disk.write(writes)
      const head = recordsOf(disk, 'final', 1).length
      const open = recordsOf(disk, 'block', 1).filter(({ key }) => numberOfKey(key) > head)
      for (const entry of open) {
        lose(disk, 'block', entry)
        said.add(saidOf(disk)?.replace(/\d+/, 'N'))
        disk.write([{ kind: 'put', table: 'block', ...entry }])
      }
    }
    expect([...said]).toContain('the block voted for in view N of chain 1')
  })

  test("sharded: holes: the beacon's state, its anchors and the channel leaves are missed", () => {
    const head = numberOfKey(
      present(recordsOf(storedDisk(), 'final', 0).at(-1), 'it has blocks').key,
    )
    const disk = storedDisk()
    lose(disk, 'state', recordsOf(disk, 'state', 0)[0])
    expect(saidOf(disk)).toBe('the state of chain 0')
    for (const index of [-1, -2, -9]) {
      const other = storedDisk()
      lose(other, 'anchor', recordsOf(other, 'anchor', 0).at(index))
      expect(saidOf(other)).toBe(`the anchor ${head + 1 + index} of chain 0`)
    }
    for (const shard of [1, 2]) {
      const other = storedDisk()
      lose(other, 'channels', recordsOf(other, 'channels', shard)[0])
      expect(saidOf(other)).toBe(`the channel leaves of shard ${shard} of chain 0`)
    }
  })

  test('sharded: holes: an older state of the beacon is no state', () => {
    const states = written.flat().flatMap((write) => {
      return write.kind === 'put' && write.table === 'state' ? [write] : []
    })
    const disk = storedDisk()
    disk.write([present(states.at(-2), 'the beacon had states before')])
    expect(saidOf(disk)).toMatch(/^the state \d+ of chain 0$/)
  })

  test('sharded: holes: a node with holes does not start, and starts when its operator has removed the store', () => {
    const ends: NodeEnd[] = []
    const events = { onEnded: (_: number, end: NodeEnd): unknown => ends.push(end) }
    const { world, startAll } = createTrial({ shardCount: 1, seed: 3, events })
    startAll()
    world.run(60_000)
    world.apply({ kind: 'lost-records', nodes: [NODE], records: 8 })
    world.apply({ kind: 'start', nodes: [NODE] })
    expect(world.isUp(NODE)).toBe(false)
    expect(ends).toEqual([{ kind: 'disk', detail: 'damaged' }])
    world.apply({ kind: 'wipe', nodes: [NODE] })
    world.apply({ kind: 'start', nodes: [NODE] })
    world.run(100_000)
    const { height } = world.validator(1).beacon.head()
    expect(world.validator(NODE).beacon.head().height).toBeGreaterThanOrEqual(height - 1)
  })
})

function endsWith(key: Uint8Array, hash: Uint8Array): boolean {
  return Buffer.from(key.subarray(-hash.length)).equals(hash)
}

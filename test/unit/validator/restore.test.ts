/** Restore: a starting node reads what it wrote, of its own chains and from its finalized heads upwards. */
import { describe, expect, it } from 'vitest'
import { createImage, imageWrites } from '../../../node/storage/io/ordered-image.ts'
import { selectEntries } from '../../../node/storage/io/memory.ts'
import { keyInTable, storeBounds } from '../../../node/storage/store-key.ts'
import type { StoreRange, StoreWrite } from '../../../node/storage/store.ts'
import { encodeEpochStart } from '../../../node/validator/epoch-start.ts'
import { headReads, restoreOf, tailReads } from '../../../node/validator/restore.ts'
import { blockKey, chainKey, numberKey, type TableName } from '../../../node/validator/table.ts'
import { hashOf } from '../crosslink/examples.ts'

const CHAINS = [0, 3]

function storeOf(entries: readonly (readonly [TableName, Uint8Array, Uint8Array])[]) {
  const image = createImage()
  const writes = entries.map(([table, key, value]): StoreWrite => ({
    kind: 'put',
    table,
    key,
    value,
  }))
  image.apply(imageWrites(writes, (_, value) => value.slice()))
  return (range: StoreRange) =>
    selectEntries(image.between(storeBounds(range)), range).map(({ key, value }) => {
      return { key: keyInTable(range.table, key), value: value.slice() }
    })
}

function restoreFrom(entries: Parameters<typeof storeOf>[0]) {
  const read = storeOf(entries)
  const heads = headReads(CHAINS).map(read)
  return restoreOf(CHAINS, heads, tailReads(CHAINS, heads).map(read))
}

const bytesOf = (name: string): Uint8Array => hashOf(name).slice(0, 8)

describe('restore', () => {
  it('restore: an empty store restores genesis', () => {
    expect(restoreFrom([])).toEqual({
      chains: CHAINS.map((chain) => {
        return { chain, epochStart: undefined, journal: [], blocks: [], head: undefined }
      }),
      beaconState: undefined,
      anchors: [],
      channels: [],
      snapshots: [],
    })
  })

  it('restore: heads are the highest final blocks, blocks are read from there upwards', () => {
    const block = (chain: number, height: number) =>
      [
        'block',
        blockKey(chain, height, hashOf(`${height}`)),
        bytesOf(`${chain}/${height}`),
      ] as const
    const restored = restoreFrom([
      ['final', numberKey(3, 1), hashOf('1')],
      ['final', numberKey(3, 2), hashOf('2')],
      // Of a shard between ours and a neighbour: none of it may show.
      ['final', numberKey(2, 9), hashOf('9')],
      ['final', numberKey(4, 9), hashOf('9')],
      block(3, 1),
      block(3, 2),
      block(3, 3),
      block(4, 2),
    ])
    expect(restored.chains[1]).toEqual({
      chain: 3,
      epochStart: undefined,
      journal: [],
      blocks: [bytesOf('3/2'), bytesOf('3/3')],
      head: { height: 2, hash: hashOf('2') },
    })
    expect(restored.chains[0]?.head).toBeUndefined()
  })

  it('restore: the beacon state, its recent anchors, channel leaves and journals are read whole', () => {
    const restored = restoreFrom([
      ['state', numberKey(0), bytesOf('state')],
      ['final', numberKey(0, 300), hashOf('300')],
      ['anchor', numberKey(0, 43), bytesOf('too old')],
      ['anchor', numberKey(0, 44), bytesOf('44')],
      ['anchor', numberKey(0, 300), bytesOf('300')],
      ['channels', chainKey(1), bytesOf('leaves 1')],
      ['channels', chainKey(2), bytesOf('leaves 2')],
      ['journal', numberKey(3, 0, 5), bytesOf('vote')],
      ['journal', numberKey(4, 0, 5), bytesOf('other')],
    ])
    expect(restored.beaconState).toEqual(bytesOf('state'))
    expect(restored.anchors).toEqual([bytesOf('44'), bytesOf('300')])
    expect(restored.channels.map(({ value }) => value)).toEqual([
      bytesOf('leaves 1'),
      bytesOf('leaves 2'),
    ])
    expect(restored.chains[1]?.journal.map(({ value }) => value)).toEqual([bytesOf('vote')])
  })

  it('restore: B.4, B.5: a node comes back into the last epoch that it entered, with the journal of that one', () => {
    const begun = (epoch: number) => {
      const block = { hash: hashOf(`seal ${epoch}`), height: 10 * epoch, timestampMs: 7 }
      return { epoch, block, sealedEpoch: epoch - 1 }
    }
    const restored = restoreFrom([
      ['epoch', numberKey(3, 1), encodeEpochStart(begun(1))],
      ['epoch', numberKey(3, 2), encodeEpochStart(begun(2))],
      ['epoch', numberKey(4, 9), encodeEpochStart(begun(9))],
      ['journal', numberKey(3, 1, 5), bytesOf('old vote')],
      ['journal', numberKey(3, 2, 1), bytesOf('vote')],
      ['journal', numberKey(0, 0, 1), bytesOf('beacon vote')],
    ])
    expect(restored.chains[1]?.epochStart).toEqual(begun(2))
    expect(restored.chains[0]?.epochStart).toBeUndefined()
    const journals = restored.chains.map(({ journal }) => journal.map(({ value }) => value))
    expect(journals).toEqual([[bytesOf('beacon vote')], [bytesOf('vote')]])
  })
})

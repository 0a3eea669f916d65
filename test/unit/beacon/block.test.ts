/** Beacon blocks: bytes, contents, and what a builder puts in. */
import { describe, expect, it } from 'vitest'
import {
  beaconChainBlock,
  decodeBeaconBlock,
  encodeBeaconBlock,
  encodeBeaconBody,
} from '../../../node/beacon/block.ts'
import { recordOf } from '../../../node/beacon/state.ts'
import { applyBeaconBlock } from '../../../node/beacon/transition.ts'
import { beaconBlockHash, encodeBeaconHeader } from '../../../node/crosslink/header-codec.ts'
import { concatBytes } from '../../../node/primitives/bytes.ts'
import { BLOCK_BYTES_MAX } from '../../../node/primitives/limits.ts'
import {
  advanceBy,
  buildOn,
  exampleState,
  headersOn,
  crosslinkOver,
  nextCrosslink,
} from './network.ts'

const genesis = exampleState()
const built = buildOn(genesis, [nextCrosslink(genesis, 1), nextCrosslink(genesis, 2)])

describe('beacon: block', () => {
  it('beacon: block: bytes give back the block', () => {
    expect(decodeBeaconBlock(built.bytes)).toEqual({ ok: true, value: built.block })
    expect(encodeBeaconBlock(built.block)).toEqual(built.bytes)
  })

  it('beacon: block: consensus sees its links and its bytes', () => {
    const { header } = built.block
    expect(beaconChainBlock(built.bytes)).toEqual({
      ok: true,
      value: {
        hash: beaconBlockHash(header),
        parentHash: genesis.headHash,
        height: 1,
        view: 1,
        epoch: 0,
        timestampMs: header.timestampMs,
        sealing: false,
        bytes: built.bytes,
      },
    })
  })

  it('beacon: block: another body behind the same header is refused', () => {
    const empty = buildOn(genesis)
    const spliced = concatBytes(
      encodeBeaconHeader(built.block.header),
      encodeBeaconBody(empty.block.body),
    )
    expect(decodeBeaconBlock(spliced)).toMatchObject({ reject: { code: 'contents-mismatch' } })
    expect(decodeBeaconBlock(built.bytes.slice(0, -1))).toMatchObject({
      reject: { code: 'malformed' },
    })
    expect(decodeBeaconBlock(new Uint8Array(BLOCK_BYTES_MAX + 1))).toMatchObject({
      reject: { code: 'too-large' },
    })
  })

  it('beacon: block: a header that names another body is our own mistake', () => {
    const body = { ...built.block.body, crosslinks: [] }
    expect(() => encodeBeaconBlock({ ...built.block, body })).toThrow('names the body')
  })
})

describe('beacon: build', () => {
  it('beacon: build: C.3: a bad crosslink is left out and does not poison the block', () => {
    const good = nextCrosslink(genesis, 2)
    const bad = { ...nextCrosslink(genesis, 1), links: [] }
    const mixed = buildOn(genesis, [bad, good])
    expect(mixed.block.body.crosslinks).toEqual([good])
    expect(mixed.skipped).toMatchObject([{ shard: 1, reject: { code: 'links-miscounted' } }])
    expect(applyBeaconBlock(genesis, mixed.block).ok).toBe(true)
  })

  it('beacon: build: of several candidates of a shard the highest valid one is included', () => {
    const headers = headersOn(genesis, recordOf(genesis, 1), { count: 4 })
    const candidates = [2, 3, 1].map((count) => crosslinkOver(genesis, headers.slice(0, count)))
    const replay = { ...crosslinkOver(genesis, headers), links: [] }
    const { state, skipped } = buildOn(genesis, [...candidates, replay])
    expect(recordOf(state, 1).height).toBe(3)
    expect(skipped).toHaveLength(1)
  })

  it('beacon: build: candidates come out ascending by shard, whatever order they came in', () => {
    const reversed = buildOn(genesis, [nextCrosslink(genesis, 2), nextCrosslink(genesis, 1)])
    expect(reversed.bytes).toEqual(built.bytes)
  })

  it('beacon: build: a clock that lags the parent still moves time forward', () => {
    const { block } = buildOn(genesis, [], { timestampMs: 5 })
    expect(block.header.timestampMs).toBe(genesis.timestampMs + 1)
    expect(applyBeaconBlock(genesis, block).ok).toBe(true)
  })

  it('beacon: build: a crosslink left over from an earlier block is skipped after it was included', () => {
    const crosslink = nextCrosslink(genesis, 1)
    const later = buildOn(advanceBy(buildOn(genesis, [crosslink]).state, 1), [crosslink])
    expect(later.block.body.crosslinks).toEqual([])
    expect(later.skipped).toMatchObject([{ reject: { code: 'tip-not-ahead' } }])
  })
})

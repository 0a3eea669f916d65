/** Headers: what a block's hash covers. */
import { describe, expect, it } from 'vitest'
import {
  beaconBlockHash,
  blockHash,
  contentsHash,
  decodeBeaconHeader,
  decodeShardHeader,
  encodeBeaconHeader,
  encodeShardHeader,
  headerBodyHash,
  shardBlockHash,
} from '../../../node/crosslink/header-codec.ts'
import type { BeaconHeader, ShardHeader } from '../../../node/crosslink/header.ts'
import { toHex } from '../../../node/primitives/bytes.ts'
import { exampleBeaconHeader, exampleShardHeader, hashOf } from './examples.ts'

/** One change per field, none of them to the value of the example. */
const shardChanges: { readonly [Field in keyof ShardHeader]: ShardHeader[Field] | undefined } = {
  // There is one version; another has no encoding.
  version: undefined,
  chain: 2,
  parentHash: hashOf('other'),
  height: 2,
  epoch: 1,
  view: 2,
  proposerSeat: 1,
  timestampMs: 1_001,
  anchor: { beaconHeight: 1, beaconHash: hashOf('beacon') },
  sealing: true,
  transactionRoot: hashOf('other'),
  inboxRoot: hashOf('other'),
  stateRoot: hashOf('other'),
  outRoot: hashOf('other'),
  cursors: [0, 0, 1],
  resultsRoot: hashOf('other'),
  gasLimit: 1,
  gasUsed: 1,
  baseFeePerGas: 1n,
  inboxUnits: 1,
  outBytes: 1,
  contentsHash: hashOf('other'),
}
const beaconChanges: { readonly [Field in keyof BeaconHeader]: BeaconHeader[Field] | undefined } = {
  version: undefined,
  parentHash: hashOf('other'),
  height: 2,
  epoch: 1,
  view: 2,
  proposerSeat: 1,
  timestampMs: 1_001,
  sealing: true,
  stateRoot: hashOf('other'),
  contentsHash: hashOf('other'),
  mix: hashOf('other'),
}

describe('crosslink: header', () => {
  it('crosslink: header: C.1: every field of a shard header changes the block hash', () => {
    const hashes = Object.entries(shardChanges)
      .filter(([, value]) => value !== undefined)
      .map(([field, value]) => shardBlockHash(exampleShardHeader({ [field]: value })))
    hashes.push(shardBlockHash(exampleShardHeader()))
    expect(new Set(hashes.map(toHex)).size).toBe(Object.keys(shardChanges).length)
  })

  it('crosslink: header: every field of a beacon header changes the block hash', () => {
    const hashes = Object.entries(beaconChanges)
      .filter(([, value]) => value !== undefined)
      .map(([field, value]) => beaconBlockHash(exampleBeaconHeader({ [field]: value })))
    hashes.push(beaconBlockHash(exampleBeaconHeader()))
    expect(new Set(hashes.map(toHex)).size).toBe(Object.keys(beaconChanges).length)
  })

  it('crosslink: header: C.3: the body hash is the same wherever the block stands', () => {
    const here = exampleShardHeader()
    const there = exampleShardHeader({ parentHash: hashOf('elsewhere'), height: 99 })
    expect(toHex(headerBodyHash(there))).toBe(toHex(headerBodyHash(here)))
    expect(toHex(shardBlockHash(there))).toBe(
      toHex(blockHash(hashOf('elsewhere'), 99, headerBodyHash(here))),
    )
  })

  it('crosslink: header: the header of one kind never decodes as the other', () => {
    expect(decodeBeaconHeader(encodeShardHeader(exampleShardHeader())).ok).toBe(false)
    expect(decodeShardHeader(encodeBeaconHeader(exampleBeaconHeader())).ok).toBe(false)
  })

  it('crosslink: header: unknown versions and chains that do not exist are refused', () => {
    const unknown = [
      exampleShardHeader({ version: 2 }),
      exampleShardHeader({ chain: 0 }),
      exampleShardHeader({ chain: 65 }),
      exampleShardHeader({ proposerSeat: 128 }),
      exampleShardHeader({ cursors: Array.from({ length: 66 }, () => 0) }),
    ]
    for (const header of unknown)
      expect(decodeShardHeader(encodeShardHeader(header)).ok).toBe(false)
  })

  it('crosslink: header: contents are told apart by their bytes', () => {
    expect(toHex(contentsHash(Uint8Array.of(1)))).not.toBe(toHex(contentsHash(Uint8Array.of(2))))
    expect(toHex(contentsHash(new Uint8Array(0)))).not.toBe(toHex(contentsHash(new Uint8Array(1))))
  })
})

/** Offering crosslinks: what is read back from a store that may have holes, and when everybody is told (C.3, A.7). */
import { describe, expect, it } from 'vitest'
import { emptyChannels } from '../../../node/crosslink/channel.ts'
import type { Crosslink } from '../../../node/crosslink/crosslink.ts'
import { shardBlockHash } from '../../../node/crosslink/header-codec.ts'
import { createContext } from '../../../node/validator/context.ts'
import { createCrosslinkOffer } from '../../../node/validator/crosslink-offer.ts'
import type { ShardHeader } from '../../../node/crosslink/header.ts'
import type { FinalizedHeader } from '../../../node/validator/crosslink-relay.ts'
import {
  exampleCertificate,
  exampleRecord,
  exampleShardHeader,
  hashOf,
} from '../crosslink/examples.ts'

const TIP = 5
const genesis = exampleRecord({ height: 0, hash: hashOf('genesis') })

function chain(): readonly FinalizedHeader[] {
  let parentHash = genesis.hash
  return Array.from({ length: TIP }, (_, index) => {
    const header = exampleShardHeader({ parentHash, height: index + 1, view: index + 1 })
    parentHash = shardBlockHash(header)
    const certificate = exampleCertificate()
    return { header, hash: parentHash, channels: emptyChannels(2), certificate }
  })
}

/** A member of a shard of which nothing is recorded, and which nobody is told of. */
function options() {
  return {
    shard: genesis.shard,
    seat: () => 0,
    committeeSize: () => 4,
    patienceMs: 1_000,
    restMs: 10_000,
    record: () => genesis,
    upcomingLeaders: () => [],
    beaconMembers: () => [],
    offer: () => undefined,
    forked: () => {
      throw new Error('the record is of this chain')
    },
  }
}

/** What is offered when the store has only these blocks, and how often it was read. */
function offered(stored: readonly FinalizedHeader[]) {
  const offers: Crosslink[] = []
  let reads = 0
  const { offer } = createCrosslinkOffer(createContext().context, {
    ...options(),
    committedHeight: () => TIP,
    offer: (crosslink) => void offers.push(crosslink),
    loadBacklog: (_height, answer) => {
      reads++
      answer(stored)
    },
  })
  offer()
  return { heights: offers.map(({ tip }) => tip.height), reads }
}

describe('crosslink offer', () => {
  it('crosslink offer: what the beacon has not recorded is read back and offered', () => {
    expect(offered(chain())).toEqual({ heights: [TIP], reads: 1 })
  })

  it('crosslink offer: a store that has lost the next block is read once, and leaves the offer to others', () => {
    expect(offered(chain().slice(1))).toEqual({ heights: [], reads: 1 })
  })

  it('crosslink offer: behind a hole nothing is offered', () => {
    const holed = chain().filter(({ header }) => header.height !== 3)
    expect(offered(holed)).toEqual({ heights: [2], reads: 1 })
  })
})

/** When this member would tell everybody, after each of these blocks. */
function patience(...changes: readonly Partial<ShardHeader>[]): readonly number[] {
  const owner = createContext()
  const { add, offer, deadline } = createCrosslinkOffer(owner.context, {
    ...options(),
    committedHeight: () => 0,
    loadBacklog: () => undefined,
  })
  let parentHash = genesis.hash
  return changes.map((change, index) => {
    owner.begin({ now: 100 * index, wallMs: 0 })
    const place = { parentHash, height: index + 1, view: index + 1 }
    const header = exampleShardHeader({ ...place, gasUsed: 0, ...change })
    parentHash = shardBlockHash(header)
    const certificate = exampleCertificate()
    add({ header, hash: parentHash, channels: emptyChannels(2), certificate })
    offer()
    owner.take()
    return deadline()
  })
}

describe('crosslink offer: patience', () => {
  it('crosslink offer: patience: A.7: for a shard on which nothing happened the beacon may rest', () => {
    expect(patience({})).toEqual([11_000])
    expect(patience({ gasUsed: 21_000, stateRoot: hashOf('after') })).toEqual([1_000])
  })

  it('crosslink offer: patience: news that join what waits are urgent from then on', () => {
    const news = { gasUsed: 21_000, stateRoot: hashOf('after') }
    expect(patience({}, {}, news, news)).toEqual([11_000, 11_000, 1_200, 1_200])
  })
})

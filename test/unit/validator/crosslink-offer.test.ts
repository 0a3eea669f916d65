/** Offering crosslinks: what is read back from a store that may have holes (C.3). */
import { describe, expect, it } from 'vitest'
import { emptyChannels } from '../../../node/crosslink/channel.ts'
import type { Crosslink } from '../../../node/crosslink/crosslink.ts'
import { shardBlockHash } from '../../../node/crosslink/header-codec.ts'
import { createContext } from '../../../node/validator/context.ts'
import { createCrosslinkOffer } from '../../../node/validator/crosslink-offer.ts'
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

/** What is offered when the store has only these blocks, and how often it was read. */
function offered(stored: readonly FinalizedHeader[]) {
  const offers: Crosslink[] = []
  let reads = 0
  const { offer } = createCrosslinkOffer(createContext().context, {
    shard: genesis.shard,
    seat: () => 0,
    committeeSize: () => 4,
    patienceMs: 1_000,
    record: () => genesis,
    committedHeight: () => TIP,
    upcomingLeaders: () => [],
    beaconMembers: () => [],
    offer: (crosslink) => void offers.push(crosslink),
    loadBacklog: (_height, answer) => {
      reads++
      answer(stored)
    },
    forked: () => {
      throw new Error('the record is of this chain')
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

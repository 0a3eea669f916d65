/** The crosslink relay: the newest certified header that follows the beacon's record (C.3, C.7). */
import { describe, expect, it } from 'vitest'
import { emptyChannels } from '../../../node/crosslink/channel.ts'
import { shardBlockHash } from '../../../node/crosslink/header-codec.ts'
import { present } from '../../../node/primitives/assert.ts'
import { CROSSLINK_SPAN_MAX } from '../../../node/primitives/limits.ts'
import {
  createCrosslinkRelay,
  type FinalizedHeader,
} from '../../../node/validator/crosslink-relay.ts'
import {
  exampleCertificate,
  exampleRecord,
  exampleShardHeader,
  hashOf,
} from '../crosslink/examples.ts'

const genesis = exampleRecord({ height: 0, hash: hashOf('genesis') })

/** Finalized headers 1..count; those at `certified` heights have a certificate. */
function chain(count: number, certified: (height: number) => boolean): readonly FinalizedHeader[] {
  const entries: FinalizedHeader[] = []
  let parentHash = genesis.hash
  for (let height = 1; height <= count; height++) {
    const header = exampleShardHeader({ parentHash, height, view: height })
    const hash = shardBlockHash(header)
    const certificate = certified(height) ? exampleCertificate() : undefined
    entries.push({ header, hash, channels: emptyChannels(2), certificate })
    parentHash = hash
  }
  return entries
}

function relayOf(entries: readonly FinalizedHeader[]) {
  const relay = createCrosslinkRelay()
  for (const entry of entries) relay.add(entry)
  return relay
}

function recordOf({ header, hash }: FinalizedHeader) {
  return exampleRecord({ height: header.height, hash })
}

const at = (entries: readonly FinalizedHeader[], height: number): FinalizedHeader =>
  present(entries[height - 1], 'the chain is that long')

describe('crosslink relay', () => {
  it('crosslink relay: the candidate ends at the newest certified header', () => {
    const relay = relayOf(chain(7, (height) => height === 2 || height === 5))
    expect(relay.candidate(genesis)).toMatchObject({ tip: { height: 5 }, links: { length: 5 } })
  })

  it('crosslink relay: without a certificate there is no candidate', () => {
    expect(relayOf(chain(3, () => false)).candidate(genesis)).toBeUndefined()
  })

  it('crosslink relay: C.3 (3): a candidate ends with the block that seals its epoch', () => {
    const entries = chain(5, () => true).map((entry) => {
      const sealing = entry.header.height === 3
      return { ...entry, header: { ...entry.header, sealing } }
    })
    const relay = createCrosslinkRelay()
    let parentHash = genesis.hash
    for (const { header, ...rest } of entries) {
      const linked = { ...header, parentHash }
      parentHash = shardBlockHash(linked)
      relay.add({ ...rest, header: linked, hash: parentHash })
    }
    expect(relay.candidate(genesis)?.tip.height).toBe(3)
  })

  it('crosslink relay: a long backlog goes span by span', () => {
    const entries = chain(CROSSLINK_SPAN_MAX + 10, () => true)
    const relay = relayOf(entries)
    expect(relay.candidate(genesis)?.tip.height).toBe(CROSSLINK_SPAN_MAX)
    const record = recordOf(at(entries, CROSSLINK_SPAN_MAX))
    expect(relay.recorded(record)).toBe(true)
    expect(relay.candidate(record)?.tip.height).toBe(CROSSLINK_SPAN_MAX + 10)
  })

  it('crosslink relay: a record of another chain is noticed at its height and by its child', () => {
    const entries = chain(3, () => true)
    const other = exampleRecord({ height: 2, hash: hashOf('another') })
    expect(relayOf(entries).recorded(other)).toBe(false)
    const relay = relayOf(entries.slice(2))
    expect(relay.recorded(other)).toBe(true)
    expect(relay.conflicts(other)).toBe(true)
    expect(relay.candidate(other)).toBeUndefined()
    expect(relay.conflicts(recordOf(at(entries, 2)))).toBe(false)
  })

  it('crosslink relay: after a restart it is behind until the backlog is read, and keeps what came meanwhile', () => {
    const entries = chain(6, () => true)
    const relay = relayOf(entries.slice(4))
    expect(relay.behind(genesis, 6)).toBe(true)
    relay.reset(entries.slice(0, 4))
    expect(relay.behind(genesis, 6)).toBe(false)
    expect(relay.candidate(genesis)?.tip.height).toBe(6)
  })

  it('crosslink relay: newer headers that do not continue what was read are dropped', () => {
    const entries = chain(6, () => true)
    const relay = relayOf(entries.slice(5))
    relay.reset(entries.slice(0, 3))
    expect(relay.candidate(genesis)?.tip.height).toBe(3)
  })
})

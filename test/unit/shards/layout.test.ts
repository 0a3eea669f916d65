import { describe, expect, test } from 'vitest'
import { emptyChannels, outRootOf } from '../../../node/crosslink/channel.ts'
import { genesisStateRoot } from '../../../node/shards/genesis-state.ts'
import { configNow } from '../../../node/shards/layout.ts'
import { address, buildRequest, crossPayment, ETHER, expectKind, payment } from './fixture.ts'
import { createWorld } from './world.ts'

const TO = address(0xff)

describe('shards: layout', () => {
  test('shards: layout: B.7: a shard opened later receives, sends and answers like any other', () => {
    const world = createWorld()
    world.advance(1)
    world.advance(2)
    world.crosslink()
    const opened = world.open()
    const send = crossPayment(world.config(1), {
      from: 0,
      toShard: opened,
      to: TO,
      value: 7n * ETHER,
    })
    const sent = world.advance(1, [send])
    expect(sent.results).toMatchObject([{ status: 1, sent: { destination: 4, index: 0 } }])
    expect(sent.header.cursors).toEqual([0, 0, 0, 0, 0])
    world.crosslink(1)

    // Shards 2 and 3 have not seen it yet: it needs no word of them.
    const received = world.advance(opened)
    expect(received.consumed).toMatchObject([{ outcome: 'applied' }])
    expect(received.header).toMatchObject({ height: 1, cursors: [0, 1, 0, 0, 0] })
    expect(world.account(opened, TO).balance).toBe(7n * ETHER)

    const back = crossPayment(world.config(opened), {
      from: 0xff,
      toShard: 2,
      to: TO,
      value: ETHER,
    })
    expect(world.advance(opened, [back]).results).toMatchObject([{ status: 1 }])
    world.crosslink(opened)
    expect(world.advance(2).consumed).toMatchObject([{ outcome: 'applied' }])
    world.crosslink()
    expect(world.advance(opened).header.cursors).toEqual([0, 1, 0, 0, 0])
  })

  test('shards: layout: B.7: what a block sees is its anchor’s, not what the beacon has opened since', () => {
    const world = createWorld()
    const before = world.request(1)
    world.open()
    const send = crossPayment(world.config(1), { from: 0, toShard: 4, to: TO, value: 1n })
    const built = world.leader(1).runNow({ ...before, transactions: [send] })
    const { outcome } = expectKind(built, 'built')
    expect(outcome.results).toMatchObject([{ status: 0 }])
    expect(outcome.header.cursors).toHaveLength(4)
    expect(outcome.header.outRoot).toEqual(outRootOf(emptyChannels(3)))
    expect(configNow(world.config(1), world.anchor).shardCount).toBe(4)
  })

  test('shards: layout: B.7: an anchor from before the shard was opened carries none of its blocks', () => {
    const world = createWorld()
    const early = world.anchor()
    const opened = world.open()
    const { genesisBlockHash: hash } = world.config(opened)
    const request = buildRequest({ hash, height: 0 }, early)
    expect(world.leader(opened).runNow(request)).toMatchObject({ kind: 'refused' })
  })

  test('shards: layout: B.7: an opened shard begins with an empty state of one root', () => {
    const world = createWorld()
    const opened = world.open()
    expect(world.supply(opened)).toMatchObject({ balances: 0n, genesis: 0n })
    const pay = payment(world.config(opened), { from: 0, value: 1n })
    const built = world.leader(opened).runNow(world.request(opened, [pay]))
    expect(expectKind(built, 'built').invalid).toEqual([pay.hash])
    expect(genesisStateRoot(world.config(opened))).toEqual(genesisStateRoot({ allocations: [] }))
  })
})

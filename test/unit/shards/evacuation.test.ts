import { describe, expect, test } from 'vitest'
import { flowLimits } from '../../../node/shards/flow-control.ts'
import { checkAdmission } from '../../../node/shards/mempool-admission.ts'
import { configNow, successorOf } from '../../../node/shards/layout.ts'
import { GATEWAY_ADDRESS } from '../../../node/shards/vm/gateway.ts'
import { address, crossPayment, ETHER, expectKind, payment } from './fixture.ts'
import { createWorld, type World } from './world.ts'

const TO = address(0xff)

/** From the next anchor on shard 2 is on its way out. */
function drain(world: World): void {
  world.crosslink()
  world.record(2, { stage: 'draining', stageHeight: world.anchor().beaconHeight })
}

/** `world.crosslink` makes records anew; the beacon would keep the stage. */
function crosslink(world: World): void {
  world.crosslink()
  world.record(2, { stage: 'draining' })
}

describe('shards: evacuation', () => {
  test('shards: evacuation: B.7: every balance goes home to the same address on the next open shard', () => {
    const world = createWorld({ accountCount: 20 })
    drain(world)
    expect(successorOf(world.anchor(), 2)).toBe(3)
    const { header, sent } = world.advance(2)
    const receipts = sent.flatMap((batch) => batch.receipts)
    expect(receipts).toHaveLength(20)
    expect(receipts.every(({ kind, destination }) => kind === 'move' && destination === 3)).toBe(
      true,
    )
    expect(header.outBytes).toBe(0)
    expect(world.supply(2)).toMatchObject({ balances: 0n, buffered: 0n })
    crosslink(world)
    const { consumed } = world.advance(3)
    expect(consumed.map(({ outcome }) => outcome)).toEqual(receipts.map(() => 'applied'))
    expect(world.account(3, address(7)).balance).toBe(200n * ETHER)
  })

  test('shards: evacuation: B.7: as many as the channel takes, the others in later blocks, each once', () => {
    const gasLimit = 800_000
    const world = createWorld({ accountCount: 40, gasLimit })
    const { batchReceiptsMax } = flowLimits(world.config(2))
    drain(world)
    const moved: string[] = []
    for (let block = 0; world.supply(2).balances > 0n; block++) {
      expect(block).toBeLessThan(10)
      const { header, sent, results } = world.advance(2)
      const receipts = sent.flatMap((batch) => batch.receipts)
      expect(receipts.length).toBeLessThanOrEqual(batchReceiptsMax)
      expect(results).toEqual([])
      expect(header.outBytes).toBe(world.supply(2).balances > 0n ? 1 : 0)
      moved.push(...receipts.map(({ to }) => to.join()))
      crosslink(world)
      world.advance(3)
    }
    expect(moved).toHaveLength(40)
    expect(new Set(moved).size).toBe(40)
  })

  test('shards: evacuation: B.7: a retiring shard takes no transactions, and nobody may send to it', () => {
    const world = createWorld()
    drain(world)
    const own = payment(world.config(2), { from: 0 })
    const built = world.leader(2).runNow(world.request(2, [own]))
    expect(expectKind(built, 'built').invalid).toEqual([own.hash])
    const send = crossPayment(world.config(1), { from: 0, toShard: 2, to: TO, value: 1n })
    expect(world.advance(1, [send]).results).toMatchObject([{ status: 0, sent: undefined }])
    const rules = configNow(world.config(1), world.anchor)
    expect(checkAdmission(rules, send, () => false)).toMatchObject({
      reject: { code: 'unknown-destination' },
    })
  })

  test('shards: evacuation: B.7: what was on its way to it goes back, and what comes back to it moves on', () => {
    const world = createWorld({ accountCount: 1 })
    const send = crossPayment(world.config(1), { from: 0, toShard: 2, to: TO, value: 3n * ETHER })
    world.advance(1, [send])
    // To the gateway: refused by shard 1, so it comes back while shard 2 is on its way out.
    const refused = crossPayment(world.config(2), {
      from: 0,
      toShard: 1,
      to: GATEWAY_ADDRESS,
      value: ETHER,
    })
    world.advance(2, [refused])
    drain(world)
    const first = world.advance(2)
    expect(first.consumed).toMatchObject([{ outcome: 'bounced' }])
    world.advance(1)
    crosslink(world)
    world.advance(1)
    crosslink(world)
    const second = world.advance(2)
    expect(second.consumed).toMatchObject([{ receipt: { kind: 'bounce' }, outcome: 'applied' }])
    const moves = second.sent.flatMap((batch) => batch.receipts)
    expect(moves).toMatchObject([{ kind: 'move', to: address(0), amount: ETHER }])
    expect(world.supply(2).balances).toBe(0n)
  })

  test('shards: evacuation: B.7: the block on a drained anchor is the last, and seals', () => {
    const world = createWorld({ accountCount: 0 })
    world.record(2, { stage: 'drained' })
    const request = world.request(2)
    expect(world.leader(2).runNow(request)).toMatchObject({ kind: 'refused' })
    const built = world.leader(2).runNow({ ...request, sealing: true })
    expect(expectKind(built, 'built').outcome.header.sealing).toBe(true)
  })
})

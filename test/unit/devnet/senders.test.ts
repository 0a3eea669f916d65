import { describe, expect, test } from 'vitest'
import {
  createSenderPool,
  nextSender,
  OUTSTANDING_PER_SENDER_MAX,
  resumeSender,
  signAhead,
  takePayment,
  type Outstanding,
  type Sender,
  type SenderPool,
} from '../../../devnet/load/sender.ts'
import {
  clearLatency,
  countsOf,
  createSettlement,
  latencyOf,
  noteAccepted,
  noteFinalized,
  noteRefused,
  noteSent,
  noteSettled,
  pendingPerShard,
  type FirstCrossSettled,
} from '../../../devnet/load/settlement.ts'
import { createEvenWorkload } from '../../../devnet/load/workload-even.ts'
import type { BlockFacts } from '../../../devnet/observe/ledger.ts'

const NOW = { nowMs: 1000, intendedMs: 1000 }

function openPool(crossShard = 0, accounts = 2): SenderPool {
  const facts = { shardCount: 2, accountsPerShard: accounts, crossShard }
  const pool = createSenderPool({ ...facts, chainIdBase: 713_000 }, createEvenWorkload(facts))
  for (const sender of pool.senders.flat()) resumeSender(sender, 0)
  return pool
}

function take(pool: SenderPool, shard = 1, times = NOW): Outstanding {
  const sender = nextSender(pool, shard)
  if (sender === undefined) throw new Error('no sender may send')
  return takePayment(pool, sender, times)
}

function noncesOf({ outstanding }: Sender): number[] {
  return [...outstanding.keys()]
}

describe('devnet: senders', () => {
  test('devnet: senders: before the chain has told where they stand nobody sends', () => {
    const facts = { shardCount: 1, accountsPerShard: 2, crossShard: 0 }
    const pool = createSenderPool({ ...facts, chainIdBase: 1 }, createEvenWorkload(facts))
    expect(nextSender(pool, 1)).toBeUndefined()
  })

  test('devnet: senders: turns go round and nonces have no gap', () => {
    const pool = openPool()
    const taken = Array.from({ length: 4 }, () => take(pool))
    expect(taken.map(({ sender, payment }) => [sender.index, payment.nonce])).toEqual([
      [0, 0],
      [1, 0],
      [0, 1],
      [1, 1],
    ])
  })

  test('devnet: senders: one with too much outstanding is passed over until a block takes some', () => {
    const pool = openPool(0, 1)
    const first = take(pool)
    for (let count = 1; count < OUTSTANDING_PER_SENDER_MAX; count++) take(pool)
    expect(nextSender(pool, 1)).toBeUndefined()
    first.sender.outstanding.delete(first.payment.nonce)
    expect(nextSender(pool, 1)).toBe(first.sender)
  })

  test('devnet: senders: after a refusal the sender goes on from the nonce of the chain', () => {
    const pool = openPool(0, 1)
    const taken = [take(pool), take(pool), take(pool)]
    const { sender } = taken[0] ?? take(pool)
    signAhead(pool, sender, 5)
    const lost = resumeSender(sender, 1)
    expect(lost.map(({ payment }) => payment.nonce)).toEqual([1, 2])
    expect(noncesOf(sender)).toEqual([0])
    expect(take(pool).payment.nonce).toBe(1)
  })

  test('devnet: senders: what was signed ahead is kept when nothing is missing before it', () => {
    const pool = openPool(0, 1)
    const { sender } = take(pool)
    signAhead(pool, sender, 3)
    const ahead = sender.ahead[0]
    resumeSender(sender, 1)
    expect(take(pool).payment).toBe(ahead)
  })
})

describe('devnet: settlement', () => {
  function open(crossShard: number) {
    const firsts: FirstCrossSettled[] = []
    const settlement = createSettlement(2, (first) => firsts.push(first))
    const outstanding = take(openPool(crossShard))
    noteSent(settlement, outstanding)
    noteAccepted(settlement, outstanding)
    return { settlement, outstanding, hash: outstanding.payment.hash, firsts }
  }

  function block(shard: number, facts: Partial<BlockFacts>): BlockFacts {
    return { shard, height: 1, hash: '0x1', transactions: [], consumed: [], sent: [], ...facts }
  }

  function receipt(originTransaction: string, outcome: 'applied' | 'bounced') {
    const kind = 'transfer' as const
    return { source: 1, sequence: 0, kind, amount: 1n, outcome, originTransaction }
  }

  test('devnet: settlement: a payment within a shard counts when its block is settled', () => {
    const { settlement, hash } = open(0)
    const included = block(1, { transactions: [{ hash, ok: true }] })
    noteFinalized(settlement, included, 1500)
    expect(countsOf(settlement).settledIntra).toBe(0)
    expect(pendingPerShard(settlement, 2)).toEqual([0, 0])
    noteSettled(settlement, [included], 2500)
    expect(countsOf(settlement)).toMatchObject({ accepted: 1, settledIntra: 1, settledCross: 0 })
    const { intraFinalized, intraSettled } = latencyOf(settlement)
    expect(intraFinalized.max).toBe(500)
    expect(intraSettled.max).toBe(1500)
    expect(settlement.underway.size).toBe(0)
  })

  test('devnet: settlement: a payment across counts once, when its receipt is applied and settled', () => {
    const { settlement, hash, firsts } = open(1)
    noteSettled(settlement, [block(1, { transactions: [{ hash, ok: true }] })], 2000)
    expect(countsOf(settlement)).toMatchObject({ settledIntra: 0, settledCross: 0 })
    const applied = block(2, { consumed: [receipt(hash, 'applied')] })
    noteSettled(settlement, [applied], 3000)
    noteSettled(settlement, [applied], 4000)
    expect(countsOf(settlement)).toMatchObject({ settledIntra: 0, settledCross: 1 })
    expect(firsts).toEqual([{ tx: hash, from: 1, to: 2 }])
    expect(latencyOf(settlement).crossSettled.max).toBe(2000)
  })

  test('devnet: settlement: a bounced payment counts when its refund is settled, not before', () => {
    const { settlement, hash } = open(1)
    noteSettled(settlement, [block(2, { consumed: [receipt(hash, 'bounced')] })], 3000)
    expect(countsOf(settlement).settledCross).toBe(0)
    noteSettled(settlement, [block(1, { consumed: [receipt(hash, 'applied')] })], 5000)
    expect(countsOf(settlement).settledCross).toBe(1)
  })

  test('devnet: settlement: failures and refusals are no throughput', () => {
    const { settlement, hash } = open(0)
    noteSettled(settlement, [block(1, { transactions: [{ hash, ok: false }] })], 2000)
    expect(countsOf(settlement)).toMatchObject({ settledIntra: 0, failed: 1 })
    const other = open(0)
    noteRefused(other.settlement, other.outstanding, 'pool full')
    noteRefused(other.settlement, other.outstanding, 'pool full')
    expect(countsOf(other.settlement).refused).toEqual({ 'pool full': 1 })
  })

  test('devnet: settlement: a payment that is sent again is accepted once', () => {
    const { settlement, outstanding } = open(0)
    noteAccepted(settlement, outstanding)
    expect(countsOf(settlement).accepted).toBe(1)
  })

  test('devnet: settlement: a new window does not hear of what was due before it', () => {
    const { settlement, hash } = open(0)
    clearLatency(settlement, 1001)
    noteSettled(settlement, [block(1, { transactions: [{ hash, ok: true }] })], 2500)
    expect(countsOf(settlement).settledIntra).toBe(1)
    expect(latencyOf(settlement).intraSettled.count).toBe(0)
  })
})

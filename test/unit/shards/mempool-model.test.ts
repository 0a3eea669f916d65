/**
 * The mempool against a model of plain arrays that are searched and sorted anew for every question. The model restates
 * the rules independently: caps, gaps, replacement, eviction of the weakest sender's tail, best tip first.
 */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toHex } from '../../../node/primitives/bytes.ts'
import type { AccountView } from '../../../node/shards/executor.ts'
import type { Mempool } from '../../../node/shards/mempool.ts'
import { account, admit, poolOf, RICH, select, transaction } from './mempool-fixture.ts'

type Row = {
  readonly sender: number
  readonly nonce: number
  readonly fee: bigint
  readonly tip: bigint
  readonly arrival: number
  readonly hash: string
  readonly size: number
}
type Model = { rows: Row[]; readonly nonces: Map<number, number>; arrivals: number }

function rowsOf(model: Model, sender: number): Row[] {
  return model.rows.filter((row) => row.sender === sender).sort((a, b) => a.nonce - b.nonce)
}

function nonceOf(model: Model, sender: number): number {
  return model.nonces.get(sender) ?? 0
}

function weaker(left: Row, right: Row): number {
  if (left.fee !== right.fee) return left.fee < right.fee ? -1 : 1
  if (left.tip !== right.tip) return left.tip < right.tip ? -1 : 1
  return right.arrival - left.arrival
}

function modelAdmit(
  model: Model,
  wish: Omit<Row, 'arrival' | 'hash' | 'size'>,
  countMax: number,
): string {
  const { raw, hash } = transaction(wish)
  const key = toHex(hash)
  if (model.rows.some((row) => row.hash === key)) return 'already-known'
  if (wish.nonce < nonceOf(model, wish.sender)) return 'nonce-too-low'
  const twin = model.rows.find((row) => row.sender === wish.sender && row.nonce === wish.nonce)
  if (twin !== undefined) {
    const enough = (offer: bigint, old: bigint) => offer > old && offer * 10n >= old * 11n
    if (!enough(wish.fee, twin.fee) || !enough(wish.tip, twin.tip)) return 'replacement-underpriced'
    model.rows = model.rows.filter((row) => row !== twin)
  }
  model.arrivals += 1
  model.rows.push({ ...wish, arrival: model.arrivals, hash: key, size: raw.length })
  while (model.rows.length > countMax) {
    const weakest = [...model.rows].sort(weaker)[0]
    const tail = rowsOf(model, weakest?.sender ?? -1).at(-1)
    model.rows = model.rows.filter((row) => row !== tail)
  }
  return model.rows.some((row) => row.hash === key) ? 'accepted' : 'pool-full'
}

/** Effective tips in the order a proposer should take them. */
function modelSelect(
  model: Model,
  baseFee: bigint,
  changed: ReadonlyMap<number, number>,
  countMax: number,
): bigint[] {
  const next = new Map<number, number>()
  const bySender = Map.groupBy(model.rows, (row) => row.sender)
  for (const sender of bySender.keys()) {
    next.set(sender, changed.get(sender) ?? nonceOf(model, sender))
  }
  const headOf = (sender: number) =>
    bySender.get(sender)?.find((row) => row.nonce === next.get(sender) && row.fee >= baseFee)
  const tipOf = (row: Row) => (row.fee - baseFee < row.tip ? row.fee - baseFee : row.tip)
  const isBetter = (left: Row, right: Row) =>
    tipOf(left) === tipOf(right) ? left.arrival < right.arrival : tipOf(left) > tipOf(right)
  const heads = new Map<number, Row>()
  for (const sender of bySender.keys()) {
    const head = headOf(sender)
    if (head !== undefined) heads.set(sender, head)
  }
  const tips: bigint[] = []
  while (tips.length < countMax && heads.size > 0) {
    let best: Row | undefined
    for (const row of heads.values()) {
      if (best === undefined || isBetter(row, best)) best = row
    }
    if (best === undefined) break
    tips.push(tipOf(best))
    next.set(best.sender, best.nonce + 1)
    const head = headOf(best.sender)
    if (head === undefined) heads.delete(best.sender)
    else heads.set(best.sender, head)
  }
  return tips
}

function expectSameContents(pool: Mempool, model: Model): void {
  const listed = pool.list(1_000_000).map((checked) => toHex(checked.hash))
  expect(listed.sort()).toEqual(model.rows.map((row) => row.hash).sort())
  expect(pool.size().count).toBe(model.rows.length)
  expect(pool.size().bytes).toBe(model.rows.reduce((sum, row) => sum + row.size, 0))
}

function expectSameChoice(
  pool: Mempool,
  model: Model,
  ahead: ReadonlyMap<number, number>,
  countMax: number,
): void {
  const baseFee = 5_000n
  const changed: AccountView[] = [...ahead].map(([sender, nonce]) => account(sender, nonce))
  const chosen = select(pool, { baseFee, changed, countMax })
  const rows = new Map(model.rows.map((row) => [row.hash, row]))
  const tips = chosen.map((checked) => {
    const row = rows.get(toHex(checked.hash))
    if (row === undefined) throw new Error('the pool chose what it does not hold')
    return row.fee - baseFee < row.tip ? row.fee - baseFee : row.tip
  })
  expect(tips).toEqual(modelSelect(model, baseFee, ahead, countMax))
}

const SENDERS = 8
const wishes = fc
  .record({
    sender: fc.nat(SENDERS - 1),
    nonce: fc.nat(11),
    fee: fc.bigInt({ min: 1_000n, max: 12_000n }),
    tip: fc.bigInt({ min: 0n, max: 12_000n }),
  })
  .map((wish) => ({ ...wish, tip: wish.tip < wish.fee ? wish.tip : wish.fee }))
type Step =
  | { readonly kind: 'admit'; readonly wish: Omit<Row, 'arrival' | 'hash' | 'size'> }
  | { readonly kind: 'finalize' | 'discard' | 'ahead'; readonly sender: number }
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('admit' as const), wish: wishes }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('finalize' as const, 'discard' as const, 'ahead' as const),
      sender: fc.nat(SENDERS - 1),
    }),
  },
)

function runStep(pool: Mempool, model: Model, step: Step, countMax: number): void {
  if (step.kind === 'admit') {
    const { wish } = step
    const known = account(wish.sender, nonceOf(model, wish.sender))
    expect(admit(pool, wish, known)).toBe(modelAdmit(model, wish, countMax))
    return
  }
  const { sender } = step
  const nonce = nonceOf(model, sender) + 1
  if (step.kind === 'finalize') {
    model.nonces.set(sender, nonce)
    model.rows = model.rows.filter((row) => row.sender !== sender || row.nonce >= nonce)
    pool.finalize(1, [account(sender, nonce)])
  } else if (step.kind === 'discard') {
    const first = rowsOf(model, sender)[0]
    if (first === undefined) return
    model.rows = model.rows.filter((row) => row !== first)
    pool.discard(transaction(first).hash)
  } else {
    expectSameChoice(pool, model, new Map([[sender, nonce]]), 20)
  }
}

describe('mempool: model', () => {
  test('mempool: model: every sequence of steps leaves the same contents and the same choice', () => {
    fc.assert(
      fc.property(
        fc.array(steps, { maxLength: 120 }),
        fc.integer({ min: 1, max: 40 }),
        (sequence, countMax) => {
          const pool = poolOf({ countMax })
          const model: Model = { rows: [], nonces: new Map(), arrivals: 0 }
          for (const step of sequence) {
            runStep(pool, model, step, countMax)
            expect(pool.size().count).toBeLessThanOrEqual(countMax)
          }
          expectSameContents(pool, model)
          expectSameChoice(pool, model, new Map(), 1_000)
        },
      ),
      { numRuns: 200, seed: 11 },
    )
  })

  test('mempool: model: with fifty thousand transactions the choice is still the best', () => {
    const pool = poolOf({ countMax: 60_000, bytesMax: 64 * 1024 * 1024, queuedMax: 60_000 })
    const model: Model = { rows: [], nonces: new Map(), arrivals: 0 }
    let dice = 12345
    const roll = (sides: number) => {
      dice = (Math.imul(dice, 1103515245) + 12345) & 0x7fffffff
      return dice % sides
    }
    const next = new Map<number, number>()
    for (let count = 0; count < 50_000; count++) {
      const sender = roll(5_000)
      const nonce = next.get(sender) ?? 0
      next.set(sender, nonce + 1)
      const fee = 1_000n + BigInt(roll(20_000))
      const wish = { sender, nonce, fee, tip: BigInt(roll(Number(fee))) }
      const checked = transaction(wish)
      const result = pool.admit({ checked, account: account(sender), congested: () => false })
      expect(result.ok).toBe(true)
      model.rows.push({
        ...wish,
        arrival: count,
        hash: toHex(checked.hash),
        size: checked.raw.length,
      })
    }
    expect(pool.size()).toMatchObject({ count: 50_000, queued: 0 })
    expectSameChoice(pool, model, new Map(), 200)
    const ahead = new Map(Array.from({ length: 500 }, (_, sender) => [sender, 2] as const))
    expectSameChoice(pool, model, ahead, 200)
    for (const [sender, nonce] of ahead) model.nonces.set(sender, nonce)
    model.rows = model.rows.filter((row) => row.nonce >= (ahead.get(row.sender) ?? 0))
    pool.finalize(
      1,
      [...ahead].map(([sender, nonce]) => account(sender, nonce, RICH)),
    )
    expectSameContents(pool, model)
    expectSameChoice(pool, model, new Map(), 200)
  }, 30_000)
})

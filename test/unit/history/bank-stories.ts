/** Two bank histories that hold; the cases change them. */
import { casesOf, story } from './story.ts'

type Json = Record<string, unknown>

const ONE = ['a1', 'b1', 'z1'] as const
const TWO = ['a2', 'b2'] as const

/** Balances of the accounts of one shard, in their order. */
function shard(number: number, height: number, names: readonly string[], amounts: string): Json {
  const values = amounts.split(' ')
  const balances = Object.fromEntries(names.map((name, index) => [name, values[index]]))
  return { shard: number, height, balances }
}

export const one = (height: number, amounts: string): Json => shard(1, height, ONE, amounts)
export const two = (height: number, amounts: string): Json => shard(2, height, TWO, amounts)

const accounts = [
  { account: 'a1', shard: 1, balance: '100' },
  { account: 'b1', shard: 1, balance: '100' },
  { account: 'z1', shard: 1, balance: '0' },
  { account: 'a2', shard: 2, balance: '100' },
  { account: 'b2', shard: 2, balance: '100' },
]

export const move = (id: string, from: string, to: string, amount: string): Json => {
  return { id, from, to, amount }
}

/** Within a shard, across, unknown and happened, failed; five cuts. Pairs end at the odd lines. */
export const plain = story({ bank: { accounts } }, (say) => {
  say.run(0, 'transfer', move('t1', 'a1', 'b1', '10'), { height: 3 }) // 3
  const credited = { shard: 2, height: 7 }
  say.run(0, 'transfer', move('t2', 'a1', 'a2', '5'), { height: 5, credited }) // 5
  say.run(1, 'balances', {}, cut(1, '0', one(3, '90 110 0'), two(2, '100 100'))) // 7
  say.run(1, 'balances', {}, cut(2, '5', one(5, '85 110 0'), two(6, '100 100'))) // 9
  say.run(1, 'balances', {}, cut(3, '0', one(6, '85 110 0'), two(8, '105 100'))) // 11
  say.ask(2, 'transfer', move('t3', 'b2', 'b1', '7')) // 12
  say.info(2, 'transfer') // 13
  say.ask(3, 'transfer', move('t4', 'b1', 'a1', '1')) // 14
  say.fail(3, 'transfer') // 15
  say.run(1, 'balances', {}, cut(4, '7', one(8, '85 110 0'), two(10, '105 93'))) // 17
  say.run(1, 'balances', {}, cut(5, '0', one(10, '85 117 0'), two(12, '105 93'))) // 19
})

export function cut(number: number, inFlight: string, ...shards: readonly Json[]): Json {
  return { cut: number, inFlight, shards }
}

export const changePlain = casesOf(plain)

/** With fees, a refund, a reverted transfer, and a beginning at other heights than 0. */
export const paid = story(
  {
    bank: {
      accounts: [
        { account: 'p', shard: 1, balance: '1000' },
        { account: 'q', shard: 1, balance: '1000' },
        { account: 'r', shard: 2, balance: '1000' },
      ],
      outside: [{ shard: 1, amount: '50' }],
      heights: [
        { shard: 1, height: 10 },
        { shard: 2, height: 20 },
      ],
    },
  },
  (say) => {
    say.run(0, 'transfer', move('u1', 'p', 'q', '100'), { height: 11, fee: '3' }) // 3
    const refunded = { height: 12, fee: '5', credited: { shard: 1, height: 15 } }
    say.run(0, 'transfer', move('u2', 'q', 'r', '200'), refunded) // 5
    say.run(0, 'transfer', move('u3', 'r', 'p', '30'), { height: 21, fee: '5', moved: false }) // 7
    say.ask(2, 'transfer', { ...move('u4', 'p', 'q', '40'), feeMax: '9' }) // 8
    say.info(2, 'transfer') // 9
    say.run(1, 'balances', {}, paidCut(1, '200', [12, '897 895', '58'], [21, '995', '5'])) // 11
    say.run(1, 'balances', {}, paidCut(2, '0', [15, '893 1095', '62'], [22, '995', '5'])) // 13
    say.run(1, 'balances', {}, paidCut(3, '0', [18, '893 1095', '62'], [25, '995', '5'])) // 15
  },
)

function paidCut(
  number: number,
  inFlight: string,
  [height, amounts, outside]: readonly [number, string, string],
  [height2, amounts2, outside2]: readonly [number, string, string],
): Json {
  return cut(
    number,
    inFlight,
    { ...shard(1, height, ['p', 'q'], amounts), outside },
    { ...shard(2, height2, ['r'], amounts2), outside: outside2 },
  )
}

export const changePaid = casesOf(paid)

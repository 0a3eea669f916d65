/** Two receipt histories that hold; the cases change them. */
import { casesOf, story } from './story.ts'

type Json = Record<string, unknown>

export const transfer = (id: string, to: number, sequence: number, amount: string): Json => {
  return { to, sequence, id, kind: 'transfer', amount }
}

export const arrival = (id: string, from: number, sequence: number, amount: string): Json => {
  return { from, sequence, id, kind: 'transfer', amount, outcome: 'applied' }
}

export const block = (
  height: number,
  contents: { sent?: Json[]; consumed?: Json[] } = {},
): Json => {
  return { height, sent: contents.sent ?? [], consumed: contents.consumed ?? [] }
}

const bounce = { sequence: 0, id: 'm2', kind: 'bounce', amount: '20' }

export const cut = (beacon: number, heights: readonly number[], final = false): Json => {
  const shards = heights.map((height, index) => ({ shard: index + 1, height }))
  return { beacon, shards, ...(final ? { final } : {}) }
}

const S1 = { shard: 1 }
const S2 = { shard: 2 }

/** One message applied, one bounced and refunded, one unknown and applied, one failed. Pairs end at the odd lines. */
export const mixed = story({ receipt: { shards: [1, 2] } }, (say) => {
  say.run(0, 'send', { id: 'm1', from: 1, to: 2, amount: '10' }, { height: 2, sequence: 0 }) // 3
  say.run(0, 'send', { id: 'm2', from: 1, to: 2, amount: '20' }, { height: 3, sequence: 1 }) // 5
  say.run(1, 'block', S1, block(1)) // 7
  say.run(1, 'block', S1, block(2, { sent: [transfer('m1', 2, 0, '10')] })) // 9
  say.run(1, 'block', S1, block(3, { sent: [transfer('m2', 2, 1, '20')] })) // 11
  say.run(2, 'block', S2, block(1)) // 13
  say.run(2, 'block', S2, block(2, { consumed: [arrival('m1', 1, 0, '10')] })) // 15
  say.run(3, 'cut', {}, cut(1, [3, 2])) // 17
  const refused = { ...arrival('m2', 1, 1, '20'), outcome: 'bounced' }
  say.run(2, 'block', S2, block(3, { consumed: [refused], sent: [{ to: 1, ...bounce }] })) // 19
  say.run(1, 'block', S1, block(4, { consumed: [{ from: 2, ...bounce, outcome: 'applied' }] })) // 21
  say.ask(4, 'send', { id: 'm3', from: 2, to: 1, amount: '7' }) // 22
  say.info(4, 'send') // 23
  say.ask(5, 'send', { id: 'm4', from: 1, to: 2, amount: '1' }) // 24
  say.fail(5, 'send') // 25
  say.run(2, 'block', S2, block(4, { sent: [transfer('m3', 1, 1, '7')] })) // 27
  say.run(1, 'block', S1, block(5, { consumed: [arrival('m3', 2, 1, '7')] })) // 29
  say.run(3, 'cut', {}, cut(2, [5, 4], true)) // 31
})

export const changeMixed = casesOf(mixed)

/** Three shards, two channels into one, a history that begins in the middle of things. */
export const resumed = story(
  {
    receipt: {
      shards: [1, 2, 3],
      heights: [
        { shard: 1, height: 100 },
        { shard: 2, height: 200 },
        { shard: 3, height: 300 },
      ],
      channels: [{ from: 1, to: 3, sent: 9, consumed: 8 }],
    },
  },
  (say) => {
    say.run(0, 'send', { id: 'a', from: 1, to: 3, amount: '1' }, { height: 101 }) // 3
    say.run(0, 'send', { id: 'b', from: 2, to: 3, amount: '2' }, { height: 201 }) // 5
    say.run(0, 'send', { id: 'c', from: 1, to: 3, amount: '3' }, { height: 101 }) // 7
    const two = [transfer('a', 3, 9, '1'), transfer('c', 3, 10, '3')]
    say.run(1, 'block', { shard: 1 }, block(101, { sent: two })) // 9
    say.run(1, 'block', { shard: 2 }, block(201, { sent: [transfer('b', 3, 0, '2')] })) // 11
    const older = arrival('before', 1, 8, '77')
    const first = { consumed: [older, arrival('a', 1, 9, '1')] }
    say.run(1, 'block', { shard: 3 }, block(301, first)) // 13
    const second = { consumed: [arrival('c', 1, 10, '3'), arrival('b', 2, 0, '2')] }
    say.run(1, 'block', { shard: 3 }, block(302, second)) // 15
    say.run(2, 'cut', {}, cut(50, [101, 200, 301])) // 17
    say.run(2, 'cut', {}, cut(51, [101, 201, 302])) // 19
  },
)

export const changeResumed = casesOf(resumed)

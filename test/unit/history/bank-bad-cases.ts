/** Bank histories that are false in one described way. */
import { changePaid, changePlain, cut, move, one, two } from './bank-stories.ts'
import type { Case, Draft } from './story.ts'

/** Adds to two balances of one shard in some reads, so that no sum changes. */
function shift(draft: Draft, lines: readonly number[], changes: Record<string, string>): void {
  for (const line of lines) {
    for (const [path, value] of Object.entries(changes)) draft.set(line, path, value)
  }
}

const A1 = 'shards.0.balances.a1'
const B1 = 'shards.0.balances.b1'
const A2 = 'shards.1.balances.a2'
const B2 = 'shards.1.balances.b2'

const shapes: readonly Case[] = [
  changePlain('a read shows an account that nobody declared', ['bank/unknown-account'], (draft) => {
    draft.set(7, 'shards.0.balances.ghost', '0')
  }),
  changePlain('a read shows an account on another shard', ['bank/unknown-account'], (draft) => {
    draft.set(9, 'shards.0.balances.a2', '0')
  }),
  changePlain('a transfer from nobody', ['bank/unknown-account'], (draft) => {
    draft.set(2, 'from', 'nobody')
  }),
  changePlain('a transfer to nobody', ['bank/unknown-account'], (draft) => {
    draft.set(14, 'to', 'nobody')
  }),
  changePlain('a read lacks an empty account', ['bank/missing-account'], (draft) => {
    draft.remove(7, 'shards.0.balances.z1')
  }),
  changePlain('the last read lacks an empty account', ['bank/missing-account'], (draft) => {
    draft.remove(19, 'shards.0.balances.z1')
  }),
  changePlain(
    'a read lacks a rich account',
    ['bank/missing-account', 'bank/conservation'],
    (draft) => {
      draft.remove(9, A2)
    },
  ),
  changePlain('two transfers of one id', ['bank/same-id'], (draft) => draft.set(4, 'id', 't1')),
  changePlain('a failed transfer takes a known id', ['bank/same-id'], (draft) => {
    draft.set(14, 'id', 't2')
  }),
  changePlain('a balance below nothing', ['bank/negative'], (draft) => {
    shift(draft, [7], { [A1]: '-10', [B1]: '210' })
  }),
  changePlain('an empty account is overdrawn', ['bank/negative'], (draft) => {
    shift(draft, [19], { [A1]: '86', 'shards.0.balances.z1': '-1' })
  }),
  changePlain('less than nothing is in flight', ['bank/negative'], (draft) => {
    shift(draft, [11], { inFlight: '-5', [A2]: '110' })
  }),
  changePlain('money is made', ['bank/conservation'], (draft) => draft.set(7, B1, '111')),
  changePlain('money is lost', ['bank/conservation'], (draft) => draft.set(11, A2, '104')),
  changePlain('what is in flight is forgotten', ['bank/conservation'], (draft) => {
    draft.set(9, 'inFlight', '0')
  }),
  changePlain('what is in flight is counted twice', ['bank/conservation'], (draft) => {
    draft.set(17, 'inFlight', '14')
  }),
  changePlain('what has arrived is still in flight', ['bank/conservation'], (draft) => {
    draft.set(19, 'inFlight', '7')
  }),
  changePlain('something appears outside', ['bank/conservation'], (draft) => {
    draft.set(11, 'shards.1.outside', '1')
  }),
  changePaid('a fee disappears', ['bank/conservation'], (draft) => {
    draft.set(11, 'shards.0.outside', '57')
  }),
  changePaid('what was outside at the beginning is gone', ['bank/conservation'], (draft) => {
    draft.set(15, 'shards.0.outside', '12')
  }),
  changePlain('one height is read in two ways', ['bank/same-height'], (draft) => {
    draft.add(11, (say) => say.run(5, 'balances', {}, { shards: [one(3, '95 105 0')] }))
  }),
  changePlain(
    'one height of the other shard is read in two ways',
    ['bank/same-height'],
    (draft) => {
      draft.add(11, (say) => say.run(5, 'balances', {}, { shards: [two(8, '104 101')] }))
    },
  ),
  changePlain('the beginning is read in another way', ['bank/same-height'], (draft) => {
    draft.add(11, (say) => say.run(5, 'balances', {}, { shards: [one(0, '101 99 0')] }))
  }),
  changePlain('a process reads an older height', ['bank/session'], (draft) => {
    draft.add(9, (say) => say.run(1, 'balances', {}, { shards: [one(4, '90 110 0')] }))
  }),
  changePlain('a process reads an older height of the other shard', ['bank/session'], (draft) => {
    draft.add(19, (say) => say.run(1, 'balances', {}, { shards: [two(9, '105 100')] }))
  }),
  changePlain('a process reads an older cut', ['bank/session'], (draft) => {
    draft.move([8, 9], 11)
  }),
  changePlain('one beacon block records two cuts', ['bank/cut'], (draft) => draft.set(9, 'cut', 1)),
  changePlain('a later cut stands lower', ['bank/cut'], (draft) => {
    draft.add(19, (say) =>
      say.run(5, 'balances', {}, cut(9, '0', one(3, '90 110 0'), two(2, '100 100'))),
    )
  }),
  changePlain('a cut lacks a shard', ['bank/cut'], (draft) => {
    draft.set(7, 'shards', [one(3, '90 110 0')])
  }),
  changePlain('a cut names a shard twice', ['bank/cut'], (draft) => {
    draft.set(7, 'shards', [one(3, '90 110 0'), two(2, '100 100'), two(2, '100 100')])
  }),
  changePlain('a cut does not tell what is in flight', ['bank/cut'], (draft) => {
    draft.remove(9, 'inFlight')
  }),
]

const orders: readonly Case[] = [
  changePlain('a read saw the block before the transfer', ['bank/before-invoke'], (draft) => {
    draft.move([2, 3], 7)
  }),
  changePlain('a read saw the debit before the transfer', ['bank/before-invoke'], (draft) => {
    draft.move([4, 5], 11)
  }),
  changePlain(
    'an unknown transfer is seen before it is asked for',
    ['bank/before-invoke'],
    (draft) => {
      draft.move([12, 13], 19)
    },
  ),
  changePlain('a credit on a third shard', ['bank/credit'], (draft) => {
    draft.set(5, 'credited.shard', 3)
  }),
  changePlain('a credit of its own within a shard', ['bank/credit'], (draft) => {
    draft.set(3, 'credited', { shard: 1, height: 4 })
  }),
  changePlain('a refund in the block of its debit', ['bank/credit'], (draft) => {
    draft.set(5, 'credited', { shard: 1, height: 5 })
  }),
  changePlain('a cut holds the credit without the debit', ['bank/credit'], (draft) => {
    draft.set(5, 'height', 7)
  }),
  changePlain('a credit of what was reverted', ['bank/credit'], (draft) => {
    draft.set(5, 'moved', false)
  }),
  changePaid('a refund before its debit', ['bank/credit'], (draft) => {
    draft.set(5, 'credited.height', 11)
  }),
]

const effects: readonly Case[] = [
  changePlain('an acknowledged transfer within a shard is lost', ['bank/lost'], (draft) => {
    draft.add(11, (say) => say.run(6, 'transfer', move('t5', 'a2', 'b2', '3'), { height: 9 }))
  }),
  changePlain('an acknowledged transfer across is lost', ['bank/lost'], (draft) => {
    draft.add(11, (say) =>
      say.run(6, 'transfer', move('t5', 'b1', 'b2', '4'), {
        height: 7,
        credited: { shard: 2, height: 9 },
      }),
    )
  }),
  changePlain('the first acknowledged transfer is lost', ['bank/lost'], (draft) => {
    shift(draft, [7], { [A1]: '100', [B1]: '100' })
    shift(draft, [9, 11, 17], { [A1]: '95', [B1]: '100' })
    shift(draft, [19], { [A1]: '95', [B1]: '107' })
  }),
  changePlain('an acknowledged transfer across leaves no trace', ['bank/lost'], (draft) => {
    shift(draft, [9], { [A1]: '90', inFlight: '0' })
    shift(draft, [11, 17, 19], { [A1]: '90', [A2]: '100' })
  }),
  changePaid('a fee that was acknowledged is not paid', ['bank/wrong-height'], (draft) => {
    shift(draft, [11], { 'shards.0.balances.p': '900', 'shards.0.outside': '55' })
    shift(draft, [13, 15], { 'shards.0.balances.p': '896', 'shards.0.outside': '59' })
  }),
  changePlain('a transfer happens twice', ['bank/twice'], (draft) => {
    shift(draft, [17], { [A1]: '75', [B1]: '120' })
    shift(draft, [19], { [A1]: '75', [B1]: '127' })
  }),
  changePlain('a transfer happens twice at once', ['bank/twice'], (draft) => {
    shift(draft, [7], { [A1]: '80', [B1]: '120' })
    shift(draft, [9, 11, 17], { [A1]: '75', [B1]: '120' })
    shift(draft, [19], { [A1]: '75', [B1]: '127' })
  }),
  changePlain('a transfer across happens twice', ['bank/twice'], (draft) => {
    shift(draft, [17], { [A1]: '80', inFlight: '12' })
    shift(draft, [19], { [A1]: '80', [A2]: '110' })
  }),
  changePlain('a failed transfer happened', ['bank/failed-visible'], (draft) => {
    shift(draft, [17], { [A1]: '86', [B1]: '109' })
    shift(draft, [19], { [A1]: '86', [B1]: '116' })
  }),
  changePlain('a failed transfer across happened', ['bank/failed-visible'], (draft) => {
    draft.set(14, 'to', 'a2')
    shift(draft, [17], { [B1]: '109', inFlight: '8' })
    shift(draft, [19], { [B1]: '116', [A2]: '106' })
  }),
  changePlain('a transfer is seen below its block', ['bank/wrong-height'], (draft) => {
    draft.set(3, 'height', 4)
  }),
  changePlain('a debit is seen above its block only', ['bank/wrong-height'], (draft) => {
    draft.set(5, 'height', 3)
  }),
  changePlain('a credit is seen above its block only', ['bank/wrong-height'], (draft) => {
    draft.set(5, 'credited.height', 5)
  }),
  changePlain('a transfer in a block of before the beginning', ['bank/wrong-height'], (draft) => {
    draft.set(3, 'height', 0)
  }),
  changePaid('a refund is seen above its block only', ['bank/wrong-height'], (draft) => {
    draft.set(5, 'credited.height', 18)
  }),
  changePlain('two balances move and nobody asked', ['bank/unexplained'], (draft) => {
    shift(draft, [9, 11, 17], { [A1]: '83', [B1]: '112' })
    shift(draft, [19], { [A1]: '83', [B1]: '119' })
  }),
  changePlain('two balances move and move back', ['bank/unexplained'], (draft) => {
    shift(draft, [11], { [A1]: '83', [B1]: '112' })
  }),
  changePlain('something leaves a shard and nobody asked', ['bank/unexplained'], (draft) => {
    shift(draft, [17], { [A1]: '83', inFlight: '9' })
    shift(draft, [19], { [A1]: '83', inFlight: '2' })
  }),
  changePlain('more arrives than was sent', ['bank/unexplained'], (draft) => {
    shift(draft, [17], { [A2]: '110', inFlight: '2' })
    shift(draft, [19], { [A2]: '110', [B1]: '112' })
  }),
  changePlain('a transfer arrives at another account', ['bank/unexplained'], (draft) => {
    shift(draft, [11], { [A2]: '100', [B2]: '105' })
    shift(draft, [17, 19], { [A2]: '100', [B2]: '98' })
  }),
  changePlain('an unknown transfer happens twice', ['bank/unexplained'], (draft) => {
    shift(draft, [17], { [B2]: '86', inFlight: '14' })
    shift(draft, [19], { [B2]: '86', [B1]: '124' })
  }),
  changePlain('an unknown transfer arrives and never left', ['bank/unexplained'], (draft) => {
    shift(draft, [17], { [B2]: '100', inFlight: '0' })
    shift(draft, [19], { [B2]: '100', inFlight: '-7' })
    draft.set(19, 'inFlight', '0')
    draft.set(19, A2, '98')
  }),
  changePaid(
    'an unknown transfer pays more than its highest fee',
    ['bank/unexplained'],
    (draft) => {
      shift(draft, [13, 15], { 'shards.0.balances.p': '877', 'shards.0.outside': '78' })
    },
  ),
]

export const bankBad: readonly Case[] = [...shapes, ...orders, ...effects]

/** Bank histories that hold. */
import { changePaid, changePlain, cut, move, one, paid, plain, two } from './bank-stories.ts'
import { story, type Case } from './story.ts'

const accounts = (...entries: readonly (readonly [string, number, string])[]) => {
  return {
    bank: { accounts: entries.map(([account, shard, balance]) => ({ account, shard, balance })) },
  }
}

const read = (shard: number, height: number, balances: Record<string, string>) => {
  return { shards: [{ shard, height, balances }] }
}

/** Five unknown transfers of 1, 2, 4, 8 and 16; `sum` of them happened. */
function binary(sum: number): Case {
  const lines = story(accounts(['rich', 1, '1000'], ['poor', 1, '0']), (say) => {
    for (const [index, amount] of ['1', '2', '4', '8', '16'].entries()) {
      say.ask(index, 'transfer', move(`w${amount}`, 'rich', 'poor', amount))
      say.info(index, 'transfer')
    }
    const balances = { rich: String(1000 - sum), poor: String(sum) }
    say.run(9, 'balances', {}, read(1, 5, balances))
  })
  return { name: `unknown transfers of 1 2 4 8 16 that make ${sum}`, rules: [], lines }
}

export const bankGood: readonly Case[] = [
  { name: 'within, across, unknown and failed', rules: [], lines: plain },
  { name: 'fees, a refund and a reverted transfer', rules: [], lines: paid },
  binary(0),
  binary(1),
  binary(21),
  binary(31),
  changePlain('no reads at all', [], (draft) => draft.drop(6, 7, 8, 9, 10, 11, 16, 17, 18, 19)),
  changePlain('the unknown transfer never happened', [], (draft) => {
    draft.set(17, 'inFlight', '0')
    draft.set(17, 'shards.1.balances.b2', '100')
    draft.set(19, 'shards.0.balances.b1', '110')
    draft.set(19, 'shards.1.balances.b2', '100')
  }),
  changePlain('the unknown transfer is open to the end', [], (draft) => draft.drop(13)),
  changePlain('the unknown transfer is refunded', [], (draft) => {
    draft.set(19, 'shards.0.balances.b1', '110')
    draft.set(19, 'shards.1.balances.b2', '100')
  }),
  changePlain('the unknown transfer is under way at the end', [], (draft) => draft.drop(18, 19)),
  changePlain('the client does not know where its credit is', [], (draft) => {
    draft.remove(5, 'credited')
  }),
  changePlain('a credit that is not known comes back as a refund', [], (draft) => {
    draft.remove(5, 'credited')
    for (const line of [11, 17, 19]) {
      draft.set(line, 'shards.0.balances.a1', '90')
      draft.set(line, 'shards.1.balances.a2', '100')
    }
  }),
  changePlain('a read fails', [], (draft) => {
    draft.add(19, (say) => {
      say.ask(5, 'balances', {})
      say.fail(5, 'balances')
    })
  }),
  changePlain('another process reads an older cut later', [], (draft) => {
    draft.add(19, (say) =>
      say.run(5, 'balances', {}, cut(1, '0', one(3, '90 110 0'), two(2, '100 100'))),
    )
  }),
  changePlain('one shard is read between the cuts', [], (draft) => {
    draft.add(17, (say) => say.run(5, 'balances', {}, { shards: [one(9, '85 117 0')] }))
  }),
  changePlain('the acknowledgement comes after the reads', [], (draft) => draft.move([5], 11)),
  changePlain('a transfer of nothing', [], (draft) => {
    draft.add(11, (say) => say.run(6, 'transfer', move('t0', 'z1', 'a2', '0'), { height: 7 }))
  }),
  changePlain('a transfer to oneself', [], (draft) => {
    draft.add(11, (say) => say.run(6, 'transfer', move('t0', 'a1', 'a1', '50'), { height: 7 }))
  }),
  changePlain('two unknown transfers cancel each other', [], (draft) => {
    draft.add(11, (say) => {
      say.ask(6, 'transfer', move('there', 'a1', 'b1', '9'))
      say.ask(7, 'transfer', move('back', 'b1', 'a1', '9'))
    })
  }),
  changePlain('an acknowledged transfer above every read', [], (draft) => {
    draft.add(19, (say) => say.run(6, 'transfer', move('new', 'a1', 'b1', '9'), { height: 11 }))
  }),
  changePaid('the unknown transfer never happened and costs nothing', [], (draft) => {
    for (const line of [13, 15]) {
      draft.set(line, 'shards.0.balances.p', '897')
      draft.set(line, 'shards.0.outside', '58')
    }
  }),
  changePaid('the unknown transfer happened and paid a fee', [], (draft) => {
    for (const line of [13, 15]) {
      draft.set(line, 'shards.0.balances.p', '850')
      draft.set(line, 'shards.0.balances.q', '1135')
      draft.set(line, 'shards.0.outside', '65')
    }
  }),
  changePaid('the fee is not known exactly', [], (draft) => {
    draft.remove(3, 'fee')
    draft.set(2, 'feeMax', '10')
  }),
  {
    name: 'amounts beyond every machine word',
    rules: [],
    lines: story(accounts(['x', 1, (2n ** 250n).toString()], ['y', 1, '0']), (say) => {
      say.run(0, 'transfer', move('all', 'x', 'y', (2n ** 250n).toString()), { height: 1 })
      say.run(1, 'balances', {}, read(1, 1, { x: '0', y: (2n ** 250n).toString() }))
    }),
  },
  {
    name: 'a choice that fits now and not later is taken back',
    rules: [],
    lines: story(accounts(['x', 1, '10'], ['y', 1, '0'], ['v', 1, '0']), (say) => {
      say.ask(0, 'transfer', move('a', 'x', 'y', '2'))
      say.ask(1, 'transfer', move('b', 'x', 'y', '3'))
      say.ask(2, 'transfer', move('c', 'x', 'y', '5'))
      say.run(3, 'balances', {}, read(1, 1, { x: '5', y: '5', v: '0' }))
      say.run(3, 'balances', {}, read(1, 2, { x: '3', y: '7', v: '0' }))
      say.run(3, 'balances', {}, read(1, 3, { x: '0', y: '10', v: '0' }))
    }),
  },
]

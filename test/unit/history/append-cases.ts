/** Append histories: a good one, changes that leave it good, and changes that make it false. */
import { casesOf, story, type Case } from './story.ts'

const K1 = { key: 'k1' }
const K2 = { key: 'k2' }

/** Two senders; the nonces of the second begin at 5. Line numbers of the pairs stand behind them. */
const base = story({ append: { keys: [{ key: 'k1' }, { key: 'k2', first: 5 }] } }, (say) => {
  say.run(0, 'append', { key: 'k1', id: 'x0', nonce: 0 }, { height: 2 }) // 2, 3
  say.run(0, 'append', { key: 'k1', id: 'x1', nonce: 1 }, { height: 3 }) // 4, 5
  say.run(1, 'list', K1, { height: 2, list: ['x0'] }) // 6, 7
  say.run(1, 'list', K1, { height: 3, from: 1, list: ['x1'] }) // 8, 9
  say.run(2, 'append', { key: 'k2', id: 'y5', nonce: 5 }, { height: 4 }) // 10, 11
  say.ask(3, 'append', { key: 'k1', id: 'x2', nonce: 2 }) // 12
  say.info(3, 'append') // 13
  say.ask(4, 'append', { key: 'k1', id: 'failed', nonce: 3 }) // 14
  say.fail(4, 'append') // 15
  say.run(1, 'list', K1, { height: 6, list: ['x0', 'x1', 'x2'] }) // 16, 17
  say.run(5, 'list', K2, { height: 4, list: ['y5'] }) // 18, 19
  say.run(0, 'append', { key: 'k1', id: 'x3', nonce: 3 }, { height: 8 }) // 20, 21
  say.run(1, 'list', K1, { height: 9, from: 3, list: ['x3'], final: true }) // 22, 23
  say.run(5, 'list', K2, { height: 9, from: 1, list: [], final: true }) // 24, 25
})

const change = casesOf(base)

/** One key, appends that overlap, several readers. */
const busy = story({ append: { keys: [{ key: 's' }] } }, (say) => {
  say.ask(0, 'append', { key: 's', id: 'a', nonce: 0 }) // 2
  say.ask(1, 'append', { key: 's', id: 'b', nonce: 1 }) // 3
  say.ask(2, 'append', { key: 's', id: 'c', nonce: 2 }) // 4
  say.run(9, 'list', { key: 's' }, { height: 1, list: ['a'] }) // 5, 6
  say.ok(1, 'append', { height: 2 }) // 7
  say.ok(0, 'append', { height: 1 }) // 8
  say.run(8, 'list', { key: 's' }, { height: 0, list: [] }) // 9, 10
  say.run(9, 'list', { key: 's' }, { height: 2, list: ['a', 'b'] }) // 11, 12
  say.ok(2, 'append', { height: 4 }) // 13
  say.run(8, 'list', { key: 's' }, { height: 4, list: ['a', 'b', 'c'] }) // 14, 15
  say.run(9, 'list', { key: 's' }, { height: 3, list: ['a', 'b'] }) // 16, 17
})

const changeBusy = casesOf(busy)

export const appendGood: readonly Case[] = [
  { name: 'two senders, one append unknown and seen', rules: [], lines: base },
  { name: 'overlapping appends and readers of different age', rules: [], lines: busy },
  change('no reads at all', [], (draft) => {
    draft.drop(6, 7, 8, 9, 16, 17, 18, 19, 22, 23, 24, 25)
  }),
  change('the unknown append never happened', [], (draft) => {
    draft.set(17, 'list', ['x0', 'x1'])
    draft.set(20, 'nonce', 2)
    draft.set(23, 'from', 2)
  }),
  change('the unknown append is still open', [], (draft) => draft.drop(13)),
  change('a read that was never answered', [], (draft) => {
    draft.add(23, (say) => say.ask(7, 'list', K1))
  }),
  change('a read that failed', [], (draft) => {
    draft.add(23, (say) => {
      say.ask(7, 'list', K1)
      say.fail(7, 'list')
    })
  }),
  change('another process reads an older height later', [], (draft) => {
    draft.add(23, (say) => say.run(7, 'list', K1, { height: 4, list: ['x0', 'x1'] }))
  }),
  change('the same height is read twice', [], (draft) => {
    draft.add(17, (say) => say.run(1, 'list', K1, { height: 6, list: ['x0', 'x1', 'x2'] }))
  }),
  change('an acknowledged append above every read', [], (draft) => {
    draft.drop(22, 23)
  }),
  change('a failed append is tried again under another name', [], (draft) => {
    draft.add(15, (say) =>
      say.run(0, 'append', { key: 'k2', id: 'again', nonce: 6 }, { height: 9 }),
    )
    draft.set(25, 'list', ['again'])
  }),
  change('a list is read in two parts', [], (draft) => {
    draft.add(23, (say) => say.run(1, 'list', K1, { height: 9, from: 2, list: ['x2', 'x3'] }))
  }),
  change('an empty list before the first append', [], (draft) => {
    draft.add(1, (say) => say.run(6, 'list', K1, { height: 0, list: [] }))
  }),
  changeBusy('acknowledged in another order than asked for', [], (draft) => {
    draft.move([13], 10)
  }),
  changeBusy('a reader sees an append before its sender hears of it', [], (draft) => {
    draft.move([7, 8], 12)
  }),
]

export const appendBad: readonly Case[] = [
  change('a read of a key that nobody declared', ['append/unknown-key'], (draft) => {
    draft.add(1, (say) => say.run(6, 'list', { key: 'k3' }, { height: 0, list: [] }))
  }),
  change('an append to a key that nobody declared', ['append/unknown-key'], (draft) => {
    draft.add(1, (say) => say.run(6, 'append', { key: 'k3', id: 'z', nonce: 0 }, { height: 1 }))
  }),
  change('one id for two appends', ['append/same-id'], (draft) => {
    draft.add(15, (say) => {
      say.ask(6, 'append', { key: 'k1', id: 'x2', nonce: 2 })
      say.info(6, 'append')
    })
  }),
  change('one id on two keys', ['append/same-id'], (draft) => {
    draft.add(24, (say) => say.ask(6, 'append', { key: 'k2', id: 'y5', nonce: 5 }))
  }),
  change('an element that nobody appended', ['append/invented'], (draft) => {
    draft.set(17, 'list', ['x0', 'x1', 'ghost'])
  }),
  change('an element of another key', ['append/invented'], (draft) => {
    draft.set(25, 'list', ['x1'])
  }),
  change('an element at the end that nobody appended', ['append/invented'], (draft) => {
    draft.set(23, 'list', ['x3', 'ghost'])
  }),
  change('a failed append is read', ['append/failed-visible'], (draft) => {
    draft.set(17, 'list', ['x0', 'x1', 'x2', 'failed'])
    draft.set(20, 'nonce', 4)
    draft.set(23, 'from', 4)
  }),
  change('a failed append is read at the end', ['append/failed-visible'], (draft) => {
    draft.set(14, 'nonce', 4)
    draft.set(23, 'list', ['x3', 'failed'])
  }),
  change('an append of the other key that failed is read', ['append/failed-visible'], (draft) => {
    draft.add(11, (say) => {
      say.ask(6, 'append', { key: 'k2', id: 'no', nonce: 6 })
      say.fail(6, 'append')
    })
    draft.set(25, 'list', ['no'])
  }),
  change('an element twice in one read', ['append/duplicate'], (draft) => {
    draft.set(23, 'list', ['x3', 'x3'])
  }),
  change('an element again after others', ['append/duplicate'], (draft) => {
    draft.set(23, 'list', ['x3', 'x0'])
  }),
  change('an element twice on the other key', ['append/duplicate'], (draft) => {
    draft.set(25, 'list', ['y5'])
  }),
  change('a read shows what is asked for only later', ['append/before-invoke'], (draft) => {
    draft.move([12, 13], 17)
  }),
  change('the other key shows what is asked for only later', ['append/before-invoke'], (draft) => {
    draft.move([10, 11], 19)
  }),
  changeBusy(
    'the last element is read before it is asked for',
    ['append/before-invoke'],
    (draft) => {
      draft.move([4, 13], 17)
    },
  ),
  change('an acknowledged append is missing at its height', ['append/lost'], (draft) => {
    draft.set(11, 'height', 3)
    draft.set(19, 'list', [])
    draft.set(25, 'from', 0)
    draft.set(25, 'list', ['y5'])
  }),
  change('an acknowledged append is missing in the last read', ['append/lost'], (draft) => {
    draft.set(23, 'list', [])
  }),
  change('an acknowledged append is missing above its height', ['append/lost'], (draft) => {
    draft.set(21, 'height', 9)
    draft.set(23, 'list', [])
  }),
  change('the only append of a key is gone', ['append/lost'], (draft) => {
    draft.set(19, 'list', [])
    draft.set(25, 'from', 0)
  }),
  change('a final read below the acknowledged height lacks it', ['append/lost'], (draft) => {
    draft.set(21, 'height', 12)
    draft.set(23, 'list', [])
  }),
  changeBusy('the last append is missing at its height', ['append/lost'], (draft) => {
    draft.set(15, 'list', ['a', 'b'])
  }),
  changeBusy('an append is missing for one reader only', ['append/backwards'], (draft) => {
    draft.set(17, 'list', ['a'])
  }),
  change('a read below the height shows the append', ['append/too-early'], (draft) => {
    draft.set(5, 'height', 5)
  }),
  change('a read far below the height shows the append', ['append/too-early'], (draft) => {
    draft.set(3, 'height', 4)
    draft.set(5, 'height', 4)
  }),
  change('the other key shows an append below its height', ['append/too-early'], (draft) => {
    draft.set(11, 'height', 6)
  }),
  changeBusy('an append is read below its height', ['append/too-early'], (draft) => {
    draft.set(8, 'height', 2)
  }),
  change('a nonce is left out', ['append/nonce'], (draft) => draft.set(20, 'nonce', 4)),
  change('a nonce is used twice', ['append/nonce'], (draft) => draft.set(20, 'nonce', 2)),
  change('the first nonce is not the first', ['append/nonce'], (draft) =>
    draft.set(10, 'nonce', 6),
  ),
  changeBusy('two nonces are swapped', ['append/nonce'], (draft) => {
    draft.set(2, 'nonce', 1)
    draft.set(3, 'nonce', 0)
  }),
  change('two reads disagree about an element', ['append/fork'], (draft) => {
    draft.add(9, (say) => say.run(6, 'list', K1, { height: 3, list: ['x1', 'x0'] }))
  }),
  change('a later read rewrites an element', ['append/fork'], (draft) => {
    draft.add(23, (say) => say.run(6, 'list', K1, { height: 9, list: ['x0', 'x1', 'x3', 'x2'] }))
  }),
  change('one height has two lengths', ['append/fork'], (draft) => {
    draft.add(17, (say) => say.run(6, 'list', K1, { height: 6, list: ['x0', 'x1'] }))
  }),
  changeBusy('two readers see two histories', ['append/fork', 'append/lost'], (draft) => {
    draft.set(15, 'list', ['a', 'c', 'b'])
  }),
  change('a list gets shorter', ['append/backwards'], (draft) => {
    draft.add(17, (say) => say.run(6, 'list', K1, { height: 7, list: ['x0', 'x1'] }))
  }),
  change('a list becomes shorter than what was acknowledged', ['append/backwards'], (draft) => {
    draft.add(19, (say) => say.run(6, 'list', K2, { height: 3, list: ['y5'] }))
    draft.set(11, 'height', 3)
    draft.add(19, (say) => say.run(7, 'list', K2, { height: 2, list: [] }))
    draft.add(1, (say) => say.ask(8, 'append', { key: 'k2', id: 'y6', nonce: 6 }))
    draft.add(19, (say) => say.run(9, 'list', K2, { height: 5, from: 1, list: ['y6'] }))
  }),
  change('a process reads an older height', ['append/session'], (draft) => {
    draft.add(17, (say) => say.run(1, 'list', K1, { height: 3, list: ['x0', 'x1'] }))
  }),
  change('a process reads the beginning again', ['append/session'], (draft) => {
    draft.add(23, (say) => say.run(1, 'list', K1, { height: 0, list: [] }))
  }),
  change('a process reads an older height of the other key', ['append/session'], (draft) => {
    draft.add(25, (say) => say.run(5, 'list', K2, { height: 8, list: ['y5'] }))
  }),
  changeBusy('a reader goes back one height', ['append/session'], (draft) => {
    draft.set(12, 'height', 3)
    draft.set(17, 'height', 2)
  }),
  {
    name: 'what was acknowledged first stands second',
    rules: ['append/real-time'],
    lines: story({ append: { keys: [{ key: 'r' }] } }, (say) => {
      say.run(0, 'append', { key: 'r', id: 'first', nonce: 1 }, { height: 2 })
      say.run(0, 'append', { key: 'r', id: 'second', nonce: 0 }, { height: 2 })
      say.run(1, 'list', { key: 'r' }, { height: 2, list: ['second', 'first'] })
    }),
  },
  {
    name: 'what was acknowledged first stands last of three',
    rules: ['append/real-time'],
    lines: story({ append: { keys: [{ key: 'r' }] } }, (say) => {
      say.run(0, 'append', { key: 'r', id: 'first', nonce: 2 }, { height: 1 })
      say.ask(1, 'append', { key: 'r', id: 'second', nonce: 0 })
      say.ask(2, 'append', { key: 'r', id: 'third', nonce: 1 })
      say.run(3, 'list', { key: 'r' }, { height: 1, list: ['second', 'third', 'first'] })
    }),
  },
  change('a read begins behind what is known', ['append/gap'], (draft) => {
    draft.set(9, 'from', 2)
    draft.set(9, 'list', [])
  }),
  change('the first read of a key is a tail', ['append/gap'], (draft) => {
    draft.set(19, 'from', 1)
    draft.set(19, 'list', [])
    draft.drop(24, 25)
  }),
]

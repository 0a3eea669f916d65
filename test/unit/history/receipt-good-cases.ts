/** Receipt histories that hold. */
import {
  changeMixed,
  changeResumed,
  block,
  cut,
  mixed,
  resumed,
  transfer,
} from './receipt-stories.ts'
import { story, type Case } from './story.ts'

export const receiptGood: readonly Case[] = [
  { name: 'applied, refunded, unknown and failed', rules: [], lines: mixed },
  { name: 'three shards from the middle of a history', rules: [], lines: resumed },
  {
    name: 'nothing happens',
    rules: [],
    lines: story({ receipt: { shards: [1] } }, (say) => {
      say.run(0, 'block', { shard: 1 }, block(1))
      say.run(0, 'cut', {}, cut(1, [1], true))
    }),
  },
  changeMixed('no observer saw any block', [], (draft) => {
    draft.drop(6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 26, 27, 28, 29, 30, 31)
  }),
  changeMixed('the unknown message is never sent', [], (draft) => {
    draft.set(27, 'sent', [])
    draft.set(29, 'consumed', [])
  }),
  changeMixed('the unknown message is open to the end', [], (draft) => draft.drop(23)),
  changeMixed('no cut was read', [], (draft) => draft.drop(16, 17, 30, 31)),
  changeMixed('the end is not told to be the end', [], (draft) => {
    draft.remove(31, 'final')
    draft.drop(28, 29)
    draft.set(31, 'shards.0.height', 4)
  }),
  changeMixed('a message waits in a buffer before it leaves', [], (draft) => {
    draft.set(5, 'height', 2)
  }),
  changeMixed('two observers read the same blocks', [], (draft) => {
    draft.add(31, (say) => {
      say.run(9, 'block', { shard: 1 }, block(1))
      say.run(9, 'block', { shard: 1 }, block(2, { sent: [transfer('m1', 2, 0, '10')] }))
    })
  }),
  changeMixed('two processes read one cut', [], (draft) => {
    draft.add(31, (say) => say.run(9, 'cut', {}, cut(1, [3, 2])))
  }),
  changeMixed('a block is not answered', [], (draft) => {
    draft.add(31, (say) => {
      say.ask(9, 'block', { shard: 2 })
      say.fail(9, 'block')
    })
  }),
  changeMixed('the acknowledgement comes last', [], (draft) => draft.move([5], 29)),
  changeMixed('the destination is read before the source', [], (draft) => {
    draft.move([12, 13, 14, 15], 5)
  }),
  changeResumed('the newest message is under way', [], (draft) => {
    draft.drop(14, 15, 18, 19)
  }),
  changeResumed('the source of an arrival has not been read yet', [], (draft) => {
    draft.drop(10, 11, 18, 19)
  }),
  changeResumed('the older message stays under way', [], (draft) => {
    draft.drop(12, 13, 14, 15, 16, 17, 18, 19)
  }),
]

/** Receipt histories that are false in one described way. */
import { arrival, block, changeMixed, changeResumed, cut, transfer } from './receipt-stories.ts'
import type { Case } from './story.ts'

const refused = { ...arrival('m2', 1, 1, '20'), outcome: 'bounced' }

export const receiptBad: readonly Case[] = [
  changeMixed('two messages of one id', ['receipt/same-id'], (draft) => draft.set(24, 'id', 'm1')),
  changeMixed('an unknown message takes a known id', ['receipt/same-id'], (draft) => {
    draft.set(22, 'id', 'm2')
  }),
  changeMixed('a block is left out', ['receipt/block-gap'], (draft) => draft.drop(6, 7)),
  changeMixed('a block in the middle is left out', ['receipt/block-gap'], (draft) => {
    draft.drop(18, 19)
  }),
  changeMixed('a block is told in two ways', ['receipt/same-height'], (draft) => {
    draft.add(31, (say) =>
      say.run(9, 'block', { shard: 1 }, block(1, { sent: [transfer('m4', 2, 2, '1')] })),
    )
  }),
  changeMixed('an arrival is told with another amount', ['receipt/same-height'], (draft) => {
    const other = { consumed: [arrival('m1', 1, 0, '11')] }
    draft.add(31, (say) => say.run(9, 'block', { shard: 2 }, block(2, other)))
  }),
  changeMixed('an observer reads an older block', ['receipt/session'], (draft) => {
    draft.move([6, 7], 9)
  }),
  changeMixed('an observer reads an older cut', ['receipt/session'], (draft) => {
    draft.add(31, (say) => say.run(3, 'cut', {}, cut(1, [3, 2])))
  }),
  changeMixed('a later cut stands lower', ['receipt/cut'], (draft) => {
    draft.set(31, 'shards.0.height', 2)
  }),
  changeMixed('one beacon block records two cuts', ['receipt/cut'], (draft) => {
    draft.set(31, 'beacon', 1)
  }),
  changeMixed('a cut lacks a shard', ['receipt/cut'], (draft) => {
    draft.set(17, 'shards', [{ shard: 1, height: 3 }])
  }),
  changeMixed('a cut of a shard that nobody declared', ['receipt/unknown-shard'], (draft) => {
    draft.set(17, 'shards.2', { shard: 3, height: 1 })
  }),
  changeMixed('a message to a shard that nobody declared', ['receipt/unknown-shard'], (draft) => {
    draft.set(24, 'to', 3)
  }),
  changeMixed('a block of a shard that nobody declared', ['receipt/unknown-shard'], (draft) => {
    draft.add(31, (say) => say.run(9, 'block', { shard: 7 }, block(1)))
  }),
  changeMixed(
    'a sequence is left out when sending',
    ['receipt/send-order', 'receipt/order'],
    (draft) => {
      draft.set(27, 'sent.0.sequence', 2)
      draft.set(29, 'consumed.0.sequence', 2)
    },
  ),
  changeMixed(
    'a sequence is used twice when sending',
    ['receipt/send-order', 'receipt/twice', 'receipt/changed'],
    (draft) => {
      draft.set(27, 'sent.0.sequence', 0)
      draft.set(29, 'consumed.0.sequence', 0)
      draft.remove(31, 'final')
    },
  ),
  changeResumed('the first sequence is not the next', ['receipt/send-order'], (draft) => {
    draft.set(9, 'sent.0.sequence', 11)
    draft.set(9, 'sent.1.sequence', 12)
    draft.set(13, 'consumed', [arrival('before', 1, 8, '77')])
    draft.set(15, 'consumed', [arrival('b', 2, 0, '2')])
  }),
  changeMixed('a message is sent twice and arrives twice', ['receipt/sent-twice'], (draft) => {
    draft.set(11, 'sent', [transfer('m2', 2, 1, '20'), transfer('m1', 2, 2, '10')])
    draft.set(19, 'consumed', [refused, arrival('m1', 1, 2, '10')])
  }),
  changeMixed('a refund is sent twice', ['receipt/sent-twice'], (draft) => {
    draft.set(27, 'sent', [
      { to: 1, sequence: 1, id: 'm2', kind: 'bounce', amount: '20' },
      transfer('m3', 1, 2, '7'),
    ])
    draft.set(29, 'consumed', [
      { ...arrival('m2', 2, 1, '20'), kind: 'bounce' },
      arrival('m3', 2, 2, '7'),
    ])
  }),
  changeResumed('a message is sent twice in one block', ['receipt/sent-twice'], (draft) => {
    draft.set(9, 'sent.1', transfer('a', 3, 10, '1'))
    draft.set(15, 'consumed.0', arrival('a', 1, 10, '1'))
  }),
  changeMixed('a source sends what nobody asked for', ['receipt/invented'], (draft) => {
    draft.set(27, 'sent.0.id', 'ghost')
    draft.set(29, 'consumed.0.id', 'ghost')
  }),
  changeResumed('a destination consumes what nobody sent', ['receipt/invented'], (draft) => {
    draft.set(15, 'consumed.2', arrival('ghost', 2, 1, '5'))
  }),
  changeResumed('an arrival from a shard that did not send', ['receipt/invented'], (draft) => {
    draft.set(15, 'consumed.2', arrival('a', 2, 1, '1'))
  }),
  changeMixed('a failed message is sent', ['receipt/failed-visible'], (draft) => {
    draft.set(29, 'sent', [transfer('m4', 2, 2, '1')])
    draft.remove(31, 'final')
  }),
  changeMixed('a failed message is sent and applied', ['receipt/failed-visible'], (draft) => {
    draft.set(11, 'sent.1', transfer('m4', 2, 2, '1'))
    draft.set(27, 'consumed', [arrival('m4', 1, 2, '1')])
    draft.move([24, 25], 5)
  }),
  changeMixed('a message is sent before it is asked for', ['receipt/before-invoke'], (draft) => {
    draft.move([22, 23], 31)
  }),
  changeMixed(
    'a block shows an acknowledged message too soon',
    ['receipt/before-invoke'],
    (draft) => {
      draft.move([4, 5], 31)
    },
  ),
  changeResumed('an arrival is read before it is asked for', ['receipt/before-invoke'], (draft) => {
    draft.drop(10, 11, 18, 19)
    draft.move([4, 5], 17)
  }),
  changeMixed('a message leaves with another amount', ['receipt/amount'], (draft) => {
    draft.set(9, 'sent.0.amount', '11')
    draft.set(15, 'consumed.0.amount', '11')
  }),
  changeMixed('a refund pays too much', ['receipt/amount'], (draft) => {
    draft.set(19, 'sent.0.amount', '21')
    draft.set(21, 'consumed.0.amount', '21')
  }),
  changeResumed('a message leaves with nothing', ['receipt/amount'], (draft) => {
    draft.set(11, 'sent.0.amount', '0')
    draft.set(15, 'consumed.1.amount', '0')
  }),
  changeMixed('a message leaves for another shard', ['receipt/destination'], (draft) => {
    draft.set(2, 'to', 1)
    draft.set(2, 'from', 2)
    draft.set(3, 'height', 1)
  }),
  changeResumed('a message leaves from another shard', ['receipt/destination'], (draft) => {
    draft.set(4, 'from', 1)
    draft.set(5, 'height', 101)
  }),
  changeResumed('a refund goes to a third shard', ['receipt/destination'], (draft) => {
    draft.set(15, 'consumed.0.outcome', 'bounced')
    draft.set(15, 'sent', [{ to: 2, sequence: 0, id: 'c', kind: 'bounce', amount: '3' }])
  }),
  changeMixed('a message leaves below its block', ['receipt/too-early'], (draft) => {
    draft.set(3, 'height', 3)
  }),
  changeMixed('a message leaves two blocks below its own', ['receipt/too-early'], (draft) => {
    draft.set(5, 'height', 5)
  }),
  changeMixed('a message is applied twice in a row', ['receipt/twice'], (draft) => {
    draft.set(15, 'consumed.1', arrival('m1', 1, 0, '10'))
  }),
  changeMixed('a message is applied again later', ['receipt/twice'], (draft) => {
    draft.set(27, 'consumed', [arrival('m1', 1, 0, '10')])
  }),
  changeMixed('a refund is paid twice', ['receipt/twice'], (draft) => {
    draft.set(29, 'consumed', [
      { ...arrival('m2', 2, 0, '20'), kind: 'bounce' },
      arrival('m3', 2, 1, '7'),
    ])
  }),
  changeResumed('a message of before is applied again', ['receipt/twice'], (draft) => {
    draft.set(13, 'consumed.0.sequence', 7)
    draft.set(1, 'receipt.channels.0.consumed', 9)
  }),
  changeMixed('two arrivals change places', ['receipt/order', 'receipt/twice'], (draft) => {
    draft.set(15, 'consumed', [refused])
    draft.set(19, 'consumed', [arrival('m1', 1, 0, '10')])
    draft.remove(31, 'final')
  }),
  changeMixed('a message is skipped', ['receipt/order', 'receipt/unfinished'], (draft) => {
    draft.set(15, 'consumed', [])
  }),
  changeResumed('the message of before is skipped', ['receipt/order'], (draft) => {
    draft.set(13, 'consumed', [arrival('a', 1, 9, '1')])
  }),
  changeMixed('a cut holds an arrival without its sending', ['receipt/before-sent'], (draft) => {
    draft.set(17, 'shards.0.height', 1)
  }),
  changeResumed('a cut holds an arrival of a block above it', ['receipt/before-sent'], (draft) => {
    draft.set(17, 'shards.2.height', 302)
  }),
  changeResumed('all blocks are known and none sends it', ['receipt/before-sent'], (draft) => {
    draft.set(11, 'sent', [])
  }),
  changeMixed('a message arrives with another amount', ['receipt/changed'], (draft) => {
    draft.set(15, 'consumed.0.amount', '9')
  }),
  changeMixed('a message arrives under another id', ['receipt/changed'], (draft) => {
    draft.set(29, 'consumed.0.id', 'm1')
  }),
  changeMixed('a message arrives as a refund', ['receipt/changed'], (draft) => {
    draft.set(29, 'consumed.0.kind', 'bounce')
  }),
  changeMixed(
    'a message has another sequence than was acknowledged',
    ['receipt/changed'],
    (draft) => {
      draft.set(3, 'sequence', 1)
    },
  ),
  changeResumed('two amounts change places on the way', ['receipt/changed'], (draft) => {
    draft.set(13, 'consumed.1.amount', '3')
    draft.set(15, 'consumed.0.amount', '1')
  }),
  changeMixed('a message is applied and refunded', ['receipt/bounce'], (draft) => {
    draft.set(19, 'consumed.0.outcome', 'applied')
  }),
  changeMixed('a refund is bounced', ['receipt/bounce'], (draft) => {
    draft.set(21, 'consumed.0.outcome', 'bounced')
    draft.set(19, 'consumed.0.outcome', 'applied')
    draft.set(21, 'sent', [])
  }),
  changeMixed('a refund of what never came', ['receipt/bounce'], (draft) => {
    draft.set(19, 'sent.0.id', 'm1')
    draft.set(21, 'consumed.0.id', 'm1')
    draft.remove(31, 'final')
  }),
  changeMixed('a refund leaves before the bounce', ['receipt/bounce'], (draft) => {
    draft.set(13, 'sent', [{ to: 1, sequence: 0, id: 'm2', kind: 'bounce', amount: '20' }])
    draft.set(19, 'sent', [])
  }),
  changeResumed('a message is void', ['receipt/changed'], (draft) => {
    draft.set(15, 'consumed.0.outcome', 'void')
  }),
  changeMixed('an acknowledged message never leaves', ['receipt/lost'], (draft) => {
    draft.add(29, (say) => {
      say.run(9, 'send', { id: 'm9', from: 2, to: 1, amount: '1' }, { height: 4 })
    })
  }),
  changeMixed('an acknowledged message leaves after the end', ['receipt/lost'], (draft) => {
    draft.add(29, (say) => {
      say.run(9, 'send', { id: 'm9', from: 1, to: 2, amount: '1' }, { height: 5 })
      say.run(1, 'block', { shard: 1 }, block(6, { sent: [transfer('m9', 2, 2, '1')] }))
    })
  }),
  changeMixed('a message never arrives', ['receipt/unfinished'], (draft) => {
    draft.set(29, 'consumed', [])
  }),
  changeMixed('a message is neither applied nor refunded', ['receipt/unfinished'], (draft) => {
    draft.set(19, 'sent', [])
    draft.set(21, 'consumed', [])
    draft.set(27, 'sent.0.sequence', 0)
    draft.set(29, 'consumed.0.sequence', 0)
  }),
  changeMixed('a refund never arrives', ['receipt/unfinished'], (draft) => {
    draft.set(21, 'consumed', [])
    draft.set(27, 'sent', [])
    draft.set(29, 'consumed', [])
  }),
]

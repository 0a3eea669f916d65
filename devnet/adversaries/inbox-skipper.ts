/**
 * Inbox skipper: leaves the last batch of every source out of its blocks, as if it were none of its business, although the
 * block has room for it (C.5, forced inclusion).
 */
import type { ChainBlock } from '../../node/consensus/message.ts'
import { batchDigest } from '../../node/crosslink/channel.ts'
import type { InboxItem } from '../../node/crosslink/receipt.ts'
import { BEACON_CHAIN } from '../../node/primitives/identifiers.ts'
import { shardBlockOf } from '../../node/validator/shard-block.ts'
import type { Adversary } from './adversary.ts'
import { rebuildShardBlock } from './rebuilt-block.ts'
import { createTamperer } from './tampered-proposal.ts'

export const inboxSkipper: Adversary = {
  name: 'inbox-skipper',
  description: 'leaves receipts out of its blocks that are due',
  corrupt: createTamperer((_powers, { chain, proposal }) => {
    if (chain === BEACON_CHAIN) return undefined
    return withSkippedInbox(proposal.block)
  }),
}

function withSkippedInbox(block: ChainBlock): ChainBlock | undefined {
  const { body } = shardBlockOf(block)
  if (body.inbox.every(({ batches }) => batches.length === 0)) return undefined
  return rebuildShardBlock(block, () => ({ body: { ...body, inbox: body.inbox.map(withoutLast) } }))
}

function withoutLast(item: InboxItem): InboxItem {
  const last = item.batches.at(-1)
  if (last === undefined) return item
  return {
    ...item,
    batches: item.batches.slice(0, -1),
    tailDigests: [batchDigest(last), ...item.tailDigests],
  }
}

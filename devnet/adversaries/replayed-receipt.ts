/**
 * Replayer of receipts: puts batches into its blocks that its shard has consumed before, and pushes old batches again to the
 * shards that they were for.
 */
import type { ChainBlock } from '../../node/consensus/message.ts'
import type { ReceiptBatch } from '../../node/crosslink/receipt.ts'
import { BEACON_CHAIN, type ChainNumber } from '../../node/primitives/identifiers.ts'
import type { ValidatorEffect, ValidatorInput } from '../../node/validator/contract.ts'
import { shardBlockOf } from '../../node/validator/shard-block.ts'
import type { Adversary } from './adversary.ts'
import { rebuildShardBlock } from './rebuilt-block.ts'
import { sendTo } from './seat-powers.ts'
import { createTamperer } from './tampered-proposal.ts'

/** Batches remembered of one channel: enough to choose from. */
const REMEMBERED_MAX = 16

/** By channel, oldest first. */
type Memory = Map<string, readonly ReceiptBatch[]>

export const replayedReceipt: Adversary = {
  name: 'replayed-receipt',
  description: 'consumes receipts a second time in its blocks and sends old ones again',
  corrupt: (honest, seat) => {
    const memory: Memory = new Map()
    const tamper = createTamperer(
      (_powers, { chain, proposal }) =>
        chain === BEACON_CHAIN ? undefined : withReplay(memory, chain, proposal.block),
      () => ({
        input: (input) => {
          rememberInput(memory, input)
          return input
        },
        effect: (effect) => pushedAgain(memory, effect),
      }),
    )
    return tamper(honest, seat)
  },
}

function rememberInput(memory: Memory, input: ValidatorInput): void {
  if (input.kind !== 'message') return
  const { message } = input
  if (message.kind === 'receipts') for (const batch of message.batches) remember(memory, batch)
  if (message.kind !== 'consensus' || message.chain === BEACON_CHAIN) return
  if (message.message.kind !== 'proposal') return
  const { body } = shardBlockOf(message.message.block)
  for (const item of body.inbox) for (const batch of item.batches) remember(memory, batch)
}

function remember(memory: Memory, batch: ReceiptBatch): void {
  const key = channelOf(batch.source, batch.destination)
  const known = memory.get(key) ?? []
  if (known.some(({ startSequence }) => startSequence === batch.startSequence)) return
  memory.set(key, [...known, batch].slice(-REMEMBERED_MAX))
}

function channelOf(source: ChainNumber, destination: ChainNumber): string {
  return `${source}/${destination}`
}

function withReplay(memory: Memory, shard: ChainNumber, block: ChainBlock): ChainBlock | undefined {
  const { header, body } = shardBlockOf(block)
  let isReplayed = false
  const inbox = body.inbox.map((item) => {
    for (const batch of item.batches) remember(memory, batch)
    const next = item.batches[0]?.startSequence ?? header.cursors[item.source] ?? 0
    const old = memory
      .get(channelOf(item.source, shard))
      ?.findLast(({ startSequence }) => startSequence < next)
    if (old === undefined) return item
    isReplayed = true
    return { ...item, batches: [old, ...item.batches] }
  })
  return isReplayed ? rebuildShardBlock(block, () => ({ body: { ...body, inbox } })) : undefined
}

/** Every push of receipts is followed by the oldest ones it remembers of the same channel. */
function pushedAgain(memory: Memory, effect: ValidatorEffect): readonly ValidatorEffect[] {
  if (effect.kind !== 'send' || effect.message.kind !== 'receipts') return [effect]
  const [batch] = effect.message.batches
  if (batch === undefined) return [effect]
  const old = memory.get(channelOf(batch.source, batch.destination)) ?? []
  remember(memory, batch)
  if (old.length === 0) return [effect]
  return [effect, ...sendTo(effect.to, { kind: 'receipts', batches: old })]
}

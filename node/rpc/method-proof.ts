/**
 * Proofs: what a block did, as Merkle branches under its header (docs/protocol/crosslinks.md C.1, C.4). The header itself is
 * proved by the crosslink that covers it (`beacon_getCrosslink`, `beacon_getBlock`) and the certificates of both chains.
 */
import { encodeShardHeader } from '../crosslink/header-codec.ts'
import { outBranch } from '../crosslink/channel.ts'
import type { ChannelHead, Receipt, ReceiptBatch } from '../crosslink/receipt.ts'
import { batchBytes, encodeReceipt, receiptHash } from '../crosslink/receipt-codec.ts'
import { present } from '../primitives/assert.ts'
import type { ChainNumber, Hash } from '../primitives/identifiers.ts'
import { merkleBranch, merkleRoot } from '../primitives/merkle.ts'
import { resultLeavesOf } from '../shards/block.ts'
import type { ReceiptArrival, ShardBackend, ShardBlockView } from './backend.ts'
import { answer } from './error-code.ts'
import { formatData, formatQuantity } from './hexadecimal.ts'
import { formatMessageReceipt } from './method-shard.ts'
import { shardMethod, type Method } from './method.ts'
import { hashParameter, integerParameter } from './parameter.ts'

export const PROOF_METHODS: readonly Method[] = [
  shardMethod({
    name: 'shard_getTransactionProof',
    summary:
      'Proves that a finalized block holds a transaction, and its result; null until one does.',
    cost: 10,
    parameters: [hashParameter('transactionHash')],
    run: async ({ chain }, [hash]) => {
      const place = await chain.transaction(hash)
      return answer(place?.kind === 'included' ? proveTransaction(place.block, place.index) : null)
    },
  }),
  shardMethod({
    name: 'shard_getMessageProof',
    summary:
      'Proves that a block of this shard sent the message of a transaction; null when none is sent yet.',
    cost: 10,
    parameters: [hashParameter('transactionHash')],
    run: async ({ chain }, [hash]) => {
      const life = await chain.message(hash)
      if (life === undefined) return answer(null)
      const { destination, sequence } = life.receipt
      return answer(await proveReceipt(chain, life.sentInHeight, { destination, sequence }))
    },
  }),
  shardMethod({
    name: 'shard_getReceiptProof',
    summary:
      'Proves that a block of this shard sent a receipt, such as a bounce; null when it did not.',
    cost: 10,
    parameters: [
      integerParameter('height'),
      integerParameter('destination'),
      integerParameter('sequence'),
    ],
    run: async ({ chain }, [height, destination, sequence]) => {
      return answer(await proveReceipt(chain, height, { destination, sequence }))
    },
  }),
  shardMethod({
    name: 'shard_getArrival',
    summary:
      'Where this shard consumed a receipt of another, with a proof of what became of it; null until it has.',
    cost: 10,
    parameters: [integerParameter('source'), integerParameter('sequence')],
    run: async ({ chain }, [source, sequence]) => {
      const arrival = await chain.arrival(source, sequence)
      return answer(arrival === undefined ? null : formatArrival(arrival))
    },
  }),
]

function branchOf(leaves: readonly Hash[], index: number): object {
  return { index, count: leaves.length, branch: merkleBranch(leaves, index).map(formatData) }
}

function resultLeaves({ consumed, results }: ShardBlockView): readonly Hash[] {
  return resultLeavesOf(consumed, results)
}

function placeOf({ header, hash, level }: ShardBlockView): object {
  return {
    height: header.height,
    hash: formatData(hash),
    timestampMs: header.timestampMs,
    level,
    header: formatData(encodeShardHeader(header)),
  }
}

function proveTransaction(block: ShardBlockView, index: number): object {
  const { status, gasUsed, sent } = present(block.results[index], 'one result per transaction')
  const hashes = block.transactions.map(({ hash }) => hash)
  const message = sent && { destination: sent.destination, sequence: sent.index }
  return {
    ...placeOf(block),
    transaction: branchOf(hashes, index),
    result: {
      status,
      gasUsed,
      sent: message ?? null,
      ...branchOf(resultLeaves(block), block.consumed.length + index),
    },
  }
}

/** null: the block did not send it, or this node has not kept what the proof is made of. */
async function proveReceipt(
  chain: ShardBackend,
  height: number,
  { destination, sequence }: Pick<Receipt, 'destination' | 'sequence'>,
): Promise<object | null> {
  const block = await chain.block({ kind: 'height', height })
  const batch = block?.sent.find((one) => one.destination === destination)
  const receipt = batch?.receipts[sequence - batch.startSequence]
  if (block === undefined || batch === undefined || receipt === undefined) return null
  const channels = await chain.channels(height)
  const before = (await chain.channels(height - 1))?.[destination]
  const channel = channels?.[destination]
  if (channels === undefined || channel === undefined || before === undefined) return null
  return {
    ...placeOf(block),
    receipt: formatData(encodeReceipt(receipt)),
    batch: batchProof(batch, sequence),
    channelBefore: formatChannel(before),
    channel: { ...formatChannel(channel), ...channelProof(channels, destination) },
  }
}

function batchProof(batch: ReceiptBatch, sequence: number): object {
  const leaves = batch.receipts.map(receiptHash)
  const { height, startSequence } = batch
  return {
    height,
    startSequence,
    bytes: batchBytes(batch),
    root: formatData(merkleRoot(leaves)),
    ...branchOf(leaves, sequence - startSequence),
  }
}

function channelProof(channels: readonly ChannelHead[], destination: ChainNumber): object {
  return {
    index: destination,
    count: channels.length,
    branch: outBranch(channels, destination).map(formatData),
  }
}

function formatChannel({ nextSequence, value, head }: ChannelHead): object {
  return { nextSequence, value: formatQuantity(value), head: formatData(head) }
}

function formatArrival({ block, index }: ReceiptArrival): object {
  const { receipt, outcome } = present(block.consumed[index], 'the index lies within the block')
  return {
    ...placeOf(block),
    ...formatMessageReceipt(receipt),
    outcome,
    proof: branchOf(resultLeaves(block), index),
  }
}

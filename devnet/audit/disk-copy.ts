/**
 * One node's copy of a shard block, read from its tables and checked against its own header: body, transactions, results,
 * receipts consumed, batches sent. Two copies that pass and have one hash say the same in everything.
 */
import { channelTo, extendChannel, outRootOf } from '../../node/crosslink/channel.ts'
import type { ChannelHead, Receipt, ReceiptBatch } from '../../node/crosslink/receipt.ts'
import { decodeReceiptBatch } from '../../node/crosslink/receipt-codec.ts'
import { equalBytes } from '../../node/primitives/bytes.ts'
import { keccak256 } from '../../node/primitives/hash.ts'
import type { Hash } from '../../node/primitives/identifiers.ts'
import {
  decodeShardBlock,
  inboxRootOf,
  resultsRootOf,
  transactionRootOf,
  type ShardBlock,
} from '../../node/shards/block.ts'
import { decodeOutcome, type StoredOutcome } from '../../node/validator/outcome.ts'
import { numberKey } from '../../node/validator/table.ts'
import {
  readFinalBlock,
  readValue,
  type FinalBlock,
  type NodeArchive,
  type Reading,
} from './archive.ts'
import type { ShardFacts } from './facts.ts'

export type DiskCopy = {
  readonly hash: Hash
  readonly facts: ShardFacts
  /** Outgoing channels after the block. */
  readonly channels: readonly ChannelHead[]
}

export type CopyPlace = {
  readonly shard: number
  readonly height: number
  /** Outgoing channels before the block, where this node's own last block left them. */
  readonly channelsBefore: readonly ChannelHead[]
}

type Parts = {
  readonly final: FinalBlock
  readonly block: ShardBlock
  readonly outcome: StoredOutcome
  readonly consumed: ShardFacts['consumed']
  readonly sent: readonly ReceiptBatch[]
}

export async function readShardCopy(
  archive: NodeArchive,
  place: CopyPlace,
): Promise<Reading<DiskCopy>> {
  const { shard, height } = place
  const final = await readFinalBlock(archive, shard, height)
  if (!final.ok) return final
  if (final.value === undefined) return { ok: true, value: undefined }
  const block = decodeShardBlock(final.value.bytes)
  if (!block.ok) return problem(`it does not decode: ${block.reject.detail}`)
  if (!equalBytes(block.value.hash, final.value.hash)) {
    return problem('the stored bytes are of another block than the one recorded as final')
  }
  const { header } = block.value
  if (header.chain !== shard || header.height !== height) {
    return problem(`the stored block is block ${header.height} of chain ${header.chain}`)
  }
  const outcome = await readOutcome(archive, place)
  if (!outcome.ok) return outcome
  if (outcome.value === undefined) return problem('expected its stored outcome, found none')
  const sent = await readSent(archive, place, outcome.value)
  if (!sent.ok) return sent
  const consumed = consumedOf(block.value, outcome.value)
  if (!consumed.ok) return consumed
  const parts: Parts = {
    final: final.value,
    block: block.value,
    outcome: outcome.value,
    consumed: consumed.value ?? [],
    sent: sent.value ?? [],
  }
  const fault = faultOf(parts, place)
  return fault === undefined ? { ok: true, value: copyOf(parts) } : problem(fault)
}

function problem(sentence: string): { readonly ok: false; readonly problem: string } {
  return { ok: false, problem: sentence }
}

async function readOutcome(
  archive: NodeArchive,
  { shard, height }: CopyPlace,
): Promise<Reading<StoredOutcome>> {
  const bytes = await readValue(archive, 'outcome', numberKey(shard, height))
  if (!bytes.ok) return bytes
  if (bytes.value === undefined) return { ok: true, value: undefined }
  const outcome = decodeOutcome(bytes.value)
  if (!outcome.ok) return problem('its stored outcome does not decode')
  return { ok: true, value: outcome.value }
}

async function readSent(
  archive: NodeArchive,
  { shard }: CopyPlace,
  outcome: StoredOutcome,
): Promise<Reading<readonly ReceiptBatch[]>> {
  const batches: ReceiptBatch[] = []
  for (const { destination, startSequence } of outcome.sent) {
    const name = `the batch to shard ${destination} from receipt ${startSequence} on`
    const key = numberKey(shard, destination, startSequence)
    const bytes = await readValue(archive, 'batch', key)
    if (!bytes.ok) return bytes
    const batch = bytes.value && decodeReceiptBatch(bytes.value)
    if (batch?.ok !== true) return problem(`expected ${name}, found none that decodes`)
    batches.push(batch.value)
  }
  return { ok: true, value: batches }
}

/** The body has the receipts, the outcome what became of them, in the order of execution. */
function consumedOf({ body }: ShardBlock, outcome: StoredOutcome): Reading<ShardFacts['consumed']> {
  const receipts = new Map<string, Receipt>()
  for (const { batches } of body.inbox) {
    for (const batch of batches) {
      for (const one of batch.receipts) receipts.set(`${one.source}:${one.sequence}`, one)
    }
  }
  const consumed: ShardFacts['consumed'][number][] = []
  for (const { source, sequence, outcome: end } of outcome.consumed) {
    const receipt = receipts.get(`${source}:${sequence}`)
    if (receipt === undefined) {
      return problem(
        `its outcome applies receipt ${sequence} of shard ${source}, which its body does not hold`,
      )
    }
    consumed.push({ receipt, outcome: end })
  }
  return { ok: true, value: consumed }
}

function faultOf({ block, outcome, consumed, sent }: Parts, place: CopyPlace): string | undefined {
  const { header, body } = block
  const hashes = body.transactions.map((raw) => keccak256(raw))
  const results = outcome.transactions.map(({ result }) => result)
  if (!equalBytes(transactionRootOf(hashes), header.transactionRoot)) {
    return 'its transactions do not give the root in its header'
  }
  if (
    hashes.length !== outcome.transactions.length ||
    !hashes.every((hash, index) =>
      equalBytes(hash, outcome.transactions[index]?.hash ?? hash.subarray(1)),
    )
  ) {
    return 'its stored outcome is of other transactions'
  }
  if (!equalBytes(inboxRootOf(body.inbox), header.inboxRoot)) {
    return 'the receipts it consumes do not give the root in its header'
  }
  if (!equalBytes(resultsRootOf(consumed, results), header.resultsRoot)) {
    return 'its stored results (statuses, gas, fates of receipts) do not give the root in its header'
  }
  return channelFault(outcome.channels, sent, { header, before: place.channelsBefore })
}

function channelFault(
  channels: readonly ChannelHead[],
  sent: readonly ReceiptBatch[],
  {
    header,
    before,
  }: { readonly header: ShardBlock['header']; readonly before: readonly ChannelHead[] },
): string | undefined {
  if (!equalBytes(outRootOf(channels), header.outRoot)) {
    return 'its stored channels do not give the root in its header'
  }
  // B.7: a block has a channel to every chain that its anchor knows.
  const heads = channels.map((_, chain) => channelTo(before, chain))
  for (const batch of sent) {
    const { destination, startSequence } = batch
    const head = heads[destination]
    if (head?.nextSequence !== startSequence || batch.source !== header.chain) {
      return `its batch to shard ${destination} starts at receipt ${startSequence}, expected ${head?.nextSequence ?? 'none'}`
    }
    heads[destination] = extendChannel(head, batch)
  }
  const wrong = heads.findIndex((head, index) => {
    const expected = channels[index]
    return (
      expected === undefined ||
      expected.nextSequence !== head.nextSequence ||
      !equalBytes(expected.head, head.head)
    )
  })
  if (wrong === -1) return undefined
  return `the receipts stored as sent to shard ${wrong} are not those that its header commits to`
}

function copyOf({ final, block, outcome, consumed, sent }: Parts): DiskCopy {
  const transactions = outcome.transactions.map(({ hash, result }) => ({ hash, result }))
  const { certificate } = final
  const facts = { header: block.header, transactions, consumed, sent, certificate }
  return { hash: block.hash, facts, channels: outcome.channels }
}

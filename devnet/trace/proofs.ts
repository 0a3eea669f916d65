/**
 * Checking what nodes told of a transaction, as any client with the genesis could: branches under headers, headers under
 * crosslinks, crosslinks inside beacon blocks, signatures of both committees. Pure; nothing is believed but the genesis.
 *
 * The formulas are written here again instead of borrowed from the node (crosslinks C.1, C.3, C.4), so that the two can
 * contradict each other; only encodings, hashes and signatures are shared.
 */
import type { BeaconBlock } from '../../node/beacon/block.ts'
import type { Receipt } from '../../node/crosslink/receipt.ts'
import { receiptHash } from '../../node/crosslink/receipt-codec.ts'
import { shardBlockHash, blockHash } from '../../node/crosslink/header-codec.ts'
import { equalBytes, toHex } from '../../node/primitives/bytes.ts'
import { createWriter } from '../../node/primitives/codec.ts'
import { HASH_SIZE, hashTagged } from '../../node/primitives/hash.ts'
import type { Hash } from '../../node/primitives/identifiers.ts'
import { verifyMerkleBranch } from '../../node/primitives/merkle.ts'
import type { Arrival, Branch, Inclusion, PlacedBlock, Sending } from './life.ts'
import type { ShardHeader } from '../../node/crosslink/header.ts'

/** `ok`: undefined means that it could not be checked; the detail says why. */
export type Claim = {
  readonly claim: string
  readonly ok: boolean | undefined
  readonly detail: string
}

type Headed = PlacedBlock & { readonly header: ShardHeader }

/** The header hashes to the block's name and is of the place that was told. */
export function proveHeader(block: Headed): Claim {
  const { header, hash, shard, height } = block
  const ok =
    hex(shardBlockHash(header)) === hash && header.chain === shard && header.height === height
  return { claim: `the header of ${nameOf(block)} has its hash`, ok, detail: hash }
}

export function proveInclusion(inclusion: Inclusion, transactionHash: Hash): readonly Claim[] {
  const { header, transaction, result, status, gasUsed, sent } = inclusion
  const writer = createWriter()
    .u8(status)
    .u64(gasUsed)
    .flag(sent !== undefined)
  if (sent !== undefined) writer.u32(sent.destination).u64(sent.sequence)
  return [
    {
      claim: `${nameOf(inclusion)} holds the transaction`,
      ok: isUnder(header.transactionRoot, transaction, transactionHash),
      detail: branchWords(transaction, 'its transaction root'),
    },
    {
      claim: `its result is ${status === 1 ? 'success' : 'failure'}${sent === undefined ? '' : `, and receipt ${sent.sequence} to shard ${sent.destination}`}`,
      ok: isUnder(header.resultsRoot, result, hashTagged('result', writer.finish())),
      detail: branchWords(result, 'its results root'),
    },
  ]
}

export function proveSending(sending: Sending, transactionHash: Hash): readonly Claim[] {
  const { receipt, batch, channel, channelBefore, header } = sending
  const isOwn =
    equalBytes(receipt.originTransaction, transactionHash) && receipt.source === sending.shard
  const isPlaced = receipt.sequence === batch.startSequence + batch.index
  const head = hashTagged('chan', channelBefore.head, digestOf(sending))
  const isExtended =
    batch.startSequence === channelBefore.nextSequence &&
    channel.nextSequence === channelBefore.nextSequence + batch.count &&
    equalBytes(head, channel.head)
  const leaf = createWriter().u32(receipt.destination).u64(channel.nextSequence).u256(channel.value)
  const leafHash = hashTagged('leaf', leaf.fixed(channel.head, HASH_SIZE).finish())
  return [
    {
      claim: `receipt ${receipt.sequence} to shard ${receipt.destination} goes back to the transaction and stands in the batch`,
      ok: isOwn && isPlaced && isUnder(batch.root, batch, receiptHash(receipt)),
      detail: branchWords(batch, "the batch's root"),
    },
    {
      claim: 'the batch is the next link of the channel',
      ok: isExtended && batch.height === sending.height,
      detail: `receipts ${batch.startSequence} to ${channel.nextSequence - 1}`,
    },
    {
      claim: `${nameOf(sending)} commits to the channel`,
      ok: channel.index === receipt.destination && isUnder(header.outRoot, channel, leafHash),
      detail: branchWords(channel, 'its root of outgoing channels'),
    },
  ]
}

export function proveArrival(
  arrival: Arrival,
  sent: Pick<Receipt, 'source' | 'sequence'>,
): readonly Claim[] {
  const { header, proof, outcome } = arrival
  const ends = { bounced: 0, applied: 1, void: 2 }
  const writer = createWriter().u32(sent.source).u64(sent.sequence).u8(ends[outcome])
  const leaf = hashTagged('consumed', writer.finish())
  const cursor = header.cursors[sent.source] ?? 0
  return [
    {
      claim: `${nameOf(arrival)} consumed receipt ${sent.sequence} of shard ${sent.source}: ${outcome}`,
      ok: isUnder(header.resultsRoot, proof, leaf),
      detail: branchWords(proof, 'its results root'),
    },
    {
      claim: 'the cursor of the channel has passed the receipt, so it cannot be applied again',
      ok: cursor > sent.sequence,
      detail: `next is receipt ${cursor}`,
    },
  ]
}

/** The block lies on the chain of links that the crosslink carries from the recorded head to its tip (C.3). */
export function proveCrosslink(block: Headed, beacon: BeaconBlock): Claim {
  const { shard, height, header } = block
  const claim = `${nameOf(block)} is covered by the crosslink in beacon block ${beacon.header.height}`
  const crosslink = beacon.body.crosslinks.find((one) => one.shard === shard)
  if (crosslink === undefined)
    return { claim, ok: false, detail: 'the block has no such crosslink' }
  const { tip, links } = crosslink
  const after = tip.height - height
  if (after < 0 || after >= links.length)
    return { claim, ok: false, detail: 'the crosslink covers other blocks' }
  let reached = shardBlockHash(header)
  for (const [index, link] of links.slice(links.length - after).entries()) {
    reached = blockHash(reached, height + index + 1, link)
  }
  const ok = equalBytes(reached, shardBlockHash(tip))
  const detail =
    after === 0
      ? 'it is the tip'
      : `it is ${after} below the tip, block ${tip.height}, link by link`
  return { claim, ok, detail }
}

function digestOf({ receipt, batch }: Sending): Hash {
  const writer = createWriter().u32(receipt.source).u32(receipt.destination)
  writer.u64(batch.height).u64(batch.startSequence).u32(batch.count).u32(batch.bytes)
  return hashTagged('batch', writer.fixed(batch.root, HASH_SIZE).finish())
}

function isUnder(root: Hash, { index, count, branch }: Branch, leaf: Hash): boolean {
  return verifyMerkleBranch({ root, leafCount: count, index, leaf, branch })
}

function branchWords({ branch, index, count }: Branch, root: string): string {
  return `${branch.length} hash${branch.length === 1 ? '' : 'es'} from leaf ${index} of ${count} to ${root}`
}

export function nameOf({
  shard,
  height,
}: {
  readonly shard: number
  readonly height: number
}): string {
  return `shard ${shard}, block ${height}`
}

export function hex(bytes: Uint8Array): string {
  return `0x${toHex(bytes)}`
}

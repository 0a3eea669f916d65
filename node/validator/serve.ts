/**
 * Serving: old blocks and finalized ranges from the store, for peers that catch up (docs/protocol/consensus.md A.11).
 */
import type { ChainBlock, ConsensusMessage, FinalizedRange } from '../consensus/message.ts'
import { CERTIFICATE_BOUNDS, decodeCertificate } from '../crosslink/certificate-codec.ts'
import type { EngineDomain } from '../crosslink/certificate.ts'
import { HASH_SIZE } from '../primitives/hash.ts'
import type { Hash } from '../primitives/identifiers.ts'
import { BLOCK_BYTES_MAX, RANGE_BLOCKS_MAX } from '../primitives/limits.ts'
import type { Result } from '../primitives/result.ts'
import type { StoreEntry } from '../storage/store.ts'
import type { Context } from './context.ts'
import { blockKey, decodeNumbers, hashKey, numberOfKey, numberRange, pointRange } from './table.ts'

type DecodeBlock = (bytes: Uint8Array) => Result<ChainBlock>

/** A finalized height: the hash, and the certificate where the block was finalized directly. */
type FinalEntry = {
  readonly height: number
  readonly hash: Hash
  readonly certificate: Uint8Array | undefined
}

export function readFinalEntry(entry: StoreEntry): FinalEntry {
  const proof = entry.value.subarray(HASH_SIZE)
  return {
    height: numberOfKey(entry.key),
    hash: entry.value.slice(0, HASH_SIZE),
    certificate: proof.length === 0 ? undefined : proof,
  }
}

export function serveBlock(
  context: Context,
  domain: Pick<EngineDomain, 'chain'>,
  hash: Hash,
  decode: DecodeBlock,
  answer: (block: ChainBlock) => void,
): void {
  context.load([pointRange('height', hashKey(domain.chain, hash))], ([heights]) => {
    const height = heights?.[0] && decodeNumbers(heights[0].value)[0]
    if (height === undefined) return
    context.load([pointRange('block', blockKey(domain.chain, height, hash))], ([blocks]) => {
      const block = blocks?.[0] && decode(blocks[0].value)
      if (block?.ok === true) answer(block.value)
    })
  })
}

/** Answers with blocks of the epoch, up to the last one that has a certificate of its own and still fits one frame. */
export function serveRange(
  context: Context,
  domain: Pick<EngineDomain, 'chain' | 'epoch'>,
  request: ConsensusMessage & { readonly kind: 'get-range' },
  decode: DecodeBlock,
  answer: (range: FinalizedRange) => void,
): void {
  const count = Math.min(request.countMax, RANGE_BLOCKS_MAX)
  const to = request.fromHeight + count
  context.load([numberRange('final', domain.chain, request.fromHeight, to)], ([entries]) => {
    const finals = (entries ?? []).map(readFinalEntry)
    if (finals[0]?.height !== request.fromHeight) return
    const keys = finals.map(({ height, hash }) =>
      pointRange('block', blockKey(domain.chain, height, hash)),
    )
    context.load(keys, (found) => {
      const blocks = found.map((entries) => entries[0] && decode(entries[0].value))
      const range = cutRange(finals, blocks, domain.epoch)
      if (range !== undefined) answer(range)
    })
  })
}

function cutRange(
  finals: readonly FinalEntry[],
  found: readonly (Result<ChainBlock> | undefined)[],
  epoch: number,
): FinalizedRange | undefined {
  const blocks: ChainBlock[] = []
  let bytes = 0
  let best: FinalizedRange | undefined
  for (const [index, final] of finals.entries()) {
    const block = found[index]
    // A node that came back by a snapshot has a gap below it.
    if (final.height !== (finals[0]?.height ?? 0) + index) break
    // The certificates of another epoch prove nothing to whoever asks in this one.
    if (block?.ok !== true || block.value.epoch !== epoch) break
    bytes += block.value.bytes.length
    if (bytes > BLOCK_BYTES_MAX && best !== undefined) break
    blocks.push(block.value)
    if (final.certificate === undefined) continue
    const certificate = decodeCertificate(final.certificate, CERTIFICATE_BOUNDS)
    if (certificate.ok) best = { blocks: [...blocks], certificate: certificate.value }
  }
  return best
}

/**
 * Bytes of NodeMessage: one envelope (strict msgpack) around canonical bytes per kind. Total on foreign bytes: anything
 * malformed, too long or of an unknown kind is a reject, and the sender is told apart from a merely late or early one.
 */
import { decodeConsensusMessage, encodeConsensusMessage } from '../consensus/wire.ts'
import type { ChainBlock } from '../consensus/message.ts'
import { encodeAccusation, readAccusation } from '../crosslink/accusation.ts'
import { encodeForkProof, readForkProof } from '../crosslink/fork-proof.ts'
import { readCrosslink, writeCrosslink } from '../crosslink/crosslink-codec.ts'
import { readReceiptBatch, writeReceiptBatch } from '../crosslink/receipt-codec.ts'
import { decodeEnvelope, encodeEnvelope, type Envelope } from '../network/envelope.ts'
import { unreachable } from '../primitives/assert.ts'
import {
  createWriter,
  DecodeError,
  decodeExactly,
  type Reader,
  type Writer,
} from '../primitives/codec.ts'
import { HASH_SIZE } from '../primitives/hash.ts'
import type { ChainNumber } from '../primitives/identifiers.ts'
import { TRANSACTION_BYTES_MAX } from '../primitives/limits.ts'
import { accepted, rejected, type Result } from '../primitives/result.ts'
import { CHUNK_BYTES_MAX } from '../shards/snapshot-chunk.ts'
import { STRETCH_COUNT } from '../shards/snapshot-proof.ts'
import type { ChunkPlace, NodeMessage } from './message.ts'

/** Transactions in one relayed batch: half a block of transfers, about 64 KiB. */
export const TRANSACTION_BATCH_MAX = 512
/** Receipt batches in one answer; the frame bounds their bytes. */
export const RECEIPT_BATCHES_MAX = 64

const KIND = {
  consensus: 1,
  transactions: 2,
  receipts: 3,
  getReceipts: 4,
  crosslink: 5,
  getChunk: 6,
  chunk: 7,
  accusation: 8,
  forkProof: 9,
  ready: 10,
} as const

export type WireContext = {
  /** undefined for a chain that does not exist. */
  readonly seatCountOf: (chain: ChainNumber) => number | undefined
  readonly decodeBlock: (
    chain: ChainNumber,
  ) => ((bytes: Uint8Array) => Result<ChainBlock>) | undefined
  readonly signatureBytesMax: number
}

export function encodeNodeMessage(message: NodeMessage): Uint8Array {
  switch (message.kind) {
    case 'consensus': {
      const { chain, epoch } = message
      return seal(KIND.consensus, chain, epoch, encodeConsensusMessage(message.message))
    }
    case 'transactions': {
      const payload = createWriter().list(message.raws, (writer, raw) => writer.variable(raw))
      return seal(KIND.transactions, message.shard, 0, payload.finish())
    }
    case 'receipts': {
      const payload = createWriter().list(message.batches, writeReceiptBatch)
      return seal(KIND.receipts, 0, 0, payload.finish())
    }
    case 'get-receipts': {
      const { source, destination, fromSequence } = message
      const payload = createWriter().u32(destination).u64(fromSequence).finish()
      return seal(KIND.getReceipts, source, 0, payload)
    }
    case 'get-chunk':
      return seal(KIND.getChunk, message.shard, 0, writeChunkPlace(message).finish())
    case 'chunk': {
      const writer = writeChunkPlace(message).flag(message.chunk !== undefined)
      if (message.chunk !== undefined) writer.variable(message.chunk)
      return seal(KIND.chunk, message.shard, 0, writer.finish())
    }
    case 'crosslink': {
      const writer = createWriter()
      writeCrosslink(writer, message.crosslink)
      return seal(KIND.crosslink, message.crosslink.shard, 0, writer.finish())
    }
    case 'accusation':
      return seal(
        KIND.accusation,
        message.accusation.chain,
        0,
        encodeAccusation(message.accusation),
      )
    case 'fork-proof':
      return seal(KIND.forkProof, message.proof.chain, 0, encodeForkProof(message.proof))
    case 'ready':
      return seal(KIND.ready, message.shard, 0, createWriter().u64(message.epoch).finish())
    default:
      return unreachable(message)
  }
}

function writeChunkPlace({ height, stretch, from }: ChunkPlace): Writer {
  return createWriter().u64(height).u8(stretch).fixed(from, HASH_SIZE)
}

function readChunkPlace(shard: ChainNumber, reader: Reader): ChunkPlace {
  const place = { shard, height: reader.u64(), stretch: reader.u8(), from: reader.fixed(HASH_SIZE) }
  if (place.stretch >= STRETCH_COUNT) throw new DecodeError('there is no such stretch')
  return place
}

function seal(kind: number, chain: number, epoch: number, payload: Uint8Array): Uint8Array {
  return encodeEnvelope({ version: 1, kind, chain, epoch, payload })
}

export function decodeNodeMessage(
  bytes: Uint8Array,
  context: WireContext,
): Result<NodeMessage, 'malformed'> {
  const envelope = decodeEnvelope(bytes)
  if (!envelope.ok) return rejected('malformed', envelope.reject.detail)
  const { kind, chain, epoch, payload } = envelope.value
  if (kind === KIND.consensus) return decodeConsensus(envelope.value, context)
  // One message has one encoding: a field that says nothing could be varied to send it again as another.
  if (epoch !== 0) return rejected('malformed', `a message of kind ${kind} names no epoch`)
  switch (kind) {
    case KIND.transactions:
      return decodeExactly(payload, (reader) => ({
        kind: 'transactions',
        shard: chain,
        raws: reader.list(TRANSACTION_BATCH_MAX, (item) => item.variable(TRANSACTION_BYTES_MAX)),
      }))
    case KIND.receipts:
      if (chain !== 0) return rejected('malformed', 'receipts name their chains themselves')
      return decodeExactly(payload, (reader) => ({
        kind: 'receipts',
        batches: reader.list(RECEIPT_BATCHES_MAX, readReceiptBatch),
      }))
    case KIND.getReceipts:
      return decodeExactly(payload, (reader) => ({
        kind: 'get-receipts',
        source: chain,
        destination: reader.u32(),
        fromSequence: reader.u64(),
      }))
    case KIND.getChunk:
      return decodeExactly(payload, (reader) => ({
        kind: 'get-chunk',
        ...readChunkPlace(chain, reader),
      }))
    case KIND.chunk:
      return decodeExactly(payload, (reader) => ({
        kind: 'chunk',
        ...readChunkPlace(chain, reader),
        chunk: reader.flag() ? reader.variable(CHUNK_BYTES_MAX) : undefined,
      }))
    case KIND.crosslink:
      return decodeExactly(payload, (reader) => {
        const crosslink = readCrosslink(reader)
        if (crosslink.shard !== chain) throw new DecodeError('a crosslink is of another shard')
        return { kind: 'crosslink', crosslink }
      })
    case KIND.accusation:
      return decodeExactly(payload, (reader) => {
        const accusation = readAccusation(reader)
        if (accusation.chain !== chain) throw new DecodeError('an accusation is of another chain')
        return { kind: 'accusation', accusation }
      })
    case KIND.forkProof:
      return decodeExactly(payload, (reader) => {
        const proof = readForkProof(reader)
        if (proof.chain !== chain) throw new DecodeError('a fork proof is of another chain')
        return { kind: 'fork-proof', proof }
      })
    case KIND.ready:
      return decodeExactly(payload, (reader) => ({
        kind: 'ready',
        shard: chain,
        epoch: reader.u64(),
      }))
    default:
      return rejected('malformed', `no message of kind ${kind} (chain ${chain})`)
  }
}

function decodeConsensus(
  envelope: Envelope,
  context: WireContext,
): Result<NodeMessage, 'malformed'> {
  const { chain, epoch, payload } = envelope
  const seatCount = context.seatCountOf(chain)
  const decodeBlock = context.decodeBlock(chain)
  if (seatCount === undefined || decodeBlock === undefined) {
    return rejected('malformed', `there is no chain ${chain} in this network`)
  }
  const { signatureBytesMax } = context
  const message = decodeConsensusMessage(payload, { seatCount, signatureBytesMax, decodeBlock })
  if (!message.ok) return message
  return accepted({ kind: 'consensus', chain, epoch, message: message.value })
}

/**
 * Bytes of consensus messages (docs/protocol/consensus.md A.3): canonical, every length bounded, total on foreign bytes.
 *
 * A block travels as its own bytes only; hash, links and height are computed from them by the receiver, never believed.
 * A proposal's vote is written as seat and signature: the rest of it is the proposal.
 */
import {
  readCertificate,
  readProposal,
  writeCertificate,
  writeProposal,
} from '../crosslink/certificate-codec.ts'
import { proposalKey } from '../crosslink/certificate.ts'
import { assert, unreachable } from '../primitives/assert.ts'
import {
  createWriter,
  decodeExactly,
  DecodeError,
  type Reader,
  type Writer,
} from '../primitives/codec.ts'
import { HASH_SIZE } from '../primitives/hash.ts'
import { BLOCK_BYTES_MAX, JUSTIFICATION_MAX, RANGE_BLOCKS_MAX } from '../primitives/limits.ts'
import type { Result } from '../primitives/result.ts'
import type { ChainBlock, ConsensusMessage } from './message.ts'
import { readVote, writeVote } from './vote-codec.ts'

/** What the decoder has to know of the chain that a message is for. */
export type WireContext = {
  /** Bounds the bitmaps. */
  readonly seatCount: number
  /** The largest signature or aggregate of the scheme, in bytes. */
  readonly signatureBytesMax: number
  /** Reads header and body and computes what is derived from them; rejects what is malformed. */
  readonly decodeBlock: (bytes: Uint8Array) => Result<ChainBlock>
}

const MESSAGE_BYTE: Readonly<Record<ConsensusMessage['kind'], number>> = {
  proposal: 0,
  vote: 1,
  certificate: 2,
  'get-certificate': 3,
  'get-block': 4,
  block: 5,
  'get-range': 6,
  range: 7,
}

type MessageOf<Kind extends ConsensusMessage['kind']> = Extract<ConsensusMessage, { kind: Kind }>

export function encodeConsensusMessage(message: ConsensusMessage): Uint8Array {
  const writer = createWriter().u8(MESSAGE_BYTE[message.kind])
  writeMessage(writer, message)
  return writer.finish()
}

export function decodeConsensusMessage(
  bytes: Uint8Array,
  context: WireContext,
): Result<ConsensusMessage, 'malformed'> {
  return decodeExactly(bytes, (reader) => readMessage(reader, context))
}

function writeMessage(writer: Writer, message: ConsensusMessage): unknown {
  switch (message.kind) {
    case 'proposal':
      return writeProposalMessage(writer, message)
    case 'vote':
      return writeVote(writer, message.vote)
    case 'certificate':
      return writeCertificate(writer, message.certificate)
    case 'get-certificate':
      return writer.u64(message.view)
    case 'get-block':
      return writer.fixed(message.hash, HASH_SIZE)
    case 'block':
      return writeBlock(writer, message.block)
    case 'get-range':
      return writer.u64(message.fromHeight).u16(message.countMax)
    case 'range':
      writer.list(message.range.blocks, writeBlock)
      return writeCertificate(writer, message.range.certificate)
    default:
      return unreachable(message)
  }
}

function readMessage(reader: Reader, context: WireContext): ConsensusMessage {
  const byte = reader.u8()
  switch (byte) {
    case MESSAGE_BYTE.proposal:
      return readProposalMessage(reader, context)
    case MESSAGE_BYTE.vote:
      return { kind: 'vote', vote: readVote(reader, context.signatureBytesMax) }
    case MESSAGE_BYTE.certificate:
      return { kind: 'certificate', certificate: readBounded(reader, context) }
    case MESSAGE_BYTE['get-certificate']:
      return { kind: 'get-certificate', view: reader.u64() }
    case MESSAGE_BYTE['get-block']:
      return { kind: 'get-block', hash: reader.fixed(HASH_SIZE) }
    case MESSAGE_BYTE.block:
      return { kind: 'block', block: readBlock(reader, context) }
    case MESSAGE_BYTE['get-range']:
      return { kind: 'get-range', fromHeight: reader.u64(), countMax: reader.u16() }
    case MESSAGE_BYTE.range:
      return readRange(reader, context)
    default:
      throw new DecodeError(`no consensus message has kind ${byte}`)
  }
}

function writeProposalMessage(writer: Writer, message: MessageOf<'proposal'>): void {
  const { proposal, block, vote, justification } = message
  const isOwnVote = vote.kind === 'notarize' && vote.proposal !== undefined
  assert(
    isOwnVote && proposalKey(vote.proposal) === proposalKey(proposal),
    'R2: the vote signs the proposal',
  )
  writeProposal(writer, proposal)
  writer.u16(vote.seat).variable(vote.signature)
  writer.list(justification, writeCertificate)
  writeBlock(writer, block)
}

function readProposalMessage(reader: Reader, context: WireContext): MessageOf<'proposal'> {
  const proposal = readProposal(reader)
  const seat = reader.u16()
  const signature = reader.variable(context.signatureBytesMax)
  const justification = reader.list(JUSTIFICATION_MAX, (item) => readBounded(item, context))
  const block = readBlock(reader, context)
  const vote = { kind: 'notarize', view: proposal.view, proposal, seat, signature } as const
  return { kind: 'proposal', proposal, block, vote, justification }
}

function readRange(reader: Reader, context: WireContext): MessageOf<'range'> {
  const blocks = reader.list(RANGE_BLOCKS_MAX, (item) => readBlock(item, context))
  return { kind: 'range', range: { blocks, certificate: readBounded(reader, context) } }
}

function readBounded(reader: Reader, { seatCount, signatureBytesMax }: WireContext) {
  return readCertificate(reader, { seatCountMax: seatCount, signatureBytesMax })
}

function writeBlock(writer: Writer, block: ChainBlock): void {
  assert(block.bytes.length <= BLOCK_BYTES_MAX, 'a block fits its limit')
  writer.variable(block.bytes)
}

function readBlock(reader: Reader, context: WireContext): ChainBlock {
  const block = context.decodeBlock(reader.variable(BLOCK_BYTES_MAX))
  if (!block.ok) throw new DecodeError(`a block is malformed: ${block.reject.detail}`)
  return block.value
}

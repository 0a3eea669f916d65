/** Arbitrary votes, certificates, blocks and messages for properties of the codecs. */
import * as fc from 'fast-check'
import type { ChainBlock, ConsensusMessage } from '../../../../node/consensus/message.ts'
import type { UnsignedVote, Vote } from '../../../../node/consensus/vote.ts'
import type { WireContext } from '../../../../node/consensus/wire.ts'
import {
  bitmapOf,
  type Certificate,
  type Proposal,
} from '../../../../node/crosslink/certificate.ts'
import { decodeExactly } from '../../../../node/primitives/codec.ts'
import { hashTagged } from '../../../../node/primitives/hash.ts'
import { blockOn, EPOCH } from './fixtures.ts'

const SEAT_COUNT = 11
export const SIGNATURE_BYTES_MAX = 96

/** Toy blocks, decoded as strictly as real ones: only what encodes to the same bytes is a block. */
function decodeToyBlock(bytes: Uint8Array) {
  return decodeExactly(bytes, (reader): ChainBlock => {
    const parentHash = reader.fixed(32)
    const height = reader.u64()
    const view = reader.u64()
    const timestampMs = reader.u64()
    const sealing = reader.flag()
    reader.variable(64)
    const hash = hashTagged('test/block', bytes)
    return { hash, parentHash, height, view, epoch: EPOCH, timestampMs, sealing, bytes }
  })
}

export const wireContext: WireContext = {
  seatCount: SEAT_COUNT,
  signatureBytesMax: SIGNATURE_BYTES_MAX,
  decodeBlock: decodeToyBlock,
}

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 })
const number = fc.maxSafeNat()
const seat = fc.nat({ max: SEAT_COUNT - 1 })
const signature = fc.uint8Array({ maxLength: SIGNATURE_BYTES_MAX })

const proposals: fc.Arbitrary<Proposal> = fc.record({
  view: number,
  parentView: number,
  parentHash: hash,
  hash,
})

export const unsignedVotes: fc.Arbitrary<UnsignedVote> = fc.oneof(
  fc.record({
    kind: fc.constant('nullify' as const),
    view: number,
    proposal: fc.constant(undefined),
    seat,
  }),
  fc
    .record({
      kind: fc.constantFrom('notarize' as const, 'finalize' as const),
      proposal: proposals,
      seat,
    })
    .map(({ kind, proposal, seat }) => ({ kind, view: proposal.view, proposal, seat })),
)

export const votes: fc.Arbitrary<Vote> = fc
  .tuple(unsignedVotes, signature)
  .map(([vote, signature]) => ({ ...vote, signature }))

export const certificates: fc.Arbitrary<Certificate> = fc
  .tuple(unsignedVotes, fc.uniqueArray(seat), signature)
  .map(([{ kind, view, proposal }, seats, signature]) => {
    return { kind, view, proposal, signers: bitmapOf(seats, SEAT_COUNT), signature }
  })

const blocks: fc.Arbitrary<ChainBlock> = fc
  .record({
    parent: fc.record({ hash, height: fc.nat() }),
    view: number,
    timestampMs: number,
    sealing: fc.boolean(),
    salt: fc.stringMatching(/^[a-z]{0,20}$/),
  })
  .map(({ parent, view, ...options }) => blockOn(parent, view, options))

export const messages: fc.Arbitrary<ConsensusMessage> = fc.oneof(
  fc
    .record({
      proposal: proposals,
      block: blocks,
      seat,
      signature,
      justification: fc.array(certificates, { maxLength: 4 }),
    })
    .map(({ proposal, block, seat, signature, justification }) => {
      const vote = { kind: 'notarize', view: proposal.view, proposal, seat, signature } as const
      return { kind: 'proposal', proposal, block, vote, justification } as const
    }),
  votes.map((vote) => ({ kind: 'vote', vote }) as const),
  certificates.map((certificate) => ({ kind: 'certificate', certificate }) as const),
  number.map((view) => ({ kind: 'get-certificate', view }) as const),
  hash.map((hash) => ({ kind: 'get-block', hash }) as const),
  blocks.map((block) => ({ kind: 'block', block }) as const),
  fc
    .record({ fromHeight: number, countMax: fc.nat({ max: 0xffff }) })
    .map((range) => ({ kind: 'get-range', ...range }) as const),
  fc
    .record({ blocks: fc.array(blocks, { maxLength: 4 }), certificate: certificates })
    .map((range) => ({ kind: 'range', range }) as const),
)

/** Bounds of the wire: lengths that foreign bytes may claim. */
import { describe, expect, it } from 'vitest'
import { decodeConsensusMessage, encodeConsensusMessage } from '../../../node/consensus/wire.ts'
import { createWriter } from '../../../node/primitives/codec.ts'
import {
  BLOCK_BYTES_MAX,
  JUSTIFICATION_MAX,
  RANGE_BLOCKS_MAX,
} from '../../../node/primitives/limits.ts'
import { rejected } from '../../../node/primitives/result.ts'
import { SIGNATURE_BYTES_MAX, wireContext } from './support/arbitraries.ts'
import { blockOn, certificateOf, genesis, voteOf } from './support/fixtures.ts'
import { proposalMessage } from './support/solo.ts'

const block = blockOn(genesis, 1)

function codeOf(bytes: Uint8Array): string {
  const decoded = decodeConsensusMessage(bytes, wireContext)
  return decoded.ok ? 'ok' : decoded.reject.code
}

describe('consensus: wire', () => {
  it('consensus: wire: a block longer than a block may be is refused before it is read', () => {
    const claim = createWriter()
      .u8(5)
      .u32(BLOCK_BYTES_MAX + 1)
      .finish()
    expect(decodeConsensusMessage(claim, wireContext)).toMatchObject({
      ok: false,
      reject: { code: 'malformed', detail: expect.stringContaining('exceeds its limit') },
    })
  })

  it('consensus: wire: a signature longer than the scheme has is refused', () => {
    const long = { ...voteOf('nullify', 0, 1), signature: new Uint8Array(SIGNATURE_BYTES_MAX + 1) }
    expect(codeOf(encodeConsensusMessage({ kind: 'vote', vote: long }))).toBe('malformed')
  })

  it('consensus: wire: a justification or a range of too many is refused', () => {
    const many = Array.from({ length: JUSTIFICATION_MAX + 1 }, () => certificateOf('nullify', 1, 4))
    expect(codeOf(encodeConsensusMessage(proposalMessage(block, 0, many)))).toBe('malformed')
    const blocks = Array.from({ length: RANGE_BLOCKS_MAX + 1 }, () => block)
    const certificate = certificateOf('nullify', 1, 4)
    const range = encodeConsensusMessage({ kind: 'range', range: { blocks, certificate } })
    expect(codeOf(range)).toBe('malformed')
  })

  it('consensus: wire: a bitmap longer than the committee is refused', () => {
    const certificate = { ...certificateOf('nullify', 1, 4), signers: new Uint8Array(3) }
    expect(codeOf(encodeConsensusMessage({ kind: 'certificate', certificate }))).toBe('malformed')
  })

  it('consensus: wire: a block that its chain cannot decode makes the message malformed', () => {
    const bytes = encodeConsensusMessage({ kind: 'block', block })
    const decoded = decodeConsensusMessage(bytes, {
      ...wireContext,
      decodeBlock: () => rejected('bad-header', 'the header is of another chain'),
    })
    expect(decoded).toMatchObject({ ok: false, reject: { code: 'malformed' } })
  })

  it('consensus: wire: what a block says about itself is computed, not carried', () => {
    const lying = { ...block, height: 999, hash: genesis.hash }
    const decoded = decodeConsensusMessage(
      encodeConsensusMessage({ kind: 'block', block: lying }),
      wireContext,
    )
    expect(decoded).toEqual({ ok: true, value: { kind: 'block', block } })
  })

  it('consensus: wire: kinds are distinct and an unknown one is refused', () => {
    expect(codeOf(Uint8Array.of(8))).toBe('malformed')
    expect(codeOf(new Uint8Array(0))).toBe('malformed')
  })
})

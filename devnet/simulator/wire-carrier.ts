/**
 * Messages as bytes: every message is encoded and decoded on its way, as between real nodes. Runs through the wire are
 * event for event the runs that pass messages by reference, only slower; so a part of the seeds takes this way.
 */

import type { ConsensusMessage } from '../../node/consensus/message.ts'
import { decodeConsensusMessage, encodeConsensusMessage } from '../../node/consensus/wire.ts'
import { CERTIFICATE_BOUNDS } from '../../node/crosslink/certificate-codec.ts'
import { decodeToyBlock } from './toy-chain.ts'

/** Undefined when what one node wrote another cannot read. */
export function carry(message: ConsensusMessage, seatCount: number): ConsensusMessage | undefined {
  const context = {
    seatCount,
    signatureBytesMax: CERTIFICATE_BOUNDS.signatureBytesMax,
    decodeBlock: decodeToyBlock,
  }
  const decoded = decodeConsensusMessage(encodeConsensusMessage(message), context)
  return decoded.ok ? decoded.value : undefined
}

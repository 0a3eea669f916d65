/**
 * Forger: half of its votes carry garbage for a signature, and half of its certificates claim seats that never signed.
 * Aggregates that contain its votes fail, and the tally must find out whose fault it was (docs/protocol A.9).
 */
import type { ConsensusMessage } from '../../../node/consensus/message.ts'
import { admitsAll, toAll, type Adversary, type AdversaryPorts } from './adversary.ts'

export function createForger(ports: AdversaryPorts): Adversary {
  return {
    admits: admitsAll,
    outgoing: (message, recipients) =>
      recipients.flatMap((to) =>
        toAll(ports.dice.chance(1, 2) ? forged(message, ports) : message, [to]),
      ),
  }
}

function forged(message: ConsensusMessage, { dice }: AdversaryPorts): ConsensusMessage {
  if (message.kind === 'vote' || message.kind === 'proposal') {
    const signature = dice.bytes(message.vote.signature.length)
    return { ...message, vote: { ...message.vote, signature } }
  }
  if (message.kind !== 'certificate') return message
  const { certificate } = message
  const signers = certificate.signers.map((byte) => byte ^ (1 << dice.below(4)))
  return { ...message, certificate: { ...certificate, signers } }
}

/**
 * Equivocating leader: when it leads, it signs two blocks for the view and shows each half of the committee another one;
 * a third of the seats see both. One time in four the second block is invalid as well.
 */
import type { Seat } from '../../../node/primitives/identifiers.ts'
import type { ConsensusMessage } from '../../../node/consensus/message.ts'
import { INVALID_PAYLOAD, PAYLOAD_SIZE, withPayload } from '../toy-chain.ts'
import { admitsAll, toAll, type Adversary, type AdversaryPorts, type Letter } from './adversary.ts'

type ProposalMessage = Extract<ConsensusMessage, { readonly kind: 'proposal' }>

export function createEquivocatingLeader(ports: AdversaryPorts): Adversary {
  return {
    admits: admitsAll,
    outgoing: (message, recipients) => {
      if (message.kind !== 'proposal' || message.vote.seat !== ports.seat) {
        return toAll(message, recipients)
      }
      return split(message, rivalOf(message, ports), recipients, ports)
    },
  }
}

function split(
  first: ProposalMessage,
  second: ProposalMessage,
  recipients: readonly Seat[],
  { dice }: AdversaryPorts,
): readonly Letter[] {
  return recipients.flatMap((to) => {
    const shown = [[first], [second], [first, second]][dice.below(3)] ?? []
    return shown.map((message) => ({ to, message }))
  })
}

function rivalOf(message: ProposalMessage, ports: AdversaryPorts): ProposalMessage {
  const payload = ports.dice.bytes(PAYLOAD_SIZE)
  payload[0] = ports.dice.chance(1, 4) ? INVALID_PAYLOAD : 1
  const block = withPayload(message.block, payload)
  const proposal = { ...message.proposal, hash: block.hash }
  const { kind, view, seat } = message.vote
  return { ...message, block, proposal, vote: ports.sign({ kind, view, seat, proposal }) }
}

/** What a message of consensus is about; undefined for requests and blocks, which are about no view. */
import type { ConsensusMessage } from '../../node/consensus/message.ts'
import type { Proposal } from '../../node/crosslink/certificate.ts'

export function viewIn(message: ConsensusMessage): number | undefined {
  switch (message.kind) {
    case 'proposal':
      return message.proposal.view
    case 'vote':
      return message.vote.view
    case 'certificate':
      return message.certificate.view
    default:
      return undefined
  }
}

export function proposalIn(message: ConsensusMessage): Proposal | undefined {
  switch (message.kind) {
    case 'proposal':
      return message.proposal
    case 'vote':
      return message.vote.proposal
    case 'certificate':
      return message.certificate.proposal
    default:
      return undefined
  }
}

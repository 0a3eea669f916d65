/**
 * Vote-for-everything: plays along, and with every message about a view also signs NULLIFY, NOTARIZE and FINALIZE for
 * whatever that message names, each to a random half of the committee.
 */
import { proposalIn } from '../../adversaries/message-parts.ts'
import type { Seat } from '../../../node/primitives/identifiers.ts'
import type { ConsensusMessage } from '../../../node/consensus/message.ts'
import type { UnsignedVote } from '../../../node/consensus/vote.ts'
import { viewOf } from '../consensus-seen.ts'
import {
  admitsAll,
  someOf,
  toAll,
  type Adversary,
  type AdversaryPorts,
  type Letter,
} from './adversary.ts'

export function createVoteForEverything(ports: AdversaryPorts): Adversary {
  return {
    admits: admitsAll,
    outgoing: (message, recipients) => {
      const letters: Letter[] = [...toAll(message, recipients)]
      for (const vote of everyVote(message, ports.seat)) {
        const said: ConsensusMessage = { kind: 'vote', vote: ports.sign(vote) }
        letters.push(...toAll(said, someOf(recipients, ports.dice)))
      }
      return letters
    },
  }
}

function everyVote(message: ConsensusMessage, seat: Seat): readonly UnsignedVote[] {
  const view = viewOf(message)
  if (view === 0) return []
  const nullify: UnsignedVote = { kind: 'nullify', view, proposal: undefined, seat }
  const proposal = proposalIn(message)
  if (proposal === undefined) return [nullify]
  return [
    nullify,
    { kind: 'notarize', view, proposal, seat },
    { kind: 'finalize', view, proposal, seat },
  ]
}

/** Silent leader: says nothing in the views it leads, neither proposal nor vote; follows correctly in all others. */
import type { ConsensusMessage } from '../../node/consensus/message.ts'
import type { Adversary } from './adversary.ts'
import { corrupted } from './corruption.ts'

export const silentLeader: Adversary = {
  name: 'silent-leader',
  description: 'proposes nothing and votes for nothing in the views it leads',
  corrupt: (honest, { validator }) =>
    corrupted(honest, {
      effect: (effect) => {
        if (effect.kind !== 'send' || effect.message.kind !== 'consensus') return [effect]
        const { chain, message } = effect.message
        const view = viewOfOwnWord(message)
        const isOurs = view !== undefined && honest.chains.get(chain)?.leader(view) === validator
        return isOurs ? [] : [effect]
      },
    }),
}

function viewOfOwnWord(message: ConsensusMessage): number | undefined {
  switch (message.kind) {
    case 'proposal':
      return message.proposal.view
    case 'vote':
      return message.vote.view
    default:
      return undefined
  }
}

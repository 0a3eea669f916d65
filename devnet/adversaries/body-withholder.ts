/**
 * Withholder of bodies: its proposals go to exactly as many as a quorum needs; the others see only its vote. It answers
 * nobody who asks for a block, a range or receipts, and pushes none, so whoever misses them needs the honest members.
 */
import { quorumOf } from '../../node/crosslink/certificate.ts'
import type { ValidatorEffect } from '../../node/validator/contract.ts'
import type { NodeMessage } from '../../node/validator/message.ts'
import type { Adversary } from './adversary.ts'
import { corrupted } from './corruption.ts'
import {
  seatPowers,
  sendTo,
  voteMessage,
  type SeatPowers,
  type SentProposal,
} from './seat-powers.ts'

export const bodyWithholder: Adversary = {
  name: 'body-withholder',
  description:
    'shows its blocks to no more members than a quorum needs, and serves no bodies or receipts',
  corrupt: (honest, seat) => {
    const powers = seatPowers(honest, seat)
    return corrupted(honest, {
      effect: (effect) => {
        const sent = powers.ownProposal(effect)
        if (sent !== undefined) return shownToQuorum(powers, sent)
        return speaks(effect) && holdsBody(effect.message) ? [] : [effect]
      },
    })
  },
}

type Speech = ValidatorEffect & { readonly kind: 'send' | 'reply' | 'publish' }

function speaks(effect: ValidatorEffect): effect is Speech {
  return effect.kind === 'send' || effect.kind === 'reply' || effect.kind === 'publish'
}

function holdsBody(message: NodeMessage): boolean {
  if (message.kind === 'receipts') return true
  if (message.kind !== 'consensus') return false
  return message.message.kind === 'block' || message.message.kind === 'range'
}

function shownToQuorum(powers: SeatPowers, sent: SentProposal): readonly ValidatorEffect[] {
  const { effect, chain, proposal } = sent
  const order = powers.seat.random.shuffle(effect.to)
  const shown = quorumOf(order.length + 1) - 1
  return [
    ...sendTo(order.slice(0, shown), effect.message),
    ...sendTo(order.slice(shown), voteMessage(powers.domainOf(chain), proposal.vote)),
  ]
}

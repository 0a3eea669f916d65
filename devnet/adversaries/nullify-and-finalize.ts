/**
 * Nullifies and finalizes: whenever it votes FINALIZE for a view it also votes NULLIFY for it, as the honest never do (R8),
 * each half of the committee being told a different one first.
 */
import type { ValidatorEffect } from '../../node/validator/contract.ts'
import type { Adversary } from './adversary.ts'
import { corrupted } from './corruption.ts'
import { seatPowers, sendTo, voteMessage, type SeatPowers } from './seat-powers.ts'

export const nullifyAndFinalize: Adversary = {
  name: 'nullify-and-finalize',
  description: 'votes to finalize a view and to give it up',
  corrupt: (honest, seat) => {
    const powers = seatPowers(honest, seat)
    return corrupted(honest, { effect: (effect) => withContradiction(powers, effect) })
  },
}

function withContradiction(
  powers: SeatPowers,
  effect: ValidatorEffect,
): readonly ValidatorEffect[] {
  if (effect.kind !== 'send' || effect.message.kind !== 'consensus') return [effect]
  const { chain, message } = effect.message
  if (message.kind !== 'vote' || message.vote.kind !== 'finalize') return [effect]
  const { view } = message.vote
  const nullify = voteMessage(
    powers.domainOf(chain),
    powers.sign(chain, { kind: 'nullify', view, proposal: undefined }),
  )
  const order = powers.seat.random.shuffle(effect.to)
  const half = order.length >> 1
  return [...sendTo(order.slice(0, half), nullify), effect, ...sendTo(order.slice(half), nullify)]
}

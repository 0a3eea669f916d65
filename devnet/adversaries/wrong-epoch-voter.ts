/**
 * Wrong-epoch voter: besides every vote of its own it says the same vote as of the next epoch, the one before, and another
 * chain; and, labelled as of this epoch, with a signature that is good in the next one only.
 */
import type { Vote } from '../../node/consensus/vote.ts'
import { BEACON_CHAIN, type ChainNumber } from '../../node/primitives/identifiers.ts'
import type { ValidatorEffect } from '../../node/validator/contract.ts'
import type { Adversary } from './adversary.ts'
import { corrupted } from './corruption.ts'
import { seatPowers, sendTo, voteMessage, type SeatPowers } from './seat-powers.ts'

export const wrongEpochVoter: Adversary = {
  name: 'wrong-epoch-voter',
  description: 'repeats its votes as of other epochs and of other chains',
  corrupt: (honest, seat) => {
    const powers = seatPowers(honest, seat)
    return corrupted(honest, {
      effect: (effect) => {
        if (effect.kind !== 'send' || effect.message.kind !== 'consensus') return [effect]
        const { chain, message } = effect.message
        if (message.kind !== 'vote' && message.kind !== 'proposal') return [effect]
        return [...displaced(powers, chain, message.vote, effect.to), effect]
      },
    })
  },
}

function displaced(
  powers: SeatPowers,
  chain: ChainNumber,
  vote: Vote,
  to: readonly number[],
): readonly ValidatorEffect[] {
  const domain = powers.domainOf(chain)
  const { epoch } = domain
  const next = powers.sign(chain, vote, epoch + 1)
  const elsewhere = powers.chains().find((other) => other !== chain) ?? BEACON_CHAIN
  const messages = [
    voteMessage({ ...domain, epoch: epoch + 1 }, next),
    voteMessage(domain, next),
    voteMessage({ ...domain, chain: elsewhere }, { ...vote, seat: powers.seatIn(elsewhere) }),
  ]
  if (epoch > 0) {
    messages.push(voteMessage({ ...domain, epoch: epoch - 1 }, powers.sign(chain, vote, epoch - 1)))
  }
  return messages.flatMap((message) => sendTo(to, message))
}

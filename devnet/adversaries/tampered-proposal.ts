/**
 * Vices that only change what is proposed: the proposal goes out with another block, signed anew, and the machine inside
 * goes on as if it had proposed its own.
 */
import type { ChainBlock } from '../../node/consensus/message.ts'
import type { Validator } from '../../node/validator/validator.ts'
import type { Adversary, AdversarySeat } from './adversary.ts'
import { corrupted, type Vice } from './corruption.ts'
import { seatPowers, type SeatPowers, type SentProposal } from './seat-powers.ts'

/** The block to propose instead; undefined: there is nothing in this one to do wrong. */
export type Tamper = (powers: SeatPowers, sent: SentProposal) => ChainBlock | undefined

/** `besides`: what else the vice does; its `effect` sees what is no proposal of this seat. */
export function createTamperer(
  tamper: Tamper,
  besides: (powers: SeatPowers) => Vice = () => ({}),
): Adversary['corrupt'] {
  return (honest: Validator, seat: AdversarySeat) => {
    const powers = seatPowers(honest, seat)
    const vice = besides(powers)
    return corrupted(honest, {
      ...vice,
      effect: (effect, now) => {
        const sent = powers.ownProposal(effect)
        if (sent === undefined) return vice.effect?.(effect, now) ?? [effect]
        const block = tamper(powers, sent)
        if (block === undefined) return [effect]
        return [{ ...sent.effect, message: powers.withBlock(sent, block) }]
      },
    })
  }
}

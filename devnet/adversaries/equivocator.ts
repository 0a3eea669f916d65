/**
 * Equivocator: when it leads, it makes two valid blocks for the view and signs both. A third of the committee is shown the
 * first, a third the second, a third both, so that the committee is split and somebody holds the proof.
 */
import type { ChainBlock } from '../../node/consensus/message.ts'
import { BEACON_CHAIN } from '../../node/primitives/identifiers.ts'
import type { ValidatorEffect } from '../../node/validator/contract.ts'
import type { Adversary } from './adversary.ts'
import { corrupted } from './corruption.ts'
import { flipped, rebuildBeaconBlock, rebuildShardBlock, rootIfAfter } from './rebuilt-block.ts'
import { seatPowers, sendTo, type SeatPowers, type SentProposal } from './seat-powers.ts'

export const equivocator: Adversary = {
  name: 'equivocator',
  description: 'shows different halves of a committee different blocks for the views it leads',
  corrupt: (honest, seat) => {
    const powers = seatPowers(honest, seat)
    return corrupted(honest, {
      effect: (effect) => {
        const sent = powers.ownProposal(effect)
        return sent === undefined ? [effect] : shownTwice(powers, sent)
      },
    })
  },
}

function shownTwice(powers: SeatPowers, sent: SentProposal): readonly ValidatorEffect[] {
  const { effect, proposal } = sent
  const first = effect.message
  const second = powers.withBlock(sent, rivalOf(powers, sent, proposal.block))
  return powers.seat.random.shuffle(effect.to).flatMap((to, index) => {
    const shown = [[first], [second], [first, second]][index % 3] ?? []
    return shown.flatMap((message) => sendTo([to], message))
  })
}

/** The same block a millisecond later: as valid as the first, also for the beacon whose state holds the time. */
function rivalOf({ honest }: SeatPowers, { chain }: SentProposal, block: ChainBlock): ChainBlock {
  const timestampMs = block.timestampMs + 1
  if (chain !== BEACON_CHAIN) return rebuildShardBlock(block, () => ({ header: { timestampMs } }))
  const stateRoot = rootIfAfter(block, honest.beacon.newest(), { timestampMs })
  return rebuildBeaconBlock(block, ({ header }) => ({
    header: { ...header, timestampMs, stateRoot: stateRoot ?? flipped(header.stateRoot) },
  }))
}

/**
 * Late proposer: holds its proposals back until the others are about to give the leader up, so that some take the proposal
 * and some are already on their way to the next view.
 */
import { BEACON_CHAIN } from '../../node/primitives/identifiers.ts'
import type { ValidatorEffect, ValidatorInput } from '../../node/validator/contract.ts'
import type { Adversary, AdversarySeat } from './adversary.ts'
import { seatPowers, type SentProposal } from './seat-powers.ts'

/** In hundredths of delta: the others wait 2.5 for a proposal, counted from about when the leader could have sent it (R1). */
const LATENESS_LEAST = 200
const LATENESS_SPREAD = 60

type Held = { readonly at: number; readonly effect: ValidatorEffect }

type Clock = {
  held: readonly Held[]
  /** What the machine wants, and what the driver was told. */
  wanted: number
  announced: number
}

export const lateProposer: Adversary = {
  name: 'late-proposer',
  description: 'sends its proposals when the others are just about to give up waiting',
  corrupt: (honest, seat) => {
    const powers = seatPowers(honest, seat)
    const clock: Clock = { held: [], wanted: Infinity, announced: NaN }
    return {
      ...honest,
      handle: (input) => {
        const released = release(clock, input.now)
        const effects = honest.handle(input).flatMap((effect) => {
          const sent = powers.ownProposal(effect)
          if (sent === undefined) return [effect]
          hold(clock, { at: input.now + latenessOf(seat, sent), effect })
          return []
        })
        return [...released, ...withDeadline(clock, effects, input)]
      },
    }
  },
}

function latenessOf({ genesis, random }: AdversarySeat, { chain }: SentProposal): number {
  const { deltaMs } = chain === BEACON_CHAIN ? genesis.beaconTiming : genesis.shardTiming
  const hundredths = LATENESS_LEAST + random.below(LATENESS_SPREAD)
  return Math.floor((deltaMs * hundredths) / 100)
}

function hold(clock: Clock, held: Held): void {
  clock.held = [...clock.held, held]
}

function release(clock: Clock, now: number): readonly ValidatorEffect[] {
  const due = clock.held.filter(({ at }) => at <= now)
  if (due.length > 0) clock.held = clock.held.filter(({ at }) => at > now)
  return due.map(({ effect }) => effect)
}

/** The driver has one timer: it is told the earlier of what the machine wants and what is held back. */
function withDeadline(
  clock: Clock,
  effects: readonly ValidatorEffect[],
  { kind }: ValidatorInput,
): readonly ValidatorEffect[] {
  for (const effect of effects) if (effect.kind === 'deadline') clock.wanted = effect.at
  const at = Math.min(clock.wanted, ...clock.held.map((held) => held.at))
  const others = effects.filter((effect) => effect.kind !== 'deadline')
  // A tick uses up the driver's timer, also one that came too early.
  if (at === clock.announced && kind !== 'tick') return others
  clock.announced = at
  return [...others, { kind: 'deadline', at }]
}

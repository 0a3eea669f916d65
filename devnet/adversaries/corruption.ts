/**
 * How a vice is put on an honest machine: every input passes through `input` on its way in, every effect through `effect`
 * on its way out, and `after` may say more once the machine has spoken.
 *
 * Invariant: the machine inside stays a correct validator; what it wants written is written, so that a corrupted node can
 * be stopped, started and made honest again on the same disk. Only what leaves the node, or what the machine is told, is changed.
 */
import type { ValidatorEffect, ValidatorInput } from '../../node/validator/contract.ts'
import type { Validator } from '../../node/validator/validator.ts'

export type Effect<Kind extends ValidatorEffect['kind']> = ValidatorEffect & { readonly kind: Kind }
export type Input<Kind extends ValidatorInput['kind']> = ValidatorInput & { readonly kind: Kind }

export type Vice = {
  /** What the machine is told in place of this input. */
  readonly input?: (input: ValidatorInput) => ValidatorInput
  /** What is done in place of this effect: itself, something else, more, or nothing. */
  readonly effect?: (effect: ValidatorEffect, now: number) => readonly ValidatorEffect[]
  /** What is done besides, after the effects of this input. */
  readonly after?: (input: ValidatorInput) => readonly ValidatorEffect[]
}

export function corrupted(honest: Validator, vice: Vice): Validator {
  const { input: told, effect: done, after } = vice
  return {
    ...honest,
    handle: (input) => {
      const effects = honest.handle(told === undefined ? input : told(input))
      const changed =
        done === undefined ? effects : effects.flatMap((effect) => done(effect, input.now))
      return after === undefined ? changed : [...changed, ...after(input)]
    },
  }
}

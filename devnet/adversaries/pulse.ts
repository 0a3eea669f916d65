/** Something a vice does again and again, as often as inputs come but not more often than this. */
import type { ValidatorEffect, ValidatorInput } from '../../node/validator/contract.ts'

export function createPulse(
  intervalMs: number,
  beat: (now: number) => readonly ValidatorEffect[],
): (input: ValidatorInput) => readonly ValidatorEffect[] {
  let nextAt = -Infinity
  return ({ now }) => {
    if (now < nextAt) return []
    nextAt = now + intervalMs
    return beat(now)
  }
}

/**
 * Vices for real processes: the program of a devnet's validator asks here for what to make of its machine. Only devnets and
 * tests start that program; `weft node run` knows no vices.
 */
import type { Validator } from '../../node/validator/validator.ts'
import type { AdversarySeat } from './adversary.ts'
import { ADVERSARY_NAMES, adversaryNamed } from './registry.ts'

/**
 * The machine's corruption by this vice, after a loud line on standard error (or through `say`).
 * Throws on a vice that does not exist: a devnet asked for it, so nothing may start without it.
 */
export function corruptFor(
  name: string,
  seat: AdversarySeat,
  say: (line: string) => void = sayOnStandardError,
): (honest: Validator) => Validator {
  const adversary = adversaryNamed(name)
  if (adversary === undefined) {
    throw new RangeError(`there is no vice ${name}; there are ${ADVERSARY_NAMES.join(', ')}`)
  }
  say(`this validator is BYZANTINE: ${adversary.name}: ${adversary.description}`)
  return (honest) => adversary.corrupt(honest, seat)
}

function sayOnStandardError(line: string): void {
  process.stderr.write(`${line}\n`)
}

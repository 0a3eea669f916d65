/**
 * Option values: text typed by a person into numbers and lists, refused with the range that was expected. Every function
 * here is a commander argument parser.
 */
import { InvalidArgumentError } from 'commander'

/** An integer from `smallest` to `largest`, both allowed. */
export function integerBetween(smallest: number, largest: number): (text: string) => number {
  return (text) => {
    const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN
    if (value >= smallest && value <= largest) return value
    throw new InvalidArgumentError(`Expected a whole number from ${smallest} to ${largest}.`)
  }
}

/** A decimal number from `smallest` to `largest`, both allowed. */
export function numberBetween(smallest: number, largest: number): (text: string) => number {
  return (text) => {
    const value = /^[0-9]{1,12}(\.[0-9]{1,6})?$/.test(text) ? Number(text) : Number.NaN
    if (value >= smallest && value <= largest) return value
    throw new InvalidArgumentError(`Expected a number from ${smallest} to ${largest}.`)
  }
}

/** Values separated by commas, each read by `parse`; at least one, none twice. */
export function listOf<T>(parse: (text: string) => T): (text: string) => readonly T[] {
  return (text) => {
    const values = text.split(',').map((item) => parse(item.trim()))
    if (new Set(values).size === values.length) return values
    throw new InvalidArgumentError('Expected different values separated by commas.')
  }
}

export function oneOf<const T extends string>(choices: readonly T[]): (text: string) => T {
  return (text) => {
    const found = choices.find((choice) => choice === text)
    if (found !== undefined) return found
    throw new InvalidArgumentError(`Expected one of ${choices.join(', ')}.`)
  }
}

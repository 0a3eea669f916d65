/**
 * Assertions: "we are wrong". A failed assertion is a bug in Weft, never a peer's or a user's doing,
 * so it throws an error that nobody catches and the process ends. Always on.
 */

export class AssertionError extends Error {
  override readonly name = 'AssertionError'
}

/** Ends the process (by an uncaught error) unless `condition` holds. `sentence` says what should have been true. */
export function assert(condition: boolean, sentence: string): asserts condition {
  if (!condition) throw new AssertionError(sentence)
}

/** Closes a discriminated union: the compiler proves that this line cannot be reached. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable variant: ${String(value)}`)
}

/** A value that the caller knows is there; `sentence` says why. */
export function present<T>(value: T | undefined | null, sentence: string): T {
  assert(value !== undefined && value !== null, sentence)
  return value
}

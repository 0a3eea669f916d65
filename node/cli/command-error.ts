/**
 * The two ways in which a command ends badly without being a bug. Messages are one sentence that says what to do.
 */

/** The command could not do its work: exit code 1. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
}

/** The command was asked for something that makes no sense: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

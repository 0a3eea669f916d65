/**
 * Waiting for a condition: polls it until it holds or the deadline passes, and then says what it waited for.
 */
const POLL_MS = 10
const DEADLINE_MS = 30_000

/** Resolves with the first value that is neither undefined nor false. */
export async function until<T>(
  what: string,
  condition: () => T | undefined | false,
  deadlineMs = DEADLINE_MS,
): Promise<T> {
  const deadline = Date.now() + deadlineMs
  for (;;) {
    const value = condition()
    if (value !== undefined && value !== false) return value
    if (Date.now() > deadline) throw new Error(`waited ${deadlineMs} ms in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

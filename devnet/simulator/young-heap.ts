/**
 * Flags of a process that simulates: a network makes much that lives for an event, and the more of it fits, the less often
 * the living are copied.
 */
export const YOUNG_HEAP: readonly string[] = [
  '--min-semi-space-size=16',
  '--max-semi-space-size=32',
]

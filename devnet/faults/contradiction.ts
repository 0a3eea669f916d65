/**
 * Contradictions between votes (consensus A.3): two different roots of one kind in one view, or FINALIZE and NULLIFY in one
 * view, by one seat. Its rules are its own and know nothing of the vote guard.
 */

/** One vote that somebody saw. */
export type SeenVote = {
  /** `self`: the node that wrote this line signed it. */
  readonly from: 'self' | 'peer'
  readonly chain: number
  readonly epoch: number
  readonly seat: number
  readonly kind: 'notarize' | 'nullify' | 'finalize'
  readonly view: number
  /** What was signed, 64 hex digits. */
  readonly root: string
}

/** One sentence per contradiction; votes may come in any order and any number of times. */
export function findContradictions(votes: Iterable<SeenVote>): readonly string[] {
  const roots = new Map<string, string>()
  const found = new Set<string>()
  for (const { chain, epoch, seat, view, kind, root } of votes) {
    const place = `chain ${chain} epoch ${epoch} view ${view} seat ${seat}`
    const first = roots.get(`${place} ${kind}`)
    if (first !== undefined && first !== root) found.add(`${place} signed ${kind} twice`)
    roots.set(`${place} ${kind}`, first ?? root)
    const opposite = { notarize: undefined, finalize: 'nullify', nullify: 'finalize' }[kind]
    if (opposite !== undefined && roots.has(`${place} ${opposite}`)) {
      found.add(`${place} signed finalize and nullify`)
    }
  }
  return [...found]
}

/** The votes in a stretch of a witness's file that ends with a whole line. */
export function readSeenVotes(text: string): readonly SeenVote[] {
  const lines = text.split('\n')
  return lines.slice(0, -1).map((line) => JSON.parse(line) as SeenVote)
}

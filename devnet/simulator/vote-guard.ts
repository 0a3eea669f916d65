/**
 * A model of the vote guard: the last door before a key. It remembers, durably and apart from the journal, what was
 * signed in every view, and refuses a second thing that contradicts it. In a correct node it never has to refuse.
 */
import type { UnsignedVote } from '../../node/consensus/vote.ts'
import { proposalKey } from '../../node/crosslink/certificate.ts'

export type VoteGuard = {
  /** Records the vote and answers true, or refuses. */
  readonly allows: (vote: UnsignedVote) => boolean
}

export function createVoteGuard(): VoteGuard {
  /** By kind and view; every write is synced at once, so a crash takes nothing away. */
  const marks = new Map<string, string>()

  function markAt(kind: string, view: number): string | undefined {
    return marks.get(`${kind}/${view}`)
  }

  return {
    allows: (vote) => {
      const { kind, view, proposal } = vote
      const content = proposal === undefined ? '' : proposalKey(proposal)
      const before = markAt(kind, view)
      if (before !== undefined) return before === content
      if (kind === 'nullify' && markAt('finalize', view) !== undefined) return false
      if (kind === 'finalize' && markAt('nullify', view) !== undefined) return false
      marks.set(`${kind}/${view}`, content)
      return true
    },
  }
}

/**
 * When a node that was killed is back: it votes where it never voted before, on every chain that it voted on, and its
 * finalized heights are those of the others.
 */
import type { SeenVote } from './contradiction.ts'
import type { MortalNetwork } from './mortal-network.ts'

/** Two nodes are asked one after the other, and a block may become final in between. */
const HEIGHT_TOLERANCE = 1

/** All of one epoch, which is what a devnet has. Given all votes before a restart: on how many of their chains later ones go beyond them. */
export function nextVotes(
  before: readonly SeenVote[],
): (votes: readonly SeenVote[]) => 'none' | 'some' | 'all' {
  const views = [...highestViews(before)]
  return (votes) => {
    const now = highestViews(votes)
    const beyond = views.filter(([chain, view]) => (now.get(chain) ?? 0) > view)
    if (beyond.length === 0) return 'none'
    return beyond.length === views.length ? 'all' : 'some'
  }
}

export function chainsVotedOn(votes: readonly SeenVote[]): number {
  return highestViews(votes).size
}

function highestViews(votes: readonly SeenVote[]): ReadonlyMap<number, number> {
  const views = new Map<number, number>()
  for (const { from, chain, view } of votes) {
    if (from === 'self') views.set(chain, Math.max(views.get(chain) ?? 0, view))
  }
  return views
}

/** Whether the node is as high as the highest of the others, on every chain that it has. */
export async function isAtHead(
  network: MortalNetwork,
  index: number,
  all: readonly number[],
): Promise<boolean> {
  const others = all.filter((other) => other !== index)
  const heights = await Promise.all(others.map((other) => network.heights(other)))
  const own = await network.heights(index)
  if (own === undefined) return false
  return [...own].every(([chain, height]) => {
    const highest = Math.max(0, ...heights.map((theirs) => theirs?.get(chain) ?? 0))
    return height >= highest - HEIGHT_TOLERANCE
  })
}

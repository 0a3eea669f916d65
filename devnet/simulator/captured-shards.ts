/**
 * Shards of which more seats lie, or lied, than their committee tolerates: with that a committee is captured, for good, since what
 * it did stays. What a captured shard's seats sign, certify and finalize is promised by nobody (docs/reliability.md); what the
 * beacon records of it is judged like everything else.
 */
import { faultsTolerated } from '../../node/crosslink/certificate.ts'
import { BEACON_CHAIN, type ChainNumber } from '../../node/primitives/identifiers.ts'
import type { ShardedWorld } from './sharded-world.ts'

export type CapturedShards = {
  /** Seats as they are now, node per seat, index = chain. */
  readonly look: (committees: readonly (readonly number[])[], liars: ReadonlySet<number>) => void
  readonly has: (chain: ChainNumber) => boolean
}

export function createCapturedShards(): CapturedShards {
  const captured = new Set<ChainNumber>()
  return {
    has: (chain) => captured.has(chain),
    look: (committees, liars) => {
      if (liars.size === 0) return
      for (const [chain, seats] of committees.entries()) {
        // A captured beacon is beyond every promise, and no run has one. A retired shard has no seats.
        if (chain === BEACON_CHAIN || seats.length === 0) continue
        const lying = seats.filter((node) => liars.has(node)).length
        if (lying > faultsTolerated(seats.length)) captured.add(chain)
      }
    },
  }
}

/** As any node that runs sees the seats; where none does there are none yet, and the next beacon block tells. */
export function committeesSeen(world: ShardedWorld): readonly (readonly number[])[] {
  const nodes = Array.from({ length: world.nodeCount }, (_, node) => node)
  const teller = nodes.find(world.isUp)
  return teller === undefined ? [] : world.validator(teller).beacon.head().committees
}

/** The guard under long random orders of votes: whatever is asked, what is granted never contradicts itself. */
import { describe, expect, it } from 'vitest'
import { asciiBytes, toHex } from '../../../node/primitives/bytes.ts'
import { sha256 } from '../../../node/primitives/hash.ts'
import { createPrng, type Prng } from '../../../node/primitives/prng.ts'
import {
  authorizeVotes,
  decodeGuardRecord,
  emptyGuardRecord,
  encodeGuardRecord,
  type GuardRecord,
  type VoteRequest,
} from '../../../node/storage/vote-guard.ts'

const genesis = sha256(asciiBytes('genesis'))
const roots = ['A', 'B', 'C'].map((name) => sha256(asciiBytes(name)))

/** Votes around a moving view, now and then far behind, far ahead or in another epoch. */
function drawVote(dice: Prng, step: number): VoteRequest {
  const view = Math.floor(step / 4) + dice.below(dice.chance(1, 200) ? 100 : 6)
  const kind = dice.pick(['notarize', 'nullify', 'finalize'] as const)
  const epoch = Math.floor(step / 300) + dice.below(3)
  return {
    chain: dice.below(3),
    epoch,
    kind,
    view,
    // A nullify of a view has one root.
    signingRoot: kind === 'nullify' ? sha256(asciiBytes(`nullify ${view}`)) : dice.pick(roots),
  }
}

function restarted(record: GuardRecord): GuardRecord {
  const decoded = decodeGuardRecord(encodeGuardRecord(record))
  if (!decoded.ok) throw new Error(decoded.reject.detail)
  return decoded.value
}

/** Every grant ever made, and the contradictions among them. Its own bookkeeping, not the guard's. */
function createOracle() {
  const granted = new Map<string, string>()
  const contradictions: string[] = []
  return {
    contradictions,
    grant: (vote: VoteRequest): void => {
      const place = `${vote.chain}/${vote.epoch}/${vote.view}`
      const root = toHex(vote.signingRoot)
      const before = granted.get(`${place}/${vote.kind}`) ?? root
      if (before !== root) contradictions.push(`two roots at ${place}/${vote.kind}`)
      granted.set(`${place}/${vote.kind}`, root)
      if (granted.has(`${place}/finalize`) && granted.has(`${place}/nullify`)) {
        contradictions.push(`finalize and nullify at ${place}`)
      }
    },
  }
}

describe('storage: vote guard: model', () => {
  it('storage: vote guard: no order of votes and restarts is granted a contradiction', () => {
    for (let seed = 0; seed < 5; seed++) {
      const dice = createPrng(seed)
      const oracle = createOracle()
      let record = emptyGuardRecord(genesis)
      let grants = 0
      for (let step = 0; step < 1200; step++) {
        const votes = Array.from({ length: 1 + dice.below(3) }, () => drawVote(dice, step))
        const ruling = authorizeVotes(record, votes)
        for (const [index, verdict] of ruling.verdicts.entries()) {
          const vote = votes[index]
          if (vote === undefined || verdict === 'refused') continue
          oracle.grant(vote)
          grants++
        }
        record = dice.chance(1, 10) ? restarted(ruling.record) : ruling.record
      }
      expect(oracle.contradictions).toEqual([])
      // A guard that refuses everything would pass as well.
      expect(grants).toBeGreaterThan(500)
    }
  })
})

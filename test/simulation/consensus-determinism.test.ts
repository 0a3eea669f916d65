/** One seed, one run: in this process, in another one with another heap, and under every signature scheme. */
import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { CAMPAIGNS, QUIET } from '../../devnet/simulator/consensus-campaigns.ts'
import type { CampaignShape } from '../../devnet/simulator/campaign-shape.ts'
import { expandPlan } from '../../devnet/simulator/consensus-plan.ts'
import { runConsensus, type ConsensusRunOptions } from '../../devnet/simulator/consensus-world.ts'
import { committeeKeyFromSeed, schemeByName } from '../../node/primitives/io/schemes.ts'
import type { CertificateSchemeName } from '../../node/primitives/signature.ts'

const MAIN = new URL('../../devnet/simulator/main-consensus.ts', import.meta.url).pathname

function hashOf(shape: CampaignShape, seed: number, options: ConsensusRunOptions = {}): string {
  return runConsensus(expandPlan(shape, seed), options).eventHash
}

/** Seeds 1..5 of all campaigns: about fifty runs. */
function hashLines(): string[] {
  return CAMPAIGNS.flatMap((shape) =>
    [1, 2, 3, 4, 5].map((seed) => `${shape.name} ${seed} ${hashOf(shape, seed)}`),
  )
}

function hashLinesElsewhere(flags: readonly string[]): string[] {
  const args = [...flags, MAIN, '--seeds', '5']
  const output = execFileSync(process.execPath, args, {
    encoding: 'utf8',
    env: { TZ: 'Asia/Kathmandu', LANG: 'tr_TR.UTF-8' },
  })
  return output.trim().split('\n')
}

describe('consensus: determinism', () => {
  const first = hashLines()

  test('consensus: determinism: a seed gives the same run twice, and other seeds give others', () => {
    expect(hashLines()).toEqual(first)
    const hashes = first.map((line) => line.split(' ')[2])
    expect(new Set(hashes).size).toBe(first.length)
  })

  test('consensus: determinism: another process with another heap, clock zone and language agrees', () => {
    expect(hashLinesElsewhere(['--max-semi-space-size=1', '--no-opt'])).toEqual(first)
  })

  test('consensus: determinism: a plan is plain JSON and says everything', () => {
    for (const shape of CAMPAIGNS) {
      const plan = expandPlan(shape, 3)
      const copy = JSON.parse(JSON.stringify(plan)) as typeof plan
      expect(runConsensus(copy).eventHash).toBe(runConsensus(plan).eventHash)
    }
  })

  test('consensus: determinism: messages as bytes do exactly what messages by reference do', () => {
    for (const shape of CAMPAIGNS) {
      for (const seed of [1, 2, 3, 4, 5]) {
        const plan = expandPlan(shape, seed)
        const [bytes, references] = [true, false].map(
          (messagesAreEncoded) => runConsensus({ ...plan, messagesAreEncoded }).eventHash,
        )
        expect(bytes).toBe(references)
      }
    }
  })

  test('consensus: determinism: looking at a run does not change it', () => {
    const lines: string[] = []
    const trace = (now: number, node: number, line: string): unknown =>
      lines.push(`${now} ${node} ${line}`)
    expect(hashOf(QUIET, 1, { trace })).toBe(hashOf(QUIET, 1))
    expect(lines.length).toBeGreaterThan(100)
  })

  test('consensus: determinism: BLS and Ed25519 committees do exactly what mock ones do', () => {
    const short = { ...QUIET, stableAtMs: 1500, dropPerMyriad: 2000, crashes: 1, heightsWanted: 3 }
    const names: readonly CertificateSchemeName[] = ['bls', 'ed25519', 'mock']
    const hashes = names.map((name) => {
      const keyFromSeed = (seed: Uint8Array): ReturnType<typeof committeeKeyFromSeed> =>
        committeeKeyFromSeed(name, seed)
      return hashOf(short, 2, { cryptography: { scheme: schemeByName(name), keyFromSeed } })
    })
    expect(new Set(hashes).size).toBe(1)
  })
})

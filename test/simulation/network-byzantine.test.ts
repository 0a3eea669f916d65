/**
 * Whole sharded networks in which one member of every shard's committee, and so as many of the beacon's, has one vice, each
 * vice in turn, while value crosses between the shards. Nothing breaks, everything settles, and only the guilty are accused.
 */
import { describe, expect, test } from 'vitest'
import { ADVERSARY_NAMES } from '../../devnet/adversaries/registry.ts'
import type { Evidence } from '../../node/consensus/engine-contract.ts'
import { createPrng } from '../../node/primitives/prng.ts'
import { createTrial, type Trial } from './sharded/trial.ts'

type Sign = {
  /** Honest nodes hold proof of its guilt afterwards. */
  readonly accused: boolean
  /** Why honest nodes refused its blocks. */
  readonly refused: readonly string[]
}

const QUIET: Sign = { accused: false, refused: [] }
const ACCUSED: Sign = { accused: true, refused: [] }

function refusedFor(...refused: readonly string[]): Sign {
  return { accused: false, refused }
}

/** By what each vice is known. */
const SIGNS: Readonly<Record<string, Sign>> = {
  equivocator: ACCUSED,
  'silent-leader': QUIET,
  'body-withholder': QUIET,
  'selective-sender': QUIET,
  'late-proposer': QUIET,
  'wrong-state-root': refusedFor('header-mismatch', 'wrong-state-root'),
  overspender: refusedFor('insufficient-funds'),
  'forged-receipt': refusedFor('inbox-needless', 'branch-mismatch'),
  'replayed-receipt': refusedFor('sequence-mismatch'),
  'forged-crosslink': refusedFor('signature'),
  'stale-crosslink': refusedFor('tip-not-ahead'),
  'vote-for-everything': ACCUSED,
  'nullify-and-finalize': ACCUSED,
  'wrong-epoch-voter': QUIET,
  'garbage-sender': QUIET,
  spammer: QUIET,
  'inbox-skipper': refusedFor('inbox-skipped'),
  // Nobody lacks a state here: test/simulation/sharded-state-sync.test.ts.
  'wrong-chunk': QUIET,
  // Alone it forks nothing, and the honest member on a seat of its gang hears both its votes: test/simulation/fork.test.ts.
  forker: ACCUSED,
  'false-accuser': refusedFor('signature'),
}

type Scene = {
  readonly trial: Trial
  readonly byzantine: readonly number[]
  readonly honest: readonly number[]
  readonly accused: readonly Evidence[]
  readonly refused: readonly string[]
}

function open(vice: string, seed: number): Scene {
  const accused: Evidence[] = []
  const refused: string[] = []
  const trial: Trial = createTrial({
    shardCount: 2,
    seed,
    events: {
      onFact: (node, fact) => {
        if (byzantine.includes(node)) return
        if (fact.kind === 'evidence') accused.push(fact.evidence)
        if (fact.kind === 'refused-block') refused.push(`${fact.code}: ${fact.detail}`)
      },
    },
  })
  const { committees } = trial.world.validator(0).beacon.head()
  const byzantine = committees.slice(1).map((committee, at) => committee[at] ?? -1)
  const nodes = Array.from({ length: trial.nodeCount }, (_, node) => node)
  trial.startAll()
  trial.world.apply({ kind: 'byzantine', nodes: byzantine, vice })
  trial.world.run(2_000)
  const honest = nodes.filter((node) => !byzantine.includes(node))
  return { trial, byzantine, honest, accused, refused }
}

/** Through honest nodes: whoever asks a liar is not promised anything. */
function offer({ trial, honest }: Scene, seed: number, orders: number): void {
  const dice = createPrng(seed).stream('traffic')
  for (let sent = 0; sent < orders; sent++) {
    trial.world.run(trial.world.now() + 100)
    trial.traffic.send(trial.traffic.draw(dice), dice.pick(honest))
  }
}

function expectSettled({ trial }: Scene): void {
  const settled = trial.settle(120_000)
  expect(trial.court.violation()).toBeUndefined()
  expect(settled, `${trial.traffic.openCount()} orders are open`).toBe(true)
  expect(trial.court.receipts.finish()).toBeUndefined()
  expect(trial.court.receipts.counts().consumed).toBeGreaterThan(10)
  expect(trial.court.conservation.cutCount()).toBeGreaterThan(3)
}

/** Receivers hold what they were sent, to the wei, in the state of every honest member. */
function expectPaid({ trial, honest }: Scene): void {
  for (const { shard, address, amount } of trial.traffic.expected().values()) {
    for (const node of honest) {
      if (!trial.world.validator(node).shards.has(shard)) continue
      const answer = trial.world.executor(node, shard).runNow({
        kind: 'accounts',
        at: { kind: 'finalized' },
        addresses: [address],
      })
      const balances = answer.kind === 'accounts' ? answer.accounts.map((one) => one.balance) : []
      expect(balances, `shard ${shard}, node ${node}`).toEqual([amount])
    }
  }
}

/** B.6: on chain, of every honest node, those that lied and nobody else. */
function expectSlashed(
  { trial, byzantine, honest }: Pick<Scene, 'trial' | 'byzantine' | 'honest'>,
  isAccused: boolean,
): void {
  for (const node of honest) {
    const { validators, burnt } = trial.world.validator(node).beacon.head()
    const slashed = [...validators.keys()].filter((one) => validators[one]?.status === 'slashed')
    for (const one of slashed) expect(byzantine).toContain(one)
    expect(slashed.length > 0).toBe(isAccused)
    expect(burnt > 0n).toBe(isAccused)
  }
}

function expectSign({ trial, byzantine, honest, accused, refused }: Scene, sign: Sign): void {
  const { committees } = trial.world.validator(0).beacon.head()
  for (const { domain, seat } of accused) {
    expect(byzantine).toContain(committees[domain.chain]?.[seat])
  }
  expect(accused.length > 0).toBe(sign.accused)
  expectSlashed({ trial, byzantine, honest }, sign.accused)
  const isExplained = (text: string): boolean => sign.refused.some((code) => text.includes(code))
  expect(refused.filter((text) => !isExplained(text))).toEqual([])
  expect(refused.length > 0).toBe(sign.refused.length > 0)
}

describe('network: byzantine', () => {
  test('network: byzantine: every vice has its sign', () => {
    expect(Object.keys(SIGNS).toSorted()).toEqual([...ADVERSARY_NAMES].toSorted())
  })

  for (const [index, [vice, sign]] of Object.entries(SIGNS).entries()) {
    test(`network: byzantine: ${vice}: one in every committee breaks nothing`, () => {
      const seed = 100 + index
      const scene = open(vice, seed)
      offer(scene, seed, 50)
      expectSettled(scene)
      expectPaid(scene)
      expectSign(scene, sign)
    })
  }

  test('network: byzantine: a validator that repents is honest again on its own disk', () => {
    const scene = open('equivocator', 200)
    const { trial, byzantine } = scene
    offer(scene, 200, 15)
    trial.world.apply({ kind: 'byzantine', nodes: byzantine, vice: undefined })
    offer(scene, 201, 15)
    expectSettled(scene)
    for (const node of byzantine) expect(trial.world.viceOf(node)).toBeUndefined()
  })
})

/**
 * One honest engine among seats that do anything: whatever signed soup it is fed, in whatever order, with answers that
 * are late, missing or refused, it throws nothing, never contradicts itself, and delivers without gaps. Crashes included.
 */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { EngineEffect, JournalRecord } from '../../node/consensus/engine-contract.ts'
import { createEngine } from '../../node/consensus/engine.ts'
import { conflicting } from '../../node/consensus/evidence.ts'
import type { ChainBlock, ConsensusMessage } from '../../node/consensus/message.ts'
import { runChecks } from '../../node/consensus/verification.ts'
import type { UnsignedVote } from '../../node/consensus/vote.ts'
import type { Proposal } from '../../node/crosslink/certificate.ts'
import { equalBytes } from '../../node/primitives/bytes.ts'
import type { Untimed } from '../unit/consensus/support/cluster.ts'
import {
  blockOn,
  certificateOf,
  configOf,
  genesis,
  proposalOf,
  scheme,
  signVote,
  voteOf,
} from '../unit/consensus/support/fixtures.ts'
import { proposalMessage } from '../unit/consensus/support/solo.ts'

const SEATS = 4

const STEP_KINDS = [
  'proposal',
  'proposal',
  'notarize',
  'finalize',
  'nullify',
  'notarization',
  'notarization',
  'nullification',
  'finalization',
  'block',
  'range',
  'get',
  'tick',
  'work',
  'presence',
  'answers',
  'answers',
  'answers',
  'answer',
  'refuse',
  'crash',
] as const

type Step = {
  readonly kind: (typeof STEP_KINDS)[number]
  readonly from: number
  /** Added to the engine's view. */
  readonly ahead: number
  /** Counted back from the newest block of the world. */
  readonly back: number
  readonly delay: number
  /** One in eight signatures is forged. */
  readonly dice: number
}

const steps: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(...STEP_KINDS),
  from: fc.nat({ max: SEATS - 1 }),
  ahead: fc.constantFrom(-2, -1, 0, 0, 0, 0, 1, 3, 6),
  back: fc.constantFrom(0, 0, 0, 0, 1, 1, 2, 5),
  delay: fc.constantFrom(0, 0, 0, 0, 10, 250, 400, 3000),
  dice: fc.nat({ max: 7 }),
})

/** Blocks the script made so far, and the proposals they came in. */
type World = { readonly blocks: ChainBlock[]; readonly proposals: Proposal[] }

function recent<T>(items: readonly T[], back: number): T | undefined {
  return items[Math.max(0, items.length - 1 - back)]
}

/** A new block for a view near the engine's, on some recent block, with the certificates that it needs. */
function propose(world: World, view: number, step: Step): ConsensusMessage {
  const parent = recent(world.blocks, step.back)
  const parentView = parent !== undefined && parent.view < view ? parent.view : 0
  const on = parentView === 0 ? genesis : (parent ?? genesis)
  const again = parent?.sealing === true && parentView > 0
  const options = { salt: `${step.dice}`, sealing: step.dice === 5 && step.from === 0 }
  const block = again && parent !== undefined ? parent : blockOn(on, view, options)
  const proposal = proposalOf(block, parentView, view)
  const parentProposal = world.proposals.findLast(({ hash }) => equalBytes(hash, on.hash))
  const justification =
    parentProposal === undefined ? [] : [certificateOf('notarize', parentProposal, SEATS)]
  for (let skipped = Math.max(parentView + 1, view - 20); skipped < view; skipped++) {
    justification.push(certificateOf('nullify', skipped, SEATS))
  }
  world.blocks.push(block)
  world.proposals.push(proposal)
  return proposalMessage(block, parentView, justification, { view })
}

function messageOf(world: World, engineView: number, step: Step): ConsensusMessage {
  const view = Math.max(1, engineView + step.ahead)
  const proposal = recent(world.proposals, step.back)
  const block = recent(world.blocks, step.back)
  if (step.kind === 'proposal' || proposal === undefined || block === undefined) {
    return propose(world, view, step)
  }
  switch (step.kind) {
    case 'notarize':
    case 'finalize':
      return { kind: 'vote', vote: voteOf(step.kind, step.from, proposal) }
    case 'nullify':
      return { kind: 'vote', vote: voteOf('nullify', step.from, view) }
    case 'notarization':
      return { kind: 'certificate', certificate: certificateOf('notarize', proposal, SEATS) }
    case 'finalization':
      return { kind: 'certificate', certificate: certificateOf('finalize', proposal, SEATS) }
    case 'nullification':
      return { kind: 'certificate', certificate: certificateOf('nullify', view, SEATS) }
    case 'range': {
      const certificate = certificateOf('finalize', proposal, SEATS)
      return { kind: 'range', range: { blocks: [block], certificate } }
    }
    case 'get':
      return step.dice % 2 === 0
        ? { kind: 'get-certificate', view }
        : { kind: 'get-block', hash: block.hash }
    default:
      return { kind: 'block', block }
  }
}

function forge(message: ConsensusMessage): ConsensusMessage {
  const signature = new Uint8Array(32)
  if (message.kind === 'vote') return { ...message, vote: { ...message.vote, signature } }
  if (message.kind === 'proposal') return { ...message, vote: { ...message.vote, signature } }
  if (message.kind !== 'certificate') return message
  return { ...message, certificate: { ...message.certificate, signature } }
}

/** Runs a script against the engine of `seat`; returns everything it ever decided. */
function play(seat: number, script: readonly Step[]) {
  const config = configOf(SEATS, seat)
  let engine = createEngine(config)
  let now = 0
  const world: World = { blocks: [], proposals: [] }
  const journal: JournalRecord[] = []
  const stored: ChainBlock[] = []
  const decided: UnsignedVote[] = []
  const delivered: ChainBlock[] = []
  const answers: Untimed[] = []

  function perform(effect: EngineEffect): void {
    if (effect.kind === 'persist') journal.push(effect.record)
    if (effect.kind === 'store-block') stored.push(effect.block)
    if (effect.kind === 'finalized') delivered.push(effect.block)
    if (effect.kind === 'deadline') expect(effect.at).toBeGreaterThan(now)
    if (effect.kind === 'sign') {
      decided.push(effect.vote)
      answers.push({ kind: 'signed', vote: signVote(effect.vote) })
    }
    if (effect.kind === 'check') {
      const verdicts = runChecks(config, scheme, effect.checks)
      answers.push({ kind: 'checked', job: effect.job, verdicts })
    }
    if (effect.kind === 'verify') {
      const valid = effect.certified || (effect.block.hash[0] ?? 0) > 20
      answers.push({ kind: 'verified', hash: effect.block.hash, valid })
    }
    if (effect.kind === 'build') {
      const timestampMs = Math.max(now, effect.parent?.timestampMs ?? 0)
      const block = blockOn(effect.parent ?? genesis, effect.view, { salt: 'own', timestampMs })
      answers.push({ kind: 'built', view: effect.view, block })
    }
  }

  function feed(input: Untimed | undefined): void {
    if (input === undefined) return
    for (const effect of engine.handle({ ...input, now })) perform(effect)
  }

  function restart(): void {
    answers.length = 0
    engine = createEngine(config)
    feed({ kind: 'start', journal: [...journal], blocks: [...stored] })
  }

  function hear(step: Step): void {
    const message = messageOf(world, engine.status().view, step)
    const from = message.kind === 'proposal' ? message.vote.seat : step.from
    const carried = step.dice === 7 ? forge(message) : message
    feed({ kind: 'message', from, peer: `${from}`, message: carried })
  }

  restart()
  for (const step of script) {
    now += step.delay
    if (step.kind === 'tick') feed({ kind: 'tick' })
    else if (step.kind === 'work') feed({ kind: 'work', pending: step.dice < 4 })
    else if (step.kind === 'presence')
      feed({ kind: 'presence', seat: step.from, isAway: step.dice < 5 })
    else if (step.kind === 'refuse') answers.shift()
    else if (step.kind === 'answer') feed(answers.shift())
    else if (step.kind === 'answers') while (answers.length > 0) feed(answers.shift())
    else if (step.kind === 'crash') restart()
    else hear(step)
  }
  return { decided, delivered, status: engine.status() }
}

const scripts = fc.array(steps, { minLength: 20, maxLength: 120 })

describe('consensus: engine', () => {
  it('consensus: engine: whatever is said to it, an honest seat never contradicts itself', () => {
    let finalizeCount = 0
    fc.assert(
      fc.property(fc.nat({ max: SEATS - 1 }), scripts, (seat, script) => {
        const { decided } = play(seat, script)
        finalizeCount += decided.filter(({ kind }) => kind === 'finalize').length
        for (const [index, first] of decided.entries()) {
          for (const second of decided.slice(index + 1))
            expect(conflicting(first, second)).toBe(false)
        }
      }),
      { numRuns: 400, seed: 1 },
    )
    // The scripts are not all noise: some of what is said makes sense.
    expect(finalizeCount).toBeGreaterThan(10)
  })

  it('consensus: engine: whatever is said to it, blocks are delivered in order and once', () => {
    let deliveredCount = 0
    fc.assert(
      fc.property(fc.integer({ min: -1, max: SEATS - 1 }), scripts, (seat, script) => {
        const { delivered } = play(seat, script)
        deliveredCount += delivered.length
        let { height, hash } = genesis
        for (const block of delivered) {
          expect(block.height).toBe(height + 1)
          expect(block.parentHash).toEqual(hash)
          height = block.height
          hash = block.hash
        }
      }),
      { numRuns: 400, seed: 2 },
    )
    expect(deliveredCount).toBeGreaterThan(10)
  })

  it('consensus: engine: the same inputs give the same decisions', () => {
    fc.assert(
      fc.property(scripts, (script) => {
        expect(play(3, script)).toEqual(play(3, script))
      }),
      { numRuns: 100 },
    )
  })
})

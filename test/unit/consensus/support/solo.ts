/**
 * A solo: one engine under test, everything around it played by the test. Checks are answered with the mock scheme; own
 * votes are signed, blocks built and executed at once unless the test says that these answers are withheld.
 */
import { createEngine, type Engine } from '../../../../node/consensus/engine.ts'
import type {
  EngineConfig,
  EngineEffect,
  EngineFact,
  JournalRecord,
} from '../../../../node/consensus/engine-contract.ts'
import type { ChainBlock, ConsensusMessage } from '../../../../node/consensus/message.ts'
import { STANDARD_RULES, type EngineRules } from '../../../../node/consensus/rules.ts'
import type { Vote } from '../../../../node/consensus/vote.ts'
import { runChecks } from '../../../../node/consensus/verification.ts'
import type { Certificate, Proposal, VoteKind } from '../../../../node/crosslink/certificate.ts'
import type { Untimed } from './cluster.ts'
import { blockOn, configOf, genesis, proposalOf, scheme, signVote, voteOf } from './fixtures.ts'

export type SoloOptions = {
  readonly seatCount?: number
  readonly seat?: number
  readonly rules?: EngineRules
  readonly config?: EngineConfig
  readonly journal?: readonly JournalRecord[]
  readonly blocks?: readonly ChainBlock[]
  /** Inputs the test gives by hand. */
  readonly withheld?: readonly ('signed' | 'built' | 'verified' | 'checked')[]
  readonly judge?: (block: ChainBlock) => boolean
  /** undefined: the chain cannot build. */
  readonly build?: (view: number, parent: ChainBlock | undefined) => ChainBlock | undefined
  readonly now?: number
}

export type Solo = {
  readonly engine: Engine
  readonly config: EngineConfig
  /** All effects so far. */
  readonly effects: EngineEffect[]
  now: number
  /** Feeds an input and all the answers that follow; returns the effects that came of it. */
  readonly feed: (input: Untimed) => readonly EngineEffect[]
  readonly tickAt: (at: number) => readonly EngineEffect[]
  readonly hear: (from: number | undefined, message: ConsensusMessage) => readonly EngineEffect[]
  readonly hearVote: (vote: Vote) => readonly EngineEffect[]
  readonly hearVotes: (
    kind: VoteKind,
    about: number | Proposal,
    seats: readonly number[],
  ) => readonly EngineEffect[]
  readonly hearCertificate: (certificate: Certificate, from?: number) => readonly EngineEffect[]
}

export function createSolo(options: SoloOptions = {}): Solo {
  const { seatCount = 4, seat = 3, rules = STANDARD_RULES, withheld = [] } = options
  const config = options.config ?? configOf(seatCount, seat)
  const engine = createEngine(config, rules)
  const effects: EngineEffect[] = []
  const { judge = () => true, build = (view, parent) => blockOn(parent ?? genesis, view) } = options

  function answerTo(effect: EngineEffect): Untimed | undefined {
    switch (effect.kind) {
      case 'sign':
        return { kind: 'signed', vote: signVote(effect.vote) }
      case 'check': {
        const verdicts = runChecks(config, scheme, effect.checks)
        return { kind: 'checked', job: effect.job, verdicts }
      }
      case 'verify':
        return { kind: 'verified', hash: effect.block.hash, valid: judge(effect.block) }
      case 'build':
        return { kind: 'built', view: effect.view, block: build(effect.view, effect.parent) }
      default:
        return undefined
    }
  }

  function feed(input: Untimed): readonly EngineEffect[] {
    const first = effects.length
    const queue: Untimed[] = [input]
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const produced = engine.handle({ ...next, now: solo.now })
      effects.push(...produced)
      for (const effect of produced) {
        const answer = answerTo(effect)
        if (answer !== undefined && !withheld.some((kind) => kind === answer.kind)) {
          queue.push(answer)
        }
      }
    }
    return effects.slice(first)
  }

  function hear(from: number | undefined, message: ConsensusMessage): readonly EngineEffect[] {
    return feed({ kind: 'message', from, peer: `peer-${from ?? 'x'}`, message })
  }

  const solo: Solo = {
    engine,
    config,
    effects,
    now: options.now ?? 0,
    feed,
    tickAt: (at) => {
      solo.now = at
      return feed({ kind: 'tick' })
    },
    hear,
    hearVote: (vote) => hear(vote.seat, { kind: 'vote', vote }),
    hearVotes: (kind, about, seats) =>
      seats.flatMap((from) => hear(from, { kind: 'vote', vote: voteOf(kind, from, about) })),
    hearCertificate: (certificate, from = config.seat === 0 ? 1 : 0) =>
      hear(from, { kind: 'certificate', certificate }),
  }
  feed({ kind: 'start', journal: options.journal ?? [], blocks: options.blocks ?? [] })
  return solo
}

/** A leader's proposal message with its block. */
export function proposalMessage(
  block: ChainBlock,
  parentView: number,
  justification: readonly Certificate[] = [],
  options: { readonly view?: number; readonly leader?: number; readonly seatCount?: number } = {},
): Extract<ConsensusMessage, { kind: 'proposal' }> {
  const view = options.view ?? block.view
  const leader = options.leader ?? (view - 1) % (options.seatCount ?? 4)
  const proposal = proposalOf(block, parentView, view)
  const vote = voteOf('notarize', leader, proposal)
  return { kind: 'proposal', proposal, block, vote, justification }
}

/** What an engine said to others, in short: `broadcast vote nullify 3`, `send 2 certificate notarize 4`. */
export function saidIn(effects: readonly EngineEffect[]): readonly string[] {
  return effects.flatMap((effect) => {
    if (effect.kind === 'broadcast') return [`broadcast ${brief(effect.message)}`]
    if (effect.kind === 'send') return [`send ${effect.to} ${brief(effect.message)}`]
    if (effect.kind === 'reply') return [`reply ${effect.peer} ${brief(effect.message)}`]
    return []
  })
}

function brief(message: ConsensusMessage): string {
  switch (message.kind) {
    case 'vote':
      return `vote ${message.vote.kind} ${message.vote.view}`
    case 'certificate':
      return `certificate ${message.certificate.kind} ${message.certificate.view}`
    case 'proposal':
      return `proposal ${message.proposal.view} on ${message.proposal.parentView}`
    case 'get-certificate':
      return `get-certificate ${message.view}`
    case 'get-range':
      return `get-range ${message.fromHeight}`
    default:
      return message.kind
  }
}

export function votesCastIn(effects: readonly EngineEffect[]): readonly string[] {
  return effects.flatMap((effect) =>
    effect.kind === 'sign' ? [`${effect.vote.kind} ${effect.vote.view}`] : [],
  )
}

export function factsIn(effects: readonly EngineEffect[]): readonly EngineFact[] {
  return effects.flatMap((effect) => (effect.kind === 'report' ? [effect.fact] : []))
}

export function effectsOf<Kind extends EngineEffect['kind']>(
  effects: readonly EngineEffect[],
  kind: Kind,
): readonly Extract<EngineEffect, { kind: Kind }>[] {
  return effects.filter((effect) => effect.kind === kind) as Extract<EngineEffect, { kind: Kind }>[]
}

/** The deadline in force after these effects. */
export function lastDeadline(effects: readonly EngineEffect[]): number | undefined {
  return effectsOf(effects, 'deadline').at(-1)?.at
}

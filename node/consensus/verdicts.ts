/**
 * Verdicts: what the host's answer to a check means for the engine (docs/protocol/consensus.md A.9).
 */
import { assert, present } from '../primitives/assert.ts'
import { OBSERVER_SEAT } from '../primitives/identifiers.ts'
import { settleRange } from './catch-up.ts'
import { settleCandidate } from './certificates.ts'
import { checksOf, reportInvalidSignature } from './checks.ts'
import type { CheckVerdict } from './engine-contract.ts'
import { reportEvidence } from './evidence.ts'
import { acceptProposal } from './following.ts'
import { proveFork } from './forks.ts'
import type { Candidate, CheckTask, EngineState } from './state.ts'
import { fileVerifiedVote, settleAggregate, settleSingle, settleSuspect } from './tally.ts'

/** Answers to jobs nobody remembers are dropped: a restarted engine may hear of its predecessor's. */
export function receiveChecked(
  state: EngineState,
  job: number,
  verdicts: readonly CheckVerdict[],
): void {
  const task = state.jobs.get(job)
  if (task === undefined) return
  state.jobs.delete(job)
  assert(verdicts.length === checksOf(task).length, 'the host gives one verdict per check')
  settle(state, task, verdicts)
}

function settle(state: EngineState, task: CheckTask, verdicts: readonly CheckVerdict[]): void {
  const first = verdicts[0]
  switch (task.kind) {
    case 'certificates':
      settleCandidates(state, task.candidates, verdicts)
      return
    case 'proposal':
      settleProposal(state, task, verdicts)
      return
    case 'aggregate':
      settleAggregate(state, task, aggregateOf(first))
      return
    case 'singles':
      for (const [index, vote] of task.votes.entries()) {
        settleSingle(state, vote, verdicts[index]?.ok === true)
      }
      return
    case 'suspect':
      settleSuspect(state, task.vote, first?.ok === true)
      return
    case 'conflict':
      settleConflict(state, task, verdicts)
      return
    case 'range':
      settleRange(state, task.range, task.source, first?.ok === true)
      return
    case 'fork':
      settleFork(state, task, first?.ok === true)
  }
}

function aggregateOf(verdict: CheckVerdict | undefined): Uint8Array | undefined {
  if (verdict === undefined || !verdict.ok) return undefined
  return present(verdict.aggregate, 'a good verdict on an aggregate carries it')
}

function settleCandidates(
  state: EngineState,
  candidates: readonly Candidate[],
  verdicts: readonly CheckVerdict[],
): void {
  for (const [index, candidate] of candidates.entries()) {
    settleCandidate(state, candidate, verdicts[index]?.ok === true)
  }
}

/** The justification first: it may open the view that the proposal is for (R3). */
function settleProposal(
  state: EngineState,
  task: Extract<CheckTask, { kind: 'proposal' }>,
  verdicts: readonly CheckVerdict[],
): void {
  const { message, peer, candidates } = task
  const { seat } = message.vote
  const count = present(state.proposalCounts.get(seat), 'a proposal in check is counted')
  state.proposalCounts.set(seat, count - 1)
  settleCandidates(state, candidates, verdicts.slice(1))
  if (verdicts[0]?.ok === true) {
    acceptProposal(state, message)
    return
  }
  state.suspects.add(seat)
  reportInvalidSignature(state, seat, peer)
}

function settleFork(
  state: EngineState,
  { certificate, source }: Extract<CheckTask, { kind: 'fork' }>,
  ok: boolean,
): void {
  if (ok) proveFork(state, certificate)
  else reportInvalidSignature(state, source.from ?? OBSERVER_SEAT, source.peer)
}

/** Two votes that contradict each other are evidence only if both signatures are good (A.9). */
function settleConflict(
  state: EngineState,
  task: Extract<CheckTask, { kind: 'conflict' }>,
  verdicts: readonly CheckVerdict[],
): void {
  const { first, second } = task
  const [isFirstGood, isSecondGood] = [verdicts[0]?.ok === true, verdicts[1]?.ok === true]
  if (isFirstGood && isSecondGood) {
    // Filed before the accusation is lifted, so that this pair is reported once.
    fileVerifiedVote(state, first.vote)
    fileVerifiedVote(state, second.vote)
    reportEvidence(state, first.vote, second.vote)
    return
  }
  state.rounds.get(first.vote.view)?.accused.delete(first.vote.seat)
  settleSingle(state, first, isFirstGood)
  settleSingle(state, second, isSecondGood)
}

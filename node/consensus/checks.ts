/**
 * Signature checks under way: what the host was asked, and what its verdict will be used for
 * (docs/protocol/consensus.md A.9). One job is one `check` effect and one `checked` input.
 */
import { unreachable } from '../primitives/assert.ts'
import type { Seat } from '../primitives/identifiers.ts'
import type { SignatureCheck } from './engine-contract.ts'
import { emit, type Candidate, type CheckTask, type EngineState } from './state.ts'

export function submit(state: EngineState, task: CheckTask): void {
  const job = state.nextJob
  state.nextJob++
  state.jobs.set(job, task)
  emit(state, { kind: 'check', job, checks: checksOf(task) })
}

/** The checks of a task; verdicts come back in the same order and number. */
export function checksOf(task: CheckTask): readonly SignatureCheck[] {
  switch (task.kind) {
    case 'certificates':
      return task.candidates.map(checkOfCandidate)
    case 'proposal':
      return [{ kind: 'vote', vote: task.message.vote }, ...task.candidates.map(checkOfCandidate)]
    case 'aggregate':
      return [{ kind: 'aggregate', votes: task.votes }]
    case 'singles':
      return task.votes.map(({ vote }) => ({ kind: 'vote', vote }))
    case 'suspect':
      return [{ kind: 'vote', vote: task.vote.vote }]
    case 'conflict':
      return [
        { kind: 'vote', vote: task.first.vote },
        { kind: 'vote', vote: task.second.vote },
      ]
    case 'range':
      return [{ kind: 'certificate', certificate: task.range.certificate }]
    case 'fork':
      return [{ kind: 'certificate', certificate: task.certificate }]
    default:
      return unreachable(task)
  }
}

function checkOfCandidate(candidate: Candidate): SignatureCheck {
  return { kind: 'certificate', certificate: candidate.certificate }
}

export function reportInvalidSignature(state: EngineState, seat: Seat, peer: string): void {
  emit(state, { kind: 'report', fact: { kind: 'invalid-signature', seat, peer } })
}

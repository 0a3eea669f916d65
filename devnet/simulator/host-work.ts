/**
 * Work that a simulated validator does for its engine and answers later: signatures, signature checks, building and
 * executing blocks. Each takes a drawn time and is lost in a crash.
 */
import type {
  CheckVerdict,
  EngineInput,
  SignatureCheck,
} from '../../node/consensus/engine-contract.ts'
import type { ChainBlock } from '../../node/consensus/message.ts'
import type { UnsignedVote, Vote } from '../../node/consensus/vote.ts'
import type { Latencies, Span } from './consensus-plan.ts'
import { statementLine } from './consensus-seen.ts'
import { digestWord } from './digest-text.ts'
import type { ToyApplication } from './toy-application.ts'
import { createVoteGuard } from './vote-guard.ts'

export type HostWorkPorts = {
  readonly node: number
  readonly latencies: Latencies
  readonly isGuarded: boolean
  readonly application: ToyApplication
  readonly now: () => number
  /** Something this process will do, unless it crashes before. */
  readonly later: (kind: string, at: number, payload: number, act: () => void) => void
  readonly drawMs: (span: Span) => number
  readonly feed: (input: EngineInput) => void
  readonly runChecks: (checks: readonly SignatureCheck[]) => readonly CheckVerdict[]
  readonly sign: (vote: UnsignedVote) => Vote
  readonly complain: (sentence: string) => void
}

export type HostWork = {
  readonly sign: (vote: UnsignedVote) => void
  readonly check: (job: number, checks: readonly SignatureCheck[]) => void
  readonly build: (view: number, parentHash: Uint8Array) => void
  readonly verify: (block: ChainBlock) => void
}

export function createHostWork(ports: HostWorkPorts): HostWork {
  const { node, latencies, application, now, later, drawMs, feed, complain } = ports
  /** Outlives crashes: it has a file of its own, synced at every write. */
  const guard = createVoteGuard()
  /** Execution is one worker: a block waits for those before it. */
  let workerFreeAt = 0

  function workerDoneAt(span: Span): number {
    workerFreeAt = Math.max(workerFreeAt, now()) + drawMs(span)
    return workerFreeAt
  }

  return {
    sign: (vote) => {
      if (ports.isGuarded && !guard.allows(vote)) {
        return complain(`the guard of node ${node} refused ${statementLine(vote)}`)
      }
      const signed = ports.sign(vote)
      const delay = drawMs(latencies.signMs)
      const answer = (): void => feed({ kind: 'signed', vote: signed, now: now() })
      return delay === 0 ? answer() : later('signed', now() + delay, vote.view, answer)
    },
    check: (job, checks) => {
      const verdicts = ports.runChecks(checks)
      later('checked', now() + drawMs(latencies.checkMs), job, () =>
        feed({ kind: 'checked', job, verdicts, now: now() }),
      )
    },
    build: (view, parentHash) => {
      later('built', workerDoneAt(latencies.buildMs), view, () => {
        const block = application.build({ view, epoch: 0, parentHash, now: now() })
        if (block === undefined) complain(`node ${node} was to build on what it never executed`)
        feed({ kind: 'built', view, block, now: now() })
      })
    },
    verify: (block) => {
      if (!application.expect(block)) complain(`node ${node} was to verify before the parent`)
      later('verified', workerDoneAt(latencies.verifyMs), digestWord(block.hash), () => {
        const valid = application.execute(block)
        feed({ kind: 'verified', hash: block.hash, valid, now: now() })
      })
    },
  }
}

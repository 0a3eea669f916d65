/**
 * Fail points: the named steps between what a node decides, what it makes durable and what it says, so that a test can end
 * the process at exactly one of them (docs/reliability.md, "Kills and power cuts").
 *
 * A node passes them silently unless whoever creates it gives it the seam `failPoints` (node.ts). No config, flag or
 * environment variable does that: only a program written for it, such as `devnet/faults/mortal-main.ts`.
 */
import { assert } from '../primitives/assert.ts'
import { STATE_STEPS } from '../shards/io/worker-message.ts'

/** In the order of one turn, after those of the execution thread (which counts by their places, see `countdowns`). */
export const FAIL_POINTS = [
  ...STATE_STEPS,
  /** Of a start: the guard is open, the journal is not read. */
  'guard-open',
  /** Of a start: everything is restored, no input was taken. */
  'restored',
  /** The machine has moved, and nothing of it is on disk. */
  'inputs-taken',
  /** Votes and blocks, in a batch that promises something. */
  'before-synced-write',
  'after-synced-write',
  /** Everything else, such as certificates. */
  'after-lazy-write',
  'before-guard-write',
  'before-guard-sync',
  'after-guard-sync',
  /** One signature of perhaps several. */
  'after-sign',
  /** Between the effects of one turn that are seen outside. */
  'before-send',
  'after-send',
  'before-publish',
  'before-reply',
  'before-execute',
  'after-execute',
  'before-submit-answer',
  'after-load',
] as const

export type FailPoint = (typeof FAIL_POINTS)[number]

export type FailPoints = {
  /** Called at each step; need not return. */
  readonly reached: (step: FailPoint) => void
  /** How often each of FAIL_POINTS is still passed; 0: always. Shared with the threads, which count by themselves. */
  readonly countdowns: SharedArrayBuffer
}

export type ArmedFailPoints = FailPoints & {
  /** The process ends by SIGKILL when the step is reached for the `count`-th time from now; 0: it does not. */
  readonly arm: (step: FailPoint, count: number) => void
}

export function createFailPoints(): ArmedFailPoints {
  const countdowns = new SharedArrayBuffer(FAIL_POINTS.length * Int32Array.BYTES_PER_ELEMENT)
  const counts = new Int32Array(countdowns)
  return {
    countdowns,
    reached: (step) => {
      // The last one passed: 1 became 0. What is not armed stays below and never comes to 1.
      if (Atomics.sub(counts, FAIL_POINTS.indexOf(step), 1) === 1) {
        process.kill(process.pid, 'SIGKILL')
      }
    },
    arm: (step, count) => {
      assert(Number.isSafeInteger(count) && count >= 0, 'how often a step is reached is counted')
      Atomics.store(counts, FAIL_POINTS.indexOf(step), count)
    },
  }
}

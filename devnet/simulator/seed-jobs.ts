/**
 * Seeds over several processes. Each seed is a run of its own, so the results do not depend on how many processes there
 * are; they come in the order in which they are ready.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { YOUNG_HEAP } from './young-heap.ts'

export type SeedJobs<Result> = {
  /** Of the campaign that the seeds belong to. */
  readonly campaign: string
  readonly first: number
  readonly count: number
  readonly jobs: number
  /** Every seed is played twice and must give one event hash; only for whole networks. */
  readonly twice: boolean
  /** Plays a seed in this process, which is done if there is only one. */
  readonly play: (seed: number) => Result
  readonly onResult: (result: Result) => void
}

export async function runSeedJobs<Result>(run: SeedJobs<Result>): Promise<void> {
  if (run.jobs > 1) return runInProcesses(run)
  for (let seed = run.first; seed < run.first + run.count; seed++) {
    run.onResult(run.play(seed))
    // Lets a signal in between two seeds.
    await new Promise((resolve) => setImmediate(resolve))
  }
}

async function runInProcesses<Result>(run: SeedJobs<Result>): Promise<void> {
  const { campaign, first, count, jobs, twice, onResult } = run
  let next = first
  const take = (): number | undefined => (next < first + count ? next++ : undefined)
  const program = fileURLToPath(new URL('main-seeds.ts', import.meta.url))
  const words = [campaign, ...(twice ? ['--twice'] : [])]
  // Not with this process's own flags: a test runner's are not for its grandchildren.
  const children = Array.from({ length: Math.min(jobs, count) }, () =>
    fork(program, words, { execArgv: [...YOUNG_HEAP] }),
  )
  try {
    await Promise.all(
      children.map((child) => serve(child, take, (result) => onResult(result as Result))),
    )
  } finally {
    for (const child of children) child.disconnect()
  }
}

/** One seed after the other, as long as there are any. */
function serve(
  child: ChildProcess,
  take: () => number | undefined,
  onMessage: (message: unknown) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const feed = (): void => {
      const seed = take()
      if (seed === undefined) resolve()
      else child.send(seed)
    }
    child.on('error', reject)
    child.on('exit', (code) => reject(new Error(`a simulating process ended with code ${code}`)))
    child.on('message', (message) => {
      onMessage(message)
      feed()
    })
    feed()
  })
}

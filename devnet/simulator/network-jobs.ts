/**
 * Seeds of whole networks over several processes. Each seed is a run of its own, so the results do not depend on how many
 * processes there are; they come in the order in which they are ready.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { playSeed, type NetworkResult } from './network-campaign.ts'
import type { PlanShape } from './network-seed.ts'
import { YOUNG_HEAP } from './young-heap.ts'

export type SeedRun = {
  readonly shape: PlanShape
  readonly first: number
  readonly count: number
  readonly jobs: number
  /** Every seed is played twice and must give one event hash. */
  readonly twice: boolean
  readonly onResult: (result: NetworkResult) => void
}

export async function runSeeds(run: SeedRun): Promise<void> {
  const { shape, first, count, jobs, twice, onResult } = run
  if (jobs > 1) return runJobs(run)
  for (let seed = first; seed < first + count; seed++) {
    onResult(playSeed({ shape, seed }, twice))
    // Lets a signal in between two seeds.
    await new Promise((resolve) => setImmediate(resolve))
  }
}

async function runJobs({ shape, first, count, jobs, twice, onResult }: SeedRun): Promise<void> {
  let next = first
  const take = (): number | undefined => (next < first + count ? next++ : undefined)
  const program = fileURLToPath(new URL('main-network-seeds.ts', import.meta.url))
  const words = [shape.name, ...(twice ? ['--twice'] : [])]
  // Not with this process's own flags: a test runner's are not for its grandchildren.
  const children = Array.from({ length: Math.min(jobs, count) }, () =>
    fork(program, words, { execArgv: [...YOUNG_HEAP] }),
  )
  try {
    await Promise.all(children.map((child) => serve(child, take, onResult)))
  } finally {
    for (const child of children) child.disconnect()
  }
}

/** One seed after the other, as long as there are any. */
function serve(
  child: ChildProcess,
  take: () => number | undefined,
  onResult: SeedRun['onResult'],
): Promise<void> {
  return new Promise((resolve, reject) => {
    const feed = (): void => {
      const seed = take()
      if (seed === undefined) resolve()
      else child.send(seed)
    }
    child.on('error', reject)
    child.on('exit', (code) => reject(new Error(`a simulating process ended with code ${code}`)))
    child.on('message', (result: NetworkResult) => {
      onResult(result)
      feed()
    })
    feed()
  })
}

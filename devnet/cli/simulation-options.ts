/** The options of `weft sim`, and how many processes they are worth. */

/** Starting a process costs as much as ten short networks. */
const SEEDS_PER_JOB = 50

/** What `weft sim` was asked for. */
export type SimulationOptions = {
  readonly seeds: number
  readonly first: number
  readonly seed?: number
  readonly plan?: string
  readonly only?: string
  readonly jobs: number
  /** File that gets a line for every part of a campaign of networks. */
  readonly record?: string
  /** Seeds of one part. */
  readonly part: number
  /** The first failing plan of a range is made smaller unless this is false, a replayed one if it is true. */
  readonly shrink?: boolean
  readonly twice?: boolean
  readonly trace?: boolean
  /** Only measure how fast the simulator is. */
  readonly speed?: boolean
  readonly json?: boolean
  /** What this program is called by those who replay: with a planted bug it is another one. */
  readonly program: string
}

/** Never more processes than were asked for, and fewer where each would play few seeds. */
export function jobsFor({ jobs, seeds }: Pick<SimulationOptions, 'jobs' | 'seeds'>): number {
  return Math.max(1, Math.min(jobs, Math.floor(seeds / SEEDS_PER_JOB)))
}

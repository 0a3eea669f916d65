/** What `weft sim` was asked for. */
export type SimulationOptions = {
  readonly seeds: number
  readonly first: number
  readonly seed?: number
  readonly plan?: string
  readonly only?: string
  readonly jobs: number
  readonly shrink?: boolean
  readonly twice?: boolean
  readonly trace?: boolean
  readonly json?: boolean
}

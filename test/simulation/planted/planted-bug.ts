/** A planted bug: what is changed, and where the simulator must see it. */
import type { Patch } from './patched-modules.ts'

export type PlantedBug = {
  /** Kebab-case. */
  readonly name: string
  /** The rule of docs/protocol that is broken; rules of shards have no numbers, then the section of shards.md. */
  readonly rule: string
  readonly patches: readonly Patch[]
  readonly scene: SceneName
}

/** Within this many seeds, from 1 on, one must fail. As many as were needed are run without the bug. */
export const SEEDS_MAX = 20

/** Of a sharded network (scenes.ts), or a campaign of one committee. */
export type SceneName =
  | 'calm'
  | 'restarts'
  | 'restarted'
  | 'crashes'
  | 'blackouts'
  | 'losses'
  | 'lost-pushes'
  | 'stalled-shard'
  | 'copied-transactions'
  | 'epochs'
  | 'epochs: restarts'
  | 'epochs: losses'
  | 'forced'
  | 'forked'
  | 'open'
  | 'retire'
  | 'stake'
  | 'sampled'
  | 'silent'
  | `vice: ${string}`
  | `captured: ${string}`
  | 'passers'
  | 'wrong chunks'
  | 'committee: crashing'
  | 'committee: forger'

export function patch(file: string, find: string, replace: string): Patch {
  return { file, find, replace }
}

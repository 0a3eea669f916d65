/**
 * What a run says while it goes: JSON lines for programs, the same in words for people.
 */
import { unreachable } from '../../node/primitives/assert.ts'
import type { EngineName } from './engine.ts'

export type RunEvent =
  | {
      readonly event: 'scenario'
      readonly name: string
      readonly story: string
      readonly engine: EngineName
      readonly seed: number
    }
  | {
      readonly event: 'ready'
      readonly atMs: number
      /** Node per seat, index = chain. */
      readonly committees: readonly (readonly number[])[]
    }
  | {
      readonly event: 'step'
      readonly atMs: number
      /** Of the file. */
      readonly line: number
      readonly step: string
      readonly ok: boolean
      readonly seen: string
    }
  /** A fault of limited time has ended. */
  | { readonly event: 'over'; readonly atMs: number; readonly line: number; readonly step: string }
  /** What every scenario begins and ends with. */
  | {
      readonly event: 'phase'
      readonly atMs: number
      readonly phase: string
      readonly ok: boolean
      readonly seen: string
    }
  | ResultEvent

export type ResultEvent = {
  readonly event: 'result'
  readonly scenario: string
  readonly engine: EngineName
  readonly seed: number
  readonly ok: boolean
  /** Equal for equal runs; null on real processes, which cannot be repeated exactly. */
  readonly hash: string | null
  /** Of the network's time; null on real processes. */
  readonly virtualMs: number | null
  readonly wallMs: number
  /** Why it is not ok: broken rules, expectations that were not met. */
  readonly violations: readonly string[]
}

export function runWords(event: RunEvent): readonly string[] {
  switch (event.event) {
    case 'scenario':
      return ['', `${event.name} (${event.engine}, seed ${event.seed})`, `  ${event.story}`]
    case 'ready': {
      const [, ...shards] = event.committees
      const words = shards.map((members, index) => `shard ${index + 1}: nodes ${members.join(' ')}`)
      return [line(event.atMs, `the network is up; ${words.join('; ')}`)]
    }
    case 'step':
      return [line(event.atMs, `${event.step}${toldOf(event)}`)]
    case 'over':
      return [line(event.atMs, `over: ${event.step}`)]
    case 'phase':
      return [line(event.atMs, `${event.phase}${toldOf(event)}`)]
    case 'result':
      return [resultWords(event)]
    default:
      return unreachable(event)
  }
}

function resultWords(result: ResultEvent): string {
  const wall = `${(result.wallMs / 1000).toFixed(1)} s`
  const time =
    result.virtualMs === null ? wall : `${(result.virtualMs / 1000).toFixed(1)} s in ${wall}`
  if (!result.ok)
    return `  FAILED ${result.scenario} after ${time}: ${result.violations.join('; ')}`
  const hash = result.hash === null ? '' : `, event hash ${result.hash}`
  return `  ok ${result.scenario}, ${time}${hash}`
}

function toldOf({ ok, seen }: { readonly ok: boolean; readonly seen: string }): string {
  const words = seen === '' ? '' : ` — ${seen}`
  return ok ? words : `${words}  NOT MET`
}

function line(atMs: number, words: string): string {
  return `  ${(atMs / 1000).toFixed(1).padStart(7)} s  ${words}`
}

/**
 * A network of two shards whose blocks come like clockwork, unless a test says otherwise: an engine for tests of the runner,
 * which must see broken rules and standing chains that a real network does not show.
 */
import type { Engine, Sight } from '../../../devnet/scenario/engine.ts'
import type { Fault } from '../../../devnet/faults/fault.ts'

export type ScriptedEngine = Engine & {
  readonly faults: { readonly atMs: number; readonly fault: Fault }[]
  readonly rates: number[]
}

/** `change` may replace what is seen at a time. */
export function createScriptedEngine(
  change: (sight: Sight) => Partial<Sight> = () => ({}),
): ScriptedEngine {
  const faults: ScriptedEngine['faults'] = []
  const rates: number[] = []
  const layout = {
    shards: 2,
    validators: 8,
    committees: [
      [0, 1, 2, 3, 4, 5, 6, 7],
      [0, 1, 2, 3],
      [4, 5, 6, 7],
    ],
  }
  let now = 0
  let rate = 20
  return {
    name: 'sim',
    faults,
    rates,
    start: async () => layout,
    nowMs: () => now,
    pass: async (ms) => {
      now += ms
    },
    apply: async (fault) => void faults.push({ atMs: now, fault }),
    leader: async (chain) => layout.committees[chain]?.[1],
    setRate: (perSecond) => {
      rate = perSecond
      rates.push(perSecond)
    },
    send: async () => {},
    look: async () => {
      const height = 2 + Math.floor(now / 500)
      const sight: Sight = {
        atMs: now,
        nodes: Array.from({ length: 8 }, (_, node) => {
          const heights = new Map([
            [0, 2 + Math.floor(now / 1000)],
            [node < 4 ? 1 : 2, height],
          ])
          return { node, isUp: true, heights }
        }),
        settled: Math.floor(now / 100),
        pending: rate,
        accused: new Set(),
        slashed: new Set(),
        reorganised: new Map(),
        violations: [],
      }
      return { ...sight, ...change(sight) }
    },
    healed: async () => {},
    audit: async () => ({ ok: true, sentence: 'ok' }),
    hash: () => '0123456789abcdef',
    stop: async () => {},
  }
}

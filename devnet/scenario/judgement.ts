/**
 * Is an expectation fulfilled by what is seen now? Every answer says what was seen, for the narration.
 */
import { unreachable } from '../../node/primitives/assert.ts'
import type { ChainNumber } from '../../node/primitives/identifiers.ts'
import type { Expectation } from './scenario.ts'
import { chainName, chainsOf, type Watch } from './watch.ts'

export type Judgement = { readonly ok: boolean; readonly seen: string }

/** Where the network stood when the step began. */
export type Baseline = { readonly heights: readonly number[]; readonly settled: number }

export function baselineOf(watch: Watch): Baseline {
  const heights = watch.layout.committees.map((_, chain) => watch.height(chain))
  return { heights, settled: watch.sight().settled }
}

/** `nodes`: whom the expectation names, where it names nodes. */
export function judge(
  watch: Watch,
  expectation: Expectation,
  baseline: Baseline,
  nodes: readonly number[],
): Judgement {
  const { settled, pending, accused, slashed, reorganised, violations } = watch.sight()
  switch (expectation.kind) {
    case 'advances': {
      const chains = chainsOf(watch.layout, expectation.chains)
      return judgeProgress(watch, chains, baseline, expectation.blocks)
    }
    case 'halted':
      return judgeHalt(watch, chainsOf(watch.layout, expectation.chains))
    case 'settled':
      return { ok: settled >= expectation.least, seen: `${settled} settled` }
    case 'more-settled': {
      const more = settled - baseline.settled
      return { ok: more >= expectation.least, seen: `${more} more settled, ${settled} in all` }
    }
    case 'nothing-pending':
      return { ok: pending === 0, seen: `${pending} pending, ${settled} settled` }
    case 'no-violation':
      return { ok: violations.length === 0, seen: violations[0] ?? 'no rule broken' }
    case 'evidence':
      return judgeEvidence(accused, nodes)
    case 'no-evidence':
      return { ok: accused.size === 0, seen: `evidence against ${listed([...accused])}` }
    case 'slashed':
      return {
        ok: nodes.every((node) => slashed.has(node)),
        seen: `slashed: ${listed([...slashed])}`,
      }
    case 'nobody-slashed':
      return { ok: slashed.size === 0, seen: `slashed: ${listed([...slashed])}` }
    case 'reorganised': {
      const moved = [...(reorganised.get(expectation.chains) ?? [])]
      return { ok: moved.length > 0, seen: `went over to the recorded branch: ${listed(moved)}` }
    }
    case 'up':
    case 'down':
      return judgePresence(watch, nodes, expectation.kind === 'up')
    case 'caught-up':
      return judgeCaughtUp(watch, nodes)
    default:
      return unreachable(expectation)
  }
}

function judgeProgress(
  watch: Watch,
  chains: readonly ChainNumber[],
  baseline: Baseline,
  blocks: number,
): Judgement {
  const parts = chains.map((chain) => {
    const height = watch.height(chain)
    return { chain, height, more: height - (baseline.heights[chain] ?? 0) }
  })
  const seen = parts.map(({ chain, height, more }) => `${chainName(chain)} at ${height} (+${more})`)
  return { ok: parts.every(({ more }) => more >= blocks), seen: seen.join(', ') }
}

function judgeHalt(watch: Watch, chains: readonly ChainNumber[]): Judgement {
  const words = chains.map((chain) => {
    const state = watch.isHalted(chain)
      ? `stands at ${watch.height(chain)}`
      : `moved to ${watch.height(chain)} a moment ago`
    return `${chainName(chain)} ${state}`
  })
  return { ok: chains.every(watch.isHalted), seen: words.join(', ') }
}

function judgeEvidence(accused: ReadonlySet<number>, nodes: readonly number[]): Judgement {
  const missing = nodes.filter((node) => !accused.has(node))
  return { ok: missing.length === 0, seen: `evidence against ${listed([...accused])}` }
}

function judgePresence(watch: Watch, nodes: readonly number[], wanted: boolean): Judgement {
  const up = nodes.filter((node) => watch.node(node)?.isUp === true)
  const down = nodes.filter((node) => !up.includes(node))
  return {
    ok: (wanted ? down : up).length === 0,
    seen: `up: ${listed(up)}; down: ${listed(down)}`,
  }
}

function judgeCaughtUp(watch: Watch, nodes: readonly number[]): Judgement {
  const behind = nodes.flatMap((node) => {
    const words = watch.lags(node).map((chain) => {
      const at = watch.node(node)?.heights.get(chain) ?? 0
      return `node ${node} on ${chainName(chain)} at ${at} of ${watch.height(chain)}`
    })
    return watch.node(node)?.isUp === true ? words : [`node ${node} down`]
  })
  return { ok: behind.length === 0, seen: behind.join(', ') || 'all at the head' }
}

/** `3, 5`, or `nobody`. */
export function listed(nodes: readonly number[]): string {
  if (nodes.length === 0) return 'nobody'
  return `node ${nodes.toSorted((left, right) => left - right).join(', ')}`
}

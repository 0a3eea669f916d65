/**
 * What every scenario begins with: each chain makes blocks. And what every scenario ends with, whatever it did: all faults
 * end, every honest node comes back, every chain makes blocks, everything that was accepted is settled, and then the books
 * are checked.
 */
import { baselineOf, judge, type Baseline, type Judgement } from './judgement.ts'
import type { Expectation } from './scenario.ts'
import { look, pass, reasonsOf, type Stage } from './stage.ts'

/** Real nodes need half a minute to start on a busy machine, and a backed-off chain needs its longest timer once more. */
const RECOVERY_MS = 180_000
/** What waited behind a fault is settled long before; what is lost with a node's pool is sent again every 20 s. */
const DRAIN_MS = 240_000
const BLOCKS_MORE = 3

export async function finish(stage: Stage): Promise<readonly string[]> {
  const { trouble } = stage
  stage.ending.length = 0
  await trouble.endAll()
  await stage.engine.healed()
  await look(stage)
  return runPhases(stage, [recover, drain, audit])
}

/** Before the first step: a chain that has not begun cannot stand still. */
export async function warmUp(stage: Stage): Promise<readonly string[]> {
  await look(stage)
  return runPhases(stage, [begin])
}

async function runPhases(
  stage: Stage,
  phases: readonly ((stage: Stage) => Promise<Phase>)[],
): Promise<readonly string[]> {
  for (const run of phases) {
    const { phase, judgement } = await run(stage)
    stage.say({ event: 'phase', atMs: stage.engine.nowMs(), phase, ...judgement })
    const reasons = reasonsOf(stage, judgement, phase)
    if (reasons.length > 0) return reasons
  }
  return []
}

type Phase = { readonly phase: string; readonly judgement: Judgement }

async function begin(stage: Stage): Promise<Phase> {
  const phase = 'every chain has begun'
  const blocks = 1
  const expected: readonly Expectation[] = [
    { kind: 'advances', chains: 0, blocks },
    { kind: 'advances', chains: 'every-shard', blocks },
  ]
  const genesis = { heights: stage.watch.layout.committees.map(() => 0), settled: 0 }
  return { phase, judgement: await awaitAll(stage, expected, RECOVERY_MS, genesis) }
}

async function recover(stage: Stage): Promise<Phase> {
  const phase = 'healed: every honest node is up, every chain makes blocks'
  const expected: readonly Expectation[] = [
    { kind: 'up', targets: [] },
    { kind: 'advances', chains: 0, blocks: BLOCKS_MORE },
    { kind: 'advances', chains: 'every-shard', blocks: BLOCKS_MORE },
  ]
  return { phase, judgement: await awaitAll(stage, expected, RECOVERY_MS) }
}

async function drain(stage: Stage): Promise<Phase> {
  stage.engine.setRate(0)
  const phase = 'load off: everything accepted is settled, every honest node is at the head'
  const expected: readonly Expectation[] = [
    { kind: 'nothing-pending' },
    { kind: 'caught-up', targets: [] },
  ]
  return { phase, judgement: await awaitAll(stage, expected, DRAIN_MS) }
}

async function audit({ engine }: Stage): Promise<Phase> {
  const { ok, sentence } = await engine.audit()
  return {
    phase: 'audit: no money made or lost, every receipt once',
    judgement: { ok, seen: sentence },
  }
}

/** All of it at one time. */
async function awaitAll(
  stage: Stage,
  expected: readonly Expectation[],
  withinMs: number,
  baseline: Baseline = baselineOf(stage.watch),
): Promise<Judgement> {
  const { watch, engine } = stage
  const nodes = watch.honest().map(({ node }) => node)
  const judgements = (): readonly Judgement[] =>
    expected.map((one) => judge(watch, one, baseline, nodes))
  const sinceMs = engine.nowMs()
  const isDone = (): boolean => judgements().every(({ ok }) => ok)
  if (!isDone()) await pass(stage, withinMs * stage.patience, isDone)
  const all = judgements()
  const open = all.filter(({ ok }) => !ok)
  const seen = (open.length > 0 ? open : all).map((one) => one.seen).join('; ')
  const seconds = ((engine.nowMs() - sinceMs) / 1000).toFixed(1)
  return { ok: open.length === 0, seen: `${seen}, after ${seconds} s` }
}

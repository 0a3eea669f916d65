/**
 * What every scenario ends with, whatever it did: all faults end, every honest node comes back, every chain makes blocks,
 * everything that was accepted is settled, and then the books are checked.
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
  const { engine, trouble, say } = stage
  stage.ending.length = 0
  await trouble.endAll()
  await look(stage)
  const phases: readonly (() => Promise<Phase>)[] = [
    () => recover(stage),
    () => drain(stage),
    () => audit(stage),
  ]
  for (const run of phases) {
    const { phase, judgement } = await run()
    say({ event: 'end', atMs: engine.nowMs(), phase, ...judgement })
    const reasons = reasonsOf(stage, judgement, phase)
    if (reasons.length > 0) return reasons
  }
  return []
}

type Phase = { readonly phase: string; readonly judgement: Judgement }

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
): Promise<Judgement> {
  const { watch, engine } = stage
  const nodes = watch.honest().map(({ node }) => node)
  const baseline: Baseline = baselineOf(watch)
  const judgements = (): readonly Judgement[] =>
    expected.map((one) => judge(watch, one, baseline, nodes))
  const sinceMs = engine.nowMs()
  await pass(stage, withinMs, () => judgements().every(({ ok }) => ok))
  const all = judgements()
  const open = all.filter(({ ok }) => !ok)
  const seen = (open.length > 0 ? open : all).map((one) => one.seen).join('; ')
  const seconds = ((engine.nowMs() - sinceMs) / 1000).toFixed(1)
  return { ok: open.length === 0, seen: `${seen}, after ${seconds} s` }
}

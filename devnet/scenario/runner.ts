/**
 * The runner: a scenario on an engine, step by step, and what every scenario ends with (finish.ts). The first broken rule
 * and the first expectation that is not met end the run.
 */
import type { Fault } from '../faults/fault.ts'
import { enact } from './enact.ts'
import type { Engine, Layout } from './engine.ts'
import { finish, warmUp } from './finish.ts'
import { baselineOf, judge, listed, type Judgement } from './judgement.ts'
import { nodesOf } from './lookup.ts'
import type { RunEvent } from './run-event.ts'
import type { Action, Expectation, Patience, Scenario, Step } from './scenario.ts'
import { endLater, look, pass, reasonsOf, type DoingStep, type Stage } from './stage.ts'
import { createTrouble, type Trouble } from './trouble.ts'
import { createWatch, HALTED_AFTER_MS } from './watch.ts'

export type RunnerOptions = {
  readonly say: (event: RunEvent) => void
  /** All waiting is so many times as long as the file says: for slow machines. At least 1. */
  readonly patience: number
  readonly signal?: AbortSignal | undefined
}

/** Why the run is not ok; empty: it is. */
export async function runScenario(
  scenario: Scenario,
  engine: Engine,
  options: RunnerOptions,
): Promise<readonly string[]> {
  const { say } = options
  const layout = await engine.start()
  say({ event: 'ready', atMs: engine.nowMs(), committees: layout.committees })
  const stage = stageOf(scenario, engine, { ...options, layout })
  const cold = await warmUp(stage)
  if (cold.length > 0) return cold
  const originMs = engine.nowMs()
  for (const step of scenario.steps) {
    const judgement = await perform(stage, step, originMs)
    const { line, text } = step
    say({ event: 'step', atMs: engine.nowMs(), line, step: text, ...judgement })
    const reasons = reasonsOf(stage, judgement, `line ${line}: ${text}`)
    if (reasons.length > 0) return reasons
  }
  return finish(stage)
}

function stageOf(
  scenario: Scenario,
  engine: Engine,
  { say, patience, signal, layout }: RunnerOptions & { readonly layout: Layout },
): Stage {
  const trouble = createTrouble(engine, layout.validators)
  return {
    scenario,
    engine,
    say,
    patience,
    signal,
    trouble,
    watch: createWatch(layout, trouble.byzantine, HALTED_AFTER_MS * patience),
    around: { layout, groups: scenario.groups, leader: engine.leader },
    ending: [],
  }
}

async function perform(stage: Stage, step: Step, originMs: number): Promise<Judgement> {
  const { engine } = stage
  if (step.atMs !== undefined) {
    const early = await pass(stage, originMs + step.atMs - engine.nowMs())
    if (!early.ok) return early
  }
  if (step.kind === 'expect') return expectation(stage, step.expectation, step.patience)
  return act(stage, step, step.action)
}

async function act(stage: Stage, step: DoingStep, action: Action): Promise<Judgement> {
  const { engine, scenario } = stage
  switch (action.kind) {
    case 'wait':
      return pass(stage, action.ms)
    case 'send':
      await engine.send(action)
      return done('')
    case 'load': {
      engine.setRate(action.perSecond)
      const usual = scenario.load.perSecond
      endLater(stage, step, async () => engine.setRate(usual))
      return done('')
    }
    default: {
      const { faults, opposite, nodes } = await enact(stage.around, action)
      for (const fault of faults) await stage.trouble.apply(fault)
      endLater(stage, step, () => undo(stage.trouble, faults, opposite))
      return done(nodes.length === 0 ? '' : listed(nodes))
    }
  }
}

function done(seen: string): Judgement {
  return { ok: true, seen }
}

async function undo(
  trouble: Trouble,
  faults: readonly Fault[],
  opposite: readonly Fault[] | 'links',
): Promise<void> {
  if (opposite === 'links') return trouble.mend(faults)
  for (const fault of opposite) await trouble.apply(fault)
}

/** `nodes` are looked up once, when the step begins: the leader of then is meant, not the one of later. */
async function expectation(
  stage: Stage,
  expected: Expectation,
  patience: Patience,
): Promise<Judgement> {
  const { watch, around, engine } = stage
  const nodes = 'targets' in expected ? await nodesOf(around, expected.targets) : []
  const baseline = baselineOf(watch)
  const now = (): Judgement => judge(watch, expected, baseline, nodes)
  if (patience.kind === 'now') {
    await look(stage)
    return now()
  }
  const sinceMs = engine.nowMs()
  const isDecided = (): boolean => now().ok === (patience.kind === 'within')
  const isWaiting = patience.kind === 'within'
  const limitMs = patience.ms * (isWaiting ? stage.patience : 1)
  const passed = await pass(stage, limitMs, isDecided)
  const judgement = now()
  const after = `${judgement.seen}, after ${((engine.nowMs() - sinceMs) / 1000).toFixed(1)} s`
  return { ok: passed.ok && judgement.ok, seen: after }
}

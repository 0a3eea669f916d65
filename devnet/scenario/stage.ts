/**
 * The stage of a run: what every part of it shares, and how time passes on it. The network is looked at all the while, and
 * the first broken rule ends any waiting.
 */
import type { Engine } from './engine.ts'
import type { Judgement } from './judgement.ts'
import type { Surroundings } from './lookup.ts'
import type { RunEvent } from './run-event.ts'
import type { Scenario, Step } from './scenario.ts'
import type { Trouble } from './trouble.ts'
import type { Watch } from './watch.ts'

/** Half a block: what happens between two looks is too short to matter. */
const LOOK_EVERY_MS = 250

export type Stage = {
  readonly scenario: Scenario
  readonly engine: Engine
  readonly around: Surroundings
  readonly watch: Watch
  readonly trouble: Trouble
  readonly say: (event: RunEvent) => void
  /** All waiting for something is so many times as patient: for slow machines. */
  readonly patience: number
  /** Aborted: all waiting ends at the next look. */
  readonly signal: AbortSignal | undefined
  /** Faults that end by themselves. */
  readonly ending: Ending[]
}

/** A step that does something. */
export type DoingStep = Step & { readonly kind: 'do' }

type Ending = { readonly atMs: number; readonly step: Step; readonly end: () => Promise<void> }

/** Broken rules first: they explain the rest. */
export function reasonsOf(
  { watch }: Stage,
  { ok, seen }: Judgement,
  what: string,
): readonly string[] {
  const { violations } = watch.sight()
  return ok ? violations : [...violations, `${what}: not met, ${seen}`]
}

/** After the step's own duration; never without one. */
export function endLater(
  { engine, ending }: Stage,
  step: DoingStep,
  end: () => Promise<void>,
): void {
  if (step.forMs === undefined) return
  ending.push({ atMs: engine.nowMs() + step.forMs, step, end })
}

/** Lets time pass, ends what ends by itself, looks; stops early when a rule is broken or `isDecided`. */
export async function pass(
  stage: Stage,
  ms: number,
  isDecided: () => boolean = () => false,
): Promise<Judgement> {
  const { engine, watch, signal } = stage
  const untilMs = engine.nowMs() + ms
  while (engine.nowMs() < untilMs) {
    await engine.pass(Math.min(LOOK_EVERY_MS, untilMs - engine.nowMs()))
    await endDue(stage)
    await look(stage)
    const [broken] = watch.sight().violations
    if (broken !== undefined) return { ok: false, seen: broken }
    if (signal?.aborted === true) return { ok: false, seen: 'interrupted' }
    if (isDecided()) break
  }
  return { ok: true, seen: '' }
}

async function endDue(stage: Stage): Promise<void> {
  const { ending, engine, say } = stage
  const due = ending.filter(({ atMs }) => atMs <= engine.nowMs())
  for (const one of due) {
    ending.splice(ending.indexOf(one), 1)
    await one.end()
    say({ event: 'over', atMs: engine.nowMs(), line: one.step.line, step: one.step.text })
  }
}

export async function look({ engine, watch }: Stage): Promise<void> {
  watch.see(await engine.look())
}

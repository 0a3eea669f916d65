/**
 * One scenario from its start to its result: makes the engine, runs, and whatever happens stops everything again.
 */
import { CommandError } from '../../node/cli/command-error.ts'
import { RpcUnreachableError } from '../observe/rpc-client.ts'
import { createSimulatedEngine } from './simulated-engine.ts'
import type { Engine, EngineName } from './engine.ts'
import type { ResultEvent, RunEvent } from './run-event.ts'
import { runScenario } from './runner.ts'
import type { Scenario } from './scenario.ts'

export type RunOptions = {
  readonly scenario: Scenario
  readonly engine: EngineName
  readonly seed: number
  readonly say: (event: RunEvent) => void
  /** Waiting is so many times as long as the file says. */
  readonly patience?: number
  /** Where real processes keep their files; undefined: in a directory that is removed at the end. */
  readonly dataDirectory?: string | undefined
  /** Aborted: the run ends as failed, and everything is stopped. */
  readonly signal?: AbortSignal
}

export async function runToResult(options: RunOptions): Promise<ResultEvent> {
  const { scenario, seed, say, engine: name } = options
  const startedMs = performance.now()
  say({ event: 'scenario', name: scenario.name, story: scenario.story, engine: name, seed })
  const engine = await createEngine(options)
  const violations = await outcomeOf(engine, options)
  const virtualMs = name === 'sim' ? engine.nowMs() : null
  const hash = engine.hash() ?? null
  const result: ResultEvent = {
    event: 'result',
    scenario: scenario.name,
    engine: name,
    seed,
    ok: violations.length === 0,
    hash,
    virtualMs,
    wallMs: Math.round(performance.now() - startedMs),
    violations,
  }
  say(result)
  return result
}

async function createEngine({
  scenario,
  engine,
  seed,
  dataDirectory,
}: RunOptions): Promise<Engine> {
  if (engine === 'sim') return createSimulatedEngine(scenario, seed)
  const { createProcessEngine } = await import('./process-engine.ts')
  return createProcessEngine(scenario, { dataDirectory })
}

/** Why the run is not ok. */
async function outcomeOf(
  engine: Engine,
  { scenario, say, signal, patience = 1 }: RunOptions,
): Promise<readonly string[]> {
  const aborted = new Promise<readonly string[]>((resolve) => {
    signal?.addEventListener('abort', () => resolve(['interrupted']), { once: true })
  })
  try {
    return await Promise.race([runScenario(scenario, engine, { say, patience, signal }), aborted])
  } catch (error) {
    // The network failed, not the scenario: a verdict all the same.
    if (error instanceof CommandError || error instanceof RpcUnreachableError) {
      return [error.message]
    }
    throw error
  } finally {
    await engine.stop()
  }
}

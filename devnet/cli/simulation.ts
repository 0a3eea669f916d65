/**
 * `weft sim`: the consensus engine of a whole committee in virtual time, against crashes, partitions and liars, from seeds.
 * A failure prints the one command that replays it.
 */
import type { Command } from 'commander'
import { CommandError, UsageError } from '../../node/cli/command-error.ts'
import { integerBetween } from '../../node/cli/option-value.ts'
import type { ConsensusOutcome } from '../simulator/consensus-world.ts'

type SimulationOptions = {
  readonly seeds: number
  readonly seed?: number
  readonly only?: string
  readonly trace?: boolean
  readonly json?: boolean
}

const SEED_MAX = 2_147_483_647

export function register(program: Command): void {
  program
    .command('sim')
    .description('Simulate committees in virtual time, with faults, from seeds')
    .option(
      '--seeds <count>',
      'seeds 1 to COUNT of every campaign',
      integerBetween(1, 10_000_000),
      20,
    )
    .option('--seed <number>', 'replay this one seed', integerBetween(0, SEED_MAX))
    .option('--only <list>', 'names of campaigns, separated by commas')
    .option('--trace', 'with --seed: one line per event')
    .option('--json', 'print a JSON line per run')
    .action(simulate)
}

async function simulate(options: SimulationOptions): Promise<void> {
  const { CAMPAIGNS } = await import('../simulator/consensus-campaigns.ts')
  const names = CAMPAIGNS.map(({ name }) => name)
  const only = options.only?.split(',') ?? names
  const unknown = only.filter((name) => !names.includes(name))
  if (unknown.length > 0) {
    throw new UsageError(
      `there is no campaign ${unknown.join(', ')}; there are ${names.join(', ')}`,
    )
  }
  if (options.trace === true && options.seed === undefined) {
    throw new UsageError('--trace shows one run; name it with --seed')
  }
  const failures =
    options.seed === undefined
      ? await runAll(only, options)
      : await replay(only, options.seed, options)
  if (failures > 0) throw new CommandError(`${failures} runs failed; the lines above replay them`)
}

async function runAll(only: readonly string[], options: SimulationOptions): Promise<number> {
  const { runConsensusCampaigns } = await import('../simulator/main-consensus.ts')
  const { failureText, reportHeading, reportLine } = await import('../simulator/campaign-report.ts')
  const { hasFailed } = await import('../simulator/campaign.ts')
  const json = options.json === true
  const stopwatch = startStopwatch()
  let failures = 0
  if (!json) print(reportHeading())
  const figures = runConsensusCampaigns({
    seeds: options.seeds,
    only,
    onProgress: (done) => {
      if (!json) print(reportLine(done))
    },
    onOutcome: (outcome) => {
      if (hasFailed(outcome)) failures++
      if (json) print(resultLine(outcome, !hasFailed(outcome), stopwatch()))
    },
  })
  for (const { firstFailure } of figures) {
    if (firstFailure !== undefined && !json) print(failureText(firstFailure))
  }
  return failures
}

async function replay(
  only: readonly string[],
  seed: number,
  options: SimulationOptions,
): Promise<number> {
  const { CAMPAIGNS } = await import('../simulator/consensus-campaigns.ts')
  const { expandPlan } = await import('../simulator/consensus-plan.ts')
  const { runConsensus } = await import('../simulator/consensus-world.ts')
  const { hasFailed } = await import('../simulator/campaign.ts')
  const { failureText } = await import('../simulator/campaign-report.ts')
  const stopwatch = startStopwatch()
  let failures = 0
  for (const shape of CAMPAIGNS.filter(({ name }) => only.includes(name))) {
    const outcome = runConsensus(
      expandPlan(shape, seed),
      options.trace === true ? { trace: printEvent } : {},
    )
    const failed = hasFailed(outcome)
    if (failed) failures++
    const words = failed
      ? failureText(outcome)
      : `${shape.name} seed ${seed}: clean, heights ${outcome.heights.join(' ')}, event hash ${outcome.eventHash}`
    print(options.json === true ? resultLine(outcome, !failed, stopwatch()) : words)
  }
  return failures
}

/** Simulated time in ms, node, what it did. */
function printEvent(now: number, node: number, line: string): void {
  print(`${String(now).padStart(7)} n${String(node).padEnd(3)}${line}`)
}

function resultLine(outcome: ConsensusOutcome, ok: boolean, wallMs: number): string {
  const { campaign, seed, eventHash: hash, endedAtMs: virtualMs, violation } = outcome
  const violations = violation === undefined ? [] : [violation]
  return JSON.stringify({
    event: 'result',
    campaign,
    seed,
    ok,
    hash,
    virtualMs,
    wallMs,
    violations,
  })
}

/** Milliseconds since the last call. */
function startStopwatch(): () => number {
  let lastMs = performance.now()
  return () => {
    const nowMs = performance.now()
    const elapsedMs = Math.round(nowMs - lastMs)
    lastMs = nowMs
    return elapsedMs
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

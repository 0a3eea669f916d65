/**
 * `weft sim`: whole networks and the consensus engines of single committees in virtual time, against crashes, partitions,
 * bad disks and liars, from seeds. A failure prints the one command that replays it.
 */
import { availableParallelism } from 'node:os'
import type { Command } from 'commander'
import { CommandError, UsageError } from '../../node/cli/command-error.ts'
import { integerBetween } from '../../node/cli/option-value.ts'
import type { SimulationOptions } from './simulation-options.ts'

const SEED_MAX = 2_147_483_647
/** More threads than any machine has cores for. */
const JOBS_MAX = 256

export function register(program: Command): void {
  program
    .command('sim')
    .description('Simulate networks and committees in virtual time, with faults, from seeds')
    .option('--seeds <count>', 'seeds of every campaign', integerBetween(1, 10_000_000), 20)
    .option('--first <number>', 'the first of them', integerBetween(0, SEED_MAX), 1)
    .option('--seed <number>', 'replay this one seed', integerBetween(0, SEED_MAX))
    .option('--plan <file>', 'replay a stored plan of a network')
    .option(
      '--only <list>',
      'names of campaigns, separated by commas; of whole networks there are `network`, `network-short`, `network-epochs` and, played only by name, `network-registry`, `network-elastic`, `network-sampled` and `epochs-long`',
    )
    .option(
      '--jobs <count>',
      'processes for many seeds; one per core if absent',
      integerBetween(1, JOBS_MAX),
      availableParallelism(),
    )
    .option(
      '--record <file>',
      'append a line of JSON per part; what the file has is not played again',
    )
    .option('--part <count>', 'seeds of one part', integerBetween(1, 1_000_000), 1_000)
    .option('--shrink', 'with --seed or --plan: make a failing plan smaller and store it')
    .option('--no-shrink', 'leave the first failing plan of a range as it is')
    .option('--twice', 'run every network twice and compare')
    .option('--trace', 'with --seed or --plan: one line per event')
    .option('--speed', 'measure how much faster than real time a network of twenty is simulated')
    .option('--json', 'print a JSON line per run')
    .action((options: Omit<SimulationOptions, 'program'>) =>
      simulate({ ...options, program: program.name() }),
    )
}

async function simulate(options: SimulationOptions): Promise<void> {
  if (options.speed === true) {
    const { printSpeed } = await import('./simulation-speed.ts')
    return printSpeed(options)
  }
  const isReplay = options.seed !== undefined || options.plan !== undefined
  if (options.trace === true && !isReplay) {
    throw new UsageError('--trace shows one run; name it with --seed or --plan')
  }
  const failures = options.plan === undefined ? await runChosen(options) : await replayFile(options)
  if (failures > 0) throw new CommandError(`${failures} runs failed; the lines above replay them`)
}

async function replayFile(options: SimulationOptions): Promise<number> {
  const { replayStoredPlan } = await import('./simulation-network.ts')
  return replayStoredPlan(options.plan ?? '', options)
}

/** Returns how many runs failed. */
async function runChosen(options: SimulationOptions): Promise<number> {
  const { CAMPAIGNS } = await import('../simulator/consensus-campaigns.ts')
  const { NAMED_ONLY, NETWORK_CAMPAIGNS } = await import('../simulator/network-campaign.ts')
  const committees = CAMPAIGNS.map(({ name }) => name)
  const names = [...committees, ...NETWORK_CAMPAIGNS.map(({ name }) => name)]
  const only = options.only?.split(',') ?? names.filter((name) => !NAMED_ONLY.includes(name))
  const unknown = only.filter((name) => !names.includes(name))
  if (unknown.length > 0) {
    throw new UsageError(
      `there is no campaign ${unknown.join(', ')}; there are ${names.join(', ')}`,
    )
  }
  let failures = 0
  const chosen = committees.filter((name) => only.includes(name))
  if (chosen.length > 0) {
    const { replayCommittee, runCommittees } = await import('./simulation-consensus.ts')
    failures +=
      options.seed === undefined
        ? await runCommittees(chosen, options)
        : await replayCommittee(chosen, options.seed, options)
  }
  for (const shape of NETWORK_CAMPAIGNS.filter(({ name }) => only.includes(name))) {
    const { replayNetworkSeed, runNetworks } = await import('./simulation-network.ts')
    failures +=
      options.seed === undefined
        ? await runNetworks(shape, options)
        : await replayNetworkSeed(shape, options.seed, options)
  }
  return failures
}

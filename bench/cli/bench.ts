/**
 * The `weft bench` commands; what they need is loaded when they run.
 */
import { InvalidArgumentError, Option, type Command } from 'commander'
import {
  parseWorkload,
  TRANSFER_WORKLOAD,
  WORKLOAD_WORDS,
  type WorkloadPlan,
} from '../../devnet/load/workload-plan.ts'
import { integerBetween, listOf, numberBetween } from '../../node/cli/option-value.ts'
import type { BootstrapOptions } from '../experiments/bootstrap.ts'
import type { CostOptions } from '../experiments/cost.ts'
import type { LatencyOptions } from '../experiments/latency.ts'
import type { RecoveryOptions } from '../experiments/recovery.ts'
import type { SingleOptions } from '../experiments/single.ts'
import type { SkewOptions } from '../experiments/skew.ts'
import type { MicroOptions } from '../micro/micro.ts'
import type { ModelOptions } from '../model/model.ts'
import type { SweepOptions } from '../sweep/sweep.ts'

const OUT = ['--out <dir>', 'directory of the results (default bench/results/<time>)'] as const
const BEACON_SEATS = [
  '--beacon-seats <count>',
  'most validators that decide the beacon, drawn by lot (default: all, or 128 of more)',
  integerBetween(4, 128),
] as const
const JSON_FLAG = ['--json', 'print the summary as JSON'] as const
const shares = listOf(numberBetween(0, 1))
const rates = listOf(numberBetween(1, 100_000))
const SKEWED = ['transfer', 'mixed', 'zipf', 'hot-account', 'hot-shard']

export function register(program: Command): void {
  const bench = program.command('bench').description('Measure, by rules that keep it honest')
  registerSweep(bench)
  registerSingle(bench)
  registerLatency(bench)
  registerCost(bench)
  registerSkew(bench)
  registerRecovery(bench)
  registerBootstrap(bench)
  registerMicro(bench)
  registerModel(bench)
  registerCompare(bench)
}

function registerSweep(bench: Command): void {
  bench
    .command('sweep')
    .description('Settled transactions per second against the number of shards, validators fixed')
    .option('--shards <list>', 'numbers of shards', listOf(integerBetween(1, 64)), [1, 2, 4])
    .option('--validators <count>', 'validators in every run', integerBetween(4, 128), 16)
    .option('--cross-shard <list>', 'shares of cross-shard payments', shares, [0, 0.25])
    .option('--seconds <count>', 'measured window at saturation', integerBetween(5, 3600), 20)
    .option('--repeats <count>', 'runs of each point', integerBetween(1, 100), 2)
    .option('--start <tps>', 'a rate to begin the search from', numberBetween(1, 100_000))
    .addOption(limitOption())
    .option('--workload <plan>', WORKLOAD_WORDS, workloadOf, TRANSFER_WORKLOAD)
    .option('--bare', 'also one chain without beacon, crosslinks and receipts')
    .option(
      '--cap <cores>',
      'part of a core each node may use (Linux, root)',
      numberBetween(0.01, 64),
    )
    .option('--no-samples', 'do not look into a node to say where the time goes')
    .option(...OUT)
    .option(...JSON_FLAG)
    .action(async (options: SweepOptions) => {
      const { sweep } = await import('../sweep/sweep.ts')
      await sweep(options)
    })
}

function registerSingle(bench: Command): void {
  bench
    .command('single')
    .description('One validator, one shard: what one process does, alone or beside anvil')
    .addOption(new Option('--against <what>', 'measure in turns with').choices(['anvil']))
    .option('--anvil <program>', 'where anvil is', 'anvil')
    .option('--seconds <count>', 'measured window at saturation', integerBetween(5, 3600), 30)
    .option('--repeats <count>', 'runs of each', integerBetween(1, 100), 3)
    .option(...OUT)
    .option(...JSON_FLAG)
    .action(async (options: SingleOptions) => {
      const { single } = await import('../experiments/single.ts')
      await single(options)
    })
}

function registerLatency(bench: Command): void {
  networkOptions(bench.command('latency'))
    .description('Latency by level against load')
    .option('--loads <list>', 'parts of saturation', shares, [0.1, 0.5, 0.9])
    .option('--rate <tps>', 'saturation, when it is known', numberBetween(1, 100_000))
    .action(async (options: LatencyOptions) => {
      const { latency } = await import('../experiments/latency.ts')
      await latency(options)
    })
}

function registerCost(bench: Command): void {
  networkOptions(bench.command('cost'))
    .option(...BEACON_SEATS)
    .description('Processor time of a payment far below saturation, to compare two versions')
    .option('--rates <list>', 'offered one after the other', rates, [20, 150])
    .action(async (options: CostOptions) => {
      const { cost } = await import('../experiments/cost.ts')
      await cost(options)
    })
}

function registerSkew(bench: Command): void {
  networkOptions(bench.command('skew'))
    .description('What uneven load does to the shards and the accounts')
    .option('--workloads <list>', WORKLOAD_WORDS, listOf(workloadOf), SKEWED.map(workloadOf))
    .option('--rate <tps>', 'offered (default: half of saturation)', numberBetween(1, 100_000))
    .action(async (options: SkewOptions) => {
      const { skew } = await import('../experiments/skew.ts')
      await skew(options)
    })
}

/** Of experiments on one network. */
function networkOptions(command: Command): Command {
  return command
    .option('--shards <count>', 'shards', integerBetween(1, 64), 4)
    .option('--validators <count>', 'validators', integerBetween(4, 128), 16)
    .option('--cross-shard <share>', 'share of cross-shard payments', numberBetween(0, 1), 0.25)
    .option('--seconds <count>', 'measured window', integerBetween(5, 3600), 30)
    .option(...OUT)
    .option(...JSON_FLAG)
}

function registerRecovery(bench: Command): void {
  networkOptions(bench.command('recovery'))
    .description('A leader, the proposer of the beacon and a whole shard are killed under load')
    .option('--rate <tps>', 'offered meanwhile', numberBetween(1, 100_000), 200)
    .option('--down <seconds>', 'how long the killed stay down', integerBetween(1, 600), 5)
    .action(async (options: RecoveryOptions) => {
      const { recovery } = await import('../experiments/recovery.ts')
      await recovery(options)
    })
}

function registerBootstrap(bench: Command): void {
  networkOptions(bench.command('bootstrap'))
    .description('A new node joins a network that has lived for a while')
    .option('--rate <tps>', 'offered while the blocks are made', numberBetween(1, 100_000), 200)
    .option('--blocks <count>', 'height of the shard to follow', integerBetween(1, 1e6), 200)
    .option('--accounts <count>', 'funded accounts per shard', integerBetween(1, 1e6), 400)
    .option('--block-ms <count>', 'interval of shard blocks', integerBetween(50, 60_000), 500)
    .option('--no-replay', 'leave out the newcomer that executes every block')
    .action(async (options: BootstrapOptions) => {
      const { bootstrap } = await import('../experiments/bootstrap.ts')
      await bootstrap(options)
    })
}

function registerMicro(bench: Command): void {
  bench
    .command('micro')
    .description("Each stage of a transaction's life alone: decode, recover, admit, ..., receipt")
    .option('--only <part>', 'stages with this in their name')
    .option('--milliseconds <count>', 'per stage', integerBetween(10, 60_000), 1000)
    .option('--json', 'print JSON')
    .action(async (options: MicroOptions) => {
      const { micro } = await import('../micro/micro.ts')
      await micro(options)
    })
}

function registerModel(bench: Command): void {
  bench
    .command('model')
    .description('Modelled, not measured: throughput against shards in virtual time')
    .requiredOption('--calibrate <dir>', 'results of a real sweep with a run of one shard')
    .option('--shards <list>', 'numbers of shards', listOf(integerBetween(1, 64)), [1, 2, 4])
    .option('--validators <count>', 'on one machine', integerBetween(4, 1024), 16)
    .option('--seats <count>', 'instead: so many per shard, a machine each', integerBetween(4, 128))
    .option(...BEACON_SEATS)
    .option('--cores <count>', 'of each machine', integerBetween(1, 256), 2)
    .option('--cross-shard <share>', 'share of cross-shard payments', numberBetween(0, 1), 0)
    .option(...OUT)
    .option(...JSON_FLAG)
    .action(async (options: ModelOptions) => {
      const { model } = await import('../model/model.ts')
      await model(options)
    })
}

function registerCompare(bench: Command): void {
  bench
    .command('compare')
    .description('Two results side by side: what changed, and whether the repeats allow to say so')
    .argument('<before>', 'directory of results')
    .argument('<after>', 'directory of results')
    .option('--json', 'print JSON')
    .action(async (before: string, after: string, options: { json?: boolean }) => {
      const { compare } = await import('./compare.ts')
      await compare(before, after, options)
    })
}

function limitOption(): Option {
  return new Option('--limit <what>', 'what is to be the limit: the processor, or blocks')
    .choices(['cpu', 'slot'])
    .default('cpu')
}

function workloadOf(text: string): WorkloadPlan {
  const plan = parseWorkload(text)
  if (plan === undefined) throw new InvalidArgumentError(`Expected one of ${WORKLOAD_WORDS}.`)
  return plan
}

/**
 * The `weft bench` commands; what they need is loaded when they run.
 */
import type { Command } from 'commander'
import { integerBetween, listOf, numberBetween } from '../../node/cli/option-value.ts'
import type { SweepOptions } from '../sweep/sweep.ts'

export function register(program: Command): void {
  const bench = program.command('bench').description('Measure, by rules that keep it honest')
  bench
    .command('sweep')
    .description('Settled transactions per second against the number of shards, validators fixed')
    .option('--shards <list>', 'numbers of shards', listOf(integerBetween(1, 64)), [1, 2, 4])
    .option('--validators <count>', 'validators in every run', integerBetween(4, 128), 16)
    .option(
      '--cross-shard <list>',
      'shares of cross-shard payments',
      listOf(numberBetween(0, 1)),
      [0, 0.25],
    )
    .option('--seconds <count>', 'measured window at saturation', integerBetween(5, 3600), 30)
    .option('--repeats <count>', 'runs of each point', integerBetween(1, 100), 3)
    .option('--start <tps>', 'first rate of the saturation search', numberBetween(1, 100_000))
    .option('--out <dir>', 'directory of the results (default bench/results/<time>)')
    .option('--json', 'print the summary as JSON')
    .action(async (options: SweepOptions) => {
      const { sweep } = await import('../sweep/sweep.ts')
      await sweep(options)
    })
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

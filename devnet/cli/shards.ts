/**
 * `weft devnet shards ...`: asks for a shard more or less, as the operators of all validators would (docs/protocol/beacon.md
 * B.7). The blocks of an epoch decide; what came of it is seen in the record of the shard.
 */
import { InvalidArgumentError, type Command } from 'commander'
import { z } from 'zod'
import { CommandError } from '../../node/cli/command-error.ts'
import { COMMITTEE_SEATS_MIN } from '../../node/beacon/committee.ts'
import type { ShardChange } from '../../node/beacon/shard-change.ts'
import { SHARDS_MAX } from '../../node/primitives/limits.ts'
import { createRpcClient, RpcUnreachableError } from '../observe/rpc-client.ts'
import type { FaultOptions } from './fault-order.ts'
import { DEFAULT_DATA_DIRECTORY } from './options.ts'

const REQUEST_TIMEOUT_MS = 2000

const headSchema = z.object({ shards: z.array(z.object({ stage: z.string() })) })

export function registerShards(devnet: Command): void {
  const shards = devnet
    .command('shards')
    .description('Ask for a shard more or less in a running devnet with epochs')
  withOptions(shards.command('open'))
    .description('Open one more shard: it begins empty, two ends of an epoch later')
    .action((options: FaultOptions) => ask(options, openNext))
  withOptions(shards.command('retire'))
    .description('Retire a shard: it empties itself into the next one, then ends')
    .argument('<number>', 'number of the shard', shardNumber)
    .action((shard: number, options: FaultOptions) =>
      ask(options, ({ stages }) => retire(shard, stages)),
    )
}

function withOptions(command: Command): Command {
  return command
    .option('--data <dir>', `data directory of the devnet (default ${DEFAULT_DATA_DIRECTORY})`)
    .option('--json', 'print JSON')
}

function shardNumber(text: string): number {
  const shard = Number(text)
  if (!/^[1-9]\d?$/.test(text) || shard > SHARDS_MAX)
    throw new InvalidArgumentError(`a shard is a number from 1 to ${SHARDS_MAX}`)
  return shard
}

type Layout = {
  /** Stage of every shard, index = shard - 1. */
  readonly stages: readonly string[]
  readonly validators: number
}

/** The next number, if everybody can still have four seats. */
function openNext({ stages, validators }: Layout): ShardChange {
  const seated = stages.filter((stage) => stage !== 'retired').length
  const needed = COMMITTEE_SEATS_MIN * (seated + 1)
  if (validators < needed)
    throw new CommandError(
      `${seated + 1} shards need ${needed} validators, and this devnet has ${validators}: add some with \`weft join\``,
    )
  if (stages.length === SHARDS_MAX)
    throw new CommandError(`a network has at most ${SHARDS_MAX} shards`)
  return { kind: 'open', shard: stages.length + 1 }
}

function retire(shard: number, stages: readonly string[]): ShardChange {
  const stage = stages[shard - 1] ?? 'not there'
  if (stage !== 'open') throw new CommandError(`shard ${shard} is not open; it is ${stage}`)
  return { kind: 'retire', shard }
}

/** Every node is told, so that most blocks ask; what one of them may not ask for, it leaves out. */
async function ask(
  options: FaultOptions,
  changeOf: (layout: Layout) => ShardChange,
): Promise<void> {
  const { findNetwork, orderFaults } = await import('./fault-order.ts')
  const network = await findNetwork(options)
  const stages = await stagesOf(network.endpoints)
  if (!network.hasEpochs)
    throw new CommandError(
      'the shards of this devnet stay as they are: start one with --epoch-blocks',
    )
  const { validators } = network.surroundings.layout
  const changes = [changeOf({ stages, validators })]
  const nodes = Array.from({ length: validators }, (_, node) => node)
  await orderFaults(network, [{ kind: 'support', nodes, changes }], options)
}

/** Stage of every shard, as the first node that answers tells it. */
async function stagesOf(endpoints: readonly string[]): Promise<readonly string[]> {
  for (const url of endpoints) {
    const client = createRpcClient(url, { timeoutMs: REQUEST_TIMEOUT_MS })
    try {
      return readStages(await client.call('/', 'beacon_getHead', []))
    } catch (error) {
      if (!(error instanceof RpcUnreachableError)) throw error
    } finally {
      client.close()
    }
  }
  throw new RpcUnreachableError('no node of the devnet answers')
}

function readStages(head: unknown): readonly string[] {
  const { shards } = headSchema.parse(head)
  return shards.map(({ stage }) => stage)
}

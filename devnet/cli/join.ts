/**
 * `weft join`: one validator more in a running devnet with epochs. Makes keys, deposits a stake from an account of the devnet, starts
 * the node when the registry knows it, and tells the way until it has seats, the state of their shards, and has voted.
 */
import type { Command } from 'commander'
import { CommandError } from '../../node/cli/command-error.ts'
import { integerBetween } from '../../node/cli/option-value.ts'
import type { Genesis } from '../../node/beacon/genesis.ts'
import type { RpcClient } from '../observe/rpc-client.ts'
import type { Joiner } from '../processes/join-node.ts'
import type { RegisteredValidator } from '../staking.ts'
import { DEFAULT_DATA_DIRECTORY } from './options.ts'

type JoinOptions = {
  readonly data?: string
  readonly json?: boolean
  readonly account: number
  readonly shard: number
}

/** A deposit takes a few blocks of its shard and of the beacon. */
const TAKEN_WITHIN_MS = 120_000
/** Two epochs, and as many more as stand before it in the queue. */
const ACTIVE_WITHIN_MS = 3_600_000
/** An idle chain makes a block every ten seconds, an epoch that is over begins its next with one. */
const VOTE_WITHIN_MS = 120_000
const ANSWER_TIMEOUT_MS = 5000

export function register(program: Command): void {
  program
    .command('join')
    .description('Add a validator to a running devnet with epochs: keys, deposit, node')
    .option('--data <dir>', `data directory of the devnet (default ${DEFAULT_DATA_DIRECTORY})`)
    .option('--account <number>', 'account that pays the stake', integerBetween(0, 9), 0)
    .option('--shard <number>', 'shard on which it pays', integerBetween(1, 64), 1)
    .option('--json', 'print JSON lines')
    .action(join)
}

type Joining = {
  readonly path: string
  readonly genesis: Genesis
  readonly client: RpcClient
  readonly control: string
  readonly say: (event: string, facts: Record<string, unknown>, words: string) => void
}

async function join(options: JoinOptions): Promise<void> {
  const joining = await open(options)
  const { prepareJoiner } = await import('../processes/join-node.ts')
  try {
    const joiner = await prepareJoiner(joining.path, joining.genesis)
    const known = (await find(joining, joiner)) ?? (await deposit(joining, joiner, options))
    const node = await startNode(joining, known.index)
    const [active] = await Promise.all([awaitSeats(joining, joiner), awaitState(joining, node)])
    await awaitVote(joining, node, active)
  } finally {
    joining.client.close()
  }
}

async function open(options: JoinOptions): Promise<Joining> {
  const { findNetwork } = await import('./fault-order.ts')
  const { firstAnswering } = await import('../staking.ts')
  const { filesOf } = await import('../processes/data-directory.ts')
  const { readGenesisFile } = await import('../../node/runtime/genesis-file.ts')
  const { resolve } = await import('node:path')
  const network = await findNetwork(options)
  if (!network.hasEpochs)
    throw new CommandError(
      'the validators of this devnet stay as they are: start one with --epoch-blocks, as in `weft devnet up --epoch-blocks 16`',
    )
  const path = resolve(options.data ?? DEFAULT_DATA_DIRECTORY)
  const genesis = await readGenesisFile(filesOf(path).genesis)
  if (options.shard > genesis.shardCount)
    throw new CommandError(
      `there is no shard ${options.shard}; the shards are 1 to ${genesis.shardCount}`,
    )
  const client = await firstAnswering(network.endpoints)
  const say: Joining['say'] = (event, facts, words) =>
    void process.stdout.write(
      `${options.json === true ? JSON.stringify({ event, ...facts }) : words}\n`,
    )
  return { path, genesis, client, control: network.control, say }
}

async function find(
  { client }: Joining,
  { publicKey }: Joiner,
): Promise<RegisteredValidator | undefined> {
  const { readRegistry, sameKey } = await import('../staking.ts')
  const { validators } = await readRegistry(client)
  return validators.find((one) => sameKey(one, publicKey))
}

async function deposit(
  joining: Joining,
  joiner: Joiner,
  { account: payer, shard }: JoinOptions,
): Promise<RegisteredValidator> {
  const { genesis, client, say } = joining
  const { readRegistry, refusalOf, sendCall, until } = await import('../staking.ts')
  const { depositCall, leastStake } = await import('../processes/join-node.ts')
  const { personalAccounts } = await import('../accounts.ts')
  const { GATEWAY_ADDRESS } = await import('../../node/shards/vm/gateway.ts')
  const account = personalAccounts()[payer]
  if (account === undefined) throw new CommandError(`there is no account ${payer}`)
  const { validators } = await readRegistry(client)
  const data = depositCall(genesis, joiner, validators.length)
  const value = leastStake(genesis)
  const hash = await sendCall(client, { shard, account, to: GATEWAY_ADDRESS, data, value })
  const ether = value / 10n ** 18n
  say(
    'deposited',
    { hash, shard, stake: value.toString() },
    `Deposited ${ether} ether on shard ${shard}: ${hash}`,
  )
  const found = await until(async () => {
    const reason = await refusalOf(client, shard, hash)
    if (reason !== undefined)
      throw new CommandError(
        `the beacon has sent the deposit back: ${reason}; nothing is lost but the fee`,
      )
    return find(joining, joiner)
  }, TAKEN_WITHIN_MS)
  if (found !== undefined) return found
  throw new CommandError(
    `the beacon has not taken the deposit yet; \`weft trace ${hash}\` tells where it is, and \`weft join\` goes on from there`,
  )
}

type StartedNode = { readonly url: string; readonly sinceStart: () => number }

async function startNode({ path, control, say }: Joining, index: number): Promise<StartedNode> {
  const { orderSupervisor } = await import('../processes/control-client.ts')
  const { settleJoiner } = await import('../processes/join-node.ts')
  say('pending', { validator: index }, `The registry knows validator ${index}; starting its node`)
  await settleJoiner(path, index)
  const startMs = performance.now()
  const sinceStart = (): number => Math.round((performance.now() - startMs) / 100) / 10
  const answer = await orderSupervisor(control, { order: 'join', node: index })
  if (!answer.ok) throw new CommandError(answer.message)
  const url = answer.message
  const seconds = sinceStart()
  say(
    'started',
    { node: index, rpc: url, seconds },
    `Node ${index} is up after ${seconds} s: ${url}`,
  )
  return { url, sinceStart }
}

async function awaitState({ say }: Joining, { url, sinceStart }: StartedNode): Promise<void> {
  const { until } = await import('../staking.ts')
  const { createRpcClient } = await import('../observe/rpc-client.ts')
  const { syncedShards } = await import('../processes/joiner-progress.ts')
  const client = createRpcClient(url, { timeoutMs: ANSWER_TIMEOUT_MS })
  try {
    const shards = await until(() => syncedShards(client), ACTIVE_WITHIN_MS)
    if (shards === undefined)
      throw new CommandError('it has no state after an hour; its log says why: `weft devnet logs`')
    const seconds = sinceStart()
    const words = `It has the state of shard ${shards.join(' ')}, ${seconds} s after its start`
    say('synced', { shards, seconds }, words)
  } finally {
    client.close()
  }
}

async function awaitVote(
  { client: network, say }: Joining,
  { url, sinceStart }: StartedNode,
  { index, shards, activationEpoch }: RegisteredValidator,
): Promise<void> {
  const { readRegistry, until } = await import('../staking.ts')
  const { createRpcClient } = await import('../observe/rpc-client.ts')
  const { votingShard } = await import('../processes/joiner-progress.ts')
  const client = createRpcClient(url, { timeoutMs: ANSWER_TIMEOUT_MS })
  try {
    const shard = await until(() => votingShard(client, shards), VOTE_WITHIN_MS)
    if (shard === undefined)
      throw new CommandError('it has a seat and does not vote; `weft devnet logs` says why')
    const { epoch } = await readRegistry(network)
    const facts = { validator: index, shard, epoch, activationEpoch, seconds: sinceStart() }
    say('voting', facts, `It votes on shard ${shard} in epoch ${epoch}`)
  } finally {
    client.close()
  }
}

async function awaitSeats(joining: Joining, joiner: Joiner): Promise<RegisteredValidator> {
  const { readRegistry, until } = await import('../staking.ts')
  const { client, say } = joining
  let told = -1
  const active = await until(async () => {
    const validator = await find(joining, joiner)
    const { epoch } = await readRegistry(client)
    if (validator === undefined || validator.status === 'active') return validator
    if (validator.status !== 'pending')
      throw new CommandError(`validator ${validator.index} is ${validator.status}`)
    const { activationEpoch } = validator
    if (told !== epoch)
      say(
        'waiting',
        { epoch, activationEpoch },
        `Epoch ${epoch}; it has seats from epoch ${activationEpoch} on`,
      )
    told = epoch
    return undefined
  }, ACTIVE_WITHIN_MS)
  if (active === undefined)
    throw new CommandError(
      'it is still pending after an hour; `weft validators` shows where it stands',
    )
  const { index, shards } = active
  say(
    'active',
    { validator: index, shards },
    `Validator ${index} is active, on shard ${shards.join(' ')}`,
  )
  return active
}

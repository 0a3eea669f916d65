/**
 * `weft exit`: asks for a validator of a running devnet to leave, as its payout, and tells when its stake comes back. Its node goes
 * on until it is stopped.
 */
import type { Command } from 'commander'
import { CommandError } from '../../node/cli/command-error.ts'
import { integerBetween } from '../../node/cli/option-value.ts'
import { REGISTRY_MAX } from '../../node/beacon/registry.ts'
import type { DevnetAccount } from '../accounts.ts'
import type { RpcClient } from '../observe/rpc-client.ts'
import type { RegisteredValidator } from '../staking.ts'
import { DEFAULT_DATA_DIRECTORY } from './options.ts'

type ExitOptions = { readonly data?: string; readonly json?: boolean; readonly wait?: boolean }

const TAKEN_WITHIN_MS = 120_000
const PAID_WITHIN_MS = 3_600_000
/** For the fee of one call; a payout may never have held anything. */
const FEE_MONEY = 10n ** 16n

export function register(program: Command): void {
  program
    .command('exit')
    .description('Let a validator of a running devnet leave, and tell when its stake comes back')
    .argument('<validator>', 'index in the registry', integerBetween(0, REGISTRY_MAX - 1))
    .option('--data <dir>', `data directory of the devnet (default ${DEFAULT_DATA_DIRECTORY})`)
    .option('--wait', 'wait until the stake is paid')
    .option('--json', 'print JSON lines')
    .action(exit)
}

async function exit(index: number, options: ExitOptions): Promise<void> {
  const { findNetwork } = await import('./fault-order.ts')
  const { firstAnswering } = await import('../staking.ts')
  const network = await findNetwork(options)
  const client = await firstAnswering(network.endpoints)
  const say = (event: string, facts: Record<string, unknown>, words: string): void =>
    void process.stdout.write(
      `${options.json === true ? JSON.stringify({ event, ...facts }) : words}\n`,
    )
  try {
    const leaving = await ask(client, index)
    const { exitEpoch, withdrawableEpoch } = leaving
    say(
      'exiting',
      { validator: index, exitEpoch, withdrawableEpoch },
      `Validator ${index} has no seats from epoch ${exitEpoch} on; its stake is paid in epoch ${withdrawableEpoch}`,
    )
    if (options.wait !== true) return
    const paid = await awaitPayout(client, index)
    say('withdrawn', { validator: index, epoch: paid }, `Its stake was paid in epoch ${paid}`)
  } finally {
    client.close()
  }
}

/** Asks unless that was done before. */
async function ask(client: RpcClient, index: number): Promise<RegisteredValidator> {
  const { readRegistry, refusalOf, sendCall, until } = await import('../staking.ts')
  const { encodeGatewayExit } = await import('../../node/shards/vm/gateway-stake.ts')
  const { GATEWAY_ADDRESS } = await import('../../node/shards/vm/gateway.ts')
  const find = async () => (await readRegistry(client)).validators[index]
  const validator = await find()
  if (validator === undefined)
    throw new CommandError(`there is no validator ${index}; \`weft validators\` lists them`)
  if (validator.status === 'exiting') return validator
  if (validator.status !== 'active' && validator.status !== 'pending')
    throw new CommandError(`validator ${index} is ${validator.status}: it has left`)
  const { shard } = validator.payout
  const account = await payoutOf(validator)
  await lendFee(client, shard, account)
  const data = encodeGatewayExit(index)
  const hash = await sendCall(client, { shard, account, to: GATEWAY_ADDRESS, data, value: 0n })
  const leaving = await until(async () => {
    const reason = await refusalOf(client, shard, hash)
    if (reason !== undefined) throw new CommandError(`the beacon refuses the exit: ${reason}`)
    const now = await find()
    return now?.status === 'exiting' ? now : undefined
  }, TAKEN_WITHIN_MS)
  if (leaving !== undefined) return leaving
  throw new CommandError(
    `the beacon has not taken the exit yet; \`weft trace ${hash}\` tells where it is`,
  )
}

/** The key of a payout is known for validators that this devnet made. */
async function payoutOf({ index, payout }: RegisteredValidator): Promise<DevnetAccount> {
  const { payoutAccount, withPrefix } = await import('../accounts.ts')
  for (let number = 0; number < REGISTRY_MAX; number++) {
    const account = payoutAccount(number)
    if (withPrefix(account.address) === payout.account) return account
  }
  throw new CommandError(
    `the payout of validator ${index}, ${payout.account}, is no account of this devnet: its owner must call exit(${index}) of the gateway on shard ${payout.shard}`,
  )
}

async function lendFee(
  client: RpcClient,
  shard: number,
  { address }: DevnetAccount,
): Promise<void> {
  const { personalAccounts, withPrefix } = await import('../accounts.ts')
  const { asAmount } = await import('../observe/read-answer.ts')
  const { sendCall } = await import('../staking.ts')
  const answer = await client.call(`/shard/${shard}`, 'eth_getBalance', [
    withPrefix(address),
    'latest',
  ])
  const [account] = personalAccounts()
  if (account === undefined || asAmount(answer, 'balance') >= FEE_MONEY) return
  await sendCall(client, { shard, account, to: address, data: new Uint8Array(0), value: FEE_MONEY })
}

async function awaitPayout(client: RpcClient, index: number): Promise<number> {
  const { readRegistry, until } = await import('../staking.ts')
  const paid = await until(async () => {
    const { epoch, validators } = await readRegistry(client)
    return validators[index]?.stake === 0n ? epoch : undefined
  }, PAID_WITHIN_MS)
  if (paid !== undefined) return paid
  throw new CommandError(
    'its stake is not paid after an hour; `weft validators` shows where it stands',
  )
}

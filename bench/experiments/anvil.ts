/**
 * anvil beside a Weft of one validator: the development chain that most people know, a single process without consensus and
 * without a disk. It is no dependency: whoever wants the comparison installs the program and names it.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { CommandError } from '../../node/cli/command-error.ts'
import { loadAccount, withPrefix } from '../../devnet/accounts.ts'
import { TRANSFER_WORKLOAD } from '../../devnet/load/workload-plan.ts'
import {
  createRpcClient,
  RPC_BATCH_MAX,
  RpcUnreachableError,
} from '../../devnet/observe/rpc-client.ts'
import { CHAIN_ID_BASE } from '../../devnet/parameters.ts'
import { preparePrograms } from '../../devnet/processes/bundle.ts'
import { filesOf } from '../../devnet/processes/data-directory.ts'
import { findFreePorts } from '../../devnet/processes/ports.ts'
import { TrafficProcess } from '../../devnet/processes/traffic-process.ts'
import type { MeasuredSystem } from '../run/snapshot.ts'

export type AnvilOptions = {
  readonly program: string
  readonly dataDirectory: string
  readonly accounts: number
  readonly onProgress: (sentence: string) => void
}

export type RunningAnvil = MeasuredSystem & { readonly stop: () => Promise<string> }

/** Beyond what any block here is filled with, so that the size of blocks is not the limit; 32 bits, as for Weft. */
const GAS_LIMIT = 1_000_000_000
const BALANCE = `0x${(10n ** 27n).toString(16)}`
const START_WITHIN_MS = 15_000
const POLL_MS = 250

export async function startAnvil(options: AnvilOptions): Promise<RunningAnvil> {
  const { dataDirectory, accounts } = options
  await mkdir(dataDirectory, { recursive: true })
  const [port = 0] = await findFreePorts(1)
  const url = `http://127.0.0.1:${port}`
  const child = await spawnAnvil(options, port)
  const traffic = new TrafficProcess({
    onReport: () => {},
    onFirstSettled: () => {},
    onNotice: () => {},
    onViolation: options.onProgress,
    onUnexpectedExit: () => options.onProgress('the traffic process ended'),
  })
  const stop = async (): Promise<string> => {
    const settled = traffic.report?.counts.settledIntra ?? 0
    const audit = await auditNonces(url, accounts, settled).catch((error: unknown) => String(error))
    await traffic.stop()
    child.kill('SIGTERM')
    return audit
  }
  try {
    await fundAccounts(url, accounts)
    const files = filesOf(dataDirectory)
    const programs = await preparePrograms(files, new AbortController().signal)
    await traffic.start(
      {
        endpoints: [url],
        shardCount: 1,
        chainIdBase: CHAIN_ID_BASE,
        beaconFaults: 0,
        accountsPerShard: accounts,
        ratePerSecond: 0,
        crossShard: 0,
        workload: TRANSFER_WORKLOAD,
        countsAt: 'finalized',
        plain: { path: '/', tag: 'latest' },
        outsiderEvery: 0,
        ledgerFile: files.ledger,
        pollMs: POLL_MS,
      },
      { log: files.trafficLog, compileCache: files.compileCache, program: programs.traffic },
    )
    return { traffic, nodePids: [child.pid ?? 0], endpoints: [], stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function spawnAnvil(
  { program, dataDirectory }: AnvilOptions,
  port: number,
): Promise<ChildProcess> {
  const words = [
    '--port',
    String(port),
    '--chain-id',
    String(CHAIN_ID_BASE + 1),
    '--block-time',
    '1',
  ]
  const limits = ['--gas-limit', String(GAS_LIMIT), '--accounts', '1', '--silent']
  const log = await open(join(dataDirectory, 'anvil.log'), 'a')
  try {
    const child = spawn(program, [...words, ...limits], { stdio: ['ignore', log.fd, log.fd] })
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', reject)
    })
    return child
  } catch (error) {
    throw new CommandError(
      `cannot start ${program}; npm install --no-save --ignore-scripts @foundry-rs/anvil-linux-amd64@1.7.1 brings it as ` +
        'node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil: name it with --anvil',
      { cause: error },
    )
  } finally {
    await log.close()
  }
}

async function fundAccounts(url: string, accounts: number): Promise<void> {
  const client = createRpcClient(url, { timeoutMs: START_WITHIN_MS })
  const deadlineMs = Date.now() + START_WITHIN_MS
  for (;;) {
    try {
      await client.call('/', 'eth_chainId', [])
      break
    } catch (error) {
      if (!(error instanceof RpcUnreachableError) || Date.now() > deadlineMs) throw error
      await delay(100)
    }
  }
  for (let first = 0; first < accounts; first += RPC_BATCH_MAX) {
    const calls = addressesFrom(first, accounts).map((address) => ({
      method: 'anvil_setBalance',
      params: [address, BALANCE],
    }))
    await client.batch('/', calls)
  }
  client.close()
}

function addressesFrom(first: number, accounts: number): readonly string[] {
  const count = Math.min(RPC_BATCH_MAX, accounts - first)
  return Array.from({ length: count }, (_, index) =>
    withPrefix(loadAccount(1, first + index).address),
  )
}

/** What the generator counted as settled can be no more than what the accounts have sent. */
async function auditNonces(url: string, accounts: number, settled: number): Promise<string> {
  const client = createRpcClient(url, { timeoutMs: START_WITHIN_MS })
  let sent = 0
  for (let first = 0; first < accounts; first += RPC_BATCH_MAX) {
    const calls = addressesFrom(first, accounts).map((address) => ({
      method: 'eth_getTransactionCount',
      params: [address, 'latest'],
    }))
    for (const answer of await client.batch('/', calls))
      if (answer.ok) sent += Number(answer.result)
  }
  client.close()
  return settled <= sent ? 'ok' : `failed: ${settled} counted and ${sent} sent`
}

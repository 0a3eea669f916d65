/**
 * `weft bench bootstrap`: a new node joins a network that has lived for a while (docs/measuring.md, experiment 8): how long
 * until it stands where the others stand, and how many bytes they send for it.
 *
 * Two newcomers come, one after the other: one by state sync, as every node does, and one that executes every block since
 * genesis (`fullHistory`). Each is an observer that follows one shard and the beacon, started as `weft node run` starts one.
 * While they catch up nothing is offered, so what the nodes send beyond their idle heartbeat is sent for them.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { CommandError } from '../../node/cli/command-error.ts'
import { present } from '../../node/primitives/assert.ts'
import type { NodeConfig } from '../../node/runtime/config.ts'
import { alignColumns } from '../../devnet/display/words.ts'
import { TRANSFER_WORKLOAD } from '../../devnet/load/workload-plan.ts'
import { filesOf } from '../../devnet/processes/data-directory.ts'
import { NODE_FLAGS } from '../../devnet/processes/node-flags.ts'
import { findFreePorts } from '../../devnet/processes/ports.ts'
import { withNetwork, type MeasuredNetwork } from '../run/measured-network.ts'
import { countersBetween, readNodeCounters } from '../run/node-counters.ts'
import { readProcessCost } from '../run/process-cost.ts'
import { bytesUnder } from '../run/snapshot.ts'
import { drain, warmUp } from '../run/window.ts'
import {
  beginExperiment,
  endExperiment,
  saveExperiment,
  type ExperimentOptions,
} from './experiment.ts'
import { readHeight } from './chain-height.ts'

export type BootstrapOptions = ExperimentOptions & {
  readonly shards: number
  readonly validators: number
  readonly rate: number
  /** Of the shard that the newcomer follows, before it comes. */
  readonly blocks: number
  /** Per shard. */
  readonly accounts: number
  readonly blockMs: number
  /** Also the newcomer that executes every block. */
  readonly replay: boolean
}

const WAYS = ['state sync', 'replay'] as const

type BootstrapRun = {
  readonly experiment: 'bootstrap'
  readonly way: (typeof WAYS)[number]
  readonly shards: number
  readonly validators: number
  readonly accounts: number
  readonly shardBlocks: number
  readonly beaconBlocks: number
  readonly seconds: number
  /** From its start until it answers for the first time. */
  readonly secondsToAnswer: number
  readonly bytesSent: number
  readonly bytesByChannel: Readonly<Record<string, number>>
  readonly diskBytes: number
  readonly cpuSeconds: number
  readonly audit: string
}

/** Who pays; the rest of the accounts hold money and do nothing. */
const SENDERS_MAX = 400
const FOLLOWED = 1
const POLL_MS = 100
const GIVE_UP_MS = 900_000
const WEFT = join(import.meta.dirname, '..', '..', 'weft.mjs')

export async function bootstrap(options: BootstrapOptions): Promise<void> {
  const { shards, validators, accounts, blocks, rate, blockMs, replay } = options
  const experiment = await beginExperiment(options)
  const loadAccounts = Math.min(accounts, SENDERS_MAX)
  const plan = {
    shards,
    validators,
    crossShard: 0.25,
    workload: TRANSFER_WORKLOAD,
    loadAccounts,
    idleAccounts: accounts - loadAccounts,
    shardBlockMs: blockMs,
  }
  const { measured, audit } = await withNetwork(plan, experiment, async (network) => {
    await warmUp(network, rate)
    network.supervisor.traffic.setRate(rate)
    await awaitBlocks(network, blocks)
    await drain(network)
    const joined = []
    for (const way of replay ? WAYS : WAYS.slice(0, 1)) joined.push(await joinNetwork(network, way))
    return joined
  })
  const runs = measured.map((facts): BootstrapRun => {
    return { experiment: 'bootstrap', shards, validators, accounts, ...facts, audit }
  })
  const lines = bootstrapTable(runs)
  await saveExperiment(experiment, runs, {
    title: 'A new node joins',
    headline: runs.map(sentenceOf).join(' '),
    figures: [],
    tables: [{ title: 'The newcomers', lines, note: 'Observers of one shard and the beacon.' }],
  })
  endExperiment(experiment, options, { runs, lines })
}

function sentenceOf({ way, seconds, bytesSent, shardBlocks, accounts }: BootstrapRun): string {
  const megabytes = (bytesSent / 1e6).toFixed(1)
  return `By ${way}: ${seconds.toFixed(1)} seconds and ${megabytes} MB for ${shardBlocks} blocks of one shard with ${accounts} accounts.`
}

async function awaitBlocks(network: MeasuredNetwork, blocks: number): Promise<void> {
  let told = 0
  for (;;) {
    const height = await readHeight(network.supervisor.endpoints, FOLLOWED)
    if (height >= blocks) return
    if (height >= told + blocks / 10) {
      told = height
      network.onProgress(`${height} of ${blocks} blocks`)
    }
    await delay(1000)
  }
}

async function joinNetwork(network: MeasuredNetwork, way: BootstrapRun['way']) {
  const { supervisor, dataDirectory, onProgress } = network
  const { endpoints } = supervisor
  const goal = await Promise.all([readHeight(endpoints, FOLLOWED), readHeight(endpoints, 0)])
  const before = await readNodeCounters(endpoints)
  const directory = join(dataDirectory, `newcomer-${way.replace(' ', '-')}`)
  const newcomer = await startObserver(network, directory, way === 'replay')
  const startMs = performance.now()
  const elapsed = (): number => (performance.now() - startMs) / 1000
  try {
    let secondsToAnswer = 0
    for (;;) {
      const [shard, beacon] = await Promise.all([
        readHeight([newcomer.url], FOLLOWED),
        readHeight([newcomer.url], 0),
      ])
      if (secondsToAnswer === 0 && shard + beacon > 0) secondsToAnswer = elapsed()
      if (shard >= goal[0] && beacon >= goal[1]) break
      if (elapsed() * 1000 > GIVE_UP_MS) throw new CommandError('the new node does not catch up')
      await delay(POLL_MS)
    }
    const seconds = elapsed()
    onProgress(`joined by ${way} after ${seconds.toFixed(1)} s`)
    const sent = countersBetween(before, await readNodeCounters(endpoints))
    const cost = await readProcessCost(newcomer.child.pid ?? 0)
    return {
      way,
      shardBlocks: goal[0],
      beaconBlocks: goal[1],
      seconds,
      secondsToAnswer,
      bytesSent: Object.values(sent.channelBytes).reduce((sum, bytes) => sum + bytes, 0),
      bytesByChannel: sent.channelBytes,
      diskBytes: await bytesUnder(directory),
      cpuSeconds: cost?.cpuSeconds ?? 0,
    }
  } finally {
    newcomer.child.kill('SIGTERM')
    await once(newcomer.child, 'exit')
  }
}

async function startObserver(
  { supervisor, dataDirectory }: MeasuredNetwork,
  directory: string,
  fullHistory: boolean,
): Promise<{ readonly child: ChildProcess; readonly url: string }> {
  await mkdir(directory, { recursive: true })
  const [p2pPort = 0, rpcPort = 0] = await findFreePorts(2)
  const config: Partial<NodeConfig> = {
    dataDirectory: join(directory, 'data'),
    genesisFile: filesOf(dataDirectory).genesis,
    p2p: {
      identityFile: join(directory, 'identity.key'),
      listen: `/ip4/127.0.0.1/tcp/${p2pPort}`,
      bootstrap: await validatorAddresses(supervisor, dataDirectory),
    },
    rpc: { host: '127.0.0.1', port: rpcPort },
    followShards: [FOLLOWED],
    fullHistory,
    logLevel: 'warn',
  }
  const file = join(directory, 'config.json')
  await writeFile(file, JSON.stringify(config))
  const log = await open(join(directory, 'node.log'), 'a')
  try {
    const child = spawn(process.execPath, [...NODE_FLAGS, WEFT, 'node', 'run', '--config', file], {
      stdio: ['ignore', log.fd, log.fd],
    })
    return { child, url: `http://127.0.0.1:${rpcPort}` }
  } finally {
    await log.close()
  }
}

async function validatorAddresses(
  { genesis }: MeasuredNetwork['supervisor'],
  dataDirectory: string,
): Promise<string[]> {
  const { validators } = present(genesis, 'a network that has started has a genesis')
  return Promise.all(
    validators.map(async ({ peer }, index) => {
      const text = await readFile(filesOf(dataDirectory).node(index).config, 'utf8')
      const { p2p } = JSON.parse(text) as NodeConfig
      return `${p2p.listen}/p2p/${peer}`
    }),
  )
}

function bootstrapTable(runs: readonly BootstrapRun[]): readonly string[] {
  const header = [
    'way',
    'accounts',
    'shard blocks',
    'beacon blocks',
    'seconds',
    's to first answer',
    'MB sent for it',
    'MB on its disk',
    'CPU s',
  ]
  return alignColumns([
    header,
    ...runs.map((run) => [
      run.way,
      String(run.accounts),
      String(run.shardBlocks),
      String(run.beaconBlocks),
      run.seconds.toFixed(1),
      run.secondsToAnswer.toFixed(1),
      (run.bytesSent / 1e6).toFixed(2),
      (run.diskBytes / 1e6).toFixed(2),
      run.cpuSeconds.toFixed(1),
    ]),
  ])
}

/**
 * One validator as a process: its config file is written anew at every start, its keys and data stay. What it has to suffer
 * goes with the first message, before it does anything.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { CommandError } from '../../node/cli/command-error.ts'
import type { NodeReadyMessage } from '../../node/cli/commands/node.ts'
import type { NodeConfig } from '../../node/runtime/config.ts'
import { Child } from './child.ts'
import { filesOf } from './data-directory.ts'
import { NODE_FLAGS } from './node-flags.ts'
import { HEALTHY, type NodeCondition, type NodeObeyed, type NodeOrder } from './node-order.ts'

export type NodePlan = {
  readonly index: number
  readonly dataDirectory: string
  readonly p2pPort: number
  readonly rpcPort: number
  /** Multiaddrs of all other validators. */
  readonly bootstrap: readonly string[]
  readonly logLevel: NodeConfig['logLevel']
  /** Of a devnet born in this run: no key of it can have voted before, however long the start takes. */
  readonly isNewborn: boolean
  /** The file that runs a node (bundle.ts). */
  readonly program: string
}

/** What may differ from one start of a node to the next. */
export type NodeLot = {
  readonly condition: NodeCondition
  /** undefined: an honest node. */
  readonly vice: string | undefined
}

const HONEST_AND_HEALTHY: NodeLot = { condition: HEALTHY, vice: undefined }

export type NodeProcess = {
  readonly index: number
  readonly child: Child
  readonly log: string
  /** What the node said when it was up; rejects when it ended before. */
  readonly ready: Promise<NodeReadyMessage>
  /** Resolves when the node says that this is its condition now, or when it has ended. */
  readonly order: (condition: NodeCondition) => Promise<void>
}

/** A node answers between two turns; one that starts answers before it does anything else. */
const OBEYED_WITHIN_MS = 15_000

/** Four threads of libuv are enough for one database and one vote guard; one malloc arena for all threads. */
const ENVIRONMENT = { UV_THREADPOOL_SIZE: '4', MALLOC_ARENA_MAX: '1' }

export async function startNodeProcess(
  plan: NodePlan,
  onUnexpectedExit: (code: number | null, signal: NodeJS.Signals | null) => void,
  lot: NodeLot = HONEST_AND_HEALTHY,
): Promise<NodeProcess> {
  const files = filesOf(plan.dataDirectory).node(plan.index)
  await writeFile(files.config, `${JSON.stringify(configOf(plan), undefined, 2)}\n`)
  const { promise, resolve, reject } = Promise.withResolvers<NodeReadyMessage>()
  // Awaited only by whoever starts the devnet; a later exit must not become an unhandled rejection.
  promise.catch(() => {})
  const obeyed = new Map<number, () => void>()
  const vice = lot.vice === undefined ? [] : ['--vice', lot.vice]
  const child = await Child.start({
    words: [...NODE_FLAGS, plan.program, 'node', 'run', '--config', files.config, ...vice],
    log: files.log,
    environment: {
      ...ENVIRONMENT,
      NODE_COMPILE_CACHE: filesOf(plan.dataDirectory).compileCache,
    },
    onMessage: (value) => {
      const message = value as NodeReadyMessage | NodeObeyed
      if (message.kind === 'ready') return resolve(message)
      obeyed.get(message.number)?.()
      obeyed.delete(message.number)
    },
    onUnexpectedExit,
  })
  void child.ended.then(() => reject(new Error(`node ${plan.index} ended before it was ready`)))
  let orders = 0
  const order = async (condition: NodeCondition): Promise<void> => {
    const number = orders++
    const heard = new Promise<void>((hear) => obeyed.set(number, hear))
    child.send({ kind: 'condition', number, condition } satisfies NodeOrder)
    await inTime(Promise.race([heard, child.ended]), plan.index)
  }
  // The node waits for this and is not awaited here: it is up some time later, and so is its answer.
  order(lot.condition).catch(() => {})
  return { index: plan.index, child, log: files.log, ready: promise, order }
}

async function inTime(obeyed: Promise<unknown>, index: number): Promise<void> {
  const late = new AbortController()
  const tooLate = delay(OBEYED_WITHIN_MS, undefined, { signal: late.signal }).then(() => {
    throw new CommandError(`node ${index} does not take orders; see \`weft devnet logs ${index}\``)
  })
  try {
    await Promise.race([obeyed, tooLate])
  } finally {
    late.abort()
    tooLate.catch(() => {})
  }
}

function configOf(plan: NodePlan): NodeConfig {
  const files = filesOf(plan.dataDirectory)
  const node = files.node(plan.index)
  return {
    dataDirectory: node.data,
    genesisFile: files.genesis,
    validator: {
      index: plan.index,
      secretKeyFile: node.committeeKey,
      neverVotedBefore: plan.isNewborn,
    },
    p2p: {
      identityFile: node.identityKey,
      listen: `/ip4/127.0.0.1/tcp/${plan.p2pPort}`,
      bootstrap: [...plan.bootstrap],
    },
    rpc: { host: '127.0.0.1', port: plan.rpcPort },
    followShards: [],
    fullHistory: false,
    shardChanges: [],
    // More nodes than cores: a thread of its own for signatures would only wait for one of them.
    cryptoThreads: plan.bootstrap.length < availableParallelism() ? 1 : 0,
    logLevel: plan.logLevel,
  }
}

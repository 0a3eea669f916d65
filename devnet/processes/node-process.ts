/**
 * One validator as a process: its config file is written anew at every start (ports change), its keys and data stay.
 */
import { writeFile } from 'node:fs/promises'
import type { NodeReadyMessage } from '../../node/cli/commands/node.ts'
import type { NodeConfig } from '../../node/runtime/config.ts'
import { Child } from './child.ts'
import { filesOf } from './data-directory.ts'
import { NODE_FLAGS } from './node-flags.ts'

export type NodePlan = {
  readonly index: number
  readonly dataDirectory: string
  readonly p2pPort: number
  /** 0: any free port. */
  readonly rpcPort: number
  /** Multiaddrs of all other validators. */
  readonly bootstrap: readonly string[]
  readonly logLevel: NodeConfig['logLevel']
  /** The file that runs a node (bundle.ts). */
  readonly program: string
}

export type NodeProcess = {
  readonly index: number
  readonly child: Child
  readonly log: string
  /** What the node said when it was up; rejects when it ended before. */
  readonly ready: Promise<NodeReadyMessage>
}

/** Four threads of libuv are enough for one database and one vote guard; one malloc arena for all threads. */
const ENVIRONMENT = { UV_THREADPOOL_SIZE: '4', MALLOC_ARENA_MAX: '1' }

export async function startNodeProcess(
  plan: NodePlan,
  onUnexpectedExit: (code: number | null, signal: NodeJS.Signals | null) => void,
): Promise<NodeProcess> {
  const files = filesOf(plan.dataDirectory).node(plan.index)
  await writeFile(files.config, `${JSON.stringify(configOf(plan), undefined, 2)}\n`)
  const { promise, resolve, reject } = Promise.withResolvers<NodeReadyMessage>()
  // Awaited only by whoever starts the devnet; a later exit must not become an unhandled rejection.
  promise.catch(() => {})
  const child = await Child.start({
    words: [...NODE_FLAGS, plan.program, 'node', 'run', '--config', files.config],
    log: files.log,
    environment: {
      ...ENVIRONMENT,
      NODE_COMPILE_CACHE: filesOf(plan.dataDirectory).compileCache,
    },
    onMessage: (message) => {
      if ((message as NodeReadyMessage).kind === 'ready') resolve(message as NodeReadyMessage)
    },
    onUnexpectedExit,
  })
  void child.ended.then(() => reject(new Error(`node ${plan.index} ended before it was ready`)))
  return { index: plan.index, child, log: files.log, ready: promise }
}

function configOf(plan: NodePlan): NodeConfig {
  const files = filesOf(plan.dataDirectory)
  const node = files.node(plan.index)
  return {
    dataDirectory: node.data,
    genesisFile: files.genesis,
    validator: { index: plan.index, secretKeyFile: node.committeeKey },
    p2p: {
      identityFile: node.identityKey,
      listen: `/ip4/127.0.0.1/tcp/${plan.p2pPort}`,
      bootstrap: [...plan.bootstrap],
    },
    rpc: { host: '127.0.0.1', port: plan.rpcPort },
    followShards: [],
    logLevel: plan.logLevel,
  }
}

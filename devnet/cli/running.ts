/**
 * `weft devnet status`, `stop` and `logs`: a running devnet from another terminal, found through its data directory.
 */
import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { CommandError, UsageError } from '../../node/cli/command-error.ts'
import { alignColumns } from '../display/words.ts'
import { asNumber, asRecord } from '../observe/read-answer.ts'
import { createRpcClient, RpcUnreachableError } from '../observe/rpc-client.ts'
import { filesOf } from '../processes/data-directory.ts'
import { readPssMiB } from '../processes/process-figures.ts'
import {
  findRunning,
  isAlive,
  readRunFile,
  removeRunFile,
  type RunFile,
} from '../processes/run-file.ts'
import { DEFAULT_DATA_DIRECTORY } from './options.ts'

export type RunningOptions = { readonly data?: string; readonly json?: boolean }

const REQUEST_TIMEOUT_MS = 2000
/** The audit, then ten seconds for each process, all at once. */
const STOP_WITHIN_MS = 60_000
const POLL_MS = 100
const TAIL_LINES = 20
const FOLLOW_POLL_MS = 200

export async function status(options: RunningOptions): Promise<void> {
  const run = await requireRunning(options)
  const nodes = await Promise.all(run.nodes.map(describeNode))
  if (options.json === true) {
    const { supervisor, startedMs } = run
    process.stdout.write(`${JSON.stringify({ supervisor: supervisor.pid, startedMs, nodes })}\n`)
    return
  }
  const rows = nodes.map(({ node, pid, state, rpc, pssMiB, heights, takenBack }) => [
    `node ${node}`,
    String(pid),
    state,
    rpc,
    pssMiB === null ? '?' : `${pssMiB} MiB`,
    takenBack === 0 ? heights : `${heights}, taken back ${takenBack} times`,
  ])
  const header = ['', 'pid', 'state', 'rpc', 'memory', 'chain:height']
  process.stdout.write(`${alignColumns([header, ...rows]).join('\n')}\n`)
}

async function describeNode(node: RunFile['nodes'][number]) {
  const alive = await isAlive(node.process)
  const health = alive ? await readHealth(node.rpcUrl) : undefined
  const state = !alive ? 'down' : stateOf(health)
  const memory = alive ? await readPssMiB(node.process.pid) : undefined
  return {
    node: node.index,
    pid: node.process.pid,
    state,
    rpc: node.rpcUrl,
    pssMiB: memory === undefined ? null : Math.round(memory),
    heights: health?.heights ?? '',
    takenBack: health?.takenBack ?? 0,
  }
}

/** A node that fetches a snapshot or executes blocks to catch up is syncing. */
function stateOf(health: Awaited<ReturnType<typeof readHealth>>): string {
  if (health === undefined) return 'silent'
  if (health.syncing.length > 0) return `syncing ${health.syncing.join(' ')}`
  return health.ok ? 'ok' : 'not ok'
}

async function readHealth(url: string) {
  const client = createRpcClient(url, { timeoutMs: REQUEST_TIMEOUT_MS })
  try {
    const { status, text } = await client.get('/health')
    const health = asRecord(JSON.parse(text), 'health')
    const chains = Array.isArray(health['chains']) ? (health['chains'] as unknown[]) : []
    const records = chains.map((item) => asRecord(item, 'chain'))
    const heights = records.map((chain) => `${String(chain['chain'])}:${String(chain['height'])}`)
    const syncing = records.filter((chain) => chain['syncing'] === true)
    return {
      ok: status === 200,
      heights: heights.join(' '),
      takenBack: records.reduce((sum, chain) => sum + asNumber(chain['takenBack'], 'takenBack'), 0),
      syncing: syncing.map((chain) => String(chain['chain'])),
    }
  } catch (error) {
    if (error instanceof RpcUnreachableError || error instanceof SyntaxError) return undefined
    throw error
  } finally {
    client.close()
  }
}

/** Asks the supervisor to stop and waits for its end; cleans up after one that was killed. */
export async function stop(options: RunningOptions): Promise<void> {
  const path = directoryOf(options)
  const run = await readRunFile(path)
  if (run === undefined) throw notRunning(path)
  const supervised = await isAlive(run.supervisor)
  if (supervised) process.kill(run.supervisor.pid, 'SIGTERM')
  const all = [run.supervisor, ...run.nodes.map((node) => node.process)]
  const deadlineMs = Date.now() + STOP_WITHIN_MS
  for (const one of all) {
    while (await isAlive(one)) {
      if (Date.now() > deadlineMs) {
        throw new CommandError(
          `process ${one.pid} does not end; end it with \`kill -9 ${one.pid}\``,
        )
      }
      await delay(POLL_MS)
    }
  }
  if (!supervised) await removeRunFile(path)
  const words = supervised ? 'stopped' : 'was not running any more; its traces are removed'
  const line = options.json === true ? JSON.stringify({ event: 'stopped', supervised }) : words
  process.stdout.write(`${line}\n`)
}

/** The last lines of one node's log or of all, and with `follow` whatever comes. */
export async function logs(
  node: number | undefined,
  options: RunningOptions & { readonly follow?: boolean },
): Promise<void> {
  const path = directoryOf(options)
  const log = filesOf(path).node(node ?? 0).log
  if (options.follow === true && node === undefined) {
    throw new UsageError('name the node to follow, for example `weft devnet logs -f 0`')
  }
  if (node === undefined) return printAllTails(path)
  const text = await readLog(log)
  process.stdout.write(tailOf(text))
  if (options.follow === true) await follow(log, Buffer.byteLength(text))
}

async function printAllTails(path: string): Promise<void> {
  for (let index = 0; ; index++) {
    const text = await readFile(filesOf(path).node(index).log, 'utf8').catch(() => undefined)
    if (text === undefined) {
      if (index === 0) throw notRunning(path)
      return
    }
    process.stdout.write(`== node ${index}\n${tailOf(text)}`)
  }
}

async function readLog(log: string): Promise<string> {
  const text = await readFile(log, 'utf8').catch(() => undefined)
  if (text !== undefined) return text
  throw new CommandError(`there is no log ${log}; see \`weft devnet status\` for the nodes`)
}

/** Ends with the process: on Ctrl-C, like `tail -f`. */
async function follow(log: string, start: number): Promise<void> {
  let offset = start
  for (;;) {
    const { size } = await stat(log)
    if (size > offset) {
      const end = size - 1
      for await (const chunk of createReadStream(log, { start: offset, end })) {
        process.stdout.write(chunk as Buffer)
      }
      offset = size
    }
    await delay(FOLLOW_POLL_MS)
  }
}

function tailOf(text: string): string {
  const lines = text.split('\n').filter((line) => line !== '')
  return lines
    .slice(-TAIL_LINES)
    .map((line) => `${line}\n`)
    .join('')
}

async function requireRunning(options: RunningOptions): Promise<RunFile> {
  const path = directoryOf(options)
  const run = await findRunning(path)
  if (run === undefined) throw notRunning(path)
  return run
}

function directoryOf(options: RunningOptions): string {
  return resolve(options.data ?? DEFAULT_DATA_DIRECTORY)
}

function notRunning(path: string): CommandError {
  return new CommandError(
    `no devnet runs in ${path}; start one with \`weft devnet up\` or name it with --data`,
  )
}

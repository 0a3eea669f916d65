/**
 * The supervisor: one operating-system process per validator, one for traffic, from the first file to the last audit.
 *
 * Invariants: a process that ends without being told to is reported at once and the rest goes on; after `stop` no process,
 * no port and no run file is left; when the supervisor is killed, every child notices by its closed channel and ends.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { NodeConfig } from '../../node/runtime/config.ts'
import { CommandError } from '../../node/cli/command-error.ts'
import { auditToJson } from '../audit.ts'
import type { DevnetEvent, ReadyEvent, StopSummary } from '../event.ts'
import type { TrafficPlan, TrafficReport } from '../load/message.ts'
import { faultsTolerated, type DevnetParameters } from '../parameters.ts'
import { auditNetwork } from './audit-run.ts'
import { preparePrograms, type ProgramFiles } from './bundle.ts'
import { filesOf, openDataDirectory, type DataDirectory } from './data-directory.ts'
import { startNodeProcess, type NodeProcess } from './node-process.ts'
import { choosePort, findFreePorts } from './ports.ts'
import { readCpuSeconds, readPssMiB, sumOver } from './process-figures.ts'
import { describeReady, waitUntilHealthy } from './readiness.ts'
import { isAlive, nameProcess, readRunFile, removeRunFile, writeRunFile } from './run-file.ts'
import { TickClock } from './tick.ts'
import { TrafficProcess } from './traffic-process.ts'

export type SupervisorOptions = {
  readonly parameters: DevnetParameters
  readonly dataDirectory: string
  readonly reset: boolean
  /** undefined: the usual port, or any when that is taken. */
  readonly rpcPort: number | undefined
  /** Transactions per second over all shards; 0: none, only watching. */
  readonly ratePerSecond: number
  readonly crossShard: number
  /** One of this many senders enters through a node outside its shard's committee; 0: none. */
  readonly outsiderEvery: number
  readonly logLevel: NodeConfig['logLevel']
  readonly onEvent: (event: DevnetEvent) => void
}

const USUAL_RPC_PORT = 8545
const AUDIT_TIMEOUT_MS = 30_000
/** Nodes give themselves ten seconds to end. */
const ORPHANS_END_WITHIN_MS = 15_000
const ORPHANS_POLL_MS = 100
/** Half the shortest block interval in use: finer polling would measure the poller. */
const POLL_MS = 250

/** A node that has not come up by then hangs: sixteen on two busy cores need half a minute. */
const START_WITHIN_MS = 120_000

export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #startedMs = Date.now()
  readonly #traffic: TrafficProcess
  readonly #ticks: TickClock
  /** Ends what waits during the start. */
  readonly #halt = new AbortController()
  #nodes: NodeProcess[] = []
  #endpoints: string[] = []
  #directory: DataDirectory | undefined
  #ready = false
  #violations = 0
  #stopping: Promise<StopSummary> | undefined

  constructor(options: SupervisorOptions) {
    this.#options = options
    this.#ticks = new TickClock()
    this.#traffic = new TrafficProcess({
      onReport: (report) => this.#onReport(report),
      onFirstSettled: (tx, from, to) =>
        options.onEvent({ event: 'first-settled', ms: this.#elapsedMs(), tx, from, to }),
      onViolation: (message) => this.#onViolation(message),
      onUnexpectedExit: (code, signal) =>
        this.#onExit('traffic', null, this.#traffic.pid, code, signal),
    })
  }

  get traffic(): TrafficProcess {
    return this.#traffic
  }

  get nodePids(): readonly number[] {
    return this.#nodes.filter(({ child }) => child.alive).map(({ child }) => child.pid)
  }

  /** Resolves when every node is healthy; throws `CommandError`, having stopped what had started. */
  async start(): Promise<void> {
    try {
      await this.#start()
    } catch (error) {
      await this.#stopProcesses()
      // Stopped while starting: the nodes ended because they were told to.
      if (this.#stopping === undefined) throw error
    }
    // An order to stop may have come between the start of two processes.
    if (this.#stopping !== undefined) await this.#stopProcesses()
  }

  async #start(): Promise<void> {
    const { dataDirectory, parameters, reset, onEvent } = this.#options
    await refuseSecond(dataDirectory)
    const nowMs = this.#startedMs
    const directory = await openDataDirectory(dataDirectory, parameters, { reset, nowMs })
    this.#directory = directory
    const programs = await preparePrograms(filesOf(directory.path), this.#halt.signal)
    if (this.#stopping !== undefined) return
    await this.#startNodes(directory, programs)
    const ready = await Promise.all(this.#nodes.map((node) => this.#awaitReady(node)))
    this.#endpoints = ready.map(({ rpcUrl }) => rpcUrl)
    await this.#writeRun(directory)
    // Traffic takes a second to sign ahead and offers as soon as the nodes answer: it need not wait for all to be well.
    const traffic = this.#startTraffic(directory, programs.traffic)
    // Awaited below; until then a failure must not pass for an unhandled one.
    traffic.catch(() => {})
    const view = await waitUntilHealthy(
      this.#endpoints,
      directory.genesis,
      () => this.#stopping !== undefined,
    )
    await traffic
    if (this.#stopping !== undefined) return
    this.#ready = true
    onEvent(this.#describe(directory, view))
    this.#ticks.start(Date.now())
    onEvent({ event: 'process', role: 'traffic', node: null, pid: this.#traffic.pid })
  }

  #startTraffic(directory: DataDirectory, program: string): Promise<void> {
    const { trafficLog: log, compileCache } = filesOf(directory.path)
    return this.#traffic.start(this.#trafficPlan(directory), { log, compileCache, program })
  }

  /** Stops everything; asking twice is asking once. */
  stop(): Promise<StopSummary> {
    this.#halt.abort()
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #startNodes({ path, genesis }: DataDirectory, programs: ProgramFiles): Promise<void> {
    const ports = await findFreePorts(genesis.validators.length)
    const firstRpcPort = await choosePort(this.#options.rpcPort, USUAL_RPC_PORT)
    const addresses = genesis.validators.map(
      ({ peer }, index) => `/ip4/127.0.0.1/tcp/${ports[index]}/p2p/${peer}`,
    )
    await Promise.all(
      genesis.validators.map(async (_, index) => {
        const node = await startNodeProcess(
          {
            index,
            dataDirectory: path,
            p2pPort: ports[index] ?? 0,
            rpcPort: index === 0 ? firstRpcPort : 0,
            bootstrap: addresses.filter((_address, other) => other !== index),
            logLevel: this.#options.logLevel,
            program: programs.node,
          },
          (code, signal) => this.#onExit('validator', index, this.#pidOf(index), code, signal),
        )
        this.#nodes.push(node)
        const { pid } = node.child
        this.#options.onEvent({ event: 'process', role: 'validator', node: index, pid })
      }),
    )
    this.#nodes.sort((left, right) => left.index - right.index)
  }

  async #awaitReady({ ready, index, log }: NodeProcess) {
    const late = Promise.withResolvers<never>()
    const timer = setTimeout(
      () => late.reject(new Error(`silent for ${START_WITHIN_MS / 1000} s`)),
      START_WITHIN_MS,
    )
    try {
      return await Promise.race([ready, late.promise])
    } catch (error) {
      throw new CommandError(`node ${index} did not start; its log ${log} says why`, {
        cause: error,
      })
    } finally {
      clearTimeout(timer)
    }
  }

  async #writeRun({ path }: DataDirectory): Promise<void> {
    const nodes = await Promise.all(
      this.#nodes.map(async ({ index, child, log }) => ({
        index,
        rpcUrl: this.#endpoints[index] ?? '',
        log,
        process: await nameProcess(child.pid),
      })),
    )
    const supervisor = await nameProcess(process.pid)
    const startedMs = this.#startedMs
    await writeRunFile(path, { format: 'weft-run-1', supervisor, startedMs, nodes })
  }

  #describe(
    directory: DataDirectory,
    view: Parameters<typeof describeReady>[0]['view'],
  ): ReadyEvent {
    return describeReady({
      ms: this.#elapsedMs(),
      directory,
      endpoints: this.#endpoints,
      view,
      logOf: (index) => filesOf(directory.path).node(index).log,
    })
  }

  #trafficPlan({ path, genesis }: DataDirectory): TrafficPlan {
    const { ratePerSecond, crossShard, outsiderEvery, parameters } = this.#options
    return {
      endpoints: this.#endpoints,
      shardCount: genesis.shardCount,
      chainIdBase: genesis.chainIdBase,
      beaconFaults: faultsTolerated(genesis.validators.length),
      accountsPerShard: parameters.loadAccounts,
      ratePerSecond,
      crossShard,
      outsiderEvery,
      ledgerFile: filesOf(path).ledger,
      pollMs: POLL_MS,
    }
  }

  async #stop(): Promise<StopSummary> {
    await this.#traffic.stop()
    const audit = await this.#audit()
    const pids = [...this.nodePids, process.pid]
    const [pssMiB, cpuSeconds] = await Promise.all([
      sumOver(pids, readPssMiB),
      sumOver(pids, readCpuSeconds),
    ])
    await this.#stopProcesses()
    const summary = summarize(this.#traffic.report, { pssMiB, cpuSeconds, audit })
    this.#options.onEvent({ event: 'stopped', summary })
    return summary
  }

  async #audit(): Promise<string> {
    if (!this.#ready || this.#directory === undefined)
      return 'not possible: the network was never ready'
    const report = await auditNetwork({
      genesis: this.#directory.genesis,
      endpoints: this.#endpoints,
      ledgerFile: filesOf(this.#directory.path).ledger,
      timeoutMs: AUDIT_TIMEOUT_MS,
    })
    if (report === undefined) return 'not possible: the network did not answer in time'
    for (const violation of report.violations) this.#onViolation(violation)
    if (this.#violations === 0 && report.ok) return 'ok'
    return `failed: ${report.violations[0] ?? 'a violation was seen while running'} (${JSON.stringify(auditToJson(report))})`
  }

  async #stopProcesses(): Promise<void> {
    await Promise.all([...this.#nodes.map(({ child }) => child.stop()), this.#traffic.stop()])
    if (this.#directory !== undefined) await removeRunFile(this.#directory.path)
  }

  #onReport(report: TrafficReport): void {
    if (this.#stopping !== undefined) return
    this.#options.onEvent(this.#ticks.tick(report, this.nodePids.length))
  }

  #onViolation(message: string): void {
    this.#violations++
    this.#options.onEvent({ event: 'violation', message })
  }

  #onExit(
    role: 'validator' | 'traffic',
    node: number | null,
    pid: number,
    code: number | null,
    signal: string | null,
  ): void {
    const who = node === null ? 'the traffic process' : `validator ${node}`
    const how = signal === null ? `with exit code ${code}` : `by ${signal}`
    const message = `${who} ended ${how}; ${node === null ? 'no load is offered' : 'the others go on'}`
    this.#options.onEvent({ event: 'exit', role, node, pid, code, signal, message })
  }

  #pidOf(index: number): number {
    return this.#nodes.find((node) => node.index === index)?.child.pid ?? 0
  }

  #elapsedMs(): number {
    return Date.now() - this.#startedMs
  }
}

async function refuseSecond(dataDirectory: string): Promise<void> {
  const run = await readRunFile(dataDirectory)
  if (run === undefined) return
  if (await isAlive(run.supervisor)) {
    throw new CommandError(
      `a devnet already runs in ${dataDirectory} (process ${run.supervisor.pid}); stop it with \`weft devnet stop\` or choose another --data`,
    )
  }
  // The supervisor was killed a moment ago; its nodes notice and end by themselves.
  const deadlineMs = Date.now() + ORPHANS_END_WITHIN_MS
  for (const node of run.nodes) {
    while ((await isAlive(node.process)) && Date.now() < deadlineMs) await delay(ORPHANS_POLL_MS)
  }
}

function summarize(
  report: TrafficReport | undefined,
  rest: { readonly pssMiB: number; readonly cpuSeconds: number; readonly audit: string },
): StopSummary {
  const intra = report?.counts.settledIntra ?? 0
  const cross = report?.counts.settledCross ?? 0
  const refused = Object.values(report?.counts.refused ?? {}).reduce((sum, count) => sum + count, 0)
  return {
    settled: intra + cross,
    intra,
    cross,
    failed: report?.counts.failed ?? 0,
    refused,
    p50Ms: report?.latency.settled.p50 ?? 0,
    p99Ms: report?.latency.settled.p99 ?? 0,
    pssMiB: rest.pssMiB === 0 ? null : Math.round(rest.pssMiB),
    cpuSeconds: rest.cpuSeconds === 0 ? null : Math.round(rest.cpuSeconds * 10) / 10,
    audit: rest.audit,
  }
}

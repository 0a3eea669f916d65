/**
 * The supervisor: one operating-system process per validator, one for traffic, from the first file to the last audit.
 *
 * Invariants: a process that ends without being told to is reported at once and the rest goes on; after `stop` no process,
 * no port and no run file is left; when the supervisor is killed, every child notices by its closed channel and ends.
 */
import type { Genesis } from '../../node/beacon/genesis.ts'
import { CommandError } from '../../node/cli/command-error.ts'
import type { NodeConfig } from '../../node/runtime/config.ts'
import { auditToJson } from '../audit.ts'
import type { DevnetEvent, ReadyEvent, StopSummary } from '../event.ts'
import { describeFault } from '../faults/fault-words.ts'
import type { Fault } from '../faults/fault.ts'
import type { TrafficPlan, TrafficReport } from '../load/message.ts'
import { TRANSFER_WORKLOAD, type WorkloadPlan } from '../load/workload-plan.ts'
import { RpcUnreachableError } from '../observe/rpc-client.ts'
import { faultsTolerated, type DevnetParameters } from '../parameters.ts'
import { auditNetwork } from './audit-run.ts'
import { preparePrograms } from './bundle.ts'
import type { ControlOrder } from './control-message.ts'
import { startControlServer, type ControlServer } from './control-server.ts'
import { filesOf, openDataDirectory, type DataDirectory } from './data-directory.ts'
import { describeEnd } from './end-words.ts'
import { FaultOrders } from './fault-orders.ts'
import { NodeFleet } from './fleet.ts'
import type { NodePlan } from './node-process.ts'
import { PortClaims } from './ports.ts'
import { readCpuSeconds, readPssMiB, sumOver } from './process-figures.ts'
import { planJoiner, planNodes, rpcUrlOf } from './node-plans.ts'
import { describeReady, waitUntilHealthy } from './readiness.ts'
import { nameProcess, removeRunFile, writeRunFile, type RunFile } from './run-file.ts'
import { type SeatWatch, watchSeats } from './seat-watch.ts'
import { askCommittees, committeesOf, lacksQuorum } from './seats.ts'
import { refuseSecond } from './second-run.ts'
import { summarize } from './stop-summary.ts'
import { TickClock } from './tick.ts'
import { TrafficProcess } from './traffic-process.ts'

export type SupervisorOptions = {
  readonly parameters: DevnetParameters
  readonly dataDirectory: string
  readonly reset: boolean
  /** undefined: the usual port, or any when that is taken; `any`: not the usual one. */
  readonly rpcPort: number | 'any' | undefined
  /** Transactions per second over all shards; 0: none, only watching. */
  readonly ratePerSecond: number
  readonly crossShard: number
  /** Absent: everybody pays equally often. */
  readonly workload?: WorkloadPlan | undefined
  /** Absent: payments count when settled. */
  readonly countsAt?: TrafficPlan['countsAt'] | undefined
  readonly feeCapGwei?: number | undefined
  /** The one shard is followed as any Ethereum chain is. */
  readonly plain?: TrafficPlan['plain'] | undefined
  /** One of this many senders enters through a node outside its shard's committee; 0: none. */
  readonly outsiderEvery: number
  readonly logLevel: NodeConfig['logLevel']
  /** Where the traffic process writes what clients see; absent: nowhere. */
  readonly historyFile?: string | undefined
  readonly onEvent: (event: DevnetEvent) => void
}

const AUDIT_TIMEOUT_MS = 30_000
/** Half the shortest block interval in use: finer polling would measure the poller. */
const POLL_MS = 250

export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #startedMs = Date.now()
  readonly #traffic: TrafficProcess
  readonly #ticks: TickClock
  /** Ends what waits during the start. */
  readonly #halt = new AbortController()
  readonly #ports = new PortClaims()
  #fleet: NodeFleet | undefined
  #orders: FaultOrders | undefined
  #control: ControlServer | undefined
  /** Of a network with epochs. */
  #seats: SeatWatch | undefined
  #endpoints: readonly string[] = []
  /** How every node was planned, index = validator index. */
  #plans: readonly NodePlan[] = []
  /** As they were when all was well; of a network with epochs, as they are at the end. */
  #directory: DataDirectory | undefined
  /** One after the other: nodes that start at the same time all change it. */
  #runFile: Promise<void> = Promise.resolve()
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
      onNotice: (message) => this.#options.onEvent({ event: 'notice', message }),
      onUnexpectedExit: (code, signal) =>
        options.onEvent(describeEnd(null, this.#traffic.pid, { code, signal }, undefined)),
    })
  }

  get traffic(): TrafficProcess {
    return this.#traffic
  }

  /** Of the nodes that run, paused ones included. */
  get nodePids(): readonly number[] {
    return this.#fleet?.pids ?? []
  }

  /** RPC origins, index = validator index; they stay for the whole run. Empty before `start` has resolved. */
  get endpoints(): readonly string[] {
    return this.#endpoints
  }

  /** Whose supervisor this is; undefined before `start` has resolved. */
  get genesis(): Genesis | undefined {
    return this.#directory?.genesis
  }

  /**
   * Brings the fault about; resolves when it is in force (a killed node is gone, a started one answers). With `forMs` it is
   * taken back after so long. Throws `CommandError` when it cannot be done.
   */
  async apply(fault: Fault, forMs?: number): Promise<void> {
    if (this.#orders === undefined || !this.#ready) {
      throw new CommandError('the devnet is not ready yet and takes no orders')
    }
    await this.#orders.apply(fault, forMs)
  }

  /**
   * Starts a node for a validator that has joined: its keys stand in its directory. Resolves with its RPC address when it
   * answers. Throws `CommandError`.
   */
  async join(index: number): Promise<string> {
    const [directory, fleet] = [this.#directory, this.#fleet]
    if (directory === undefined || fleet === undefined || !this.#ready)
      throw new CommandError('the devnet is not ready yet and takes no orders')
    const plan = await planJoiner(this.#plans, directory, this.#ports, index)
    this.#plans = [...this.#plans, plan]
    this.#endpoints = this.#plans.map(rpcUrlOf)
    fleet.add(plan)
    await fleet.start([index])
    await this.#writeRun()
    return rpcUrlOf(plan)
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
    const { rpcPort, logLevel } = this.#options
    const plans = await planNodes({ directory, programs, ports: this.#ports, rpcPort, logLevel })
    this.#plans = plans
    this.#endpoints = plans.map(rpcUrlOf)
    const fleet = this.#createFleet(plans)
    await fleet.start(plans.map(({ index }) => index))
    await this.#openControl(directory, fleet)
    await this.#writeRun()
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
    this.#seats = watchSeats(directory.genesis, this.#endpoints)
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

  #createFleet(plans: readonly NodePlan[]): NodeFleet {
    const { onEvent } = this.#options
    const fleet = new NodeFleet(plans, {
      onStart: (node, pid) => {
        onEvent({ event: 'process', role: 'validator', node, pid })
        if (this.#ready) void this.#writeRun()
      },
      onEnd: (node, pid, end, order) => onEvent(describeEnd(node, pid, end, order)),
    })
    this.#fleet = fleet
    this.#orders = new FaultOrders(fleet, {
      onFault: (fault, forMs) => {
        const message = describeFault(fault)
        onEvent({ event: 'fault', fault, forMs: forMs ?? null, message })
      },
      onFailure: (message) => onEvent({ event: 'notice', message }),
    })
    return fleet
  }

  async #openControl({ path }: DataDirectory, fleet: NodeFleet): Promise<void> {
    this.#control = await startControlServer({
      path: filesOf(path).control,
      nodeCount: () => fleet.size,
      carryOut: (order) => this.#carryOut(order),
    })
    if (this.#control !== undefined) return
    const message = `no faults can be ordered: ${path} is too long a name for a socket in it`
    this.#options.onEvent({ event: 'notice', message })
  }

  async #carryOut(order: ControlOrder): Promise<string> {
    if (order.order === 'join') return this.join(order.node)
    await this.apply(order.fault, order.forMs)
    return describeFault(order.fault)
  }

  #writeRun(): Promise<void> {
    this.#runFile = this.#runFile.then(() => this.#writeRunNow())
    return this.#runFile
  }

  async #writeRunNow(): Promise<void> {
    const directory = this.#directory
    if (directory === undefined || this.#stopping !== undefined) return
    const processes = this.#fleet?.processes ?? []
    const nodes = await Promise.all(
      processes.map(async ({ index, child, log }) => ({
        index,
        rpcUrl: this.#endpoints[index] ?? '',
        log,
        process: await nameProcess(child.pid),
      })),
    )
    const supervisor = await nameProcess(process.pid)
    const control = this.#control && { control: filesOf(directory.path).control }
    const startedMs = this.#startedMs
    const run: RunFile = { format: 'weft-run-1', supervisor, startedMs, ...control, nodes }
    await writeRunFile(directory.path, run)
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
    const { ratePerSecond, crossShard, outsiderEvery, parameters, historyFile } = this.#options
    const { workload = TRANSFER_WORKLOAD, countsAt = 'settled', feeCapGwei, plain } = this.#options
    return {
      endpoints: this.#endpoints,
      shardCount: genesis.shardCount,
      chainIdBase: genesis.chainIdBase,
      beaconFaults: faultsTolerated(genesis.validators.length),
      accountsPerShard: parameters.loadAccounts,
      ratePerSecond,
      crossShard,
      workload,
      countsAt,
      feeCapGwei,
      plain,
      outsiderEvery,
      ledgerFile: filesOf(path).ledger,
      pollMs: POLL_MS,
      historyFile,
    }
  }

  async #stop(): Promise<StopSummary> {
    try {
      await this.#takeFaultsBack()
      await this.#traffic.stop()
      const figures = await this.#takeFigures()
      await this.#stopProcesses()
      const summary = summarize(this.#traffic.report, figures)
      this.#options.onEvent({ event: 'stopped', summary })
      return summary
    } finally {
      // Whatever went wrong on the way, nothing is left running.
      await this.#stopProcesses()
    }
  }

  async #takeFigures(): Promise<Parameters<typeof summarize>[1]> {
    const audit = await this.#audit()
    const pids = [...this.nodePids, process.pid]
    const [pssMiB, cpuSeconds] = await Promise.all([
      sumOver(pids, readPssMiB),
      sumOver(pids, readCpuSeconds),
    ])
    return { pssMiB, cpuSeconds, audit }
  }

  /**
   * Before the audit all that was ordered is well again, and paused nodes go on. Nodes that were ended by order stay down as
   * long as every committee has its quorum without them; otherwise the audit could not be answered, and they are started.
   */
  async #takeFaultsBack(): Promise<void> {
    await this.#control?.stop()
    const fleet = this.#fleet
    const genesis = this.#directory?.genesis
    if (fleet === undefined || genesis === undefined || !this.#ready) return
    try {
      await this.#orders?.close()
      const everybody = Array.from({ length: fleet.size }, (_, index) => index)
      const hasMoved = this.#seats !== undefined
      const committees = hasMoved
        ? await askCommittees(genesis, this.#endpoints)
        : committeesOf(genesis)
      if (lacksQuorum(committees, (node) => fleet.isRunning(node)))
        await fleet.startHonest(everybody.filter((node) => fleet.isDownByOrder(node)))
    } catch (error) {
      if (!(error instanceof CommandError || error instanceof RpcUnreachableError)) throw error
      // The audit says what it can without that node, and the end must come.
      this.#options.onEvent({ event: 'notice', message: error.message })
    }
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
    await this.#control?.stop()
    await this.#seats?.stop()
    await Promise.all([this.#fleet?.stopAll(), this.#traffic.stop()])
    await this.#ports.release()
    await this.#runFile
    if (this.#directory !== undefined) await removeRunFile(this.#directory.path)
  }

  #onReport(report: TrafficReport): void {
    if (this.#stopping !== undefined) return
    const fleet = this.#fleet
    const up = this.#endpoints.filter(
      (_, index) => fleet?.isRunning(index) === true && !fleet.isPaused(index),
    )
    this.#options.onEvent(this.#ticks.tick(report, up.length, this.#seats?.moves))
  }

  #onViolation(message: string): void {
    this.#violations++
    this.#options.onEvent({ event: 'violation', message })
  }

  #elapsedMs(): number {
    return Date.now() - this.#startedMs
  }
}

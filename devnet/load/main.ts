/**
 * The traffic process. It speaks over the IPC channel of the process that started it (message.ts) and ends with it. Its
 * processor time is its own, so that the cost of making load is never counted as the cost of the network.
 */
import { assert } from '../../node/primitives/assert.ts'
import { loadLedger, saveLedger } from '../observe/ledger-file.ts'
import type { Ledger } from '../observe/ledger.ts'
import type { TrafficMessage, TrafficPlan, TrafficRequest } from './message.ts'
import { startTraffic, type Traffic } from './traffic.ts'

const REPORT_EVERY_MS = 1000
const SAVE_EVERY_MS = 10_000

type Running = {
  readonly traffic: Traffic
  readonly plan: TrafficPlan
  readonly ledger: Ledger
  readonly timers: readonly NodeJS.Timeout[]
}

let running: Promise<Running> | undefined

function emit(message: TrafficMessage): void {
  if (process.connected) process.send?.(message)
}

async function start(plan: TrafficPlan): Promise<Running> {
  const ledger = await loadLedger(plan.ledgerFile, plan.shardCount)
  const traffic = await startTraffic(plan, ledger, emit)
  emit({ kind: 'watching' })
  const timers = [
    setInterval(() => emit(traffic.report()), REPORT_EVERY_MS),
    setInterval(() => void saveLedger(plan.ledgerFile, ledger), SAVE_EVERY_MS),
  ]
  return { traffic, plan, ledger, timers }
}

async function stop(): Promise<void> {
  if (running !== undefined) {
    const { traffic, plan, ledger, timers } = await running
    for (const timer of timers) clearInterval(timer)
    const report = traffic.report()
    await traffic.stop()
    await saveLedger(plan.ledgerFile, ledger)
    emit({ kind: 'stopped', report })
  }
  process.disconnect?.()
}

async function handle(request: TrafficRequest): Promise<void> {
  if (request.kind === 'plan') {
    assert(running === undefined, 'the plan is sent once')
    running = start(request.plan)
    await running
    return
  }
  if (request.kind === 'stop') return stop()
  const { traffic } = await (running ?? Promise.reject(new Error('the plan comes first')))
  if (request.kind === 'rate') traffic.setRate(request.ratePerSecond)
  if (request.kind === 'clear-latency') traffic.clearLatency()
  if (request.kind === 'prepare') {
    await traffic.prepare(request.payments)
    emit({ kind: 'prepared' })
  }
}

assert(process.send !== undefined, 'the traffic process is started with an IPC channel')
process.on('message', (request: TrafficRequest) => void handle(request))
// The starting process is gone: nobody listens to reports, and the network it watched is going down.
process.on('disconnect', () => process.exit(0))
// A Ctrl-C reaches the whole process group; the order to stop comes from the supervisor.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})

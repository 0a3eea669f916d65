/**
 * One moment of a measured network: what the traffic process reports, what every process has cost, what the nodes have
 * counted, what the machine did. Two of them make a window (costs.ts).
 */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CommandError } from '../../node/cli/command-error.ts'
import type { TrafficReport } from '../../devnet/load/message.ts'
import { readMachineTicks, type MachineTicks } from '../../devnet/processes/process-figures.ts'
import type { Supervisor } from '../../devnet/processes/supervisor.ts'
import { readNodeCounters, type NodeCounters } from './node-counters.ts'
import { readProcessCost, type ProcessCost } from './process-cost.ts'

/** What can be measured: nodes as processes and a traffic process. A devnet's supervisor is one. */
export type MeasuredSystem = Pick<Supervisor, 'traffic' | 'nodePids' | 'endpoints'>

export type Snapshot = {
  readonly report: TrafficReport
  /** One per node that runs. */
  readonly nodes: readonly ProcessCost[]
  readonly generator: ProcessCost | undefined
  /** The measuring process itself. */
  readonly bench: ProcessCost | undefined
  readonly counters: NodeCounters
  /** Of all nodes' data directories. */
  readonly keptBytes: number
  readonly ticks: MachineTicks | undefined
}

export async function takeSnapshot(
  supervisor: MeasuredSystem,
  dataDirectory: string,
): Promise<Snapshot> {
  const report = await requireReport(supervisor)
  const [nodes, generator, bench, counters, keptBytes, ticks] = await Promise.all([
    Promise.all(supervisor.nodePids.map(readProcessCost)),
    readProcessCost(supervisor.traffic.pid),
    readProcessCost(process.pid),
    readNodeCounters(supervisor.endpoints),
    bytesUnder(join(dataDirectory, 'nodes')),
    readMachineTicks(),
  ])
  const running = nodes.filter((cost) => cost !== undefined)
  return { report, nodes: running, generator, bench, counters, keptBytes, ticks }
}

export async function requireReport({ traffic }: MeasuredSystem): Promise<TrafficReport> {
  const report = await traffic.nextReport()
  if (report !== undefined) return report
  throw new CommandError('the traffic process ended; its log in the data directory says why')
}

/** Bytes of all files; a file that goes away meanwhile counts as nothing. */
export async function bytesUnder(directory: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => [])
  const sizes = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) =>
        stat(join(entry.parentPath, entry.name)).then(
          ({ size }) => size,
          () => 0,
        ),
      ),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}

/**
 * What one settled transaction cost: differences of two snapshots, divided by what was settled between them.
 */
import { getPriority } from 'node:os'
import { countersBetween } from './node-counters.ts'
import { THREAD_ROLES, type ProcessCost, type ThreadRole } from './process-cost.ts'
import type { Snapshot } from './snapshot.ts'

export type TransactionCosts = {
  /** Over all nodes, from the operating system. */
  readonly cpuMsPerTx: number
  /** The same by role of the thread. */
  readonly cpuMsPerTxByThread: Readonly<Record<ThreadRole, number>>
  /** Of the node that had most to do. */
  readonly busiestNodeCpuMsPerTx: number
  readonly generatorCpuMsPerTx: number
  /** Signatures checked, transactions executed and so on, over all nodes. */
  readonly workPerTx: Readonly<Record<string, number>>
  /** Of messages by what they are for, and of gossip; before encryption. */
  readonly bytesPerTx: Readonly<Record<string, number>>
  readonly diskBytesPerTx: number
  readonly keptBytesPerTx: number
}

export type MachineShares = {
  readonly idleShare: number
  readonly stealShare: number
  /** Of the machine's time, spent by processes that are not part of the run. */
  readonly foreignShare: number
}

export function costsBetween(
  before: Snapshot,
  after: Snapshot,
  settledCount: number,
): TransactionCosts {
  const perTx = (value: number): number => value / Math.max(1, settledCount)
  const nodes = after.nodes.map((node) =>
    costBetween(
      before.nodes.find(({ pid }) => pid === node.pid),
      node,
    ),
  )
  const sumOf = (pick: (cost: Omit<ProcessCost, 'pid'>) => number): number =>
    nodes.reduce((sum, node) => sum + pick(node), 0)
  const counters = countersBetween(before.counters, after.counters)
  const byRole = THREAD_ROLES.map((role): [ThreadRole, number] => [
    role,
    perTx(1000 * sumOf(({ cpuSecondsByRole }) => cpuSecondsByRole[role])),
  ])
  return {
    cpuMsPerTx: perTx(1000 * sumOf(({ cpuSeconds }) => cpuSeconds)),
    cpuMsPerTxByThread: Object.fromEntries(byRole) as Record<ThreadRole, number>,
    busiestNodeCpuMsPerTx: perTx(1000 * Math.max(0, ...nodes.map(({ cpuSeconds }) => cpuSeconds))),
    generatorCpuMsPerTx: perTx(1000 * secondsBetween(before.generator, after.generator)),
    workPerTx: mapValues(counters.work, perTx),
    bytesPerTx: mapValues(
      { ...counters.planeBytes, gossip: counters.channelBytes['gossip'] ?? 0 },
      perTx,
    ),
    diskBytesPerTx: perTx(sumOf(({ diskBytes }) => diskBytes)),
    // Compaction may shrink the disks within a window.
    keptBytesPerTx: perTx(Math.max(0, after.keptBytes - before.keptBytes)),
  }
}

function costBetween(
  before: ProcessCost | undefined,
  after: ProcessCost,
): Omit<ProcessCost, 'pid'> {
  const roles = THREAD_ROLES.map((role): [ThreadRole, number] => {
    const earlier = before?.cpuSecondsByRole[role] ?? 0
    return [role, Math.max(0, after.cpuSecondsByRole[role] - earlier)]
  })
  return {
    cpuSeconds: secondsBetween(before, after),
    cpuSecondsByRole: Object.fromEntries(roles) as Record<ThreadRole, number>,
    diskBytes: after.diskBytes - (before?.diskBytes ?? 0),
  }
}

function secondsBetween(before: ProcessCost | undefined, after: ProcessCost | undefined): number {
  return Math.max(0, (after?.cpuSeconds ?? 0) - (before?.cpuSeconds ?? 0))
}

function mapValues(
  values: Readonly<Record<string, number>>,
  change: (value: number) => number,
): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value)]))
}

/**
 * Processes that yield count as idle: what they took the nodes could have had. So a machine full of background work neither
 * passes for one that the nodes keep busy, nor for one that somebody else has taken.
 *
 * Without /proc nothing is known of the machine, and the run is no evidence: all idle.
 */
export function machineShares(
  before: Snapshot,
  after: Snapshot,
  yieldsItself = getPriority() > 0,
): MachineShares {
  if (before.ticks === undefined || after.ticks === undefined) {
    return { idleShare: 1, stealShare: 0, foreignShare: 0 }
  }
  const total = Math.max(1, after.ticks.total - before.ticks.total)
  const idle = after.ticks.idle - before.ticks.idle
  const steal = after.ticks.steal - before.ticks.steal
  const ownSeconds =
    after.nodes.reduce(
      (sum, node) =>
        sum +
        secondsBetween(
          before.nodes.find(({ pid }) => pid === node.pid),
          node,
        ),
      0,
    ) +
    secondsBetween(before.generator, after.generator) +
    secondsBetween(before.bench, after.bench)
  const own = ownSeconds * TICKS_PER_SECOND
  const nice = after.ticks.nice - before.ticks.nice
  const yielded = yieldsItself ? Math.max(0, nice - own) : nice
  const foreign = total - idle - steal - yielded - own
  return {
    idleShare: (idle + yielded) / total,
    stealShare: steal / total,
    foreignShare: Math.max(0, foreign / total),
  }
}

/** USER_HZ of Linux. */
const TICKS_PER_SECOND = 100

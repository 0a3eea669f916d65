/**
 * What a window cost: counters, threads, shares of the machine, parts of the program.
 */
import { describe, expect, test } from 'vitest'
import { sharesOf, timeByComponent, type Profile } from '../../../bench/run/components.ts'
import { costsBetween, machineShares } from '../../../bench/run/costs.ts'
import { parseNodeCounters } from '../../../bench/run/node-counters.ts'
import { parseThread, roleOf, type ProcessCost } from '../../../bench/run/process-cost.ts'
import type { Snapshot } from '../../../bench/run/snapshot.ts'

function cost(pid: number, main: number, workers: number, diskBytes = 0): ProcessCost {
  const cpuSecondsByRole = { main, workers, disk: 0, engine: 0, other: 0 }
  return { pid, cpuSeconds: main + workers, cpuSecondsByRole, diskBytes }
}

const METRICS = (recovered: number, votes: number): string => `# HELP weft_work Done since start
weft_work{kind="senders-recovered"} ${recovered}
weft_work{kind="blocks-executed"} 7
weft_message_bytes_sent{plane="votes"} ${votes}
weft_network_bytes_sent{plane="gossip"} 50
`

function snapshot(facts: Partial<Snapshot>): Snapshot {
  const report = {} as Snapshot['report']
  const counters = parseNodeCounters('')
  const ticks = { nice: 0, idle: 0, steal: 0, total: 0 }
  const none = { report, counters, ticks, nodes: [], keptBytes: 0 }
  return { ...none, generator: undefined, bench: undefined, ...facts }
}

describe('bench: costs', () => {
  test('bench: costs: a window is the difference of two readings, per settled transaction', () => {
    const before = snapshot({
      nodes: [cost(1, 1, 1), cost(2, 5, 0)],
      counters: parseNodeCounters(METRICS(100, 1000)),
      keptBytes: 500,
    })
    const after = snapshot({
      nodes: [cost(1, 2, 1.5, 4000), cost(2, 5.5, 0)],
      generator: cost(9, 1, 0),
      counters: parseNodeCounters(METRICS(500, 3000)),
      keptBytes: 1500,
    })
    const costs = costsBetween(before, after, 100)
    expect(costs.cpuMsPerTx).toBeCloseTo(20)
    expect(costs.cpuMsPerTxByThread.main).toBeCloseTo(15)
    expect(costs.cpuMsPerTxByThread.workers).toBeCloseTo(5)
    expect(costs.busiestNodeCpuMsPerTx).toBeCloseTo(15)
    expect(costs.workPerTx['senders-recovered']).toBe(4)
    expect(costs.workPerTx['blocks-executed']).toBe(0)
    expect(costs.bytesPerTx).toEqual({ votes: 20, gossip: 0 })
    expect(costs.diskBytesPerTx).toBe(40)
    expect(costs.keptBytesPerTx).toBe(10)
  })

  test('bench: costs: what is neither idle, yielding, stolen nor ours is foreign', () => {
    const after = snapshot({
      nodes: [cost(1, 4, 1)],
      bench: cost(3, 1, 0),
      ticks: { nice: 50, idle: 50, steal: 20, total: 1000 },
    })
    const shares = machineShares(snapshot({}), after, false)
    expect(shares).toEqual({ idleShare: 0.1, stealShare: 0.02, foreignShare: 0.28 })
    // A run that yields itself is part of what yields.
    const yielding = machineShares(snapshot({}), after, true)
    expect(yielding).toEqual({ idleShare: 0.05, stealShare: 0.02, foreignShare: 0.33 })
  })

  test('bench: costs: a machine of which nothing is known counts as idle', () => {
    expect(machineShares(snapshot({ ticks: undefined }), snapshot({})).idleShare).toBe(1)
  })

  test('bench: costs: threads are told apart by their names, the main one by its number', () => {
    const stat = (id: number, name: string): string =>
      `${id} (${name}) S ${'1 '.repeat(10)}150 50 0`
    const roles = [
      [7, 'node-MainThread'],
      [8, 'WorkerThread'],
      [9, 'libuv-worker'],
      [10, 'node-V8Worker'],
      [11, 'node-MainThread'],
      [12, 'a (strange) one'],
    ].map(([id, name]) => roleOf(parseThread(stat(Number(id), String(name))), 7))
    expect(roles).toEqual(['main', 'workers', 'disk', 'engine', 'disk', 'other'])
    expect(parseThread(stat(12, 'a (strange) one'))).toEqual({
      id: 12,
      name: 'a (strange) one',
      cpuSeconds: 2,
    })
  })
})

describe('bench: components', () => {
  const node = (
    id: number,
    functionName: string,
    url: string,
    children: readonly number[] = [],
  ) => {
    return { id, callFrame: { functionName, url, lineNumber: 0, columnNumber: 0 }, children }
  }
  const profile: Profile = {
    nodes: [
      node(1, '(root)', '', [2, 5, 6]),
      node(2, 'runTurn', '/node/runtime/driver.ts', [3]),
      node(3, 'recoverAddress', '/node/primitives/io/secp256k1.ts', [4]),
      node(4, 'ecdsaRecover', ''),
      node(5, '(idle)', ''),
      node(6, '(garbage collector)', ''),
    ],
    samples: [4, 3, 2, 5, 6, 1],
    timeDeltas: [600, 100, 200, 9000, 50, 50],
  }

  test('bench: components: native code belongs to its caller, idle time to nobody', () => {
    const times = timeByComponent(profile, ({ callFrame }) => callFrame.url || undefined)
    expect(Object.fromEntries(times)).toEqual({
      verify: 700,
      consensus: 200,
      collector: 50,
      other: 50,
    })
    expect(sharesOf([times, times])).toEqual({
      verify: 0.7,
      consensus: 0.2,
      collector: 0.05,
      other: 0.05,
    })
  })
})

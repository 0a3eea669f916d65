/**
 * Partitioners: on which shard each account of a trace lives. Pure and deterministic.
 *
 * `hash` spreads accounts by their hash: even, and blind to who pays whom. `range` cuts the sorted accounts into equal
 * parts. `graph` places accounts one after the other, the busiest first, where most of their payments already are, with a
 * price on full shards (linear deterministic greedy, Stanton and Kliot 2012): fewer payments cross, loads stay alike.
 */
import { assert } from '../../node/primitives/assert.ts'
import type { ChainNumber } from '../../node/primitives/identifiers.ts'
import type { PartitionerName } from './workload-plan.ts'

export type TraceRow = { readonly from: string; readonly to: string }

/** Shard of every account that pays or is paid. */
export type Partition = ReadonlyMap<string, ChainNumber>

export type Partitioner = (rows: readonly TraceRow[], shardCount: number) => Partition

/** A shard may hold this much more than its even part of all payments. */
const LOAD_SLACK = 1.05

export const PARTITIONERS: Readonly<Record<PartitionerName, Partitioner>> = {
  hash: (rows, shardCount) =>
    new Map(accountsOf(rows).map((account) => [account, 1 + (hashOf(account) % shardCount)])),

  range: (rows, shardCount) => {
    const accounts = accountsOf(rows).toSorted()
    return new Map(
      accounts.map((account, index) => [
        account,
        1 + Math.floor((index * shardCount) / accounts.length),
      ]),
    )
  },

  graph: partitionGraph,
}

function partitionGraph(rows: readonly TraceRow[], shardCount: number): Partition {
  const neighbours = neighboursOf(rows)
  const weightOf = (account: string): number =>
    [...(neighbours.get(account)?.values() ?? [])].reduce((sum, count) => sum + count, 0)
  const weights = new Map([...neighbours.keys()].map((account) => [account, weightOf(account)]))
  const total = [...weights.values()].reduce((sum, weight) => sum + weight, 0)
  const capacity = (LOAD_SLACK * total) / shardCount
  const loads = Array.from({ length: shardCount }, () => 0)
  const placed = new Map<string, ChainNumber>()
  for (const [account, weight] of [...weights].toSorted(byWeightThenName)) {
    const affinity = loads.map(() => 0)
    for (const [other, count] of neighbours.get(account) ?? []) {
      const shard = placed.get(other)
      if (shard !== undefined) affinity[shard - 1] = (affinity[shard - 1] ?? 0) + count
    }
    // The one who gets nothing anywhere goes where there is most room.
    const scores = loads.map(
      (load, index) =>
        ((affinity[index] ?? 0) + 1 / (1 + total)) * Math.max(0, 1 - load / capacity),
    )
    const best = scores.indexOf(Math.max(...scores))
    loads[best] = (loads[best] ?? 0) + weight
    placed.set(account, best + 1)
  }
  return placed
}

function byWeightThenName(
  [leftName, left]: readonly [string, number],
  [rightName, right]: readonly [string, number],
): number {
  return right - left || (leftName < rightName ? -1 : 1)
}

/** How often each pair pays, in either direction; payments to oneself bind nobody. */
function neighboursOf(rows: readonly TraceRow[]): ReadonlyMap<string, ReadonlyMap<string, number>> {
  const neighbours = new Map<string, Map<string, number>>()
  const add = (account: string, other: string): void => {
    const known = neighbours.get(account) ?? new Map<string, number>()
    neighbours.set(account, known)
    if (account !== other) known.set(other, (known.get(other) ?? 0) + 1)
  }
  for (const { from, to } of rows) {
    add(from, to)
    add(to, from)
  }
  return neighbours
}

/** In the order in which they appear. */
export function accountsOf(rows: readonly TraceRow[]): readonly string[] {
  return [...new Set(rows.flatMap(({ from, to }) => [from, to]))]
}

/** FNV-1a: any even spread will do, and this one is the same everywhere. */
function hashOf(account: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < account.length; index++) {
    hash = Math.imul(hash ^ account.charCodeAt(index), 0x01000193)
  }
  return hash >>> 0
}

/** Share of the rows whose accounts live on different shards. */
export function crossShareOf(rows: readonly TraceRow[], partition: Partition): number {
  assert(rows.length > 0, 'a trace has rows')
  return (
    rows.filter(({ from, to }) => partition.get(from) !== partition.get(to)).length / rows.length
  )
}

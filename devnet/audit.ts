/**
 * The audit: at one consistent cut, money is neither made nor lost. Over all shards, balances + buffered + burnt + stake +
 * receipts in flight = genesis, stakes of the genesis included (protocol, E: C1). Its sums are its own: the genesis total comes from
 * the genesis file, the value in flight from the auditor's books (observe/ledger.ts), and only the per-shard sums and the stakes
 * from the nodes.
 */
import { supplyOf, type Genesis } from '../node/beacon/genesis.ts'
import { DEFAULT_REGISTRY } from '../node/beacon/registry.ts'
import type { ReceiptCounts } from './observe/ledger.ts'

/** What one shard's node says of its state at a height, in wei. */
export type ShardSupply = {
  readonly shard: number
  readonly height: number
  readonly balances: bigint
  readonly buffered: bigint
  readonly burnt: bigint
  readonly genesis: bigint
}

export type AuditInput = {
  /** Index = shard - 1. */
  readonly genesis: readonly bigint[]
  readonly supplies: readonly ShardSupply[]
  /** Heights of the cut, index = shard - 1. */
  readonly heights: readonly number[]
  readonly inFlight: bigint
  readonly stakes: AuditStakes
  readonly receipts: ReceiptCounts
  /** What the books found on the way here. */
  readonly violations: readonly string[]
}

/** Wei at stake: at genesis, now, and what was burnt of them. */
export type AuditStakes = {
  readonly genesis: bigint
  readonly held: bigint
  readonly burnt: bigint
}

export type AuditReport = {
  readonly ok: boolean
  readonly genesis: bigint
  readonly balances: bigint
  readonly buffered: bigint
  readonly burnt: bigint
  readonly inFlight: bigint
  readonly stake: bigint
  readonly receipts: ReceiptCounts
  readonly heights: readonly number[]
  readonly violations: readonly string[]
}

export function auditCut(input: AuditInput): AuditReport {
  const violations = [...input.violations]
  const genesis = sum(input.genesis) + input.stakes.genesis
  for (const [index, expected] of input.genesis.entries()) {
    const shard = index + 1
    const supply = input.supplies.find((candidate) => candidate.shard === shard)
    if (supply === undefined) {
      violations.push(`shard ${shard}: nobody told its supply`)
      continue
    }
    if (supply.height !== input.heights[index]) {
      violations.push(
        `shard ${shard}: its supply is of block ${supply.height}, the cut is at ${input.heights[index]}`,
      )
    }
    if (supply.genesis !== expected) {
      violations.push(
        `shard ${shard}: claims a genesis of ${supply.genesis} wei, the file says ${expected}`,
      )
    }
  }
  const balances = sum(input.supplies.map((supply) => supply.balances))
  const buffered = sum(input.supplies.map((supply) => supply.buffered))
  const burnt = sum(input.supplies.map((supply) => supply.burnt)) + input.stakes.burnt
  const stake = input.stakes.held
  const found = balances + buffered + burnt + input.inFlight + stake
  if (found !== genesis) {
    const word = found < genesis ? 'lost' : 'made'
    const difference = found < genesis ? genesis - found : found - genesis
    violations.push(`${difference} wei were ${word} since genesis`)
  }
  const { inFlight, receipts, heights } = input
  const ok = violations.length === 0
  return { ok, genesis, balances, buffered, burnt, inFlight, stake, receipts, heights, violations }
}

/** What each shard starts with. Index = shard - 1. Those that were opened later, up to `shardCount`, start with nothing (beacon.md B.7). */
export function genesisPerShard(genesis: Genesis, shardCount = genesis.shardCount): bigint[] {
  return Array.from({ length: shardCount }, (_, index) => {
    return index < genesis.shardCount ? supplyOf(genesis, index + 1) : 0n
  })
}

/** Every validator of the genesis has the same. */
export function genesisStakes({ registry = DEFAULT_REGISTRY, validators }: Genesis): bigint {
  return registry.stake * BigInt(validators.length)
}

/** The answer of `weft devnet audit --json` and the summary's source: amounts as decimal strings of wei. */
export function auditToJson(report: AuditReport): Record<string, unknown> {
  return {
    ok: report.ok,
    genesis: report.genesis.toString(),
    balances: report.balances.toString(),
    buffered: report.buffered.toString(),
    inFlight: report.inFlight.toString(),
    stake: report.stake.toString(),
    burnt: report.burnt.toString(),
    receipts: report.receipts,
    heights: report.heights,
    violations: report.violations,
  }
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n)
}

/** What the parts of the bank workload look at: accounts, states that were read, transfers that were asked for. */
import type { SeenCut } from './cut-order.ts'
import type { Operation } from './history.ts'

export type BankAccount = {
  readonly name: string
  readonly shard: number
  readonly balance: bigint
}

/** Balances of all accounts of a shard at one height. */
export type ShardState = {
  readonly shard: number
  readonly height: number
  readonly balances: ReadonlyMap<string, bigint>
  /** The first read that showed it. */
  readonly line: number
}

export type BankTransfer = {
  readonly id: string
  readonly from: BankAccount
  readonly to: BankAccount
  readonly amount: bigint
  readonly invokeLine: number
  readonly feeMax: bigint
  readonly end: Operation<'transfer'>['end']
}

export type Bank = {
  readonly transfers: readonly BankTransfer[]
  /** Per shard: the state at the beginning, then those that were read, in height order. */
  readonly states: ReadonlyMap<number, readonly ShardState[]>
  /** Ascending. */
  readonly cuts: readonly SeenCut[]
}

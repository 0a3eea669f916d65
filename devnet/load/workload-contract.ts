/**
 * The interface of every workload: who pays next, and whom. Pure and deterministic, so that two runs of one plan differ
 * only in what the network does with it.
 *
 * Contract (test/contract/workload.test.ts): payment `nonce` of an account depends on nothing but the account and the nonce,
 * so that a payment that was refused can be planned again; every account named is within the shards and the accounts; one
 * plan gives one sequence.
 */
import type { ChainNumber } from '../../node/primitives/identifiers.ts'

export type AccountPlace = { readonly shard: ChainNumber; readonly index: number }

export type PaymentPlan = {
  /** Equal to the sender's shard for a payment that stays. */
  readonly destination: ChainNumber
  /** Account on the destination. */
  readonly payeeIndex: number
}

export type Workload = {
  /** Accounts that every shard must have funded. */
  readonly accountsPerShard: number
  /** Any other account of the shard may pay instead when this one has too much outstanding. */
  readonly isInterchangeable: boolean
  /** Whose turn arrival n is. */
  readonly payerOf: (arrival: number) => AccountPlace
  readonly paymentOf: (payer: AccountPlace, nonce: number) => PaymentPlan
}

export type WorkloadFacts = {
  readonly shardCount: number
  readonly accountsPerShard: number
  /** Share of the payments that leave their shard, where the workload leaves that open. */
  readonly crossShard: number
}

/** Uniform in 0 <= x < 1 from three small numbers: a hash in place of dice, so that payments can be planned in any order. */
export function uniform(first: number, second: number, third: number): number {
  let hash = Math.imul(first + 1, 0x9e3779b1) ^ Math.imul(second + 1, 0x85ebca77)
  hash = Math.imul(hash ^ (hash >>> 15), 0xc2b2ae3d) ^ Math.imul(third + 1, 0x27d4eb2f)
  hash = Math.imul(hash ^ (hash >>> 13), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 16), 0xc2b2ae35)
  return ((hash ^ (hash >>> 15)) >>> 0) / 0x1_0000_0000
}

/**
 * The even workload, `transfer`: every account pays equally often, the next one of its shard, or of another.
 */
import type { AccountPlace, PaymentPlan, Workload, WorkloadFacts } from './workload-contract.ts'
import { planPayment } from './workload.ts'

export function createEvenWorkload(facts: WorkloadFacts): Workload {
  return {
    accountsPerShard: facts.accountsPerShard,
    isInterchangeable: true,
    payerOf: (arrival) => payerInTurn(facts, arrival),
    paymentOf: (payer, nonce) => evenPayment(facts, payer, nonce),
  }
}

/** Shards take turns, and in each of them its accounts. */
export function payerInTurn(
  { shardCount, accountsPerShard }: WorkloadFacts,
  arrival: number,
): AccountPlace {
  const index = Math.floor(arrival / shardCount) % accountsPerShard
  return { shard: shardInTurn(arrival, shardCount), index }
}

export function shardInTurn(arrival: number, shardCount: number): number {
  return 1 + (arrival % shardCount)
}

export function evenPayment(
  { shardCount, accountsPerShard, crossShard }: WorkloadFacts,
  payer: AccountPlace,
  nonce: number,
): PaymentPlan {
  const { destination, payeeIndex } = planPayment({ ...payer, nonce }, crossShard, shardCount)
  return { destination, payeeIndex: payeeIndex % accountsPerShard }
}

/**
 * The even workload, `transfer`: every account pays equally often, the next one of its shard, or of another.
 */
import type { Workload, WorkloadFacts } from './workload-contract.ts'
import { planPayment } from './workload.ts'

export function createEvenWorkload(facts: WorkloadFacts): Workload {
  const { shardCount, accountsPerShard, crossShard } = facts
  return {
    accountsPerShard,
    isInterchangeable: true,
    payerOf: (arrival) => ({
      shard: 1 + (arrival % shardCount),
      index: Math.floor(arrival / shardCount) % accountsPerShard,
    }),
    paymentOf: (payer, nonce) => {
      const { destination, payeeIndex } = planPayment({ ...payer, nonce }, crossShard, shardCount)
      return { destination, payeeIndex: payeeIndex % accountsPerShard }
    },
  }
}

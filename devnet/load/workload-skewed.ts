/**
 * Skewed workloads: some accounts, or one shard, take part in more payments than the others. What they share: which
 * payments cross is planned as evenly as in the even workload, only who pays whom is drawn.
 */
import type { AccountPlace, Workload, WorkloadFacts } from './workload-contract.ts'
import { uniform } from './workload-contract.ts'
import type { WorkloadPlan } from './workload-plan.ts'
import { evenPayment, payerInTurn, shardInTurn } from './workload-even.ts'

type Plan<Kind extends WorkloadPlan['kind']> = WorkloadPlan & { readonly kind: Kind }

/** Labels of the draws, so that who pays and who is paid are independent. */
const PAYER = 1
const PAYEE = 2
const SHARD = 3
const HOT = 4

/** Hot accounts are the first of each shard; a draw says whether a payment is theirs. */
export function createMixedWorkload(
  { hotAccounts, hotShare }: Plan<'mixed'>,
  facts: WorkloadFacts,
): Workload {
  const hot = Math.min(hotAccounts, facts.accountsPerShard)
  const cold = Math.max(1, facts.accountsPerShard - hot)
  const pick = (isHot: number, which: number): number =>
    isHot < hotShare || facts.accountsPerShard === hot
      ? Math.floor(which * hot)
      : hot + Math.floor(which * cold)
  return createDrawnWorkload(facts, pick)
}

/** By inversion of the cumulated weights, ranks in the order of the accounts. */
export function createZipfWorkload({ exponent }: Plan<'zipf'>, facts: WorkloadFacts): Workload {
  const cumulated: number[] = []
  let sum = 0
  for (let rank = 1; rank <= facts.accountsPerShard; rank++) {
    sum += rank ** -exponent
    cumulated.push(sum)
  }
  return createDrawnWorkload(facts, (_isHot, which) => indexAbove(cumulated, which * sum))
}

/** Index of the first value above `wanted`, by bisection. */
function indexAbove(ascending: readonly number[], wanted: number): number {
  let [low, high] = [0, ascending.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ascending[middle] ?? 0) > wanted) high = middle
    else low = middle + 1
  }
  return low
}

/** Payers and payees by `pick`, from two uniform draws each. */
function createDrawnWorkload(
  facts: WorkloadFacts,
  pick: (isHot: number, which: number) => number,
): Workload {
  return {
    accountsPerShard: facts.accountsPerShard,
    isInterchangeable: false,
    payerOf: (arrival) => ({
      shard: shardInTurn(arrival, facts.shardCount),
      index: pick(uniform(PAYER, HOT, arrival), uniform(PAYER, SHARD, arrival)),
    }),
    paymentOf: (payer, nonce) => {
      const { destination } = evenPayment(facts, payer, nonce)
      const payerNumber = numberOf(payer, facts)
      const draw = (label: number): number => uniform(PAYEE + label, payerNumber, nonce)
      return { destination, payeeIndex: pick(draw(HOT), draw(SHARD)) }
    },
  }
}

export function createHotAccountWorkload(
  { share }: Plan<'hot-account'>,
  facts: WorkloadFacts,
): Workload {
  return {
    accountsPerShard: facts.accountsPerShard,
    isInterchangeable: true,
    payerOf: (arrival) => payerInTurn(facts, arrival),
    paymentOf: (payer, nonce) => {
      const isHot = uniform(HOT, numberOf(payer, facts), nonce) < share
      return isHot ? { destination: 1, payeeIndex: 0 } : evenPayment(facts, payer, nonce)
    },
  }
}

export function createHotShardWorkload(
  { share }: Plan<'hot-shard'>,
  facts: WorkloadFacts,
): Workload {
  const { shardCount, accountsPerShard } = facts
  return {
    accountsPerShard,
    isInterchangeable: true,
    payerOf: (arrival) => ({
      shard: uniform(HOT, SHARD, arrival) < share ? 1 : otherShard(arrival, shardCount),
      index: arrival % accountsPerShard,
    }),
    paymentOf: (payer, nonce) => {
      const planned = evenPayment(facts, payer, nonce)
      const crosses = planned.destination !== payer.shard
      return crosses && payer.shard !== 1 ? { ...planned, destination: 1 } : planned
    },
  }
}

function otherShard(arrival: number, shardCount: number): number {
  return shardCount === 1 ? 1 : 2 + (arrival % (shardCount - 1))
}

function numberOf({ shard, index }: AccountPlace, { accountsPerShard }: WorkloadFacts): number {
  return shard * accountsPerShard + index
}

/**
 * A workload by its plan: the one list of all of them.
 */
import { unreachable } from '../../node/primitives/assert.ts'
import type { Workload, WorkloadFacts } from './workload-contract.ts'
import { createEvenWorkload } from './workload-even.ts'
import type { WorkloadPlan } from './workload-plan.ts'
import {
  createHotAccountWorkload,
  createHotShardWorkload,
  createMixedWorkload,
  createZipfWorkload,
} from './workload-skewed.ts'
import { createTraceWorkload, readTrace } from './workload-trace.ts'

/** Throws `TraceFileError`. */
export async function openWorkload(plan: WorkloadPlan, facts: WorkloadFacts): Promise<Workload> {
  switch (plan.kind) {
    case 'transfer':
      return createEvenWorkload(facts)
    case 'mixed':
      return createMixedWorkload(plan, facts)
    case 'zipf':
      return createZipfWorkload(plan, facts)
    case 'hot-account':
      return createHotAccountWorkload(plan, facts)
    case 'hot-shard':
      return createHotShardWorkload(plan, facts)
    case 'trace':
      return createTraceWorkload(await readTrace(plan.file), plan.partitioner, facts.shardCount)
    default:
      return unreachable(plan)
  }
}

/**
 * The figures of a run, for its last line.
 */
import type { StopSummary } from '../event.ts'
import type { TrafficReport } from '../load/message.ts'

export function summarize(
  report: TrafficReport | undefined,
  rest: { readonly pssMiB: number; readonly cpuSeconds: number; readonly audit: string },
): StopSummary {
  const intra = report?.counts.settledIntra ?? 0
  const cross = report?.counts.settledCross ?? 0
  const refused = Object.values(report?.counts.refused ?? {}).reduce((sum, count) => sum + count, 0)
  return {
    settled: intra + cross,
    intra,
    cross,
    failed: report?.counts.failed ?? 0,
    refused,
    p50Ms: report?.latency.settled.p50 ?? 0,
    p99Ms: report?.latency.settled.p99 ?? 0,
    pssMiB: rest.pssMiB === 0 ? null : Math.round(rest.pssMiB),
    cpuSeconds: rest.cpuSeconds === 0 ? null : Math.round(rest.cpuSeconds * 10) / 10,
    audit: rest.audit,
  }
}

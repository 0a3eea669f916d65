/**
 * The verdict on the books of a network of real processes: the independent audit (devnet/audit), once over RPC while the
 * network runs and once from its disks when it has stopped. Both must find everything in order and tell the same story.
 */
import type { Genesis } from '../../node/beacon/genesis.ts'
import { CommandError } from '../../node/cli/command-error.ts'
import { auditDisks } from '../audit/disk-audit.ts'
import type { NetworkAudit } from '../audit/report.ts'
import { auditOverRpc } from '../audit/rpc-audit.ts'
import { openSnapshot } from '../audit/snapshot.ts'

/** A sentence says why there was no audit at all. */
export type Finding = NetworkAudit | string

export async function auditRunning(
  genesis: Genesis,
  endpoints: readonly string[],
): Promise<Finding> {
  try {
    return await auditOverRpc(genesis, endpoints)
  } catch (error) {
    if (error instanceof CommandError) return error.message
    throw error
  }
}

/** After the network has stopped. What a liar keeps on its own disk concerns nobody. */
export async function auditStopped(
  genesis: Genesis,
  directory: string,
  byzantine: ReadonlySet<number>,
): Promise<Finding> {
  try {
    const snapshot = await openSnapshot(directory, genesis)
    try {
      const archives = snapshot.archives.filter(({ node }) => !byzantine.has(node))
      return await auditDisks(genesis, { archives, problems: snapshot.problems })
    } finally {
      await snapshot.close()
    }
  } catch (error) {
    if (error instanceof CommandError) return error.message
    throw error
  }
}

/** What is wrong, in sentences; nothing means that both found all in order and agree. */
export function problemsOf(overRpc: Finding, onDisk: Finding): readonly string[] {
  const problems = [...told('over RPC', overRpc), ...told('on disk', onDisk)]
  if (problems.length > 0 || typeof overRpc === 'string' || typeof onDisk === 'string') {
    return problems
  }
  return disagreements(overRpc, onDisk)
}

function told(where: string, finding: Finding): readonly string[] {
  if (typeof finding === 'string') return [`${where}: ${finding}`]
  return finding.violations.map((violation) => `${where}: ${violation}`)
}

/** The disks are read later, so they may hold more, never less, and never another sum. */
function disagreements(overRpc: NetworkAudit, onDisk: NetworkAudit): readonly string[] {
  const counts = [
    ['beacon blocks', overRpc.beaconHeight, onDisk.beaconHeight],
    ['receipts sent', overRpc.receipts.sent, onDisk.receipts.sent],
    ['receipts applied', overRpc.receipts.applied, onDisk.receipts.applied],
    ...overRpc.heights.map(
      (height, index) =>
        [`blocks of shard ${index + 1}`, height, onDisk.heights[index] ?? 0] as const,
    ),
  ] as const
  const less = counts
    .filter(([, rpc, disk]) => disk < rpc)
    .map(([what, rpc, disk]) => `${what}: ${rpc} over RPC and only ${disk} on disk`)
  if (totalOf(overRpc) === totalOf(onDisk)) return less
  return [...less, `${totalOf(overRpc)} wei over RPC and ${totalOf(onDisk)} wei on disk`]
}

function totalOf({ balances, buffered, burnt, inFlight, stake }: NetworkAudit): bigint {
  return balances + buffered + burnt + inFlight + stake
}

/** What was looked at, in a few words. */
export function findingWords(finding: Finding): string {
  if (typeof finding === 'string') return finding
  const { counts, receipts, nodes } = finding
  const { beaconBlocks, shardBlocks, certificates } = counts
  return `${nodes} nodes: ${beaconBlocks} beacon blocks, ${shardBlocks} shard blocks, ${certificates} certificates, ${receipts.applied} of ${receipts.sent} receipts applied`
}

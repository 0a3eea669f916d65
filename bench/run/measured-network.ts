/**
 * A devnet made for being measured: the machine is quiet before it starts, its nodes may be capped, and whatever happens
 * it is audited and gone afterwards.
 */
import { availableParallelism } from 'node:os'
import { CommandError } from '../../node/cli/command-error.ts'
import { committeeSizeOf, DEFAULT_PARAMETERS } from '../../devnet/parameters.ts'
import type { WorkloadPlan } from '../../devnet/load/workload-plan.ts'
import { TraceFileError } from '../../devnet/load/workload-trace.ts'
import { openWorkload } from '../../devnet/load/workloads.ts'
import { Supervisor, type SupervisorOptions } from '../../devnet/processes/supervisor.ts'
import { signatureBoundTps, measureRecoverSeconds } from './signature-bound.ts'
import { auditBareChain } from './bare-audit.ts'
import { capProcesses } from './processor-caps.ts'
import { awaitQuietMachine } from './quiet-machine.ts'

export type NetworkPlan = {
  readonly shards: number
  readonly validators: number
  /** Most seats of the beacon (B.15); undefined: it seats everybody. */
  readonly beaconSeats?: number | undefined
  readonly crossShard: number
  readonly workload: WorkloadPlan
  /** Of one shard block; undefined: the devnet's own. */
  readonly gasLimit?: number | undefined
  readonly shardBlockMs?: number | undefined
  /** Senders per shard; undefined: enough that no account's queue is the limit. */
  readonly loadAccounts?: number | undefined
  /** Accounts per shard that hold money and do nothing; undefined: none. */
  readonly idleAccounts?: number | undefined
  /** The one shard is followed as any Ethereum chain is. */
  readonly plain?: SupervisorOptions['plain']
  /** The most that payments offer per gas. */
  readonly feeCapGwei?: number | undefined
  /** One chain without beacon blocks, crosslinks and receipts. */
  readonly isBare?: boolean | undefined
  /** Part of a core that each node may use. */
  readonly capCores?: number | undefined
}

export type MeasureSurroundings = {
  readonly dataDirectory: string
  readonly onProgress: (sentence: string) => void
}

export type MeasuredNetwork = MeasureSurroundings & {
  readonly plan: NetworkPlan
  readonly supervisor: Supervisor
  /** Of one native check of a signature, measured before the run on the same machine. */
  readonly recoverSeconds: number
  readonly signatureBoundTps: number
  /** Of the machine, by others, right before. */
  readonly busyShareBefore: number
  readonly isCapped: boolean
}

const LOAD_ACCOUNTS = 400
/** Longer than any run: the beacon of a bare chain makes no block. */
const NEVER_MS = 3_600_000

export async function withNetwork<T>(
  plan: NetworkPlan,
  surroundings: MeasureSurroundings,
  measure: (network: MeasuredNetwork) => Promise<T>,
): Promise<{ readonly measured: T; readonly audit: string }> {
  const { onProgress } = surroundings
  const busyShareBefore = await awaitQuietMachine(onProgress)
  const recoverSeconds = measureRecoverSeconds()
  const supervisor = createSupervisor(plan, await loadAccountsOf(plan), surroundings)
  let removeCaps = async (): Promise<void> => {}
  let measured: T
  let bareAudit: string | undefined
  try {
    await supervisor.start()
    const { capCores } = plan
    const caps =
      capCores === undefined ? undefined : await capProcesses(supervisor.nodePids, capCores)
    if (caps?.missing !== undefined) onProgress(caps.missing)
    removeCaps = caps?.remove ?? removeCaps
    const isCapped = caps !== undefined && caps.missing === undefined
    const cores = isCapped
      ? Math.min(availableParallelism(), plan.validators * (capCores ?? 0))
      : availableParallelism()
    measured = await measure({
      ...surroundings,
      plan,
      supervisor,
      recoverSeconds,
      signatureBoundTps: signatureBoundTps(cores, committeeSizeOf(plan), recoverSeconds),
      busyShareBefore,
      isCapped,
    })
    if (plan.isBare === true) bareAudit = await auditBareChain(supervisor.endpoints[0] ?? '')
  } catch (error) {
    await supervisor.stop()
    await removeCaps()
    throw error
  }
  const { audit } = await supervisor.stop()
  await removeCaps()
  // Without a cut the usual audit cannot be made; what was seen while running stands.
  const isPossible = !audit.startsWith('not possible')
  return { measured, audit: isPossible ? audit : (bareAudit ?? audit) }
}

/** Accounts of each shard that the genesis must fund. */
async function loadAccountsOf(plan: NetworkPlan): Promise<number> {
  const { workload, shards, crossShard, loadAccounts = LOAD_ACCOUNTS } = plan
  const facts = { shardCount: shards, accountsPerShard: loadAccounts, crossShard }
  try {
    return (await openWorkload(workload, facts)).accountsPerShard
  } catch (error) {
    if (error instanceof TraceFileError) throw new CommandError(error.message, { cause: error })
    throw error
  }
}

function createSupervisor(
  plan: NetworkPlan,
  loadAccounts: number,
  surroundings: MeasureSurroundings,
): Supervisor {
  const { shards, validators, crossShard, workload, isBare } = plan
  return new Supervisor({
    parameters: {
      ...DEFAULT_PARAMETERS,
      shards,
      validators,
      beaconSeats: plan.beaconSeats ?? DEFAULT_PARAMETERS.beaconSeats,
      gasLimit: plan.gasLimit ?? DEFAULT_PARAMETERS.gasLimit,
      shardBlockMs: plan.shardBlockMs ?? DEFAULT_PARAMETERS.shardBlockMs,
      beaconBlockMs: isBare === true ? NEVER_MS : DEFAULT_PARAMETERS.beaconBlockMs,
      loadAccounts,
      idleAccounts: plan.idleAccounts ?? DEFAULT_PARAMETERS.idleAccounts,
    },
    dataDirectory: surroundings.dataDirectory,
    reset: true,
    rpcPort: undefined,
    ratePerSecond: 0,
    crossShard,
    workload,
    feeCapGwei: plan.feeCapGwei,
    plain: plan.plain,
    countsAt: isBare === true || plan.plain !== undefined ? 'finalized' : 'settled',
    outsiderEvery: 0,
    logLevel: 'error',
    onEvent: (event) => {
      if (event.event === 'violation' || event.event === 'exit') {
        surroundings.onProgress(event.message)
      }
    },
  })
}

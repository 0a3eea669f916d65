/**
 * A network under load whose validators are killed and come back, and the verdict on all of it: nothing that was finalized
 * is lost, nobody contradicted himself, nobody is accused, the money is all there.
 */
import { faultsTolerated, type DevnetParameters } from '../parameters.ts'
import { auditNetwork } from '../processes/audit-run.ts'
import { filesOf } from '../processes/data-directory.ts'
import { TrafficProcess } from '../processes/traffic-process.ts'
import type { TrafficReport } from '../load/message.ts'
import { TRANSFER_WORKLOAD } from '../load/workload-plan.ts'
import { findContradictions } from './contradiction.ts'
import { FinalityBook } from './finality-book.ts'
import { MortalNetwork, type MortalOptions } from './mortal-network.ts'
import { chainsVotedOn, isAtHead, nextVotes } from './recovery.ts'

export type MortalRunOptions = MortalOptions & {
  readonly ratePerSecond: number
  /** Share of the payments that leave their shard, 0 to 1. */
  readonly crossShard: number
  /** Before any node starts: the place for a disk of one's own under a node's files. */
  readonly prepare?: (network: MortalNetwork) => Promise<void>
}

export type MortalRun = {
  readonly network: MortalNetwork
  readonly nodes: readonly number[]
  readonly book: FinalityBook
  /** Starts a dead node; resolves when it votes on every chain again and is at the head. */
  readonly revive: (index: number) => Promise<Recovery>
  readonly traffic: () => TrafficReport | undefined
  /** Ends the load. Everything that is wrong, in sentences. */
  readonly verdict: () => Promise<readonly string[]>
  readonly stop: () => Promise<void>
}

/** Milliseconds from the start of the process. */
export type Recovery = {
  /** It answers RPC. */
  readonly readyMs: number
  /** Its first vote in a view in which it had not voted before, on one chain and on every chain it has a seat in. */
  readonly firstVoteMs: number
  readonly votingMs: number
  /** As high as the others. */
  readonly headMs: number
}

const TRAFFIC_POLL_MS = 250
const AUDIT_TIMEOUT_MS = 60_000

export async function openMortalRun(options: MortalRunOptions): Promise<MortalRun> {
  const network = await MortalNetwork.create(options)
  await options.prepare?.(network)
  const nodes = [...network.endpoints.keys()]
  const violations: string[] = []
  const traffic = new TrafficProcess({
    onReport: () => {},
    onFirstSettled: () => {},
    onNotice: () => {},
    onViolation: (sentence) => violations.push(sentence),
    onUnexpectedExit: () => violations.push('the traffic process ended by itself'),
  })
  await Promise.all(nodes.map((index) => network.start(index)))
  await Promise.all(nodes.map((index) => network.ready(index)))
  await startTraffic(network, traffic, options)
  const hosted = await hostedShards(network, nodes)
  // Whoever is killed before it ever voted could not be seen to vote again.
  for (const index of nodes) {
    const chainCount = 1 + hosted(index).length
    await network.until(async () => chainsVotedOn(await network.votes(index)) === chainCount)
  }
  const book = new FinalityBook()
  const noteAll = () =>
    Promise.all(nodes.map((index) => book.note(index, network.endpoint(index), hosted(index))))
  return {
    network,
    nodes,
    book,
    traffic: () => traffic.report,
    revive: async (index) => {
      await noteAll()
      // From its first answer on: a node that is still reading its disk must not say less than it said before.
      const firstAnswers = () => book.note(index, network.endpoint(index), hosted(index))
      const recovery = await revive(network, index, { nodes, firstAnswers })
      await noteAll()
      return recovery
    },
    verdict: async () => {
      await traffic.stop()
      await noteAll()
      for (const index of nodes) {
        for (const shard of hosted(index)) await book.confirm(index, network.endpoint(index), shard)
      }
      return [...violations, ...book.violations, ...(await judge(network, nodes))]
    },
    stop: async () => {
      await Promise.all([traffic.stop(), network.stop()])
    },
  }
}

async function startTraffic(
  { directory, endpoints, programs }: MortalNetwork,
  traffic: TrafficProcess,
  { ratePerSecond, crossShard, parameters }: MortalRunOptions,
): Promise<void> {
  const { ledger, trafficLog, compileCache } = filesOf(directory.path)
  await traffic.start(
    {
      endpoints,
      shardCount: parameters.shards,
      chainIdBase: directory.genesis.chainIdBase,
      beaconFaults: faultsTolerated(parameters.validators),
      accountsPerShard: parameters.loadAccounts,
      ratePerSecond,
      crossShard,
      workload: TRANSFER_WORKLOAD,
      countsAt: 'settled',
      outsiderEvery: 0,
      ledgerFile: ledger,
      pollMs: TRAFFIC_POLL_MS,
    },
    { log: trafficLog, compileCache, program: programs.traffic },
  )
}

/** What each node answers from its own disk; for other shards it would ask somebody else. */
async function hostedShards(
  network: MortalNetwork,
  nodes: readonly number[],
): Promise<(index: number) => readonly number[]> {
  const shards = new Map<number, readonly number[]>()
  await network.until(async () => {
    for (const index of nodes) {
      const heights = await network.heights(index)
      if (heights !== undefined)
        shards.set(
          index,
          [...heights.keys()].filter((chain) => chain > 0),
        )
    }
    return shards.size === nodes.length
  })
  return (index) => shards.get(index) ?? []
}

async function revive(
  network: MortalNetwork,
  index: number,
  {
    nodes,
    firstAnswers,
  }: { readonly nodes: readonly number[]; readonly firstAnswers: () => Promise<void> },
): Promise<Recovery> {
  const progress = nextVotes(await network.votes(index))
  const startMs = performance.now()
  const elapsed = () => Math.round(performance.now() - startMs)
  await network.start(index)
  const ready = network.ready(index).then(async () => {
    const readyMs = elapsed()
    await firstAnswers()
    return readyMs
  })
  let firstVoteMs: number | undefined
  await network.until(async () => {
    const chains = progress(await network.votes(index))
    if (chains !== 'none') firstVoteMs ??= elapsed()
    return chains === 'all'
  })
  const votingMs = elapsed()
  await network.until(() => isAtHead(network, index, nodes))
  const headMs = elapsed()
  return { readyMs: await ready, firstVoteMs: firstVoteMs ?? votingMs, votingMs, headMs }
}

async function judge(network: MortalNetwork, nodes: readonly number[]): Promise<readonly string[]> {
  const { endpoints, directory } = network
  const votes = await Promise.all(nodes.map((index) => network.votes(index)))
  const audit = await auditNetwork({
    genesis: directory.genesis,
    endpoints,
    ledgerFile: filesOf(directory.path).ledger,
    timeoutMs: AUDIT_TIMEOUT_MS,
  })
  const evidence = await Promise.all(endpoints.map(evidenceAt))
  return [
    ...findContradictions(votes.flat()),
    ...(audit?.violations ?? ['the network did not answer the audit in time']),
    ...evidence.flat(),
  ]
}

/** Lines of its metrics that count proofs of misbehaviour. */
async function evidenceAt(url: string): Promise<readonly string[]> {
  const response = await fetch(`${url}/metrics`)
  const lines = (await response.text()).split('\n')
  return lines.filter((line) => /^weft_evidence_total.* [1-9]/.test(line))
}

/** Cheap signatures and quick blocks, four validators in one committee: what is tested is crashes. */
export const SMALL: Pick<
  DevnetParameters,
  'shards' | 'validators' | 'scheme' | 'shardBlockMs' | 'beaconBlockMs' | 'deltaMs' | 'loadAccounts'
> = {
  shards: 1,
  validators: 4,
  scheme: 'ed25519',
  shardBlockMs: 250,
  beaconBlockMs: 500,
  // A view of a dead leader ends after two and a half of it, and here somebody is always dead.
  deltaMs: 200,
  loadAccounts: 40,
}

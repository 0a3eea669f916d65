/**
 * A small network under load whose validators are killed, and what must be true of it afterwards.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findContradictions } from '../../devnet/faults/contradiction.ts'
import { FinalityBook } from '../../devnet/faults/finality-book.ts'
import { MortalNetwork } from '../../devnet/faults/mortal-network.ts'
import { nextVotes, isAtHead } from '../../devnet/faults/recovery.ts'
import { DEFAULT_PARAMETERS } from '../../devnet/parameters.ts'
import { auditNetwork } from '../../devnet/processes/audit-run.ts'
import { filesOf } from '../../devnet/processes/data-directory.ts'
import { TrafficProcess } from '../../devnet/processes/traffic-process.ts'

export const NODES = [0, 1, 2, 3] as const
const SHARDS = [1] as const

/** Cheap signatures and quick blocks: what is tested is crashes. */
const PARAMETERS = {
  ...DEFAULT_PARAMETERS,
  shards: 1,
  validators: 4,
  scheme: 'ed25519',
  shardBlockMs: 250,
  beaconBlockMs: 500,
  loadAccounts: 40,
} as const

export type Fixture = {
  readonly network: MortalNetwork
  /** Starts a dead node and resolves when it votes on every chain again and is at the head. */
  readonly revive: (index: number) => Promise<void>
  readonly book: FinalityBook
  /** Everything that is wrong, in sentences. */
  readonly verdict: () => Promise<readonly string[]>
  readonly close: () => Promise<void>
}

export async function openFixture(): Promise<Fixture> {
  const path = await mkdtemp(join(tmpdir(), 'weft-fault-'))
  const network = await MortalNetwork.create({
    path,
    parameters: PARAMETERS,
    logLevel: 'warn',
    hearsOthers: true,
  })
  const violations: string[] = []
  const traffic = new TrafficProcess({
    onReport: () => {},
    onFirstSettled: () => {},
    onViolation: (sentence) => violations.push(sentence),
    onUnexpectedExit: () => violations.push('the traffic process ended by itself'),
  })
  await Promise.all(NODES.map((index) => network.start(index)))
  await Promise.all(NODES.map((index) => network.ready(index)))
  await startTraffic(network, traffic)
  const book = new FinalityBook()
  return {
    network,
    book,
    revive: async (index) => {
      await noteAll(network, book)
      const votesAgain = nextVotes(await network.votes(index))
      await network.start(index)
      await network.ready(index)
      await network.until(async () => votesAgain(await network.votes(index)))
      await network.until(() => isAtHead(network, index, NODES))
      await noteAll(network, book)
    },
    verdict: async () => {
      await traffic.stop()
      return [...violations, ...(await judge(network, book))]
    },
    close: async () => {
      await Promise.all([traffic.stop(), network.stop()])
      await rm(path, { recursive: true, force: true })
    },
  }
}

async function startTraffic(network: MortalNetwork, traffic: TrafficProcess): Promise<void> {
  const { directory, endpoints, programs } = network
  const { ledger, trafficLog, compileCache } = filesOf(directory.path)
  await traffic.start(
    {
      endpoints,
      shardCount: SHARDS.length,
      chainIdBase: directory.genesis.chainIdBase,
      beaconFaults: 1,
      accountsPerShard: PARAMETERS.loadAccounts,
      ratePerSecond: 20,
      crossShard: 0,
      outsiderEvery: 0,
      ledgerFile: ledger,
      pollMs: 250,
    },
    { log: trafficLog, compileCache, program: programs.traffic },
  )
}

async function noteAll({ endpoints }: MortalNetwork, book: FinalityBook): Promise<void> {
  await Promise.all(endpoints.map((url, index) => book.note(index, url, SHARDS)))
}

async function judge(network: MortalNetwork, book: FinalityBook): Promise<readonly string[]> {
  const { endpoints, directory } = network
  await noteAll(network, book)
  for (const [index, url] of endpoints.entries()) await book.confirm(index, url, 1)
  const votes = await Promise.all(NODES.map((index) => network.votes(index)))
  const audit = await auditNetwork({
    genesis: directory.genesis,
    endpoints,
    ledgerFile: filesOf(directory.path).ledger,
    timeoutMs: 30_000,
  })
  const evidence = await Promise.all(endpoints.map(evidenceAt))
  return [
    ...book.violations,
    ...findContradictions(votes.flat()),
    ...(audit?.violations ?? ['the network did not answer the audit']),
    ...evidence.flat(),
  ]
}

/** Lines of its metrics that count proofs of misbehaviour. */
async function evidenceAt(url: string): Promise<readonly string[]> {
  const response = await fetch(`${url}/metrics`)
  const lines = (await response.text()).split('\n')
  return lines.filter((line) => /^weft_evidence_total.* [1-9]/.test(line))
}

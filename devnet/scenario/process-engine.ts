/**
 * The engine `processes`: a devnet of real processes in a directory of its own, looked at from outside. Faults go through its
 * supervisor; heights come from the nodes, settlement from the traffic process, evidence from the nodes' logs.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { genesisBeaconState, leaderOrderOf, type BeaconState } from '../../node/beacon/state.ts'
import { shardGenesis } from '../../node/beacon/genesis.ts'
import { present } from '../../node/primitives/assert.ts'
import type { ChainNumber } from '../../node/primitives/identifiers.ts'
import { genesisStateRoot } from '../../node/shards/genesis-state.ts'
import type { DevnetEvent, StopSummary } from '../event.ts'
import type { Fault } from '../faults/fault.ts'
import { DEFAULT_PARAMETERS, type DevnetParameters } from '../parameters.ts'
import { filesOf } from '../processes/data-directory.ts'
import { Supervisor } from '../processes/supervisor.ts'
import type { AuditVerdict, Engine, Layout, SendOrder, Sight } from './engine.ts'
import { createEvidenceReader } from './process-evidence.ts'
import { createNodesHealth, type NodesHealth } from './process-health.ts'
import { auditRunning, auditStopped, findingWords, problemsOf } from './process-verdict.ts'
import { createTransfers, type Transfers } from './process-transfers.ts'
import type { Scenario } from './scenario.ts'

export type ProcessOptions = {
  /** undefined: a directory that is removed at the end. */
  readonly dataDirectory: string | undefined
}

/** One sender of ten enters through a node outside its shard's committee. */
const OUTSIDER_EVERY = 10

type Network = {
  readonly supervisor: Supervisor
  readonly state: BeaconState
  readonly health: NodesHealth
  readonly transfers: Transfers
  readonly startedMs: number
  /** Node to ask for a shard. */
  readonly nodeOf: (shard: ChainNumber) => number
}

type Devnet = {
  readonly scenario: Scenario
  readonly directory: string
  readonly isOurs: boolean
  readonly evidence: ReturnType<typeof createEvidenceReader>
  readonly accused: Set<number>
  slashed: ReadonlySet<number>
  readonly reorganised: Map<ChainNumber, Set<number>>
  readonly violations: string[]
  /** Paused or ended by order: not to be asked. */
  readonly silent: Set<number>
  readonly byzantine: Set<number>
  /** Everybody who ever was: what is held against them may come later. */
  readonly everByzantine: Set<number>
  supervisor: Supervisor | undefined
  network: Network | undefined
  /** Under way or over; it reads files that the end removes. */
  audit: Promise<AuditVerdict> | undefined
}

export async function createProcessEngine(
  scenario: Scenario,
  { dataDirectory }: ProcessOptions,
): Promise<Engine> {
  const devnet: Devnet = {
    scenario,
    directory: dataDirectory ?? (await mkdtemp(join(tmpdir(), 'weft-run-'))),
    isOurs: dataDirectory === undefined,
    evidence: createEvidenceReader(),
    accused: new Set(),
    slashed: new Set(),
    reorganised: new Map(),
    violations: [],
    silent: new Set(),
    byzantine: new Set(),
    everByzantine: new Set(),
    supervisor: undefined,
    network: undefined,
    audit: undefined,
  }
  const network = (): Network => present(devnet.network, 'the engine was started')
  const nowMs = (): number =>
    devnet.network === undefined ? 0 : performance.now() - devnet.network.startedMs
  return {
    name: 'processes',
    start: () => start(devnet),
    nowMs,
    pass: (ms) => delay(ms),
    apply: (fault) => apply(devnet, fault),
    leader: async (chain) => leaderOf(devnet, network(), chain),
    setRate: (perSecond) => network().supervisor.traffic.setRate(perSecond),
    send: (order: SendOrder) => network().transfers.send(order, network().nodeOf(order.from)),
    look: () => look(devnet, network(), nowMs),
    // Progress is demanded by the runner alone: the ledgers have no clock of their own.
    healed: async () => {},
    audit: () => (devnet.audit ??= audit(devnet)),
    hash: () => undefined,
    stop: () => stop(devnet),
  }
}

function parametersOf({ network }: Scenario): DevnetParameters {
  return { ...DEFAULT_PARAMETERS, ...network }
}

async function start(devnet: Devnet): Promise<Layout> {
  const { scenario, directory } = devnet
  const { perSecond, crossShardPerMille } = scenario.load
  const supervisor = new Supervisor({
    parameters: parametersOf(scenario),
    dataDirectory: directory,
    reset: false,
    // The usual one is for people.
    rpcPort: 'any',
    ratePerSecond: perSecond,
    crossShard: crossShardPerMille / 1000,
    outsiderEvery: OUTSIDER_EVERY,
    logLevel: 'warn',
    onEvent: (event) => hear(devnet, event),
  })
  devnet.supervisor = supervisor
  await supervisor.start()
  const genesis = present(supervisor.genesis, 'a network that started has a genesis')
  const { shardCount: shards } = genesis
  const roots = Array.from({ length: shards }, (_, index) =>
    genesisStateRoot(shardGenesis(genesis, index + 1)),
  )
  const state = genesisBeaconState(genesis, roots)
  const { endpoints } = supervisor
  devnet.network = {
    supervisor,
    state,
    health: createNodesHealth(endpoints),
    transfers: createTransfers(endpoints, genesisFacts(genesis)),
    startedMs: performance.now(),
    nodeOf: (shard) => {
      const members = state.committees[shard] ?? []
      const well = members.find((node) => !devnet.silent.has(node) && !devnet.byzantine.has(node))
      return well ?? members[0] ?? 0
    },
  }
  return { shards, validators: genesis.validators.length, committees: state.committees }
}

function genesisFacts({ shardCount, chainIdBase }: { shardCount: number; chainIdBase: number }) {
  return { shardCount, chainIdBase }
}

/** What nobody ordered is a broken rule: a lie of the books, or an honest node that ends by itself. */
function hear({ violations, byzantine }: Devnet, event: DevnetEvent): void {
  if (event.event === 'violation') violations.push(event.message)
  if (event.event !== 'exit' || event.order !== null) return
  if (event.node === null || !byzantine.has(event.node)) violations.push(event.message)
}

async function apply(devnet: Devnet, fault: Fault): Promise<void> {
  const { silent, byzantine, everByzantine } = devnet
  if (fault.kind === 'byzantine') {
    for (const node of fault.nodes) {
      if (fault.vice === undefined) byzantine.delete(node)
      else byzantine.add(node)
      everByzantine.add(node)
    }
  }
  if (fault.kind === 'pause' || fault.kind === 'crash' || fault.kind === 'stop') {
    for (const node of fault.nodes) silent.add(node)
  }
  await present(devnet.network, 'the engine was started').supervisor.apply(fault)
  if (fault.kind === 'start' || fault.kind === 'resume' || fault.kind === 'byzantine') {
    for (const node of fault.nodes) silent.delete(node)
  }
}

function leaderOf(
  { silent }: Devnet,
  { state, health }: Network,
  chain: ChainNumber,
): number | undefined {
  const committee = present(state.committees[chain], 'the file was checked')
  const asked = committee.filter((node) => !silent.has(node))
  const view = Math.max(1, health.view(asked, chain))
  const order = leaderOrderOf(state, chain)
  return committee[order[(view - 1) % order.length] ?? 0]
}

async function look(devnet: Devnet, network: Network, nowMs: () => number): Promise<Sight> {
  const { supervisor, health, transfers } = network
  const [nodes] = await Promise.all([
    health.ask(devnet.silent),
    readLogs(devnet, network),
    readSlashed(devnet, network),
    transfers.pendingCount() === 0 ? undefined : transfers.follow(network.nodeOf),
  ])
  const { report } = supervisor.traffic
  const { settledIntra = 0, settledCross = 0 } = report?.counts ?? {}
  return {
    atMs: nowMs(),
    nodes,
    settled: settledIntra + settledCross + transfers.settledCount(),
    pending: (report?.backlog ?? 0) + transfers.pendingCount(),
    accused: devnet.accused,
    slashed: devnet.slashed,
    reorganised: devnet.reorganised,
    violations: [...devnet.violations],
  }
}

async function readLogs(devnet: Devnet, { state }: Network): Promise<void> {
  const { directory, evidence, byzantine, accused, reorganised } = devnet
  for (let node = 0; node < state.validators.length; node++) {
    const told = await evidence.read(filesOf(directory).node(node).log)
    // What a liar has in its log proves nothing.
    if (byzantine.has(node)) continue
    for (const misdeed of told) {
      if (misdeed.kind === 'reorganised') {
        const known = reorganised.get(misdeed.shard) ?? new Set()
        reorganised.set(misdeed.shard, known.add(node))
        continue
      }
      const guilty = state.committees[misdeed.chain]?.[misdeed.seat]
      if (guilty !== undefined) accused.add(guilty)
    }
  }
}

/** As one honest node after the other tells; a validator that never lied and is slashed is a broken rule (B.6). */
async function readSlashed(devnet: Devnet, { state, health }: Network): Promise<void> {
  const { silent, byzantine, everByzantine, violations } = devnet
  const asked = [...state.validators.keys()].filter(
    (node) => !silent.has(node) && !byzantine.has(node),
  )
  const slashed = await health.slashed(asked)
  if (slashed === undefined) return
  devnet.slashed = slashed
  for (const node of slashed) {
    const sentence = `honest validator ${node} is slashed`
    if (!everByzantine.has(node) && !violations.includes(sentence)) violations.push(sentence)
  }
}

/** While the network runs, and again when it has stopped, which it does here. */
async function audit(devnet: Devnet): Promise<AuditVerdict> {
  const { supervisor, directory, byzantine } = devnet
  const genesis = supervisor?.genesis
  if (supervisor === undefined || genesis === undefined || devnet.network === undefined) {
    return { ok: false, sentence: 'the network was never started' }
  }
  const overRpc = await auditRunning(genesis, supervisor.endpoints)
  const { settled, cross, failed, audit: ledgers } = await stopProcesses(devnet, supervisor)
  const onDisk = await auditStopped(genesis, directory, byzantine)
  const problems = [
    ...problemsOf(overRpc, onDisk),
    ...(ledgers === 'ok' ? [] : [`the observer's books: ${ledgers}`]),
  ]
  if (problems.length > 0) return { ok: false, sentence: problems.join('; ') }
  return {
    ok: true,
    sentence:
      `over RPC ${findingWords(overRpc)}; on the disks of ${findingWords(onDisk)}; ` +
      `${settled} payments settled, ${cross} of them across shards, ${failed} failed`,
  }
}

/** Nothing is left, whether there was an audit or not. */
async function stop(devnet: Devnet): Promise<void> {
  const { supervisor, directory, isOurs } = devnet
  // Its failure is for whoever asked for it.
  await devnet.audit?.catch(() => {})
  if (supervisor !== undefined) await stopProcesses(devnet, supervisor)
  if (isOurs) await rm(directory, { recursive: true, force: true })
}

async function stopProcesses({ network }: Devnet, supervisor: Supervisor): Promise<StopSummary> {
  network?.health.close()
  network?.transfers.close()
  return supervisor.stop()
}

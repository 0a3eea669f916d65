/**
 * Metrics, derived from the facts that the machines report and from what the parts count. No machine knows of them.
 */
import { Counter, Gauge, Registry } from 'prom-client'
import type { NetworkStats } from '../network/network.ts'
import type { StateSyncFact, ValidatorFact } from '../validator/contract.ts'
import type { Validator } from '../validator/validator.ts'
import type { WorkCounters } from './work-counters.ts'

export type Metrics = {
  readonly count: (fact: ValidatorFact) => void
  readonly text: () => Promise<string>
}

export type MetricSources = {
  readonly validator: Validator
  readonly network: () => NetworkStats
  readonly malformed: () => number
  readonly work: WorkCounters
}

export function createMetrics(sources: MetricSources): Metrics {
  const registry = new Registry()
  const count = createFactCounters(registry)
  registerHeights(registry, sources.validator)
  registerNetwork(registry, sources)
  registerWork(registry, sources.work)
  return { count, text: () => registry.metrics() }
}

function createFactCounters(registry: Registry): Metrics['count'] {
  const counter = (name: string, help: string, labelNames: readonly string[]) =>
    new Counter({ name, help, labelNames: [...labelNames], registers: [registry] })
  const finalized = counter('weft_blocks_finalized_total', 'Blocks finalized', ['chain'])
  const nullified = counter('weft_views_nullified_total', 'Views without a block', ['chain'])
  const entered = counter('weft_views_entered_total', 'Views entered', ['chain'])
  const refused = counter('weft_blocks_refused_total', 'Blocks found invalid', ['chain', 'code'])
  const failures = counter('weft_executor_failures_total', 'Executor restarts', ['shard'])
  const evidence = counter('weft_evidence_total', 'Proofs of misbehaviour seen', ['chain'])
  const reorganised = counter('weft_reorganisations_total', 'Changes to the recorded branch', [
    'shard',
  ])
  const invalid = counter('weft_invalid_signatures_total', 'Bad votes received', ['chain'])
  const away = counter('weft_validators_away_total', 'Validators whose connections were lost', [])
  const countSync = createSyncCounters(registry)
  return (fact) => {
    switch (fact.kind) {
      case 'finalized':
        return finalized.inc({ chain: fact.chain })
      case 'refused-block':
        return refused.inc({ chain: fact.chain, code: fact.code })
      case 'executor-failed':
        return failures.inc({ shard: fact.shard })
      case 'reorganised':
        return reorganised.inc({ shard: fact.shard })
      case 'state-sync':
        return countSync(fact)
      case 'presence':
        return fact.isAway ? away.inc() : undefined
      case 'evidence':
        return evidence.inc({ chain: fact.evidence.domain.chain })
      case 'engine': {
        const { chain } = fact
        if (fact.fact.kind === 'nullified') nullified.inc({ chain })
        if (fact.fact.kind === 'view-entered') entered.inc({ chain })
        if (fact.fact.kind === 'invalid-signature') invalid.inc({ chain })
        return
      }
      default:
    }
  }
}

/** Snapshots fetched: how often they were begun and how they ended, and what was worth keeping. */
function createSyncCounters(registry: Registry): (fact: StateSyncFact) => void {
  const phases = new Counter({
    name: 'weft_state_sync_total',
    help: 'State syncs by what happened: begun, done, refused, given-up; liar: a chunk that did not verify',
    labelNames: ['shard', 'phase'],
    registers: [registry],
  })
  const bytes = new Counter({
    name: 'weft_state_sync_bytes_total',
    help: 'Bytes of verified snapshot chunks taken in',
    labelNames: ['shard'],
    registers: [registry],
  })
  return ({ shard, phase, bytes: taken }) => {
    phases.inc({ shard, phase })
    if (taken !== undefined) bytes.inc({ shard }, taken)
  }
}

type SetByChain = (labels: { readonly chain: number }, value: number) => void

function registerHeights(registry: Registry, validator: Validator): void {
  const gauge = (name: string, help: string, collect: (set: SetByChain) => void) => {
    const metric: Gauge = new Gauge({
      name,
      help,
      labelNames: ['chain'],
      registers: [registry],
      collect: () => {
        // A shard that was closed is not told of any more.
        metric.reset()
        collect((labels, value) => metric.set(labels, value))
      },
    })
  }
  gauge('weft_height', 'Finalized height', (set) => {
    for (const [chain, { status }] of validator.chains) set({ chain }, status().deliveredHeight)
  })
  gauge('weft_view', 'Current view', (set) => {
    for (const [chain, { status }] of validator.chains) set({ chain }, status().view)
  })
  gauge('weft_crosslink_lag_blocks', 'Finalized blocks the beacon has not settled', (set) => {
    for (const [chain, shard] of validator.shards) {
      const settled = validator.beacon.head().shards[chain - 1]?.height ?? 0
      set({ chain }, Math.max(0, shard.committedHeight() - settled))
    }
  })
  gauge('weft_state_syncing', '1 while a snapshot of the shard is being fetched', (set) => {
    for (const [chain, { sync }] of validator.shards) set({ chain }, sync.isSyncing() ? 1 : 0)
  })
  gauge('weft_mempool_transactions', 'Transactions waiting', (set) => {
    for (const [chain, { mempool }] of validator.shards) set({ chain }, mempool.size().count)
  })
}

function registerNetwork(registry: Registry, sources: MetricSources): void {
  const peers: Gauge = new Gauge({
    name: 'weft_peers',
    help: 'Connected peers',
    registers: [registry],
    collect: () => peers.set(sources.network().peers),
  })
  const bytes: Gauge = new Gauge({
    name: 'weft_network_bytes_sent',
    help: 'Bytes sent since start, by plane',
    labelNames: ['plane'],
    registers: [registry],
    collect: () => {
      for (const [plane, value] of Object.entries(sources.network().bytesSent)) {
        bytes.set({ plane }, value)
      }
    },
  })
  const frames: Gauge = new Gauge({
    name: 'weft_network_frames_sent',
    help: 'Frames sent since start, by channel',
    labelNames: ['channel'],
    registers: [registry],
    collect: () => {
      for (const [channel, value] of Object.entries(sources.network().framesSent)) {
        frames.set({ channel }, value)
      }
    },
  })
  const dropped: Gauge = new Gauge({
    name: 'weft_network_frames_dropped',
    help: 'Frames dropped since start: peer gone or its queue full',
    registers: [registry],
    collect: () => dropped.set(sources.network().framesDropped),
  })
  const malformed: Gauge = new Gauge({
    name: 'weft_network_messages_malformed',
    help: 'Messages refused by the decoder since start',
    registers: [registry],
    collect: () => malformed.set(sources.malformed()),
  })
  const mesh: Gauge = new Gauge({
    name: 'weft_gossip_mesh_peers',
    help: 'Peers in the gossip mesh, by topic',
    labelNames: ['topic'],
    registers: [registry],
    collect: () => {
      for (const [topic, value] of Object.entries(sources.network().meshes)) {
        mesh.set({ topic }, value)
      }
    },
  })
}

function registerWork(registry: Registry, { done, votes, bytesSent }: WorkCounters): void {
  const signed: Gauge = new Gauge({
    name: 'weft_votes_signed',
    help: 'Votes signed since start; none where this node has no seat yet',
    labelNames: ['chain'],
    registers: [registry],
    collect: () => {
      for (const [chain, value] of votes) signed.set({ chain }, value)
    },
  })
  const work: Gauge = new Gauge({
    name: 'weft_work',
    help: 'Done since start, by kind of work',
    labelNames: ['kind'],
    registers: [registry],
    collect: () => {
      for (const [kind, value] of Object.entries(done)) work.set({ kind }, value)
    },
  })
  const sent: Gauge = new Gauge({
    name: 'weft_message_bytes_sent',
    help: 'Bytes of messages sent directly since start, by what they are for',
    labelNames: ['plane'],
    registers: [registry],
    collect: () => {
      for (const [plane, value] of Object.entries(bytesSent)) sent.set({ plane }, value)
    },
  })
}

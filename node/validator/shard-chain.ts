/**
 * A hosted shard at work: its chain, its execution, its mempool, its inbox, and its crosslinks to the beacon.
 *
 * The way of a transaction here: `intake` admits it to the mempool and spreads it; `build` puts it into a block; the
 * engine finalizes the block; `committed` writes its results, sends its receipts and hands the beacon a crosslink.
 */
import { leaderOfView } from '../beacon/committee.ts'
import type { EngineConfig } from '../consensus/engine-contract.ts'
import type { ChainBlock } from '../consensus/message.ts'
import type { Certificate } from '../crosslink/certificate.ts'
import type { AnchorView, Crosslink, ShardRecord } from '../crosslink/crosslink.ts'
import type { ChannelHead, InboxItem } from '../crosslink/receipt.ts'
import { present } from '../primitives/assert.ts'
import { concatBytes, toHex } from '../primitives/bytes.ts'
import type { Address, Hash } from '../primitives/identifiers.ts'
import { ANCHOR_LAG_MAX, BLOCK_BYTES_MAX, BLOCK_TRANSACTIONS_MAX } from '../primitives/limits.ts'
import { decodeShardBlock, shardChainBlock, type ShardBlock } from '../shards/block.ts'
import type { BlockOutcome, CheckedTransaction, ShardConfig } from '../shards/executor.ts'
import { creditOf, flowLimits, inFlightAt, isCongested } from '../shards/flow-control.ts'
import { createMempool, type Mempool } from '../shards/mempool.ts'
import { createChain, type Chain } from './chain.ts'
import type { Context } from './context.ts'
import type { ChainRestore } from './contract.ts'
import { createCrosslinkRelay, type FinalizedHeader } from './crosslink-relay.ts'
import { createInboxFeed, type InboxFeed, type InboxFeedOptions } from './inbox-feed.ts'
import { createShardExecution, type ShardExecutionOptions } from './shard-execution.ts'
import { writeCommitted } from './shard-records.ts'

/** Acceptance (R4): a proposal may be stamped this far ahead of the follower's clock. */
const CLOCK_DRIFT_MAX_MS = 5_000
/** Body bytes left to headers, inbox framing and list counts. */
const BODY_RESERVE_BYTES = 16 * 1024

/** How often missing receipts are looked after; the feed limits how often they are asked for. */
const INBOX_POLL_MS = 300

/** What the shard needs to know of the beacon in the same node. */
export type BeaconWindow = {
  readonly headAnchor: () => AnchorView
  readonly anchorOf: (hash: Hash) => AnchorView | undefined
  readonly loadAnchor: ShardExecutionOptions['loadAnchor']
  readonly leavesOf: InboxFeedOptions['leavesOf']
  readonly committeeOf: InboxFeedOptions['committeeOf']
  /** Validators that lead the beacon next. */
  readonly upcomingLeaders: () => readonly number[]
  readonly offer: (crosslink: Crosslink) => void
}

export type ShardChainOptions = {
  readonly config: ShardConfig
  readonly engine: EngineConfig
  readonly committee: readonly number[]
  /** Per seat: where tips go. */
  readonly payouts: readonly Address[]
  readonly topics: { readonly finality: string; readonly body: string }
  readonly beacon: BeaconWindow
  readonly loadFinalized: ShardExecutionOptions['loadFinalized']
  /** Finalized headers above a recorded height, ascending. */
  readonly loadBacklog: (
    recordedHeight: number,
    answer: (entries: readonly FinalizedHeader[]) => void,
  ) => void
}

export type ShardChain = {
  readonly chain: Chain
  readonly config: ShardConfig
  readonly mempool: Mempool
  readonly inbox: InboxFeed
  readonly start: (restore: ChainRestore | undefined) => void
  readonly beaconFinalized: () => void
  /** The beacon entered a view: its leaders may not have our crosslink yet. */
  readonly beaconEntered: () => void
  readonly updateWork: () => void
  /** When to call `tick` because receipts are missing; Infinity: none are. */
  readonly deadline: () => number
  readonly tick: () => void
  readonly congested: (destination: number) => boolean
  readonly baseFee: () => bigint
  /** Height whose state is committed. */
  readonly committedHeight: () => number
}

export function createShardChain(context: Context, options: ShardChainOptions): ShardChain {
  const { config, engine, beacon } = options
  const { shard } = config
  const mempool = createMempool({ rules: config })
  const limits = flowLimits(config)
  const relay = createCrosslinkRelay()
  const certificates = new Map<string, Certificate>()
  let headBaseFee = config.initialBaseFee
  let running = false

  const inbox = createInboxFeed(context, {
    shard,
    leavesOf: beacon.leavesOf,
    committeeOf: beacon.committeeOf,
  })

  const execution = createShardExecution(context, {
    shard,
    anchorOf: beacon.anchorOf,
    loadAnchor: beacon.loadAnchor,
    loadFinalized: options.loadFinalized,
    senderOf: (hash) => mempool.senderOf(hash),
    beneficiaryOf: ({ header }) =>
      header.proposerSeat === leaderOfView(engine.leaderOrder, header.view)
        ? options.payouts[header.proposerSeat]
        : undefined,
    verified: (hash, valid) => {
      chain.verified(hash, valid)
      updateWork()
    },
    committing: (committing) => writeCommitted(context, shard, committing),
    committed,
    failed: () => context.emit({ kind: 'report', fact: { kind: 'executor-failed', shard } }),
  })

  /** Acceptance rules first (timeliness, C.2 and R4): they bind only until a block is certified. */
  function verify(block: ChainBlock, certified: boolean): void {
    if (!certified) {
      const decoded = decodeShardBlock(block.bytes)
      if (!decoded.ok) return chain.verified(block.hash, false)
      const lag = beacon.headAnchor().beaconHeight - decoded.value.header.anchor.beaconHeight
      const early = block.timestampMs - context.now()
      if (lag > ANCHOR_LAG_MAX || early > CLOCK_DRIFT_MAX_MS) {
        return chain.verified(block.hash, false)
      }
    }
    execution.verify(block, certified)
  }

  /** State after a block that may be built upon. */
  function channelsAfter(hash: Hash) {
    const outcome = execution.outcomeOf(hash)
    if (outcome !== undefined) return outcome
    const tip = execution.tip()
    return toHex(tip.hash) === toHex(hash) ? tip : undefined
  }

  /** Blocks between the committed state and the parent, oldest first. */
  function ancestors(parentHash: Hash): readonly BlockOutcome[] {
    const path: BlockOutcome[] = []
    for (let at = execution.outcomeOf(parentHash); at !== undefined;) {
      path.unshift(at)
      at = execution.outcomeOf(at.header.parentHash)
    }
    return path
  }

  /** C.2, C.5: the newest finalized beacon block whose promises this node can keep, else the parent's own anchor. */
  function chooseAnchor(
    parentHash: Hash,
    cursors: readonly ChannelHead[],
  ): { readonly anchor: AnchorView; readonly items: readonly InboxItem[] } | undefined {
    const newest = beacon.headAnchor()
    const parent = execution.outcomeOf(parentHash)?.header.anchor
    const fallbacks = [lastAnchor, parent && beacon.anchorOf(parent.beaconHash)]
    for (const anchor of [newest, ...fallbacks]) {
      if (anchor === undefined) continue
      if (anchor.beaconHeight < (parent?.beaconHeight ?? committedAnchorHeight)) continue
      const items = inbox.assemble(anchor, cursors)
      if (items === undefined) continue
      lastAnchor = anchor
      return { anchor, items }
    }
    return undefined
  }

  let reloading = false
  let inboxDeadline = Number.POSITIVE_INFINITY
  let told: { readonly height: number; readonly leaders: Set<number> } = {
    height: 0,
    leaders: new Set(),
  }
  let lastAnchor: AnchorView | undefined
  let committedAnchorHeight = 0

  function build(view: number, parentHash: Hash, parent: ChainBlock | undefined): void {
    const after = channelsAfter(parentHash)
    const chosen = after && chooseAnchor(parentHash, after.cursors)
    if (after === undefined || chosen === undefined) return chain.built(view, undefined)
    const path = ancestors(parentHash)
    const baseFee = path[path.length - 1]?.header.baseFeePerGas ?? headBaseFee
    const transactions = mempool.select({
      baseFee,
      gasMax: config.gasLimit,
      bytesMax: BLOCK_BYTES_MAX - BODY_RESERVE_BYTES,
      countMax: BLOCK_TRANSACTIONS_MAX,
      changed: path.flatMap((outcome) => outcome.changed),
    })
    const request = {
      kind: 'build',
      parentHash,
      epoch: engine.domain.epoch,
      view,
      seat: engine.seat,
      beneficiary: present(options.payouts[engine.seat], 'a leader has a seat'),
      timestampMs: Math.max(context.now(), (parent?.timestampMs ?? engine.genesis.timestampMs) + 1),
      anchor: chosen.anchor,
      sealing: false,
      transactions,
      inbox: chosen.items,
    } as const
    context.execute(shard, request, (response) => {
      if (response?.kind !== 'built') {
        const lost = response?.kind !== 'refused' || response.code === 'unknown-parent'
        if (response?.kind === 'refused') {
          const { code, detail } = response
          context.emit({
            kind: 'report',
            fact: { kind: 'refused-block', chain: shard, code, detail },
          })
        }
        if (lost) execution.recover()
        return chain.built(view, undefined)
      }
      for (const hash of response.invalid) mempool.discard(hash)
      const block = present(valueOf(shardChainBlock(response.block)), 'our own block decodes')
      const decoded = present(valueOf(decodeShardBlock(response.block)), 'our own block decodes')
      const { outcome } = response
      const senders = sendersOf(outcome.transactionHashes, transactions)
      execution.built(block, { block: decoded, outcome, senders })
      chain.built(view, block)
    })
  }

  function committed(block: ShardBlock, outcome: BlockOutcome, replayed: boolean): void {
    const { header } = block
    const key = toHex(outcome.hash)
    const certificate = certificates.get(key)
    certificates.delete(key)
    headBaseFee = header.baseFeePerGas
    committedAnchorHeight = header.anchor.beaconHeight
    mempool.finalize(header.height, outcome.changed)
    inbox.prune(outcome.cursors)
    relay.add({ hash: outcome.hash, header, channels: outcome.channels, certificate })
    if (!replayed) {
      if (header.proposerSeat === engine.seat) pushReceipts(outcome)
      context.emit({ kind: 'shard-head', shard, outcome })
      offerCrosslink()
    }
    updateWork()
  }

  /** The proposer tells the destination's committee; whoever misses it pulls it (C.5). */
  function pushReceipts(outcome: BlockOutcome): void {
    for (const batch of outcome.sent) {
      const to = beacon.committeeOf(batch.destination)
      context.emit({
        kind: 'send',
        to,
        channel: 'relay',
        message: { kind: 'receipts', batches: [batch] },
      })
    }
  }

  function record(): ShardRecord {
    return present(beacon.headAnchor().shards[shard - 1], 'the beacon records every shard')
  }

  /**
   * f + 1 members speak, so that one of them is honest, to each coming leader once per tip; who speaks rotates with the
   * height. Whatever gets lost is said again to the leaders of the next views (never fire and forget).
   */
  function offerCrosslink(): void {
    if (engine.seat < 0) return
    if (relay.behind(record(), execution.tip().height)) return reloadBacklog()
    const candidate = relay.candidate(record())
    if (candidate === undefined) return
    beacon.offer(candidate)
    const { height } = candidate.tip
    if (height !== told.height) told = { height, leaders: new Set() }
    const speakers = Math.floor((options.committee.length - 1) / 3) + 1
    if ((engine.seat + height) % options.committee.length >= speakers) return
    const to = beacon.upcomingLeaders().filter((leader) => !told.leaders.has(leader))
    if (to.length === 0) return
    for (const leader of to) told.leaders.add(leader)
    const message = { kind: 'crosslink', crosslink: candidate } as const
    context.emit({ kind: 'send', to, channel: 'relay', message })
  }

  function reloadBacklog(): void {
    if (reloading) return
    reloading = true
    const recorded = record().height
    options.loadBacklog(recorded, (entries) => {
      reloading = false
      // Only what was read for the record that still stands; else the next call reads again.
      if (record().height !== recorded || entries.length === 0) return
      relay.reset(entries)
      offerCrosslink()
    })
  }

  /** Asks for what the newest beacon block promises, before this node has to build with it. */
  function fetchInbox(): void {
    const { cursors } = execution.speculative().at(-1) ?? execution.tip()
    const complete = inbox.assemble(beacon.headAnchor(), cursors) !== undefined
    inboxDeadline = complete ? Number.POSITIVE_INFINITY : context.now() + INBOX_POLL_MS
  }

  function readyCount(): number {
    const { count, queued } = mempool.size()
    return count - queued
  }

  /** A.7: what makes a block worth building now. */
  function updateWork(): void {
    if (!running) return
    const anchor = beacon.headAnchor()
    const speculative = execution.speculative()
    const newest = speculative[speculative.length - 1]
    const after = newest ?? execution.tip()
    const included = speculative.reduce((sum, outcome) => sum + outcome.results.length, 0)
    const anchorHeight = newest?.header.anchor.beaconHeight ?? committedAnchorHeight
    const pending =
      readyCount() > included ||
      inbox.promises(anchor, after.cursors) ||
      canDrain(anchor, after) ||
      anchor.beaconHeight - anchorHeight > ANCHOR_LAG_MAX
    chain.work(pending)
  }

  /** Receipts wait in a buffer and their channel has credit (C.6). */
  function canDrain(
    anchor: AnchorView,
    after: { readonly buffered: readonly number[]; readonly channels: readonly ChannelHead[] },
  ): boolean {
    return after.buffered.some((count, destination) => {
      if (count === 0) return false
      const nextSequence = after.channels[destination]?.nextSequence ?? 0
      return creditOf(limits, inFlightAt({ anchor, shard, destination, nextSequence })) > 0
    })
  }

  const chain: Chain = createChain(context, {
    engine,
    committee: options.committee,
    topics: options.topics,
    application: {
      decodeBlock: shardChainBlock,
      build,
      verify,
      finalized: (block, certificate) => {
        if (certificate !== undefined) certificates.set(toHex(block.hash), certificate)
        execution.finalize(block)
      },
    },
  })

  return {
    chain,
    config,
    mempool,
    inbox,
    start: (restore) => {
      execution.synchronize(restore?.head?.height ?? 0, () => {
        const { height } = execution.tip()
        options.loadFinalized(height, (blocks) => {
          const header = blocks[0] && valueOf(decodeShardBlock(blocks[0].bytes))?.header
          if (header?.height === height) {
            headBaseFee = header.baseFeePerGas
            committedAnchorHeight = header.anchor.beaconHeight
          }
          running = true
          context.emit({ kind: 'report', fact: { kind: 'synchronized', chain: shard, height } })
          chain.start(restore)
          offerCrosslink()
          fetchInbox()
          updateWork()
        })
      })
    },
    beaconFinalized: () => {
      const known = relay.recorded(record())
      if (!known) {
        const { height } = record()
        context.emit({ kind: 'report', fact: { kind: 'forked', shard, height } })
      }
      execution.anchorsMoved()
      if (!running) return
      offerCrosslink()
      fetchInbox()
      updateWork()
    },
    beaconEntered: () => {
      if (running) offerCrosslink()
    },
    updateWork,
    deadline: () => inboxDeadline,
    tick: () => {
      if (!running || context.now() < inboxDeadline) return
      fetchInbox()
      updateWork()
    },
    congested: (destination) => {
      const anchor = beacon.headAnchor()
      const after = execution.speculative().at(-1) ?? execution.tip()
      const nextSequence = after.channels[destination]?.nextSequence ?? 0
      const inFlight = inFlightAt({ anchor, shard, destination, nextSequence })
      const buffered = after.buffered[destination] ?? 0
      return isCongested({ anchor, destination, inFlight, buffered, limits })
    },
    baseFee: () => headBaseFee,
    committedHeight: () => (running ? execution.tip().height : 0),
  }
}

/** Senders of the transactions that were included, in their order, out of the candidates. */
function sendersOf(
  included: readonly Hash[],
  candidates: readonly CheckedTransaction[],
): Uint8Array {
  const byHash = new Map(candidates.map(({ hash, sender }) => [toHex(hash), sender]))
  return concatBytes(
    ...included.map((hash) => present(byHash.get(toHex(hash)), 'only candidates are included')),
  )
}

function valueOf<T>(
  result: { readonly ok: true; readonly value: T } | { readonly ok: false },
): T | undefined {
  return result.ok ? result.value : undefined
}

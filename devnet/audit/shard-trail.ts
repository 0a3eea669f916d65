/**
 * Following one shard block by block: links, roots, channels and cursors, each worked out again from what the block is said
 * to have done and compared with what its header commits to (crosslinks C.1, C.4, C.5). A header that is certified, or that
 * a certified crosslink links to, then proves the facts.
 *
 * Invariant: a check that fails once is said once per shard; what follows from the same break is not repeated.
 */
import type { ShardGenesis } from '../../node/beacon/genesis.ts'
import {
  EMPTY_CHANNEL,
  emptyChannels,
  extendChannel,
  outRootOf,
} from '../../node/crosslink/channel.ts'
import { headerBodyHash, blockHash } from '../../node/crosslink/header-codec.ts'
import type { ChannelHead } from '../../node/crosslink/receipt.ts'
import { toHex } from '../../node/primitives/bytes.ts'
import type { Hash } from '../../node/primitives/identifiers.ts'
import { resultsRootOf, transactionRootOf } from '../../node/shards/block.ts'
import type { BlockFacts } from '../observe/ledger.ts'
import { placeName, type ShardFacts } from './facts.ts'

export type ShardTrail = {
  readonly shard: number
  height: number
  hash: Hash
  timestampMs: number
  channels: readonly ChannelHead[]
  cursors: readonly number[]
  readonly failed: Set<string>
}

export type ShardStep = {
  readonly problems: readonly string[]
  readonly hash: Hash
  /** H("hdr", ...): what a crosslink's link must be. */
  readonly link: Hash
}

export function startTrail(config: ShardGenesis): ShardTrail {
  const { shard, genesisBlockHash, genesisTimestampMs, shardCount } = config
  return {
    shard,
    height: 0,
    hash: genesisBlockHash,
    timestampMs: genesisTimestampMs,
    channels: emptyChannels(shardCount),
    cursors: Array.from({ length: shardCount + 1 }, () => 0),
    failed: new Set(),
  }
}

/** Checks the next block and moves the trail to it. */
export function followShardBlock(trail: ShardTrail, facts: ShardFacts): ShardStep {
  const { header } = facts
  widen(trail, header.cursors.length)
  const link = headerBodyHash(header)
  const hash = blockHash(header.parentHash, header.height, link)
  const channels = extendAll(trail, facts)
  const cursors = advanceCursors(trail.cursors, facts)
  const problems = [
    ...checkLink(trail, facts),
    ...fail(trail, 'transactions', transactionProblem(facts)),
    ...fail(trail, 'results', resultsProblem(facts)),
    ...fail(trail, 'channels', channels.problem ?? outRootProblem(facts, channels.heads)),
    ...fail(trail, 'cursors', cursorProblem(facts, cursors)),
  ].map((problem) => `${placeName(trail.shard, trail.height + 1)}: ${problem}`)
  trail.height++
  trail.hash = hash
  trail.timestampMs = header.timestampMs
  trail.channels = channels.heads
  trail.cursors = cursors
  return { problems, hash, link }
}

/** B.7: a block has a channel and a cursor for every chain that its anchor knows. */
function widen(trail: ShardTrail, chains: number): void {
  const missing = Math.max(0, chains - trail.cursors.length)
  trail.channels = [...trail.channels, ...Array.from({ length: missing }, () => EMPTY_CHANNEL)]
  trail.cursors = [...trail.cursors, ...Array.from({ length: missing }, () => 0)]
}

/** The block as the auditor's books take it. */
export function bookable(
  { header, transactions, consumed, sent }: ShardFacts,
  hash: Hash,
): BlockFacts {
  return {
    shard: header.chain,
    height: header.height,
    hash: data(hash),
    transactions: transactions.map((one) => ({
      hash: data(one.hash),
      ok: one.result.status === 1,
    })),
    consumed: consumed.map(({ receipt, outcome }) => ({
      source: receipt.source,
      sequence: receipt.sequence,
      kind: receipt.kind,
      amount: receipt.amount,
      outcome,
      originTransaction: data(receipt.originTransaction),
    })),
    sent: sent.flatMap(({ destination, receipts }) =>
      receipts.map(({ sequence, amount }) => ({ destination, sequence, amount })),
    ),
  }
}

export function data(bytes: Uint8Array): string {
  return `0x${toHex(bytes)}`
}

function fail(trail: ShardTrail, check: string, problem: string | undefined): readonly string[] {
  if (problem === undefined || trail.failed.has(check)) return []
  trail.failed.add(check)
  return [problem]
}

function checkLink(trail: ShardTrail, { header }: ShardFacts): readonly string[] {
  const { shard, height, hash, timestampMs } = trail
  const expected = height + 1
  return [
    ...fail(trail, 'chain', differs('its chain is', header.chain, shard)),
    ...fail(trail, 'height', differs('its height is', header.height, expected)),
    ...fail(trail, 'parent', differs('its parent is', data(header.parentHash), data(hash))),
    ...fail(
      trail,
      'time',
      header.timestampMs < timestampMs
        ? `its time is ${header.timestampMs}, expected at least ${timestampMs}`
        : undefined,
    ),
  ]
}

function transactionProblem({ header, transactions }: ShardFacts): string | undefined {
  const root = transactionRootOf(transactions.map(({ hash }) => hash))
  return differs('the root of its transactions is', data(root), data(header.transactionRoot))
}

function resultsProblem({ header, transactions, consumed }: ShardFacts): string | undefined {
  const root = resultsRootOf(
    consumed,
    transactions.map(({ result }) => result),
  )
  return differs('the root of its results is', data(root), data(header.resultsRoot))
}

/** The channels after the batches of the block; stays where it was when a batch does not continue its channel. */
function extendAll(
  { channels, shard }: ShardTrail,
  { sent, header }: ShardFacts,
): { readonly heads: readonly ChannelHead[]; readonly problem: string | undefined } {
  const heads = [...channels]
  for (const batch of sent) {
    const channel = heads[batch.destination]
    if (channel === undefined || batch.source !== shard || batch.height !== header.height) {
      const problem = `it sends a batch from shard ${batch.source} to ${batch.destination} of block ${batch.height}`
      return { heads, problem }
    }
    if (batch.startSequence !== channel.nextSequence) {
      const problem = `it sends receipt ${batch.startSequence} to shard ${batch.destination}, expected was receipt ${channel.nextSequence}`
      return { heads, problem }
    }
    heads[batch.destination] = extendChannel(channel, batch)
  }
  return { heads, problem: undefined }
}

function outRootProblem({ header }: ShardFacts, heads: readonly ChannelHead[]): string | undefined {
  const what = 'the root of its channels (what it sent so far) is'
  return differs(what, data(outRootOf(heads)), data(header.outRoot))
}

function advanceCursors(cursors: readonly number[], { consumed }: ShardFacts): readonly number[] {
  const next = [...cursors]
  for (const { receipt } of consumed) {
    next[receipt.source] = (next[receipt.source] ?? 0) + 1
  }
  return next
}

function cursorProblem({ header }: ShardFacts, cursors: readonly number[]): string | undefined {
  const what = 'receipts consumed so far, by source, are'
  return differs(what, cursors.join(' '), header.cursors.join(' '))
}

function differs(what: string, found: unknown, expected: unknown): string | undefined {
  return found === expected ? undefined : `${what} ${String(found)}, expected ${String(expected)}`
}

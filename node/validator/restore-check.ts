/**
 * Holes: whether what a starting node reads fits together (docs/reliability.md, "Storage"). Every record carries a seal,
 * so a damaged one is found when it is read; one that is silently gone is found only by what others say about it. A node
 * that votes on a hole finds out when it disagrees with its committee, or never.
 *
 * Found are missing ones of: final heights and blocks down to SPINE_HEIGHTS below the head, the head's certificate, the
 * journal's floor, blocks this node voted for, the beacon's state, its anchors, and channel leaves. Not found: own votes
 * and certificates of the journal (the vote guard stands behind votes), records deeper than the spine, and indexes.
 */
import { decodeBeaconState } from '../beacon/state-codec.ts'
import { decodeJournalRecord } from '../consensus/journal.ts'
import type { JournalRecord } from '../consensus/engine-contract.ts'
import { outRootOf } from '../crosslink/channel.ts'
import { assert } from '../primitives/assert.ts'
import { equalBytes, toHex } from '../primitives/bytes.ts'
import { BEACON_CHAIN, type ChainNumber, type Hash } from '../primitives/identifiers.ts'
import type { StoreEntry, StoreRange } from '../storage/store.ts'
import { decodeLeaves } from './channel-leaves.ts'
import type { LoadAnswer } from './contract.ts'
import { epochStartOf, headOf } from './restore.ts'
import { readFinalEntry } from './serve.ts'
import { hashOfBlockKey, numberKey, numberOfChainKey, numberOfKey, numberRange } from './table.ts'

/** Heights below the head that are looked at: what a crash leaves to be replayed, and what a peer a step behind asks for. */
export const SPINE_HEIGHTS = 16

/** What a node reads at its start, in three rounds: `headReads`, `tailReads`, `spineReads`. */
export type RestoreReads = {
  readonly heads: LoadAnswer
  readonly tails: LoadAnswer
  readonly spines: LoadAnswer
}

/** Per chain the final heights up to the head, and the blocks below it. */
export function spineReads(
  chains: readonly ChainNumber[],
  heads: LoadAnswer,
): readonly StoreRange[] {
  return chains.flatMap((chain, index) => chainSpineReads(chain, heads, index))
}

export function chainSpineReads(
  chain: ChainNumber,
  heads: LoadAnswer,
  index: number,
): readonly StoreRange[] {
  const height = headOf(heads, index)?.height ?? 0
  const from = Math.max(0, height - SPINE_HEIGHTS)
  return [
    numberRange('final', chain, from, height + 1),
    { table: 'block', from: numberKey(chain, from), to: numberKey(chain, height) },
  ]
}

/** The first record that others say must be there and is not, in words for an operator; undefined: all fits together. */
export function missingRecord(
  chains: readonly ChainNumber[],
  reads: RestoreReads,
): string | undefined {
  for (const [index, chain] of chains.entries()) {
    const missing = missingOfOne(chain, reads, index)
    if (missing !== undefined) return missing
  }
  const missing = missingOfBeacon(chains, reads)
  return missing === undefined ? undefined : `${missing} of chain ${BEACON_CHAIN}`
}

/** The same of one chain. */
export function missingOfOne(
  chain: ChainNumber,
  reads: RestoreReads,
  index: number,
): string | undefined {
  const missing = missingOfChain(chainReads(reads, index))
  return missing === undefined ? undefined : `${missing} of chain ${chain}`
}

type ChainReads = {
  readonly head: ReturnType<typeof headOf>
  readonly epochStart: ReturnType<typeof epochStartOf>
  readonly journal: readonly JournalRecord[]
  readonly finals: readonly StoreEntry[]
  /** Of all blocks read, from the spine's foot upwards. */
  readonly blockKeys: readonly Uint8Array[]
}

function chainReads({ heads, tails, spines }: RestoreReads, index: number): ChainReads {
  const blocks = [...(spines[2 * index + 1] ?? []), ...(tails[2 * index + 2] ?? [])]
  return {
    head: headOf(heads, index),
    epochStart: epochStartOf(heads, index),
    journal: (tails[2 * index + 1] ?? []).map(({ value }) => {
      const record = decodeJournalRecord(value)
      assert(record.ok, 'a journal record that passed its checksum decodes')
      return record.value
    }),
    finals: spines[2 * index] ?? [],
    blockKeys: blocks.map(({ key }) => key),
  }
}

function missingOfChain(reads: ChainReads): string | undefined {
  const held = new Set(reads.blockKeys.map((key) => toHex(hashOfBlockKey(key))))
  return missingFloor(reads) ?? missingSpine(reads, held) ?? missingBody(reads, held)
}

type Floor = JournalRecord & { readonly kind: 'floor' }

/**
 * The final heights and the journal's floor are written together, so the newest of both is the same block. Before the
 * first one of an epoch is final, that is the block from which the epoch starts.
 */
function missingFloor({ head, epochStart, journal }: ChainReads): string | undefined {
  const floor = floorOf(journal) ?? epochStart?.block
  // B.7, B.8: an epoch may begin from block 0, which is written down nowhere.
  const isAtGenesis = floor === undefined || floor.height === 0
  if (head === undefined) return isAtGenesis ? undefined : `final height ${floor.height}`
  if (floor === undefined || floor.height < head.height) return `the journal's floor ${head.height}`
  if (floor.height > head.height) return `final height ${floor.height}`
  if (!equalBytes(floor.hash, head.hash)) return `the final block ${head.height}`
  // R10: delivery ends with the block that its certificate names.
  return head.certificate === undefined ? `the certificate of height ${head.height}` : undefined
}

function floorOf(journal: readonly JournalRecord[]): Floor | undefined {
  let highest: Floor | undefined
  for (const record of journal) {
    if (record.kind !== 'floor') continue
    if (highest === undefined || record.height > highest.height) highest = record
  }
  return highest
}

/** From the lowest one present: a node that began with a state's snapshot has nothing below that. */
function missingSpine({ finals }: ChainReads, held: ReadonlySet<string>): string | undefined {
  let expected: number | undefined
  for (const entry of finals) {
    const { height, hash } = readFinalEntry(entry)
    if (expected !== undefined && height !== expected) return `final height ${expected}`
    if (!held.has(toHex(hash))) return `block ${height}`
    expected = height + 1
  }
  return undefined
}

/** R5, R8: a body is durable before the vote for it, and all of its voters may be asked for it. */
function missingBody({ journal }: ChainReads, held: ReadonlySet<string>): string | undefined {
  const floorView = floorOf(journal)?.view ?? 0
  for (const record of journal) {
    if (record.kind !== 'vote' || record.vote.view <= floorView) continue
    const { proposal, view } = record.vote
    if (proposal !== undefined && !held.has(toHex(proposal.hash))) {
      return `the block voted for in view ${view}`
    }
  }
  return undefined
}

function missingOfBeacon(
  chains: readonly ChainNumber[],
  { heads, tails }: RestoreReads,
): string | undefined {
  const head = headOf(heads, chains.indexOf(BEACON_CHAIN))
  const stored = heads[0]?.[0]?.value
  if (head === undefined) return undefined
  if (stored === undefined) return 'the state'
  const state = decodeBeaconState(stored)
  assert(state.ok, 'a stored beacon state that passed its checksum decodes')
  const { height, headHash, shards } = state.value
  if (height !== head.height || !equalBytes(headHash, head.hash)) return `the state ${head.height}`
  const missing = missingAnchor(tails[0] ?? [], height)
  if (missing !== undefined) return missing
  const leaves = new Map(
    (heads[1] ?? []).map(({ key, value }) => {
      return [numberOfChainKey(key), outRootOf(decodeLeaves(value))] as const
    }),
  )
  const bare = shards.find(({ shard, outRoot, lastCrosslinkHeight, openedHeight }) => {
    return lastCrosslinkHeight > openedHeight && !isSame(leaves.get(shard), outRoot)
  })
  return bare === undefined ? undefined : `the channel leaves of shard ${bare.shard}`
}

function isSame(left: Hash | undefined, right: Hash): boolean {
  return left !== undefined && equalBytes(left, right)
}

/** What shards see of the beacon: every height from the oldest one present up to the head. */
function missingAnchor(anchors: readonly StoreEntry[], head: number): string | undefined {
  const heights = anchors.map(({ key }) => numberOfKey(key))
  const first = heights[0] ?? head
  for (let height = first; height <= head; height++) {
    if (heights[height - first] !== height) return `the anchor ${height}`
  }
  return undefined
}

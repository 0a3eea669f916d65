/**
 * Restore: which tables a starting node reads, in two rounds (the second depends on the first), and the `start` input made
 * of them. Pure, so that the runtime and the simulator start nodes alike.
 */
import { BEACON_CHAIN, type ChainNumber } from '../primitives/identifiers.ts'
import { BEACON_HASH_RING } from '../primitives/limits.ts'
import type { StoreRange } from '../storage/store.ts'
import type { ChainRestore, LoadAnswer, NodeRestore } from './contract.ts'
import { decodeEpochStart, type EpochStart } from './epoch-start.ts'
import { readFinalEntry } from './serve.ts'
import { chainKey, numberKey, numberRange, pointRange, type TableName } from './table.ts'

/** It says which shards are held (B.11), so it is read before anything else. */
export function beaconStateRead(): StoreRange {
  return pointRange('state', numberKey(BEACON_CHAIN))
}

/** The plans of all epochs that the beacon had come to know: who sat where when a shard began (B.7). */
export function plansRead(): StoreRange {
  return { table: 'plan' }
}

/** The beacon state, the channel leaves, the snapshot points; per chain the finalized head and the start of its epoch. */
export function headReads(chains: readonly ChainNumber[]): readonly StoreRange[] {
  return [
    beaconStateRead(),
    { table: 'channels' },
    { table: 'snapshot' },
    ...chains.flatMap(chainHeadReads),
  ]
}

export function chainHeadReads(chain: ChainNumber): readonly StoreRange[] {
  return [
    { ...within('final', chain), reverse: true, countMax: 1 },
    { ...within('epoch', chain), reverse: true, countMax: 1 },
  ]
}

/** Recent anchors; per chain the journal of its epoch and the blocks from the finalized height upwards. */
export function tailReads(
  chains: readonly ChainNumber[],
  heads: LoadAnswer,
): readonly StoreRange[] {
  const beaconHeight = headOf(heads, chains.indexOf(BEACON_CHAIN))?.height ?? 0
  const oldest = Math.max(0, beaconHeight - BEACON_HASH_RING)
  return [
    { ...within('anchor', BEACON_CHAIN), from: numberKey(BEACON_CHAIN, oldest) },
    ...chains.flatMap((chain, index) => chainTailReads(chain, heads, index)),
  ]
}

export function chainTailReads(
  chain: ChainNumber,
  heads: LoadAnswer,
  index: number,
): readonly StoreRange[] {
  const epoch = epochStartOf(heads, index)?.epoch ?? 0
  return [
    numberRange('journal', chain, epoch, epoch + 1),
    { ...within('block', chain), from: numberKey(chain, headOf(heads, index)?.height ?? 0) },
  ]
}

export function restoreOf(
  chains: readonly ChainNumber[],
  heads: LoadAnswer,
  tails: LoadAnswer,
): NodeRestore {
  const restored = chains.map((chain, index) => chainRestoreOf(chain, { heads, tails }, index))
  return {
    chains: restored,
    beaconState: heads[0]?.[0]?.value,
    anchors: (tails[0] ?? []).map(({ value }) => value),
    channels: heads[1] ?? [],
    snapshots: heads[2] ?? [],
  }
}

export function chainRestoreOf(
  chain: ChainNumber,
  { heads, tails }: { readonly heads: LoadAnswer; readonly tails: LoadAnswer },
  index: number,
): ChainRestore {
  const head = headOf(heads, index)
  return {
    chain,
    epochStart: epochStartOf(heads, index),
    journal: tails[1 + 2 * index] ?? [],
    blocks: (tails[2 + 2 * index] ?? []).map(({ value }) => value),
    head: head === undefined ? undefined : { height: head.height, hash: head.hash },
  }
}

function within(table: TableName, chain: ChainNumber): StoreRange {
  return { table, from: chainKey(chain), to: chainKey(chain + 1) }
}

/** The final head of the chain with this index. */
export function headOf(heads: LoadAnswer, index: number) {
  const entry = heads[3 + 2 * index]?.[0]
  return entry && readFinalEntry(entry)
}

export function epochStartOf(heads: LoadAnswer, index: number): EpochStart | undefined {
  const entry = heads[4 + 2 * index]?.[0]
  return entry && decodeEpochStart(entry.value)
}

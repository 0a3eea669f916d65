/**
 * Restore: which tables a starting node reads, in two rounds (the second depends on the first), and the `start` input made
 * of them. Pure, so that the runtime and the simulator start nodes alike.
 */
import { BEACON_CHAIN, type ChainNumber } from '../primitives/identifiers.ts'
import { BEACON_HASH_RING } from '../primitives/limits.ts'
import type { StoreRange } from '../storage/store.ts'
import type { ChainRestore, LoadAnswer, NodeRestore } from './contract.ts'
import { readFinalEntry } from './serve.ts'
import { chainKey, numberKey, pointRange } from './table.ts'

/** Finalized heads, the beacon state, the channel leaves. */
export function headReads(chains: readonly ChainNumber[]): readonly StoreRange[] {
  return [
    pointRange('state', numberKey(BEACON_CHAIN)),
    { table: 'channels' },
    ...chains.map((chain) => ({ ...within('final', chain), reverse: true, countMax: 1 })),
  ]
}

/** Recent anchors; per chain the journal and the blocks from the finalized height upwards. */
export function tailReads(
  chains: readonly ChainNumber[],
  heads: LoadAnswer,
): readonly StoreRange[] {
  const beaconHeight = headOf(heads, chains.indexOf(BEACON_CHAIN))?.height ?? 0
  const oldest = Math.max(0, beaconHeight - BEACON_HASH_RING)
  return [
    { ...within('anchor', BEACON_CHAIN), from: numberKey(BEACON_CHAIN, oldest) },
    ...chains.flatMap((chain, index) => [
      within('journal', chain),
      { ...within('block', chain), from: numberKey(chain, headOf(heads, index)?.height ?? 0) },
    ]),
  ]
}

export function restoreOf(
  chains: readonly ChainNumber[],
  heads: LoadAnswer,
  tails: LoadAnswer,
): NodeRestore {
  const restored = chains.map((chain, index): ChainRestore => {
    const head = headOf(heads, index)
    return {
      chain,
      journal: tails[1 + 2 * index] ?? [],
      blocks: (tails[2 + 2 * index] ?? []).map(({ value }) => value),
      head: head === undefined ? undefined : { height: head.height, hash: head.hash },
    }
  })
  return {
    chains: restored,
    beaconState: heads[0]?.[0]?.value,
    anchors: (tails[0] ?? []).map(({ value }) => value),
    channels: heads[1] ?? [],
  }
}

function within(table: string, chain: ChainNumber): StoreRange {
  return { table, from: chainKey(chain), to: chainKey(chain + 1) }
}

function headOf(heads: LoadAnswer, index: number) {
  const entry = heads[2 + index]?.[0]
  return entry && readFinalEntry(entry)
}

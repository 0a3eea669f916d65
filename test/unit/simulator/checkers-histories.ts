/** Hand-made histories for the checkers of a network: two shards, four nodes, told in a few words. */
import type {
  CheckedNetwork,
  NetworkChecker,
  NetworkObservation,
} from '../../../devnet/simulator/checkers/network-observation.ts'
import type {
  SeenBlock,
  SeenReceipt,
} from '../../../devnet/simulator/checkers/sharded-observation.ts'

/** Nodes 0 and 1 make up shard 1, nodes 2 and 3 shard 2, all of them the beacon; node 3 is byzantine. */
export const NETWORK: CheckedNetwork = {
  shardCount: 2,
  committees: [
    [0, 1, 2, 3],
    [0, 1],
    [2, 3],
  ],
  byzantineNodes: new Set([3]),
  balances: [[{ account: 'alice', balance: 100n }], []],
  gasLimit: 100_000,
}

/** What happens, and when. */
export type History = readonly (readonly [number, NetworkObservation])[]

/** The first sentence of a checker about a history, its end included. */
export function judged(checker: NetworkChecker, history: History, endMs = 0): string | undefined {
  for (const [now, seen] of history) {
    const sentence = checker.observe(seen, now)
    if (sentence !== undefined) return sentence
  }
  return checker.finish?.(Math.max(endMs, history.at(-1)?.[0] ?? 0))
}

export function seenBlock(
  shard: number,
  height: number,
  changes: Partial<SeenBlock> = {},
): SeenBlock {
  return {
    shard,
    height,
    hash: `${shard}/${height}`,
    parentHash: `${shard}/${height - 1}`,
    stateRoot: `root ${shard}/${height}`,
    timestampMs: height,
    baseFeePerGas: 1n,
    anchor: { height: 0, hash: 'beacon 0' },
    cursors: [0, 0, 0],
    transactions: [],
    consumed: [],
    sent: [],
    changed: [],
    ...changes,
  }
}

/** A node of the shard commits a block. */
export function commits(
  block: SeenBlock,
  { node = block.shard === 1 ? 0 : 2, isFirst = true } = {},
): NetworkObservation {
  return { kind: 'block', node, block, isFirst }
}

export function takes(
  node: number,
  chain: number,
  height: number,
  hash = `${chain}/${height}`,
): NetworkObservation {
  return { kind: 'final', node, chain, height, hash }
}

export function offers(hash: string, nonce: number, shard = 1, from = 'alice'): NetworkObservation {
  return { kind: 'offered', transaction: { hash, shard, from, nonce } }
}

/** Executed transactions by hash, each for a gas of one. */
export function executed(...hashes: readonly string[]): SeenBlock['transactions'] {
  return hashes.map((hash) => ({ hash, gasUsed: 1, sentTo: undefined }))
}

export function receipt(sequence: number, changes: Partial<SeenReceipt> = {}): SeenReceipt {
  return {
    source: 1,
    destination: 2,
    sequence,
    kind: 'transfer',
    from: 'alice',
    to: 'bob',
    amount: 10n,
    origin: `transaction ${sequence}`,
    ...changes,
  }
}

/** All at once, in this order. */
export function atOnce(...seen: readonly NetworkObservation[]): History {
  return seen.map((one) => [0, one] as const)
}

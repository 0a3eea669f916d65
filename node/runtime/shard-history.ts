/**
 * One hosted shard's past, read from the store: blocks with what executing them did, as RPC shows them.
 */
import type { BeaconState } from '../beacon/state.ts'
import { emptyChannels } from '../crosslink/channel.ts'
import { HEADER_VERSION } from '../crosslink/header-codec.ts'
import type { ShardHeader } from '../crosslink/header.ts'
import type { ChannelHead, Receipt } from '../crosslink/receipt.ts'
import { decodeReceiptBatch } from '../crosslink/receipt-codec.ts'
import { present } from '../primitives/assert.ts'
import { equalBytes } from '../primitives/bytes.ts'
import { ZERO_HASH } from '../primitives/hash.ts'
import { ADDRESS_SIZE, type Address, type Hash } from '../primitives/identifiers.ts'
import type { BlockSelector, CertaintyLevel, ShardBlockView } from '../rpc/backend.ts'
import { decodeShardBlock, type ShardBlock } from '../shards/block.ts'
import type { Store } from '../storage/store.ts'
import { decodeOutcome, type StoredOutcome } from '../validator/outcome.ts'
import { readFinalEntry } from '../validator/serve.ts'
import type { ShardChain } from '../validator/shard-chain.ts'
import { blockKey, decodeNumbers, hashKey, numberKey } from '../validator/table.ts'
import { loadRange } from './driver.ts'

export type ShardHistory = {
  readonly shard: Pick<ShardChain, 'config' | 'committedHeight'>
  readonly store: Store
  /** Where the proposer of a final block gets its tips. */
  readonly payoutOf: (header: ShardHeader) => Address | undefined
  /** Finalized and newest beacon state. */
  readonly beacon: { readonly head: () => BeaconState; readonly newest: () => BeaconState }
}

/** How far each level reaches; a node that is catching up may hold less than the beacon knows. */
function heightsOf({ shard, beacon }: ShardHistory) {
  const index = shard.config.shard - 1
  const finalized = shard.committedHeight()
  const crosslinked = Math.min(finalized, beacon.newest().shards[index]?.height ?? 0)
  const settled = Math.min(finalized, beacon.head().shards[index]?.height ?? 0)
  return { finalized, crosslinked, settled }
}

export function levelOf(history: ShardHistory, height: number): CertaintyLevel {
  const { crosslinked, settled } = heightsOf(history)
  if (height <= settled) return 'settled'
  return height <= crosslinked ? 'crosslinked' : 'finalized'
}

/** The finalized height a selector means; undefined if this node does not hold it. */
export async function heightOf(
  history: ShardHistory,
  selector: BlockSelector,
): Promise<number | undefined> {
  const { finalized, crosslinked, settled } = heightsOf(history)
  switch (selector.kind) {
    case 'height':
      return selector.height <= finalized ? selector.height : undefined
    case 'hash':
      return heightOfHash(history, selector.hash, finalized)
    default: {
      const tags = {
        earliest: 0,
        finalized: settled,
        safe: crosslinked,
        latest: finalized,
        pending: finalized,
      }
      return tags[selector.tag]
    }
  }
}

async function heightOfHash(
  history: ShardHistory,
  hash: Hash,
  finalized: number,
): Promise<number | undefined> {
  const { config } = history.shard
  if (equalBytes(hash, config.genesisBlockHash)) return 0
  const entry = await history.store.get('height', hashKey(config.shard, hash))
  const height = entry && decodeNumbers(entry)[0]
  if (height === undefined || height > finalized) return undefined
  const final = await finalHashAt(history, height)
  return final !== undefined && equalBytes(final, hash) ? height : undefined
}

export async function finalHashAt(
  { shard, store }: ShardHistory,
  height: number,
): Promise<Hash | undefined> {
  const key = numberKey(shard.config.shard, height)
  const value = await store.get('final', key)
  return value && readFinalEntry({ key, value }).hash
}

export async function blockAt(
  history: ShardHistory,
  height: number,
): Promise<ShardBlockView | undefined> {
  const { store, shard, payoutOf } = history
  const number = shard.config.shard
  if (height === 0) return genesisBlockView(history)
  const hash = await finalHashAt(history, height)
  const bytes = hash && (await store.get('block', blockKey(number, height, hash)))
  const stored = await store.get('outcome', numberKey(number, height))
  if (hash === undefined || bytes === undefined || stored === undefined) return undefined
  const block = decodeShardBlock(bytes)
  const outcome = decodeOutcome(stored)
  if (!block.ok || !outcome.ok) return undefined
  const { header, body } = block.value
  return {
    hash,
    header,
    bytes: bytes.length,
    level: levelOf(history, height),
    transactions: outcome.value.transactions.map(({ hash: name, sender }, index) => {
      const raw = present(body.transactions[index], 'one body item per transaction')
      return { raw, hash: name, sender }
    }),
    results: outcome.value.transactions.map(({ result }) => result),
    consumed: consumedBy(block.value, outcome.value),
    sent: await sentBy(history, outcome.value),
    beneficiary: present(payoutOf(header), 'a final block was proposed by its leader'),
  }
}

async function sentBy({ store, shard }: ShardHistory, outcome: StoredOutcome) {
  const batches = []
  for (const { destination, startSequence } of outcome.sent) {
    const key = numberKey(shard.config.shard, destination, startSequence)
    const bytes = await store.get('batch', key)
    const batch = bytes && decodeReceiptBatch(bytes)
    if (batch?.ok === true) batches.push(batch.value)
  }
  return batches
}

/** Outgoing channels after a block; empty ones at genesis. */
export async function channelsAt(
  { store, shard }: ShardHistory,
  height: number,
): Promise<readonly ChannelHead[] | undefined> {
  const { config } = shard
  if (height === 0) return emptyChannels(config.shardCount)
  const stored = await store.get('outcome', numberKey(config.shard, height))
  const outcome = stored && decodeOutcome(stored)
  return outcome?.ok === true ? outcome.value.channels : undefined
}

/** The receipt of one channel at one sequence. */
export async function receiptAt(
  { store, shard }: ShardHistory,
  destination: number,
  sequence: number,
): Promise<Receipt | undefined> {
  const number = shard.config.shard
  const [entry] = await loadRange(store, {
    table: 'batch',
    from: numberKey(number, destination),
    to: numberKey(number, destination, sequence + 1),
    reverse: true,
    countMax: 1,
  })
  const batch = entry && decodeReceiptBatch(entry.value)
  if (batch?.ok !== true) return undefined
  return batch.value.receipts[sequence - batch.value.startSequence]
}

function consumedBy(block: ShardBlock, outcome: StoredOutcome): ShardBlockView['consumed'] {
  const receipts = new Map(
    block.body.inbox.flatMap(({ batches }) =>
      batches.flatMap((batch) =>
        batch.receipts.map(
          (receipt) => [`${receipt.source}:${receipt.sequence}`, receipt] as const,
        ),
      ),
    ),
  )
  return outcome.consumed.map(({ source, sequence, outcome: end }) => ({
    receipt: present(receipts.get(`${source}:${sequence}`), 'consumed receipts stand in the body'),
    outcome: end,
  }))
}

/** Block 0 has no header of its own; wallets ask for it all the same. */
function genesisBlockView({ shard }: ShardHistory): ShardBlockView {
  const { config } = shard
  const zero = Array.from({ length: config.shardCount + 1 }, () => 0)
  const header: ShardHeader = {
    version: HEADER_VERSION,
    chain: config.shard,
    parentHash: ZERO_HASH,
    height: 0,
    epoch: config.openedEpoch ?? 0,
    view: 0,
    proposerSeat: 0,
    timestampMs: config.genesisTimestampMs,
    anchor: { beaconHeight: config.openedHeight ?? 0, beaconHash: ZERO_HASH },
    sealing: false,
    transactionRoot: ZERO_HASH,
    inboxRoot: ZERO_HASH,
    stateRoot: ZERO_HASH,
    outRoot: ZERO_HASH,
    cursors: zero,
    resultsRoot: ZERO_HASH,
    gasLimit: config.gasLimit,
    gasUsed: 0,
    baseFeePerGas: config.initialBaseFee,
    inboxUnits: 0,
    outBytes: 0,
    contentsHash: ZERO_HASH,
  }
  return {
    hash: config.genesisBlockHash,
    header,
    bytes: 0,
    level: 'settled',
    transactions: [],
    results: [],
    consumed: [],
    sent: [],
    beneficiary: new Uint8Array(ADDRESS_SIZE),
  }
}

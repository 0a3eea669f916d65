/**
 * One hosted shard as RPC sees it: heads from the running machine, history from the store, accounts from the executor.
 */
import type { BeaconState } from '../beacon/state.ts'
import { HEADER_VERSION } from '../crosslink/header-codec.ts'
import type { ShardHeader } from '../crosslink/header.ts'
import { present } from '../primitives/assert.ts'
import { ZERO_HASH } from '../primitives/hash.ts'
import type { Address, Hash } from '../primitives/identifiers.ts'
import type { Result } from '../primitives/result.ts'
import { decodeReceiptBatch } from '../crosslink/receipt-codec.ts'
import type {
  BlockSelector,
  CertaintyLevel,
  MessageLife,
  ShardBackend,
  ShardBlockView,
  SubmitRejectCode,
  TransactionPlace,
} from '../rpc/backend.ts'
import { decodeShardBlock, type ShardBlock } from '../shards/block.ts'
import type { Executor, StateSelector } from '../shards/executor.ts'
import type { Store } from '../storage/store.ts'
import { decodeOutcome, type StoredOutcome } from '../validator/outcome.ts'
import { readFinalEntry } from '../validator/serve.ts'
import type { ShardChain } from '../validator/shard-chain.ts'
import { blockKey, decodeNumbers, hashKey, numberKey } from '../validator/table.ts'
import { loadRange } from './driver.ts'

export type ShardBackendParts = {
  readonly shard: ShardChain
  readonly store: Store
  readonly executor: Executor
  readonly payouts: readonly Address[]
  /** Finalized and newest beacon state. */
  readonly beacon: { readonly head: () => BeaconState; readonly newest: () => BeaconState }
  readonly submit: (raw: Uint8Array) => Promise<Result<Hash, SubmitRejectCode>>
}

export function createShardBackend(parts: ShardBackendParts): ShardBackend {
  const { shard, store, executor, beacon } = parts
  const number = shard.config.shard
  const genesisView = genesisBlockView(parts)

  const heights = () => {
    const index = number - 1
    const finalized = shard.committedHeight()
    // A node that is catching up may know less than the beacon does.
    const crosslinked = Math.min(finalized, beacon.newest().shards[index]?.height ?? 0)
    const settled = Math.min(finalized, beacon.head().shards[index]?.height ?? 0)
    return { finalized, crosslinked, settled }
  }

  function levelOf(height: number): CertaintyLevel {
    const { crosslinked, settled } = heights()
    if (height <= settled) return 'settled'
    return height <= crosslinked ? 'crosslinked' : 'finalized'
  }

  async function heightOf(selector: BlockSelector): Promise<number | undefined> {
    const { finalized, crosslinked, settled } = heights()
    switch (selector.kind) {
      case 'height':
        return selector.height <= finalized ? selector.height : undefined
      case 'hash': {
        if (sameHash(selector.hash, genesisView.hash)) return 0
        const entry = await store.get('height', hashKey(number, selector.hash))
        const height = entry && decodeNumbers(entry)[0]
        if (height === undefined || height > finalized) return undefined
        const final = await finalHash(height)
        return final !== undefined && sameHash(final, selector.hash) ? height : undefined
      }
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

  async function finalHash(height: number): Promise<Hash | undefined> {
    const key = numberKey(number, height)
    const value = await store.get('final', key)
    return value && readFinalEntry({ key, value }).hash
  }

  async function blockAt(height: number): Promise<ShardBlockView | undefined> {
    if (height === 0) return genesisView
    const hash = await finalHash(height)
    const bytes = hash && (await store.get('block', blockKey(number, height, hash)))
    const stored = await store.get('outcome', numberKey(number, height))
    if (hash === undefined || bytes === undefined || stored === undefined) return undefined
    const block = decodeShardBlock(bytes)
    const outcome = decodeOutcome(stored)
    if (!block.ok || !outcome.ok) return undefined
    const sent = await sentBy(height, outcome.value)
    return {
      hash,
      header: block.value.header,
      bytes: bytes.length,
      level: levelOf(height),
      transactions: outcome.value.transactions.map(({ hash: name, sender }, index) => {
        const raw = present(block.value.body.transactions[index], 'one body item per transaction')
        return { raw, hash: name, sender }
      }),
      results: outcome.value.transactions.map(({ result }) => result),
      consumed: consumedBy(block.value, outcome.value),
      sent,
      beneficiary: present(parts.payouts[block.value.header.proposerSeat], 'a seat has a payout'),
    }
  }

  async function sentBy(height: number, outcome: StoredOutcome) {
    const batches = []
    for (const { destination, startSequence } of outcome.sent) {
      const bytes = await store.get('batch', numberKey(number, destination, startSequence))
      const batch = bytes && decodeReceiptBatch(bytes)
      if (batch?.ok === true && batch.value.height === height) batches.push(batch.value)
    }
    return batches
  }

  async function block(selector: BlockSelector): Promise<ShardBlockView | undefined> {
    const height = await heightOf(selector)
    return height === undefined ? undefined : blockAt(height)
  }

  async function transaction(hash: Hash): Promise<TransactionPlace | undefined> {
    const entry = await store.get('tx', hashKey(number, hash))
    if (entry !== undefined) {
      const [height = -1, index = 0] = decodeNumbers(entry)
      const view = height <= heights().finalized ? await blockAt(height) : undefined
      if (view !== undefined) return { kind: 'included', block: view, index }
    }
    const waiting = shard.mempool.get(hash)
    return waiting && { kind: 'pending', transaction: waiting }
  }

  async function stateAt(selector: BlockSelector): Promise<StateSelector | undefined> {
    if (selector.kind === 'tag' && selector.tag === 'pending') return { kind: 'pending' }
    if (selector.kind === 'tag' && selector.tag === 'latest') return { kind: 'finalized' }
    const height = await heightOf(selector)
    return height === undefined ? undefined : { kind: 'height', height }
  }

  async function message(origin: Hash): Promise<MessageLife | undefined> {
    const entry = await store.get('origin', hashKey(number, origin))
    if (entry === undefined) return undefined
    const [destination = 0, sequence = 0, height = 0] = decodeNumbers(entry)
    const receipt = await receiptAt(destination, sequence)
    const sentInHash = await finalHash(height)
    if (receipt === undefined || sentInHash === undefined) return undefined
    const cursor = beacon.newest().shards[destination - 1]?.cursors[number] ?? 0
    const consumed = cursor > sequence
    const outcome = await endOf(origin, consumed)
    return { receipt, sentInHeight: height, sentInHash, level: levelOf(height), outcome, consumed }
  }

  /** A bounce that came back says refunded; one on its way looks applied until it arrives. */
  async function endOf(origin: Hash, consumed: boolean): Promise<MessageLife['outcome']> {
    if ((await store.get('refund', hashKey(number, origin))) !== undefined) return 'refunded'
    return consumed ? 'applied' : 'pending'
  }

  async function receiptAt(destination: number, sequence: number) {
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

  return {
    block,
    transaction,
    accounts: async (selector, addresses) => {
      const at = await stateAt(selector)
      if (at === undefined) return undefined
      const response = await executor.run({ kind: 'accounts', at, addresses })
      if (response.kind !== 'accounts') return undefined
      if (at.kind !== 'pending') return response.accounts
      // Wallets number their next transaction after the ones that still wait here.
      return response.accounts.map((view) => {
        return { ...view, nonce: shard.mempool.pendingNonce(view.address, view.nonce) }
      })
    },
    submit: parts.submit,
    message,
    supply: async (selector) => {
      const at = await stateAt(selector)
      if (at === undefined) return undefined
      const response = await executor.run({ kind: 'supply', at })
      return response.kind === 'supply' ? response.supply : undefined
    },
  }
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
  return outcome.consumed.map(({ source, sequence, applied }) => ({
    receipt: present(receipts.get(`${source}:${sequence}`), 'consumed receipts stand in the body'),
    outcome: applied ? 'applied' : 'bounced',
  }))
}

/** Block 0 has no header of its own; wallets ask for it all the same. */
function genesisBlockView({ shard }: ShardBackendParts): ShardBlockView {
  const { config } = shard
  const zero = Array.from({ length: config.shardCount + 1 }, () => 0)
  const header: ShardHeader = {
    version: HEADER_VERSION,
    chain: config.shard,
    parentHash: ZERO_HASH,
    height: 0,
    epoch: 0,
    view: 0,
    proposerSeat: 0,
    timestampMs: config.genesisTimestampMs,
    anchor: { beaconHeight: 0, beaconHash: ZERO_HASH },
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
    beneficiary: new Uint8Array(20),
  }
}

function sameHash(left: Hash, right: Hash): boolean {
  return left.every((byte, index) => byte === right[index])
}

/**
 * What the stages of a transaction's life are measured on: signed payments, one shard's execution, blocks, an anchor that
 * stands still. Everything is as in a node; only agreement is left out.
 */
import { unusedBeaconChannels } from '../../node/crosslink/beacon-channels.ts'
import { emptyChannels, outBranch } from '../../node/crosslink/channel.ts'
import { firstRecord, type AnchorView, type ShardRecord } from '../../node/crosslink/crosslink.ts'
import type { ChannelHead, InboxItem, ReceiptBatch } from '../../node/crosslink/receipt.ts'
import { assert, present } from '../../node/primitives/assert.ts'
import { concatBytes, fromHex, toHex } from '../../node/primitives/bytes.ts'
import { HASH_SIZE, hashTagged, ZERO_HASH } from '../../node/primitives/hash.ts'
import { ADDRESS_SIZE } from '../../node/primitives/identifiers.ts'
import type {
  BlockOutcome,
  BuildRequest,
  CheckedTransaction,
  ExecutionResponse,
  ShardConfig,
} from '../../node/shards/executor.ts'
import { recoverSenders } from '../../node/shards/io/crypto-worker.ts'
import { openInlineExecutor } from '../../node/shards/io/inline.ts'
import { loadAccount } from '../../devnet/accounts.ts'
import { signPayment } from '../../devnet/load/workload.ts'
import { CHAIN_ID_BASE } from '../../devnet/parameters.ts'

/** A block of the default gas limit holds about so many. */
export const BLOCK_TRANSACTIONS = 500
const ACCOUNTS = 500
const SHARDS = 2
const GAS_LIMIT = 60_000_000
const GENESIS_MS = 1_000_000

export function shardConfig(shard: number): ShardConfig {
  const allocations = Array.from({ length: ACCOUNTS }, (_, index) => ({
    address: loadAccount(shard, index).address,
    balance: 10n ** 27n,
  }))
  return {
    shard,
    shardCount: SHARDS,
    chainId: CHAIN_ID_BASE + shard,
    chainIdBase: CHAIN_ID_BASE,
    genesisHash: hashTagged('micro genesis'),
    genesisBlockHash: hashTagged('micro genesis block', Uint8Array.of(shard)),
    gasLimit: GAS_LIMIT,
    initialBaseFee: 10n ** 9n,
    genesisTimestampMs: GENESIS_MS,
    allocations: allocations.toSorted((left, right) => Buffer.compare(left.address, right.address)),
  }
}

/** First payment of every account of shard 1, to the next account there or on `destination`. */
export function signedPayments(destination = 1): readonly Uint8Array[] {
  return Array.from({ length: BLOCK_TRANSACTIONS }, (_, index) => {
    const payee = loadAccount(destination, (index + 1) % ACCOUNTS).address
    const payment = { shard: 1, nonce: 0, destination, payee }
    const facts = { shardCount: SHARDS, chainIdBase: CHAIN_ID_BASE }
    const { raw } = signPayment(payment, loadAccount(1, index).secretKey, facts)
    return present(fromHex(raw.slice(2)), 'a signed payment is hex')
  })
}

/** With hashes and senders, as the thread that recovers tells them. */
export function checkedPayments(raws: readonly Uint8Array[]): readonly CheckedTransaction[] {
  const { valid, hashes, senders } = recoverSenders(raws)
  assert(
    valid.every((one) => one === 1),
    'every payment is signed',
  )
  return raws.map((raw, index) => ({
    raw,
    hash: hashes.slice(index * HASH_SIZE, (index + 1) * HASH_SIZE),
    sender: senders.slice(index * ADDRESS_SIZE, (index + 1) * ADDRESS_SIZE),
  }))
}

/** The first block of shard 1 with these, or of shard 2 with these receipts; on a state of its own. */
export function buildRequest(
  shard: number,
  parts: { readonly transactions?: readonly CheckedTransaction[]; readonly source?: BlockOutcome },
): BuildRequest {
  const { transactions = [], source } = parts
  const other = shard === 1 ? 2 : 1
  const channels = source?.channels ?? emptyChannels(SHARDS)
  return {
    kind: 'build',
    parentHash: shardConfig(shard).genesisBlockHash,
    epoch: 0,
    view: 1,
    seat: 0,
    beneficiary: loadAccount(shard, ACCOUNTS).address,
    timestampMs: GENESIS_MS + 500,
    anchor: anchorOf(source),
    sealing: false,
    transactions,
    inbox: [inboxItem(other, shard, channels, source?.sent ?? [])],
  }
}

function inboxItem(
  source: number,
  destination: number,
  channels: readonly ChannelHead[],
  sent: readonly ReceiptBatch[],
): InboxItem {
  return {
    source,
    leaf: present(channels[destination], 'there is a channel to every chain'),
    branch: outBranch(channels, destination),
    batches: sent.filter((batch) => batch.destination === destination),
    tailDigests: [],
  }
}

/** Two beacon blocks after genesis; the second recorded the block of shard 1, if there is one. */
function anchorOf(source: BlockOutcome | undefined): AnchorView {
  const records = [1, 2].map((shard) => genesisRecord(shardConfig(shard)))
  return {
    beaconHeight: source === undefined ? 1 : 2,
    beaconHash: hashTagged('micro beacon', Uint8Array.of(source === undefined ? 1 : 2)),
    epoch: 0,
    timestampMs: GENESIS_MS + 1,
    beacon: unusedBeaconChannels(2),
    shards: records.map((record) =>
      source !== undefined && record.shard === source.header.chain
        ? { ...record, height: 1, hash: source.hash, outRoot: source.header.outRoot }
        : record,
    ),
  }
}

function genesisRecord(config: ShardConfig): ShardRecord {
  return firstRecord({
    shard: config.shard,
    epoch: 0,
    hash: config.genesisBlockHash,
    timestampMs: config.genesisTimestampMs,
    stateRoot: ZERO_HASH,
    supply: config.allocations.reduce((sum, { balance }) => sum + balance, 0n),
    shardCount: SHARDS,
    openedHeight: 0,
  })
}

export type Built = { readonly block: Uint8Array; readonly outcome: BlockOutcome }

/** On a fresh state, which is made before the clock runs. */
export function prepareBuild(shard: number, request: BuildRequest): () => Built {
  const executor = openInlineExecutor(shardConfig(shard))
  return () => expectBuilt(executor.runNow(request))
}

export function prepareVerify(
  shard: number,
  request: BuildRequest,
  { block, outcome }: Built,
): () => void {
  const executor = openInlineExecutor(shardConfig(shard))
  const { beneficiary, anchor, transactions } = request
  const senderOf = new Map(transactions.map(({ hash, sender }) => [toHex(hash), sender]))
  const senders = concatBytes(
    ...outcome.transactionHashes.map((hash) =>
      present(senderOf.get(toHex(hash)), 'a block holds candidates only'),
    ),
  )
  return () => {
    const answer = executor.runNow({ kind: 'verify', block, beneficiary, anchor, senders })
    assert(answer.kind === 'verified', 'what was built verifies')
  }
}

function expectBuilt(response: ExecutionResponse): Built {
  const reason = response.kind === 'refused' ? response.detail : response.kind
  assert(response.kind === 'built', `a block is built: ${reason}`)
  return response
}

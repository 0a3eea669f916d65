/**
 * A small sharded world for tests: shard configurations, transactions without secret keys (executors get senders, not
 * signatures), anchors made from what executors answered, and blocks driven through the executor port.
 */
import { unusedBeaconChannels } from '../../../node/crosslink/beacon-channels.ts'
import { outBranch } from '../../../node/crosslink/channel.ts'
import {
  firstRecord,
  type AnchorView,
  type ShardRecord,
} from '../../../node/crosslink/crosslink.ts'
import type { ChannelHead, InboxItem, ReceiptBatch } from '../../../node/crosslink/receipt.ts'
import { assert, present } from '../../../node/primitives/assert.ts'
import { bigIntToBytes, concatBytes } from '../../../node/primitives/bytes.ts'
import { hashTagged, ZERO_HASH } from '../../../node/primitives/hash.ts'
import type { Address } from '../../../node/primitives/identifiers.ts'
import type {
  BlockOutcome,
  BuildRequest,
  CheckedTransaction,
  ExecutionRequest,
  ExecutionResponse,
  ShardConfig,
} from '../../../node/shards/executor.ts'
import {
  decodeTransaction,
  encodeSigned,
  type TransactionFields,
} from '../../../node/shards/transaction.ts'
import { encodeGatewayTransfer, GATEWAY_ADDRESS } from '../../../node/shards/vm/gateway.ts'

export const ETHER = 10n ** 18n
export const GWEI = 10n ** 9n
export const CHAIN_ID_BASE = 7_000
export const GENESIS_HASH = hashTagged('test', Uint8Array.of(1))
export const BENEFICIARY = address(0xbe)

export function address(index: number): Address {
  return bigIntToBytes(0xacc0000n + BigInt(index), 20)
}

export type WorldOptions = {
  readonly shardCount?: number
  readonly gasLimit?: number
  readonly accountCount?: number
  readonly initialBaseFee?: bigint
}

export function shardConfig(shard: number, options: WorldOptions = {}): ShardConfig {
  const { shardCount = 3, gasLimit = 30_000_000, accountCount = 8 } = options
  return {
    shard,
    shardCount,
    chainId: CHAIN_ID_BASE + shard,
    chainIdBase: CHAIN_ID_BASE,
    genesisHash: GENESIS_HASH,
    genesisBlockHash: hashTagged('test-genesis', Uint8Array.of(shard)),
    gasLimit,
    initialBaseFee: options.initialBaseFee ?? GWEI,
    genesisTimestampMs: 1_000_000,
    allocations: Array.from({ length: accountCount }, (_, index) => ({
      address: address(index),
      balance: 100n * ETHER,
    })),
  }
}

export type Payment = Partial<TransactionFields> & { readonly from: number }

let signatures = 1n

/** A transaction whose sender is taken on trust; every one has its own hash. */
export function payment(config: ShardConfig, { from, ...fields }: Payment): CheckedTransaction {
  const signature = concatBytes(bigIntToBytes(signatures++, 32), bigIntToBytes(1n, 32))
  const raw = encodeSigned(
    {
      type: 2,
      chainId: config.chainId,
      nonce: 0,
      maxPriorityFeePerGas: GWEI,
      maxFeePerGas: 10n * GWEI,
      gasLimit: 21_000,
      to: address(1),
      value: 1n,
      data: new Uint8Array(0),
      accessList: [],
      ...fields,
    },
    { signature, yParity: 0 },
  )
  const decoded = decodeTransaction(raw)
  assert(decoded.ok, 'the fixture makes transactions that decode')
  return { raw, hash: decoded.value.hash, sender: address(from) }
}

export type CrossPayment = {
  readonly from: number
  readonly toShard: number
  readonly to: Address
} & Partial<TransactionFields>

export function crossPayment(
  config: ShardConfig,
  { toShard, to, ...fields }: CrossPayment,
): CheckedTransaction {
  const data = encodeGatewayTransfer(CHAIN_ID_BASE + toShard, to)
  return payment(config, { gasLimit: 60_000, ...fields, to: GATEWAY_ADDRESS, data })
}

export function genesisRecord(config: ShardConfig): ShardRecord {
  return firstRecord({
    shard: config.shard,
    epoch: 0,
    hash: config.genesisBlockHash,
    timestampMs: config.genesisTimestampMs,
    stateRoot: ZERO_HASH,
    supply: config.allocations.reduce((sum, { balance }) => sum + balance, 0n),
    shardCount: config.shardCount,
    openedHeight: 0,
  })
}

/** What the beacon would record of a shard whose finalized tip is this block. */
export function recordOf(outcome: BlockOutcome): ShardRecord {
  const { header, hash } = outcome
  return {
    shard: header.chain,
    epoch: header.epoch,
    height: header.height,
    hash,
    timestampMs: header.timestampMs,
    stateRoot: header.stateRoot,
    outRoot: header.outRoot,
    cursors: header.cursors,
    supply: 0n,
    sent: outcome.channels.map(({ value }) => value),
    sequences: outcome.channels.map(({ nextSequence }) => nextSequence),
    anchorHeight: header.anchor.beaconHeight,
    sealed: header.sealing,
    inboxUnits: header.inboxUnits,
    outBytes: header.outBytes,
    lastCrosslinkHeight: header.anchor.beaconHeight + 1,
    status: 'live',
    recoveringSince: 0,
    forcedEpoch: 0,
    openedHeight: 0,
    stage: 'open',
    stageHeight: 0,
  }
}

export function anchorAt(beaconHeight: number, shards: readonly ShardRecord[]): AnchorView {
  return {
    beaconHeight,
    beaconHash: hashTagged('test-beacon', bigIntToBytes(BigInt(beaconHeight), 8)),
    epoch: 0,
    timestampMs: 1_000_000 + beaconHeight,
    shards,
    beacon: unusedBeaconChannels(shards.length),
  }
}

/** The item that a complete source offers to `destination`: all its batches there above the cursor. */
export function inboxItem(parts: {
  readonly source: number
  readonly destination: number
  readonly channels: readonly ChannelHead[]
  readonly batches: readonly ReceiptBatch[]
}): InboxItem {
  const { source, destination, channels, batches } = parts
  return {
    source,
    leaf: present(channels[destination], 'there is a channel to every chain'),
    branch: outBranch(channels, destination),
    batches,
    tailDigests: [],
  }
}

export type Answer<Kind extends ExecutionResponse['kind']> = Extract<
  ExecutionResponse,
  { readonly kind: Kind }
>

/** Narrows an answer; a refusal shows its detail in the failing test. */
export function expectKind<Kind extends ExecutionResponse['kind']>(
  response: ExecutionResponse,
  kind: Kind,
): Answer<Kind> {
  assert(
    response.kind === kind,
    `expected ${kind}, got ${response.kind === 'refused' ? response.detail : response.kind}`,
  )
  return response as Answer<Kind>
}

export function buildRequest(
  parent: { readonly hash: Uint8Array; readonly height: number },
  anchor: AnchorView,
  parts: Partial<BuildRequest> = {},
): BuildRequest {
  return {
    kind: 'build',
    parentHash: parent.hash,
    epoch: 0,
    view: parent.height + 1,
    seat: 0,
    beneficiary: BENEFICIARY,
    timestampMs: 1_000_000 + 500 * (parent.height + 1),
    anchor,
    sealing: false,
    transactions: [],
    inbox: [],
    ...parts,
  }
}

export function verifyRequest(
  block: Uint8Array,
  request: BuildRequest,
  senders: readonly Address[],
): ExecutionRequest {
  const { beneficiary, anchor } = request
  return { kind: 'verify', block, beneficiary, anchor, senders: concatBytes(...senders) }
}

/** Senders of the transactions that the built block holds, in order. */
export function sendersOf(outcome: BlockOutcome, request: BuildRequest): readonly Address[] {
  return outcome.transactionHashes.map(
    (hash) =>
      present(
        request.transactions.find((candidate) => candidate.hash.every((b, i) => b === hash[i])),
        'a block holds candidates only',
      ).sender,
  )
}

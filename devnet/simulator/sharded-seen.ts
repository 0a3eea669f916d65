/**
 * Translation of what validators say into what the checkers of a network read: the counterpart of consensus-seen.ts.
 */
import { shardGenesis, type Genesis } from '../../node/beacon/genesis.ts'
import { genesisBeaconState, type BeaconState } from '../../node/beacon/state.ts'
import { decodeJournalRecord } from '../../node/consensus/journal.ts'
import type { Certificate } from '../../node/crosslink/certificate.ts'
import type { Receipt } from '../../node/crosslink/receipt.ts'
import { batchBytes } from '../../node/crosslink/receipt-codec.ts'
import { createReader } from '../../node/primitives/codec.ts'
import { toHex } from '../../node/primitives/bytes.ts'
import { BEACON_CHAIN, type ChainNumber, type Hash } from '../../node/primitives/identifiers.ts'
import type { BlockOutcome } from '../../node/shards/executor.ts'
import { genesisStateRoot } from '../../node/shards/genesis-state.ts'
import type { StoreWrite } from '../../node/storage/store.ts'
import type { NodeMessage } from '../../node/validator/message.ts'
import type { CheckedNetwork } from './checkers/network-observation.ts'
import type { SignedPlace } from './sharded-plan.ts'
import type { SeenBlock, SeenCut, SeenReceipt } from './checkers/sharded-observation.ts'

function beaconGenesis(genesis: Genesis): BeaconState {
  const shards = Array.from({ length: genesis.shardCount }, (_, index) => index + 1)
  const roots = shards.map((shard) => genesisStateRoot(shardGenesis(genesis, shard)))
  return genesisBeaconState(genesis, roots)
}

export function genesisHashOf(genesis: Genesis, chain: ChainNumber): Hash {
  if (chain !== BEACON_CHAIN) return shardGenesis(genesis, chain).genesisBlockHash
  return beaconGenesis(genesis).headHash
}

export function checkedNetwork(
  genesis: Genesis,
  byzantineNodes: ReadonlySet<number>,
): CheckedNetwork {
  const { shardCount, gasLimit } = genesis
  const { committees } = beaconGenesis(genesis)
  const balances = Array.from({ length: shardCount }, (_, index) =>
    shardGenesis(genesis, index + 1).allocations.map(({ address, balance }) => {
      return { account: toHex(address), balance }
    }),
  )
  return { shardCount, gasLimit, committees, balances, byzantineNodes }
}

export function seenCut(state: BeaconState): SeenCut {
  const { height, shards, incoming, sent } = state
  const heads = shards.map((record) => {
    return { height: record.height, hash: toHex(record.hash), cursors: record.cursors }
  })
  const beacon = {
    cursors: incoming.map(({ nextSequence }) => nextSequence),
    sent: sent.flatMap(({ receipts }) => receipts.map(seenReceipt)),
    held: heldBy(state),
  }
  return { beaconHeight: height, heads, beacon }
}

function heldBy({ validators, burnt }: BeaconState): bigint {
  return validators.reduce((sum, { stake }) => sum + stake, burnt)
}

/** All stakes at genesis. */
export function genesisStakes(genesis: Genesis): bigint {
  return heldBy(beaconGenesis(genesis))
}

export function seenBlock(shard: ChainNumber, outcome: BlockOutcome): SeenBlock {
  const { header } = outcome
  const { beaconHeight, beaconHash } = header.anchor
  return {
    shard,
    height: header.height,
    hash: toHex(outcome.hash),
    parentHash: toHex(header.parentHash),
    stateRoot: toHex(header.stateRoot),
    timestampMs: header.timestampMs,
    baseFeePerGas: header.baseFeePerGas,
    anchor: { height: beaconHeight, hash: toHex(beaconHash) },
    cursors: header.cursors,
    transactions: outcome.results.map(({ gasUsed, sent }, index) => ({
      hash: toHex(outcome.transactionHashes[index] ?? new Uint8Array(0)),
      gasUsed,
      sentTo: sent?.destination,
    })),
    consumed: outcome.consumed.map(({ receipt, outcome: end }) => {
      return { receipt: seenReceipt(receipt), outcome: end }
    }),
    sent: outcome.sent.flatMap(({ receipts }) => receipts.map(seenReceipt)),
    changed: outcome.changed.map(({ address, nonce, balance }) => {
      return { account: toHex(address), nonce, balance }
    }),
  }
}

function seenReceipt(receipt: Receipt): SeenReceipt {
  const { source, destination, sequence, kind, amount } = receipt
  return {
    source,
    destination,
    sequence,
    kind,
    amount,
    from: toHex(receipt.from),
    to: toHex(receipt.to),
    origin: toHex(receipt.originTransaction),
  }
}

/** Bytes of blocks, transactions and receipts in a message; undefined for those that carry none. */
export function carriedBytes(message: NodeMessage): number | undefined {
  switch (message.kind) {
    case 'consensus': {
      const { message: inner } = message
      if (inner.kind === 'range') return sumOf(inner.range.blocks.map(({ bytes }) => bytes))
      return inner.kind === 'proposal' || inner.kind === 'block'
        ? inner.block.bytes.length
        : undefined
    }
    case 'transactions':
      return sumOf(message.raws)
    case 'receipts':
      return message.batches.reduce((sum, batch) => sum + batchBytes(batch), 0)
    default:
      return undefined
  }
}

function sumOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0)
}

/** The certificate that a write to the journal records, if it does. The key begins with chain and epoch. */
export function journaledCertificate(
  write: StoreWrite,
): readonly (SignedPlace & { readonly certificate: Certificate })[] {
  if (write.table !== 'journal' || write.kind !== 'put') return []
  const record = decodeJournalRecord(write.value)
  if (!record.ok || record.value.kind !== 'certificate') return []
  const key = createReader(write.key)
  const chain = key.u32()
  return [{ chain, epoch: key.u64(), certificate: record.value.certificate }]
}

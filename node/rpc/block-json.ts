/**
 * Blocks in Ethereum's JSON. Fields of Ethereum that this chain has no use for carry the constants of a block after the
 * merge; what is ours alone stands under `weft`, which clients pass over.
 */
import type { ShardBlockView } from './backend.ts'
import { formatData, formatQuantity } from './hexadecimal.ts'
import { EMPTY_BLOOM, formatIncludedTransaction } from './transaction-json.ts'

/** keccak-256 of the RLP of an empty list. */
const EMPTY_UNCLES_HASH = '0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347'
const ZERO_HASH_DATA = `0x${'00'.repeat(32)}`
const ZERO_NONCE = `0x${'00'.repeat(8)}`

/** A block without its transactions: what `newHeads` tells. */
export function formatHeader({ hash, header, beneficiary, level }: ShardBlockView): object {
  return {
    number: formatQuantity(header.height),
    hash: formatData(hash),
    parentHash: formatData(header.parentHash),
    timestamp: formatQuantity(Math.floor(header.timestampMs / 1000)),
    miner: formatData(beneficiary),
    stateRoot: formatData(header.stateRoot),
    transactionsRoot: formatData(header.transactionRoot),
    receiptsRoot: formatData(header.resultsRoot),
    gasLimit: formatQuantity(header.gasLimit),
    gasUsed: formatQuantity(header.gasUsed),
    baseFeePerGas: formatQuantity(header.baseFeePerGas),
    logsBloom: EMPTY_BLOOM,
    sha3Uncles: EMPTY_UNCLES_HASH,
    mixHash: ZERO_HASH_DATA,
    nonce: ZERO_NONCE,
    difficulty: '0x0',
    extraData: '0x',
    weft: {
      level,
      shard: header.chain,
      epoch: header.epoch,
      view: header.view,
      sealing: header.sealing,
      timestampMs: header.timestampMs,
      beaconHeight: header.anchor.beaconHeight,
    },
  }
}

export function formatBlock(block: ShardBlockView, isFull: boolean): object {
  return {
    ...formatHeader(block),
    size: formatQuantity(block.bytes),
    uncles: [],
    transactions: block.transactions.map((transaction, index) =>
      isFull ? formatIncludedTransaction(block, index) : formatData(transaction.hash),
    ),
  }
}

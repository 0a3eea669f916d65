/**
 * Transactions and their receipts in Ethereum's JSON, as geth writes them.
 */
import { assert, present } from '../primitives/assert.ts'
import { bytesToBigInt } from '../primitives/bytes.ts'
import { effectiveGasPrice } from '../shards/fees.ts'
import type { TransactionResult } from '../shards/executor.ts'
import { decodeTransaction, type Transaction } from '../shards/transaction.ts'
import type { BlockTransaction, ShardBlockView } from './backend.ts'
import { formatData, formatQuantity } from './hexadecimal.ts'

/** Nothing emits logs, so no bloom filter has a bit. */
export const EMPTY_BLOOM = `0x${'00'.repeat(256)}`

/** A transaction that a block of this node or its pool holds: it decodes, or it would not be there. */
export function decodedTransaction({ raw }: Pick<BlockTransaction, 'raw'>): Transaction {
  const decoded = decodeTransaction(raw)
  assert(decoded.ok, 'transactions in blocks and pools are well formed')
  return decoded.value
}

export function formatPendingTransaction(transaction: BlockTransaction): object {
  const decoded = decodedTransaction(transaction)
  return {
    blockHash: null,
    blockNumber: null,
    transactionIndex: null,
    ...formatFields(transaction, decoded, decoded.maxFeePerGas),
  }
}

export function formatIncludedTransaction(block: ShardBlockView, index: number): object {
  const transaction = present(block.transactions[index], 'the index lies within the block')
  const decoded = decodedTransaction(transaction)
  return {
    blockHash: formatData(block.hash),
    blockNumber: formatQuantity(block.header.height),
    transactionIndex: formatQuantity(index),
    ...formatFields(transaction, decoded, paidPrice(block, decoded)),
  }
}

export function formatReceipt(block: ShardBlockView, index: number): object {
  let cumulativeGasUsed = 0
  for (const result of block.results.slice(0, index + 1)) cumulativeGasUsed += result.gasUsed
  return receiptJson(block, index, cumulativeGasUsed)
}

/** All receipts of a block, in order. */
export function formatReceipts(block: ShardBlockView): readonly object[] {
  let cumulativeGasUsed = 0
  return block.transactions.map((_, index) => {
    cumulativeGasUsed += resultAt(block, index).gasUsed
    return receiptJson(block, index, cumulativeGasUsed)
  })
}

/** Wei per gas that the sender paid. */
function paidPrice(block: ShardBlockView, decoded: Transaction): bigint {
  const price = effectiveGasPrice(decoded, block.header.baseFeePerGas)
  return present(price, 'an included transaction pays the base fee')
}

function resultAt(block: ShardBlockView, index: number): TransactionResult {
  return present(block.results[index], 'a block has one result per transaction')
}

function receiptJson(block: ShardBlockView, index: number, cumulativeGasUsed: number): object {
  const transaction = present(block.transactions[index], 'the index lies within the block')
  const decoded = decodedTransaction(transaction)
  const result = resultAt(block, index)
  return {
    transactionHash: formatData(transaction.hash),
    transactionIndex: formatQuantity(index),
    blockHash: formatData(block.hash),
    blockNumber: formatQuantity(block.header.height),
    from: formatData(transaction.sender),
    to: decoded.to === undefined ? null : formatData(decoded.to),
    cumulativeGasUsed: formatQuantity(cumulativeGasUsed),
    gasUsed: formatQuantity(result.gasUsed),
    effectiveGasPrice: formatQuantity(paidPrice(block, decoded)),
    contractAddress: null,
    logs: [],
    logsBloom: EMPTY_BLOOM,
    status: formatQuantity(result.status),
    type: formatQuantity(decoded.type),
    weft: { level: block.level, sentTo: result.sent?.destination ?? null },
  }
}

function formatFields(
  { hash, sender }: BlockTransaction,
  decoded: Transaction,
  gasPrice: bigint,
): object {
  const { type, chainId, yParity, signature } = decoded
  const fees = {
    maxFeePerGas: formatQuantity(decoded.maxFeePerGas),
    maxPriorityFeePerGas: formatQuantity(decoded.maxPriorityFeePerGas),
  }
  const accessList = decoded.accessList.map(({ address, storageKeys }) => ({
    address: formatData(address),
    storageKeys: storageKeys.map(formatData),
  }))
  return {
    hash: formatData(hash),
    type: formatQuantity(type),
    chainId: formatQuantity(chainId),
    nonce: formatQuantity(decoded.nonce),
    from: formatData(sender),
    to: decoded.to === undefined ? null : formatData(decoded.to),
    value: formatQuantity(decoded.value),
    input: formatData(decoded.data),
    gas: formatQuantity(decoded.gasLimit),
    gasPrice: formatQuantity(gasPrice),
    ...(type === 2 ? fees : {}),
    ...(type === 0 ? {} : { accessList, yParity: formatQuantity(yParity) }),
    v: formatQuantity(type === 0 ? 35 + 2 * chainId + yParity : yParity),
    r: formatQuantity(bytesToBigInt(signature.subarray(0, 32))),
    s: formatQuantity(bytesToBigInt(signature.subarray(32))),
  }
}

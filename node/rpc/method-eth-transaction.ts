/**
 * `eth_*` methods about transactions. A transaction counts as included from the finalized level on; in a block that is
 * only notarized it is still pending, because that block may be abandoned.
 */
import type { Hash } from '../primitives/identifiers.ts'
import type { TransactionPlace } from './backend.ts'
import { answer, failure, RECEIPT_TIMED_OUT, submitFailure, type RpcOutcome } from './error-code.ts'
import { formatData } from './hexadecimal.ts'
import { shardMethod, type Method, type ShardContext } from './method.ts'
import {
  hashParameter,
  integerParameter,
  optional,
  rawTransactionParameter,
  type Parameter,
} from './parameter.ts'
import {
  formatIncludedTransaction,
  formatPendingTransaction,
  formatReceipt,
} from './transaction-json.ts'

/** How long the synchronous send waits for a receipt when the caller does not say, and at most (EIP-7966). */
const SYNC_TIMEOUT_MS = 10_000
const SYNC_TIMEOUT_MAX_MS = 30_000
/** The answer leaves a little after the wait. */
const SYNC_GRACE_MS = 2_000

const rawTransaction: Parameter<Uint8Array> = rawTransactionParameter('transaction')

export const TRANSACTION_METHODS: readonly Method[] = [
  shardMethod({
    name: 'eth_sendRawTransaction',
    summary: 'Admits a signed transaction; the answer is its hash.',
    cost: 5,
    hasFallback: true,
    parameters: [rawTransaction],
    run: async ({ chain }, [raw]) => {
      const result = await chain.submit(raw)
      return result.ok ? answer(formatData(result.value)) : submitFailure(result.reject)
    },
  }),
  shardMethod({
    name: 'eth_sendRawTransactionSync',
    summary:
      'Admits a signed transaction and answers with its receipt once it is finalized (EIP-7966).',
    cost: 10,
    deadlineMs: SYNC_TIMEOUT_MAX_MS + SYNC_GRACE_MS,
    parameters: [rawTransaction, optional(integerParameter('timeoutMs'), SYNC_TIMEOUT_MS)],
    run: async (context, [raw, timeoutMs]) => {
      const result = await context.chain.submit(raw)
      if (!result.ok) return submitFailure(result.reject)
      return awaitReceipt(context, result.value, Math.min(timeoutMs, SYNC_TIMEOUT_MAX_MS))
    },
  }),
  shardMethod({
    name: 'eth_getTransactionByHash',
    summary: 'A transaction, pending or included; null when this node knows none.',
    cost: 3,
    parameters: [hashParameter('transactionHash')],
    run: async ({ chain }, [hash]) => answer(describe(await chain.transaction(hash))),
  }),
  shardMethod({
    name: 'eth_getTransactionReceipt',
    summary: 'The receipt of a finalized transaction; null until it is.',
    cost: 3,
    parameters: [hashParameter('transactionHash')],
    run: async ({ chain }, [hash]) => answer(receiptOf(await chain.transaction(hash))),
  }),
]

function describe(place: TransactionPlace | undefined): object | null {
  if (place === undefined) return null
  if (place.kind === 'pending') return formatPendingTransaction(place.transaction)
  const { block, index } = place
  const transaction = block.transactions[index]
  if (block.level !== 'notarized') return formatIncludedTransaction(block, index)
  return transaction === undefined ? null : formatPendingTransaction(transaction)
}

function receiptOf(place: TransactionPlace | undefined): object | null {
  if (place?.kind !== 'included' || place.block.level === 'notarized') return null
  return formatReceipt(place.block, place.index)
}

async function awaitReceipt(
  context: ShardContext,
  hash: Hash,
  timeoutMs: number,
): Promise<RpcOutcome> {
  const until = context.now + timeoutMs
  for (;;) {
    // Listening starts before looking, so that a block between the two is not missed.
    const nextBlock = context.waitForBlock(context.shard, until)
    const receipt = receiptOf(await context.chain.transaction(hash))
    if (receipt !== null) return answer(receipt)
    if (!(await nextBlock)) break
  }
  const sentence = `the transaction is in the pool but was not finalized within ${timeoutMs} ms`
  return failure(RECEIPT_TIMED_OUT, sentence, formatData(hash))
}

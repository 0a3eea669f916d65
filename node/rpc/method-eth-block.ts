/**
 * `eth_*` methods about blocks. `latest` is the newest finalized block, so a client that follows it sees no reorganisation.
 */
import type { BlockSelector, ShardBlockView } from './backend.ts'
import { formatBlock } from './block-json.ts'
import { answer, type RpcOutcome } from './error-code.ts'
import { formatQuantity } from './hexadecimal.ts'
import { shardMethod, type Method, type ShardContext } from './method.ts'
import {
  blockNumberParameter,
  blockParameter,
  flagParameter,
  hashParameter,
  integerParameter,
  LATEST,
  optional,
} from './parameter.ts'
import { formatIncludedTransaction, formatReceipts } from './transaction-json.ts'

const isFull = optional(flagParameter('fullTransactions'), false)

export const BLOCK_METHODS: readonly Method[] = [
  shardMethod({
    name: 'eth_blockNumber',
    summary: 'Height of the newest finalized block.',
    cost: 1,
    parameters: [],
    run: async ({ chain }) => {
      const block = await chain.block(LATEST)
      return answer(formatQuantity(block?.header.height ?? 0))
    },
  }),
  shardMethod({
    name: 'eth_getBlockByNumber',
    summary:
      'A block by height or tag, with transaction hashes or whole transactions; null when there is none.',
    cost: 5,
    parameters: [blockNumberParameter('block'), isFull],
    run: (context, [selector, full]) =>
      describe(context, selector, (block) => formatBlock(block, full)),
  }),
  shardMethod({
    name: 'eth_getBlockByHash',
    summary: 'A block by its hash; null when this node has none.',
    cost: 5,
    parameters: [hashParameter('blockHash'), isFull],
    run: (context, [hash, full]) =>
      describe(context, { kind: 'hash', hash }, (block) => formatBlock(block, full)),
  }),
  shardMethod({
    name: 'eth_getBlockTransactionCountByNumber',
    summary: 'How many transactions a block has.',
    cost: 3,
    parameters: [blockNumberParameter('block')],
    run: (context, [selector]) => describe(context, selector, transactionCount),
  }),
  shardMethod({
    name: 'eth_getBlockTransactionCountByHash',
    summary: 'How many transactions a block has.',
    cost: 3,
    parameters: [hashParameter('blockHash')],
    run: (context, [hash]) => describe(context, { kind: 'hash', hash }, transactionCount),
  }),
  shardMethod({
    name: 'eth_getBlockReceipts',
    summary: 'The receipts of all transactions of a block, in order.',
    cost: 10,
    parameters: [blockParameter('block')],
    run: (context, [selector]) => describe(context, selector, formatReceipts),
  }),
  shardMethod({
    name: 'eth_getTransactionByBlockNumberAndIndex',
    summary: 'One transaction of a block.',
    cost: 3,
    parameters: [blockNumberParameter('block'), integerParameter('index')],
    run: (context, [selector, index]) => describe(context, selector, transactionAt(index)),
  }),
  shardMethod({
    name: 'eth_getTransactionByBlockHashAndIndex',
    summary: 'One transaction of a block.',
    cost: 3,
    parameters: [hashParameter('blockHash'), integerParameter('index')],
    run: (context, [hash, index]) =>
      describe(context, { kind: 'hash', hash }, transactionAt(index)),
  }),
]

/** null for a block that is not there, as Ethereum's nodes answer. */
async function describe(
  { chain }: ShardContext,
  selector: BlockSelector,
  format: (block: ShardBlockView) => unknown,
): Promise<RpcOutcome> {
  const block = await chain.block(selector)
  return answer(block === undefined ? null : format(block))
}

function transactionCount(block: ShardBlockView): string {
  return formatQuantity(block.transactions.length)
}

function transactionAt(index: number): (block: ShardBlockView) => object | null {
  return (block) =>
    index < block.transactions.length ? formatIncludedTransaction(block, index) : null
}

/**
 * `eth_*` methods about fees (EIP-1559).
 */
import { nextBaseFee, effectiveGasPrice } from '../shards/fees.ts'
import type { ShardBlockView } from './backend.ts'
import { answer, failure, INVALID_PARAMS, type RpcOutcome, unknownBlock } from './error-code.ts'
import { formatQuantity } from './hexadecimal.ts'
import { shardMethod, type Method, type ShardContext } from './method.ts'
import {
  blockNumberParameter,
  integerParameter,
  LATEST,
  optional,
  required,
  type Parameter,
} from './parameter.ts'
import { decodedTransaction } from './transaction-json.ts'

/** Suggested when the newest block has no transactions to learn from: any tip is enough on an idle chain. */
const TIP_SUGGESTED_MIN = 1_000_000n
/** geth's ceiling: a suggestion is never pushed up without bound by one odd block. */
const TIP_SUGGESTED_MAX = 500_000_000_000n
/** Blocks in one fee history; each is read whole when rewards are asked for. */
const HISTORY_BLOCKS_MAX = 64
const PERCENTILES_MAX = 20

const PERCENTILES_SHAPE = `a list of at most ${PERCENTILES_MAX} rising numbers from 0 to 100`

const percentiles: Parameter<readonly number[]> = required(
  'rewardPercentiles',
  PERCENTILES_SHAPE,
  readPercentiles,
)

export const FEE_METHODS: readonly Method[] = [
  shardMethod({
    name: 'eth_gasPrice',
    summary: 'A price per gas with which a legacy transaction is included soon.',
    cost: 3,
    parameters: [],
    run: async ({ chain }) => {
      const block = await chain.block(LATEST)
      if (block === undefined) return unknownBlock()
      return answer(formatQuantity(block.header.baseFeePerGas + suggestedTip(block)))
    },
  }),
  shardMethod({
    name: 'eth_maxPriorityFeePerGas',
    summary: 'A tip per gas with which a transaction is included soon.',
    cost: 3,
    parameters: [],
    run: async ({ chain }) => {
      const block = await chain.block(LATEST)
      return answer(formatQuantity(block === undefined ? TIP_SUGGESTED_MIN : suggestedTip(block)))
    },
  }),
  shardMethod({
    name: 'eth_feeHistory',
    summary: `Base fees, fullness and tips of up to ${HISTORY_BLOCKS_MAX} blocks.`,
    cost: 50,
    parameters: [
      integerParameter('blockCount'),
      blockNumberParameter('newestBlock'),
      optional(percentiles, []),
    ],
    run: async (context, [count, selector, wanted]) => {
      if (count === 0) return failure(INVALID_PARAMS, 'blockCount must be at least 1')
      const newest = await context.chain.block(selector)
      if (newest === undefined) return unknownBlock()
      return history(context, newest, { count: Math.min(count, HISTORY_BLOCKS_MAX), wanted })
    },
  }),
]

async function history(
  { chain }: ShardContext,
  newest: ShardBlockView,
  { count, wanted }: { readonly count: number; readonly wanted: readonly number[] },
): Promise<RpcOutcome> {
  const blocks = [newest]
  while (blocks.length < count) {
    const height = newest.header.height - blocks.length
    const block = height < 0 ? undefined : await chain.block({ kind: 'height', height })
    if (block === undefined) break
    blocks.unshift(block)
  }
  const baseFees = blocks.map((block) => block.header.baseFeePerGas)
  const rewards = blocks.map((block) => tipPercentiles(block, wanted).map(formatQuantity))
  return answer({
    oldestBlock: formatQuantity(newest.header.height - blocks.length + 1),
    baseFeePerGas: [...baseFees, nextBaseFee(newest.header, 1n)].map(formatQuantity),
    gasUsedRatio: blocks.map(({ header }) => header.gasUsed / header.gasLimit),
    ...(wanted.length > 0 ? { reward: rewards } : {}),
  })
}

/** The median tip of the block, within bounds. */
function suggestedTip(block: ShardBlockView): bigint {
  const median = tipPercentiles(block, [50])[0] ?? 0n
  if (median < TIP_SUGGESTED_MIN) return TIP_SUGGESTED_MIN
  return median > TIP_SUGGESTED_MAX ? TIP_SUGGESTED_MAX : median
}

/** Tips paid in the block at the given percentiles of its gas, as geth weighs them; zeros for an empty block. */
function tipPercentiles(block: ShardBlockView, wanted: readonly number[]): readonly bigint[] {
  const { baseFeePerGas } = block.header
  const paid = block.transactions.map((transaction, index) => {
    const price = effectiveGasPrice(decodedTransaction(transaction), baseFeePerGas)
    return {
      tip: price === undefined ? 0n : price - baseFeePerGas,
      gasUsed: block.results[index]?.gasUsed ?? 0,
    }
  })
  paid.sort((left, right) => (left.tip < right.tip ? -1 : left.tip > right.tip ? 1 : 0))
  const gasTotal = paid.reduce((sum, { gasUsed }) => sum + gasUsed, 0)
  return wanted.map((percentile) => {
    let gas = 0
    for (const { tip, gasUsed } of paid) {
      gas += gasUsed
      if (gas >= (gasTotal * percentile) / 100) return tip
    }
    return 0n
  })
}

function readPercentiles(value: unknown): readonly number[] | undefined {
  if (!Array.isArray(value) || value.length > PERCENTILES_MAX) return undefined
  const numbers: number[] = []
  for (const item of value as readonly unknown[]) {
    if (typeof item !== 'number' || !(item >= (numbers.at(-1) ?? 0)) || item > 100) return undefined
    numbers.push(item)
  }
  return numbers
}

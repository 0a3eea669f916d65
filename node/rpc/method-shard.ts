/**
 * `shard_*` methods: what Ethereum has no word for. Counters are JSON numbers; wei are hexadecimal quantities, since they
 * pass what a JSON number holds.
 */
import { encodeShardHeader } from '../crosslink/header-codec.ts'
import type { Receipt } from '../crosslink/receipt.ts'
import { present } from '../primitives/assert.ts'
import type { MessageLife, ShardBlockView } from './backend.ts'
import { answer, stateUnavailable } from './error-code.ts'
import { formatData, formatQuantity } from './hexadecimal.ts'
import { shardMethod, type Method } from './method.ts'
import { blockParameter, hashParameter, LATEST, optional } from './parameter.ts'

const atBlock = optional(blockParameter('block'), LATEST)

export const SHARD_METHODS: readonly Method[] = [
  shardMethod({
    name: 'shard_getMessage',
    summary:
      'The life of the message that a transaction of this shard sent to another; null when it sent none.',
    cost: 5,
    parameters: [hashParameter('transactionHash')],
    run: async ({ chain }, [hash]) => {
      const life = await chain.message(hash)
      return answer(life === undefined ? null : formatMessage(life))
    },
  }),
  shardMethod({
    name: 'shard_getAdmission',
    summary:
      'When the node that answers admitted a transaction, by its own clock; null when it does not remember.',
    cost: 1,
    parameters: [hashParameter('transactionHash')],
    run: ({ chain }, [hash]) => {
      const admittedMs = chain.admittedAtMs(hash)
      return answer(admittedMs === undefined ? null : { admittedMs })
    },
  }),
  shardMethod({
    name: 'shard_supply',
    summary:
      'The wei of this shard: in accounts, waiting in outgoing buffers, burnt, and at genesis.',
    cost: 5,
    parameters: [atBlock],
    run: async ({ chain }, [at]) => {
      const supply = await chain.supply(at)
      if (supply === undefined) return stateUnavailable()
      return answer({
        height: supply.height,
        balances: formatQuantity(supply.balances),
        buffered: formatQuantity(supply.buffered),
        burnt: formatQuantity(supply.burnt),
        genesis: formatQuantity(supply.genesis),
      })
    },
  }),
  shardMethod({
    name: 'shard_getBlockOutcome',
    summary: 'What a block did: its transactions, the receipts it consumed, the receipts it sent.',
    cost: 5,
    parameters: [atBlock],
    run: async ({ chain }, [at]) => {
      const block = await chain.block(at)
      return answer(block === undefined ? null : formatOutcome(block))
    },
  }),
]

function formatOutcome(block: ShardBlockView): object {
  return {
    number: block.header.height,
    hash: formatData(block.hash),
    parentHash: formatData(block.header.parentHash),
    level: block.level,
    timestampMs: block.header.timestampMs,
    header: formatData(encodeShardHeader(block.header)),
    transactions: block.transactions.map(({ hash }, index) => {
      const { status, gasUsed, sent } = present(block.results[index], 'one result per transaction')
      const message = sent && { destination: sent.destination, sequence: sent.index }
      return { hash: formatData(hash), status, gasUsed, sent: message ?? null }
    }),
    consumed: block.consumed.map(({ receipt, outcome }) => ({
      ...formatMessageReceipt(receipt),
      outcome,
    })),
    sent: block.sent.flatMap((batch) => batch.receipts.map(formatMessageReceipt)),
  }
}

function formatMessage(life: MessageLife): object {
  return {
    ...formatMessageReceipt(life.receipt),
    sentInHeight: life.sentInHeight,
    sentInHash: formatData(life.sentInHash),
    level: life.level,
    consumed: life.consumed,
    outcome: life.outcome,
    refundedInHeight: life.refundedInHeight ?? null,
  }
}

export function formatMessageReceipt(receipt: Receipt): object {
  return {
    originTransaction: formatData(receipt.originTransaction),
    source: receipt.source,
    destination: receipt.destination,
    sequence: receipt.sequence,
    kind: receipt.kind,
    from: formatData(receipt.from),
    to: formatData(receipt.to),
    amount: formatQuantity(receipt.amount),
    gas: receipt.gas,
    payload: formatData(receipt.payload),
  }
}

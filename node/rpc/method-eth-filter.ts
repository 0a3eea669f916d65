/**
 * `eth_*` methods about events: logs, filters, subscriptions. Nothing on the chain emits logs yet, so questions about them
 * are checked as if there were some and answered by none.
 */
import { ADDRESS_SIZE } from '../primitives/identifiers.ts'
import { HASH_SIZE } from '../primitives/hash.ts'
import {
  answer,
  failure,
  LIMIT_EXCEEDED,
  NOT_SUPPORTED,
  SERVER_ERROR,
  type RpcOutcome,
} from './error-code.ts'
import { readFixed } from './hexadecimal.ts'
import { shardMethod, type Method } from './method.ts'
import { fieldsOf, optional, readBlockNumber, required, type Parameter } from './parameter.ts'
import { readSubscriptionKind, SUBSCRIPTION_KINDS, type SubscriptionKind } from './subscription.ts'

/** Addresses and topics in one filter; geth takes as many. */
const FILTER_ITEMS_MAX = 1_000
const TOPICS_MAX = 4

/** What is asked of logs; only whether it makes sense is of interest. */
type LogQuery = { readonly isRangeReversed: boolean }

const LOG_QUERY_SHAPE = 'a filter object with fromBlock, toBlock or blockHash, address and topics'

const logQuery: Parameter<LogQuery> = required('filter', LOG_QUERY_SHAPE, readLogQuery)
const filterId: Parameter<string> = required('filterId', 'the id of a filter', (value) =>
  typeof value === 'string' && value.length <= 2 + 64 ? value : undefined,
)
const subscriptionKind: Parameter<SubscriptionKind> = required(
  'kind',
  `one of ${SUBSCRIPTION_KINDS.join(', ')}`,
  readSubscriptionKind,
)

export const FILTER_METHODS: readonly Method[] = [
  shardMethod({
    name: 'eth_getLogs',
    summary: 'Logs that match a filter: none.',
    cost: 5,
    parameters: [logQuery],
    run: (_, [query]) => (query.isRangeReversed ? reversedRange() : answer([])),
  }),
  shardMethod({
    name: 'eth_newFilter',
    summary: 'A filter for logs.',
    cost: 3,
    isLocal: true,
    parameters: [logQuery],
    run: ({ filters, shard, now }, [query]) =>
      query.isRangeReversed ? reversedRange() : answer(filters.create(shard, 'logs', now)),
  }),
  shardMethod({
    name: 'eth_newBlockFilter',
    summary: 'A filter that collects the hashes of finalized blocks.',
    cost: 3,
    isLocal: true,
    parameters: [],
    run: ({ filters, shard, now }) => answer(filters.create(shard, 'blocks', now)),
  }),
  shardMethod({
    name: 'eth_newPendingTransactionFilter',
    summary: 'A filter that collects the hashes of newly admitted transactions.',
    cost: 3,
    isLocal: true,
    parameters: [],
    run: ({ filters, shard, now }) => answer(filters.create(shard, 'pending-transactions', now)),
  }),
  shardMethod({
    name: 'eth_getFilterChanges',
    summary: 'What a filter collected since it was last asked.',
    cost: 3,
    isLocal: true,
    parameters: [filterId],
    run: ({ filters, now }, [id]) => {
      const changes = filters.changes(id, now)
      return changes === undefined ? unknownFilter() : answer(changes)
    },
  }),
  shardMethod({
    name: 'eth_getFilterLogs',
    summary: 'All logs of a log filter: none.',
    cost: 3,
    isLocal: true,
    parameters: [filterId],
    run: ({ filters }, [id]) => (filters.kindOf(id) === 'logs' ? answer([]) : unknownFilter()),
  }),
  shardMethod({
    name: 'eth_uninstallFilter',
    summary: 'Removes a filter; true if it was there.',
    cost: 1,
    isLocal: true,
    parameters: [filterId],
    run: ({ filters }, [id]) => answer(filters.remove(id)),
  }),
  shardMethod({
    name: 'eth_subscribe',
    summary:
      'Over WebSocket: tells of finalized blocks, newly admitted transactions, or logs as they come.',
    cost: 3,
    isLocal: true,
    parameters: [subscriptionKind, optional(logQuery, { isRangeReversed: false })],
    run: ({ subscriptions, shard }, [kind]) => {
      if (subscriptions === undefined) {
        return failure(NOT_SUPPORTED, 'notifications not supported: connect over WebSocket')
      }
      const id = subscriptions.subscribe(shard, kind)
      if (id !== undefined) return answer(id)
      return failure(LIMIT_EXCEEDED, 'this connection has as many subscriptions as it may')
    },
  }),
  shardMethod({
    name: 'eth_unsubscribe',
    summary: 'Ends a subscription of this connection; true if it was there.',
    cost: 1,
    isLocal: true,
    parameters: [filterId],
    run: ({ subscriptions }, [id]) => answer(subscriptions?.unsubscribe(id) ?? false),
  }),
]

function unknownFilter(): RpcOutcome {
  return failure(SERVER_ERROR, 'filter not found', { code: 'unknown-filter' })
}

function reversedRange(): RpcOutcome {
  return failure(SERVER_ERROR, 'invalid block range params')
}

function readLogQuery(value: unknown): LogQuery | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const fields = fieldsOf(value)
  const from = fields.get('fromBlock') ?? 'latest'
  const to = fields.get('toBlock') ?? 'latest'
  const blockHash = fields.get('blockHash') ?? null
  if (blockHash !== null && (fields.has('fromBlock') || fields.has('toBlock'))) return undefined
  if (blockHash !== null && readFixed(blockHash, HASH_SIZE) === undefined) return undefined
  const fromBlock = readBlockNumber(from)
  const toBlock = readBlockNumber(to)
  if (fromBlock === undefined || toBlock === undefined) return undefined
  if (!isOneOrMany(fields.get('address') ?? [], ADDRESS_SIZE)) return undefined
  if (!isTopics(fields.get('topics') ?? [])) return undefined
  const isRangeReversed =
    fromBlock.kind === 'height' && toBlock.kind === 'height' && fromBlock.height > toBlock.height
  return { isRangeReversed }
}

/** One value of the size, or a list of them. */
function isOneOrMany(value: unknown, size: number): boolean {
  if (!Array.isArray(value)) return readFixed(value, size) !== undefined
  return value.length <= FILTER_ITEMS_MAX && value.every((item) => readFixed(item, size))
}

function isTopics(value: unknown): boolean {
  if (!Array.isArray(value) || value.length > TOPICS_MAX) return false
  return (value as readonly unknown[]).every(
    (topic) => topic === null || isOneOrMany(topic, HASH_SIZE),
  )
}

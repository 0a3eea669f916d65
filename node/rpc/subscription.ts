/**
 * Subscriptions over WebSocket: which events of the node a subscriber hears, and in which form.
 */
import { unreachable } from '../primitives/assert.ts'
import type { ChainNumber } from '../primitives/identifiers.ts'
import type { HeadEvent } from './backend.ts'
import { formatHeader } from './block-json.ts'
import { formatData } from './hexadecimal.ts'

/** `logs` is accepted and stays silent: nothing on the chain emits logs yet. */
export const SUBSCRIPTION_KINDS = ['newHeads', 'logs', 'newPendingTransactions'] as const
export type SubscriptionKind = (typeof SUBSCRIPTION_KINDS)[number]

export function readSubscriptionKind(value: unknown): SubscriptionKind | undefined {
  return SUBSCRIPTION_KINDS.find((kind) => kind === value)
}

/** What a subscriber is told about an event; undefined: nothing. */
export function notificationOf(
  kind: SubscriptionKind,
  shard: ChainNumber,
  event: HeadEvent,
): unknown {
  if (event.kind === 'beacon' || event.shard !== shard) return undefined
  switch (kind) {
    case 'newHeads':
      return event.kind === 'block' ? formatHeader(event.block) : undefined
    case 'newPendingTransactions':
      return event.kind === 'pending-transaction' ? formatData(event.hash) : undefined
    case 'logs':
      return undefined
    default:
      return unreachable(kind)
  }
}

export function formatNotification(subscription: string, result: unknown): string {
  const params = { subscription, result }
  return JSON.stringify({ jsonrpc: '2.0', method: 'eth_subscription', params })
}

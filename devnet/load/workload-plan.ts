/**
 * Which workload: plain data that crosses to the traffic process, and the words for it on a command line. Pure.
 */
import { unreachable } from '../../node/primitives/assert.ts'

export const PARTITIONER_NAMES = ['hash', 'range', 'graph'] as const
export type PartitionerName = (typeof PARTITIONER_NAMES)[number]

export type WorkloadPlan =
  /** Everybody pays as often as everybody else. */
  | { readonly kind: 'transfer' }
  /** A few hot accounts take part in most payments, the many cold ones in the rest. */
  | { readonly kind: 'mixed'; readonly hotAccounts: number; readonly hotShare: number }
  /** Account of rank r pays and is paid with weight r^-exponent. */
  | { readonly kind: 'zipf'; readonly exponent: number }
  /** So large a share of all payments goes to one account on shard 1. */
  | { readonly kind: 'hot-account'; readonly share: number }
  /** So large a share of all payments begins on shard 1, and whatever crosses elsewhere ends there. */
  | { readonly kind: 'hot-shard'; readonly share: number }
  /** Payments of a CSV file, its accounts spread over the shards by a partitioner. */
  | { readonly kind: 'trace'; readonly file: string; readonly partitioner: PartitionerName }

export const TRANSFER_WORKLOAD: WorkloadPlan = { kind: 'transfer' }

const HOT_ACCOUNTS = 20
const HOT_SHARE = 0.8
const ZIPF_EXPONENT = 1
const HOT_ACCOUNT_SHARE = 0.5

export const WORKLOAD_WORDS =
  'transfer, mixed[:share], zipf[:exponent], hot-account[:share], hot-shard[:share], trace:FILE[:hash|range|graph]'

/** `zipf:1.1`, `trace:payments.csv:graph`; undefined for anything else. */
export function parseWorkload(text: string): WorkloadPlan | undefined {
  const [kind, first, second] = text.split(':')
  const share = shareOf(first)
  switch (kind) {
    case 'transfer':
      return first === undefined ? TRANSFER_WORKLOAD : undefined
    case 'mixed':
      if (share === undefined) return undefined
      return { kind, hotAccounts: HOT_ACCOUNTS, hotShare: share ?? HOT_SHARE }
    case 'zipf': {
      const exponent = first === undefined ? ZIPF_EXPONENT : Number(first)
      return exponent > 0 && exponent <= 4 ? { kind, exponent } : undefined
    }
    case 'hot-account':
    case 'hot-shard':
      if (share === undefined) return undefined
      return { kind, share: share ?? HOT_ACCOUNT_SHARE }
    case 'trace': {
      const partitioner = PARTITIONER_NAMES.find((name) => name === (second ?? 'hash'))
      if (first === undefined || first === '' || partitioner === undefined) return undefined
      return { kind, file: first, partitioner }
    }
    default:
      return undefined
  }
}

/** null: not given, take the usual one; undefined: not a share. */
function shareOf(text: string | undefined): number | null | undefined {
  if (text === undefined) return null
  const share = Number(text)
  return text !== '' && share >= 0 && share <= 1 ? share : undefined
}

/** The same words again, for tables. */
export function nameWorkload(plan: WorkloadPlan): string {
  switch (plan.kind) {
    case 'transfer':
      return 'transfer'
    case 'mixed':
      return `mixed:${plan.hotShare}`
    case 'zipf':
      return `zipf:${plan.exponent}`
    case 'hot-account':
    case 'hot-shard':
      return `${plan.kind}:${plan.share}`
    case 'trace':
      return `trace:${plan.file}:${plan.partitioner}`
    default:
      return unreachable(plan)
  }
}

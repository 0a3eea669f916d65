/**
 * Transfers as effects on single shards. A transfer within a shard is one effect; one across shards is a debit here and,
 * later, a credit there or a refund here. An effect is fixed when the clients know its height, and free when they do not:
 * then the search may place it anywhere that real time allows, or, for an unknown transfer, nowhere.
 */
import type { BankTransfer, ShardState } from './bank-model.ts'

export type Effect = {
  readonly shard: number
  /** What it adds to accounts of the shard; negative for what it takes. Fees are apart. */
  readonly changes: readonly { readonly account: string; readonly amount: bigint }[]
  /** Paid by `feePayer`, at least this and at most that. */
  readonly feePayer: string
  readonly feeMin: bigint
  readonly feeMax: bigint
  /** Index of the transfer. */
  readonly transfer: number
  /** `leave` happens first and at most once; `arrive` needs it, and happens at most once too. */
  readonly part: 'leave' | 'arrive'
  /** A read that ended before this line cannot show it. */
  readonly invokeLine: number
}

export type FixedEffect = Effect & { readonly height: number }

export type Effects = {
  readonly fixed: readonly FixedEffect[]
  /** Leaves before arrivals, so that one pass over them may place both. */
  readonly free: readonly Effect[]
  /** Height of the debit, by transfer, where it is known. */
  readonly left: ReadonlyMap<number, { readonly shard: number; readonly height: number }>
}

export function effectsOf(transfers: readonly BankTransfer[]): Effects {
  const fixed: FixedEffect[] = []
  const leaves: Effect[] = []
  const arrivals: Effect[] = []
  const left = new Map<number, { readonly shard: number; readonly height: number }>()
  for (const [index, transfer] of transfers.entries()) {
    const { end } = transfer
    if (end.kind === 'fail') continue
    if (end.kind === 'unknown') {
      leaves.push(moveOf(transfer, index, { feeMin: 0n, feeMax: transfer.feeMax }))
      if (transfer.feeMax > 0n)
        leaves.push(revertOf(transfer, index, { feeMin: 0n, feeMax: transfer.feeMax }))
      arrivals.push(...arrivalsOf(transfer, index))
      continue
    }
    const { height, fee, moved, credited } = end.value
    const fees = { feeMin: fee ?? 0n, feeMax: fee ?? transfer.feeMax }
    const effect = (moved ? moveOf : revertOf)(transfer, index, fees)
    fixed.push({ ...effect, height })
    left.set(index, { shard: effect.shard, height })
    if (!moved) continue
    const ends = arrivalsOf(transfer, index)
    if (credited === undefined) arrivals.push(...ends)
    const arrival = ends.find(({ shard }) => shard === credited?.shard)
    if (arrival !== undefined && credited !== undefined) {
      fixed.push({ ...arrival, height: credited.height })
    }
  }
  return { fixed, free: [...leaves, ...arrivals], left }
}

type Fees = { readonly feeMin: bigint; readonly feeMax: bigint }
const NO_FEES: Fees = { feeMin: 0n, feeMax: 0n }

function crosses({ from, to }: BankTransfer): boolean {
  return from.shard !== to.shard
}

/** The value leaves its account; within a shard it arrives in the same moment. */
function moveOf(transfer: BankTransfer, index: number, fees: Fees): Effect {
  const { from, to, amount } = transfer
  const debit = { account: from.name, amount: -amount }
  const credit = { account: to.name, amount }
  const changes = crosses(transfer) ? [debit] : [debit, credit]
  return effect(transfer, index, { part: 'leave', shard: from.shard, changes, ...fees })
}

/** Included without success: only the fee is paid. */
function revertOf(transfer: BankTransfer, index: number, fees: Fees): Effect {
  const { shard } = transfer.from
  return effect(transfer, index, { part: 'leave', shard, changes: [], ...fees })
}

/** The two ways a transfer across shards can end. */
function arrivalsOf(transfer: BankTransfer, index: number): readonly Effect[] {
  if (!crosses(transfer)) return []
  return [transfer.to, transfer.from].map(({ name, shard }) =>
    effect(transfer, index, {
      part: 'arrive',
      shard,
      changes: [{ account: name, amount: transfer.amount }],
      ...NO_FEES,
    }),
  )
}

function effect(
  { from, invokeLine }: BankTransfer,
  transfer: number,
  rest: Omit<Effect, 'feePayer' | 'transfer' | 'invokeLine'>,
): Effect {
  return { feePayer: from.name, transfer, invokeLine, ...rest }
}

/** What lies between two states of a shard that were read. */
export type Interval = {
  readonly before: ShardState
  readonly after: ShardState
  /** Line of the first read that shows anything at or above the end of this interval. */
  readonly seenLine: number
  /** By account: what free effects must add up to, fees of fixed effects taken as small as they may be. */
  readonly needs: ReadonlyMap<string, bigint>
  /** By account: by how much more the fees of fixed effects may lower it. */
  readonly slack: ReadonlyMap<string, bigint>
}

/** Intervals by shard, in height order. */
export function intervalsOf(
  states: ReadonlyMap<number, readonly ShardState[]>,
  fixed: readonly FixedEffect[],
): ReadonlyMap<number, readonly Interval[]> {
  const byShard = Map.groupBy(fixed, ({ shard }) => shard)
  return new Map(
    [...states].map(([shard, chain]) => {
      const effects = (byShard.get(shard) ?? []).toSorted(
        (left, right) => left.height - right.height,
      )
      return [shard, intervalsOfShard(chain, effects)]
    }),
  )
}

function intervalsOfShard(
  chain: readonly ShardState[],
  effects: readonly FixedEffect[],
): readonly Interval[] {
  const intervals: Interval[] = []
  const seenLines = firstSeenLines(chain)
  let next = 0
  for (const [index, after] of chain.entries()) {
    const before = chain[index - 1]
    if (before === undefined) continue
    const needs = new Map<string, bigint>()
    const slack = new Map<string, bigint>()
    for (const [account, balance] of after.balances) {
      needs.set(account, balance - (before.balances.get(account) ?? 0n))
    }
    for (; (effects[next]?.height ?? Number.POSITIVE_INFINITY) <= after.height; next++) {
      const effect = effects[next]
      if (effect === undefined || effect.height <= before.height) continue
      for (const { account, amount } of effect.changes) add(needs, account, -amount)
      add(needs, effect.feePayer, effect.feeMin)
      add(slack, effect.feePayer, effect.feeMax - effect.feeMin)
    }
    const seenLine = seenLines[index] ?? Number.POSITIVE_INFINITY
    intervals.push({ before, after, seenLine, needs, slack })
  }
  return intervals
}

/** For each state: the first line at which it or a later state was read. */
function firstSeenLines(chain: readonly ShardState[]): readonly number[] {
  const lines = chain.map(({ line }) => line)
  for (let index = lines.length - 2; index >= 0; index--) {
    lines[index] = Math.min(lines[index] ?? 0, lines[index + 1] ?? 0)
  }
  return lines
}

export function add(sums: Map<string, bigint>, account: string, amount: bigint): void {
  sums.set(account, (sums.get(account) ?? 0n) + amount)
}

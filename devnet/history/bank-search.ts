/**
 * The search for an explanation: a placement of the free effects such that every interval between two reads of a shard adds
 * up, and every consistent cut that holds an arrival also holds its leaving.
 *
 * Intervals are explained one after the other, cut by cut. A choice that fits now may leave nothing that fits later, so the
 * search goes back and tries the next; a budget bounds it, because whether some subset of amounts adds up is a hard question.
 */
import { add, type Effect, type Effects, type Interval } from './bank-effects.ts'
import type { SeenCut } from './cut-order.ts'

/** Choices looked at; about a second. Histories of real runs have few unknown transfers and need hundreds. */
export const SEARCH_STEPS_MAX = 500_000

export type SearchOutcome =
  | { readonly kind: 'explained' }
  /** No placement explains the intervals up to and with this one. */
  | { readonly kind: 'impossible'; readonly at: Step }
  | { readonly kind: 'exhausted' }

export type Step =
  | { readonly kind: 'interval'; readonly interval: Interval }
  | { readonly kind: 'cut'; readonly cut: SeenCut }

export type SearchInput = {
  readonly effects: Effects
  readonly intervals: ReadonlyMap<number, readonly Interval[]>
  /** Ascending. */
  readonly cuts: readonly SeenCut[]
  readonly stepsMax: number
}

/** What was chosen so far among the free effects. */
type Placement = {
  /** By transfer: whether the value left with it, or only a fee. */
  readonly left: Map<number, boolean>
  readonly arrived: Set<number>
}

type Budget = { left: number }

export function search(input: SearchInput): SearchOutcome {
  const steps = orderSteps(input)
  const placement: Placement = { left: new Map(), arrived: new Set() }
  const budget: Budget = { left: input.stepsMax }
  const trail: Iterator<undefined>[] = []
  let reached = 0
  while (trail.length < steps.length) {
    reached = Math.max(reached, trail.length)
    const step = steps[trail.length]
    if (step === undefined) break
    trail.push(choicesAt(step, input, placement, budget))
    // Goes back to the newest step that has another choice.
    while (trail.at(-1)?.next().done === true) {
      trail.pop()
      if (trail.length > 0) continue
      if (budget.left <= 0) return { kind: 'exhausted' }
      const at = steps[reached]
      return at === undefined ? { kind: 'explained' } : { kind: 'impossible', at }
    }
    if (budget.left <= 0) return { kind: 'exhausted' }
  }
  return { kind: 'explained' }
}

/** All intervals up to a cut come before the cut, in height order per shard. */
function orderSteps({ intervals, cuts }: SearchInput): readonly Step[] {
  const steps: Step[] = []
  const next = new Map([...intervals.keys()].map((shard) => [shard, 0]))
  function takeUpTo(shard: number, height: number): void {
    const chain = intervals.get(shard) ?? []
    let index = next.get(shard) ?? 0
    for (; (chain[index]?.after.height ?? Number.POSITIVE_INFINITY) <= height; index++) {
      const interval = chain[index]
      if (interval !== undefined) steps.push({ kind: 'interval', interval })
    }
    next.set(shard, index)
  }
  for (const cut of cuts) {
    for (const shard of intervals.keys()) takeUpTo(shard, cut.heights.get(shard) ?? 0)
    steps.push({ kind: 'cut', cut })
  }
  for (const shard of intervals.keys()) takeUpTo(shard, Number.MAX_SAFE_INTEGER)
  return steps
}

/** Yields once per choice that satisfies the step, with the choice placed; takes it back before the next. */
function choicesAt(
  step: Step,
  input: SearchInput,
  placement: Placement,
  budget: Budget,
): Iterator<undefined> {
  if (step.kind === 'cut') return causesHold(step.cut, input, placement)
  const { interval } = step
  const candidates = input.effects.free.filter(
    (effect) =>
      effect.shard === interval.after.shard &&
      effect.invokeLine < interval.seenLine &&
      !isPlaced(effect, placement),
  )
  return subsets(interval, candidates, { input, placement, budget })
}

function isPlaced({ transfer, part }: Effect, { left, arrived }: Placement): boolean {
  return part === 'leave' ? left.has(transfer) : arrived.has(transfer)
}

/** One choice (to go on) when every arrival so far has left within the cut; none otherwise. */
function* causesHold(
  cut: SeenCut,
  { effects }: SearchInput,
  { left, arrived }: Placement,
): Generator<undefined> {
  for (const transfer of arrived) {
    const known = effects.left.get(transfer)
    const within =
      known === undefined
        ? left.get(transfer) === true
        : known.height <= (cut.heights.get(known.shard) ?? 0)
    if (!within) return
  }
  yield undefined
}

type SubsetContext = {
  readonly input: SearchInput
  readonly placement: Placement
  readonly budget: Budget
}

/** Running sums of what is chosen, and what the candidates behind a position could still change. */
type Sums = {
  readonly chosen: Map<string, bigint>
  readonly fees: Map<string, bigint>
  readonly potentials: () => Potentials
}

/** By position: how far the candidates from there on could still lift and lower each account. */
type Potentials = {
  readonly rises: readonly ReadonlyMap<string, bigint>[]
  readonly falls: readonly ReadonlyMap<string, bigint>[]
}

function* subsets(
  interval: Interval,
  candidates: readonly Effect[],
  context: SubsetContext,
): Generator<undefined> {
  const touched = new Set(
    candidates.flatMap(({ changes, feePayer }) => [
      feePayer,
      ...changes.map(({ account }) => account),
    ]),
  )
  for (const [account, need] of interval.needs) {
    const slack = interval.slack.get(account) ?? 0n
    if (!touched.has(account) && (need > 0n || -need > slack)) return
  }
  let known: Potentials | undefined
  const sums: Sums = {
    chosen: new Map(),
    fees: new Map(interval.slack),
    // Most intervals need no free effect at all; then this is never computed.
    potentials: () => (known ??= potentialsOf(candidates)),
  }
  yield* pick(0, { interval, candidates, touched, sums, ...context })
}

type PickContext = SubsetContext & {
  readonly interval: Interval
  readonly candidates: readonly Effect[]
  readonly touched: ReadonlySet<string>
  readonly sums: Sums
}

/** Chooses among the candidates from `start` on: first none of them, then each with whatever may follow it. */
function* pick(start: number, context: PickContext): Generator<undefined> {
  const { candidates, sums, placement, budget } = context
  if (fits(context, NOTHING_AHEAD, NOTHING_AHEAD)) yield undefined
  for (let index = start; index < candidates.length; index++) {
    if (--budget.left <= 0) return
    const { rises, falls } = sums.potentials()
    if (!fits(context, rises[index] ?? NOTHING_AHEAD, falls[index] ?? NOTHING_AHEAD)) return
    const effect = candidates[index]
    if (effect === undefined || isPlaced(effect, placement) || !isAllowed(effect, context)) continue
    place(effect, placement)
    apply(sums, effect, 1n)
    yield* pick(index + 1, context)
    apply(sums, effect, -1n)
    displace(effect, placement)
  }
}

function place({ transfer, part, changes }: Effect, { left, arrived }: Placement): void {
  if (part === 'leave') left.set(transfer, changes.length > 0)
  else arrived.add(transfer)
}

function displace({ transfer, part }: Effect, { left, arrived }: Placement): void {
  if (part === 'leave') left.delete(transfer)
  else arrived.delete(transfer)
}

/**
 * Nothing arrives of what only paid a fee. A refund comes back to the shard it left, so its leaving is placed or known by
 * now; a credit elsewhere may be looked at before its leaving, and the next cut asks for it.
 */
function isAllowed(effect: Effect, { input, placement, interval }: PickContext): boolean {
  const { transfer, part, changes, feePayer } = effect
  if (part === 'leave') return changes.length > 0 || !placement.arrived.has(transfer)
  if (placement.left.get(transfer) === false) return false
  const isRefund = changes.some(({ account }) => account === feePayer)
  if (!isRefund) return true
  const known = input.effects.left.get(transfer)
  return known === undefined ? placement.left.has(transfer) : known.height <= interval.after.height
}

function apply({ chosen, fees }: Sums, effect: Effect, sign: bigint): void {
  for (const { account, amount } of effect.changes) add(chosen, account, sign * amount)
  add(chosen, effect.feePayer, -sign * effect.feeMin)
  add(fees, effect.feePayer, sign * (effect.feeMax - effect.feeMin))
}

const NOTHING_AHEAD: ReadonlyMap<string, bigint> = new Map()

/** Whether every account is at its need, or can come to it with what is ahead. */
function fits(
  { interval, touched, sums }: PickContext,
  rises: ReadonlyMap<string, bigint>,
  falls: ReadonlyMap<string, bigint>,
): boolean {
  for (const account of touched) {
    const need = interval.needs.get(account) ?? 0n
    const chosen = sums.chosen.get(account) ?? 0n
    if (chosen + (rises.get(account) ?? 0n) < need) return false
    const lowest = chosen - (sums.fees.get(account) ?? 0n) - (falls.get(account) ?? 0n)
    if (lowest > need) return false
  }
  return true
}

function potentialsOf(candidates: readonly Effect[]): Potentials {
  const rises: Map<string, bigint>[] = [new Map()]
  const falls: Map<string, bigint>[] = [new Map()]
  let rise = new Map<string, bigint>()
  let fall = new Map<string, bigint>()
  for (const effect of candidates.toReversed()) {
    rise = new Map(rise)
    fall = new Map(fall)
    for (const { account, amount } of effect.changes) {
      if (amount > 0n) add(rise, account, amount)
      else add(fall, account, -amount)
    }
    add(fall, effect.feePayer, effect.feeMax)
    rises.unshift(rise)
    falls.unshift(fall)
  }
  return { rises, falls }
}

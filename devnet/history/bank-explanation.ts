/**
 * Explaining balances: what is wrong by itself (an effect seen before it was asked for, a credit before its debit), then the
 * search, and when the search finds nothing, a word about what would have to be different for it to find something.
 */
import type { Bank, BankTransfer, ShardState } from './bank-model.ts'
import { effectsOf, intervalsOf, type Effects } from './bank-effects.ts'
import { search, SEARCH_STEPS_MAX, type SearchOutcome, type Step } from './bank-search.ts'
import type { Findings, Rule } from './verdict.ts'

export function explainBalances(bank: Bank, findings: Findings): void {
  const before = findings.count()
  const effects = effectsOf(bank.transfers)
  for (const transfer of bank.transfers) checkHeights(bank, transfer, findings)
  for (const transfer of bank.transfers) checkCredit(bank, transfer, findings)
  if (findings.count() > before) return
  const outcome = attempt(bank, effects, SEARCH_STEPS_MAX)
  if (outcome.kind === 'exhausted') {
    findings.giveUp(
      `the balances are neither explained nor refuted after ${SEARCH_STEPS_MAX} steps; too many transfers are unknown`,
    )
  }
  if (outcome.kind === 'impossible') report(bank, outcome, findings)
}

function attempt(bank: Bank, effects: Effects, stepsMax: number): SearchOutcome {
  const intervals = intervalsOf(bank.states, effects.fixed)
  return search({ effects, intervals, cuts: bank.cuts, stepsMax })
}

/** An acknowledged transfer stands above the beginning, and no read showed its height before it was asked for. */
function checkHeights(bank: Bank, transfer: BankTransfer, findings: Findings): void {
  const { id, end, invokeLine } = transfer
  if (end.kind !== 'ok') return
  const { height } = end.value
  const { shard } = transfer.from
  const [begin, ...reads] = bank.states.get(shard) ?? []
  if (begin !== undefined && height <= begin.height) {
    const sentence = `${id} was acknowledged in block ${height} of shard ${shard}, and the history begins after block ${begin.height}`
    findings.contradict('bank/wrong-height', [end.line], sentence)
  }
  const early = reads.find((state) => state.height >= height && state.line < invokeLine)
  if (early === undefined) return
  const sentence = `${id} was acknowledged in block ${height} of shard ${shard}, and a read saw block ${early.height} before anybody asked for it`
  findings.contradict('bank/before-invoke', [early.line, invokeLine, end.line], sentence)
}

/** A credit stands on the shard of the payee, or as a refund behind its debit; and no cut holds it without the debit. */
function checkCredit(bank: Bank, transfer: BankTransfer, findings: Findings): void {
  const { id, from, to, end } = transfer
  if (end.kind !== 'ok' || end.value.credited === undefined) return
  const { height, moved, credited } = end.value
  const isRefund = credited.shard === from.shard
  const isKnown = isRefund || credited.shard === to.shard
  if (!moved || from.shard === to.shard || !isKnown || (isRefund && credited.height <= height)) {
    const sentence = `${id} cannot have been credited in block ${credited.height} of shard ${credited.shard}`
    findings.contradict('bank/credit', [end.line], sentence)
    return
  }
  const cut = bank.cuts.find(({ heights }) => (heights.get(credited.shard) ?? 0) >= credited.height)
  if (cut === undefined || (cut.heights.get(from.shard) ?? 0) >= height) return
  const sentence = `the cut of beacon block ${cut.beacon} holds the credit of ${id} but not its debit in block ${height} of shard ${from.shard}`
  findings.contradict('bank/credit', [end.line, cut.line], sentence)
}

/** Other worlds that are tried to find a word for what is wrong; each may take so many steps. */
const HYPOTHESES_MAX = 100
const HYPOTHESIS_STEPS_MAX = 20_000

type Hypothesis = {
  readonly rule: Rule
  readonly transfer: BankTransfer
  readonly transfers: readonly BankTransfer[]
  readonly sentence: string
}

function report(
  bank: Bank,
  { at }: Extract<SearchOutcome, { kind: 'impossible' }>,
  findings: Findings,
): void {
  const place = describe(at)
  for (const hypothesis of hypothesesFor(bank.transfers, at)) {
    const changed = { ...bank, transfers: hypothesis.transfers }
    const outcome = attempt(changed, effectsOf(changed.transfers), HYPOTHESIS_STEPS_MAX)
    if (outcome.kind !== 'explained') continue
    const { rule, sentence, transfer } = hypothesis
    const lines = [...linesOf(transfer), ...place.lines]
    findings.contradict(rule, lines, `${place.words}: ${sentence}`)
    return
  }
  const sentence = `${place.words}: no order of the acknowledged and the unknown transfers explains it`
  findings.contradict('bank/unexplained', place.lines, sentence)
}

function describe(at: Step): { readonly lines: readonly number[]; readonly words: string } {
  if (at.kind === 'cut') {
    const words = `the cut of beacon block ${at.cut.beacon} holds arrivals without what they come from`
    return { lines: [at.cut.line], words }
  }
  const { before, after } = at.interval
  const lines = [before.line, after.line]
  return {
    lines,
    words: `shard ${after.shard} from height ${before.height} to ${after.height}${difference(before, after)}`,
  }
}

/** The first account that moved, as an example. */
function difference(before: ShardState, after: ShardState): string {
  for (const [account, balance] of after.balances) {
    const old = before.balances.get(account) ?? 0n
    if (old !== balance) return `, where ${account} goes from ${old} to ${balance}`
  }
  return ''
}

function linesOf({ invokeLine, end }: BankTransfer): readonly number[] {
  return end.kind === 'unknown' ? [invokeLine] : [invokeLine, end.line]
}

/** One thing different at a time; it is the word for what is wrong if it explains everything. Only about
 * transfers that touch the place of the failure. */
function* hypothesesFor(transfers: readonly BankTransfer[], at: Step): Generator<Hypothesis> {
  const shard = at.kind === 'cut' ? undefined : at.interval.after.shard
  let tried = 0
  for (const propose of [failedVisible, lost, wrongHeight, twice, beforeInvoke]) {
    for (const [index, transfer] of transfers.entries()) {
      const touches = [transfer.from.shard, transfer.to.shard]
      if (shard !== undefined && !touches.includes(shard)) continue
      const proposed = propose(transfer)
      if (proposed === undefined) continue
      if (++tried > HYPOTHESES_MAX) return
      const { replaced, ...rest } = proposed
      yield { ...rest, transfer, transfers: transfers.toSpliced(index, 1, ...replaced) }
    }
  }
}

type Proposal = Pick<Hypothesis, 'rule' | 'sentence'> & {
  readonly replaced: readonly BankTransfer[]
}

const UNKNOWN = { kind: 'unknown' } as const

function failedVisible(transfer: BankTransfer): Proposal | undefined {
  const { id, end } = transfer
  if (end.kind !== 'fail') return undefined
  const sentence = `${id} failed, and it looks as if it had happened`
  return { rule: 'bank/failed-visible', sentence, replaced: [{ ...transfer, end: UNKNOWN }] }
}

function lost({ id, end }: BankTransfer): Proposal | undefined {
  if (end.kind !== 'ok') return undefined
  const sentence = `${id} was acknowledged, and it looks as if it had never happened`
  return { rule: 'bank/lost', sentence, replaced: [] }
}

function twice(transfer: BankTransfer): Proposal | undefined {
  const { id, end } = transfer
  if (end.kind !== 'ok') return undefined
  const sentence = `${id} was acknowledged once, and it looks as if it had happened twice`
  const again = { ...transfer, end: UNKNOWN, feeMax: end.value.fee ?? transfer.feeMax }
  return { rule: 'bank/twice', sentence, replaced: [transfer, again] }
}

function wrongHeight(transfer: BankTransfer): Proposal | undefined {
  const { id, end } = transfer
  if (end.kind !== 'ok') return undefined
  const feeMax = end.value.fee ?? transfer.feeMax
  const sentence = `${id} was acknowledged in block ${end.value.height}, and it looks as if it had happened in another`
  return { rule: 'bank/wrong-height', sentence, replaced: [{ ...transfer, end: UNKNOWN, feeMax }] }
}

function beforeInvoke(transfer: BankTransfer): Proposal | undefined {
  const { id, end } = transfer
  if (end.kind === 'fail') return undefined
  const sentence = `${id} looks as if it had happened before anybody asked for it`
  const replaced = [{ ...transfer, invokeLine: 0, end: UNKNOWN }]
  return { rule: 'bank/before-invoke', sentence, replaced }
}

/**
 * The bank workload: transfers between accounts inside shards and across them, and reads of balances at finalized heights.
 *
 * First what every read must hold by itself: all accounts of the shard, nothing negative, at a consistent cut the sum of
 * everything equal to what there was at the beginning. Then what all reads must hold together: there is an order of the
 * acknowledged transfers, at the heights they were acknowledged at, and of some of the unknown ones, that explains every
 * balance (bank-search.ts).
 */
import { explainBalances } from './bank-explanation.ts'
import type { Bank, BankAccount, BankTransfer, ShardState } from './bank-model.ts'
import { cutOf, faultsOfCuts, sortCuts, type SeenCut } from './cut-order.ts'
import type { History, Operation } from './history.ts'
import type { BankHeader } from './line.ts'
import type { Findings } from './verdict.ts'

type BankRead = Extract<Operation<'balances'>['end'], { kind: 'ok' }>['value']
type ShardRead = BankRead['shards'][number]

export function checkBank({ header, operations }: History, findings: Findings): void {
  if (header.bank === undefined) return
  const before = findings.count()
  const accounts = new Map(
    header.bank.accounts.map(({ account, shard, balance }) => [
      account,
      { name: account, shard, balance },
    ]),
  )
  const transfers = collectTransfers(accounts, operations.transfer, findings)
  const reads = operations.balances
    .flatMap(({ process, end }) =>
      end.kind === 'ok' ? [{ process, line: end.line, value: end.value }] : [],
    )
    .toSorted((left, right) => left.line - right.line)
  const cuts: SeenCut[] = []
  const states = new StateCollector(header.bank, [...accounts.values()], findings)
  for (const { process, line, value } of reads) {
    for (const shard of value.shards) states.add(process, line, shard)
    if (value.cut === undefined) continue
    checkCut(header.bank, line, value, findings)
    cuts.push(cutOf({ process, line, beacon: value.cut }, value.shards))
  }
  for (const { kind, lines, sentence } of faultsOfCuts(cuts)) {
    findings.contradict(kind === 'session' ? 'bank/session' : 'bank/cut', lines, sentence)
  }
  // What contradicts itself explains nothing.
  if (findings.count() > before) return
  explainBalances({ transfers, states: states.finish(), cuts: sortCuts(cuts) }, findings)
}

function collectTransfers(
  accounts: ReadonlyMap<string, BankAccount>,
  operations: readonly Operation<'transfer'>[],
  findings: Findings,
): readonly BankTransfer[] {
  const ids = new Map<string, number>()
  const transfers: BankTransfer[] = []
  for (const { asked, invokeLine, end } of operations) {
    const known = ids.get(asked.id)
    if (known !== undefined) {
      const sentence = `${asked.id} is transferred twice by the clients themselves`
      findings.contradict('bank/same-id', [known, invokeLine], sentence)
    }
    ids.set(asked.id, invokeLine)
    const from = accounts.get(asked.from)
    const to = accounts.get(asked.to)
    if (from === undefined || to === undefined) {
      const sentence = `the header does not declare the account ${from === undefined ? asked.from : asked.to}`
      findings.contradict('bank/unknown-account', [invokeLine], sentence)
      continue
    }
    const { id, amount, feeMax = 0n } = asked
    transfers.push({ id, from, to, amount, invokeLine, feeMax, end })
  }
  return transfers
}

/** At a cut nothing is between the shards but what is said to be in flight. */
function checkCut(header: BankHeader, line: number, read: BankRead, findings: Findings): void {
  const named = new Set(read.shards.map(({ shard }) => shard))
  const all = new Set(header.accounts.map(({ shard }) => shard))
  const complete = [...all].every((shard) => named.has(shard)) && named.size === read.shards.length
  if (!complete || read.inFlight === undefined) {
    const sentence = `the cut of beacon block ${read.cut} does not name every shard once and what is in flight`
    findings.contradict('bank/cut', [line], sentence)
    return
  }
  if (read.inFlight < 0n) {
    findings.contradict('bank/negative', [line], `${read.inFlight} are in flight`)
  }
  const began =
    sum(header.accounts.map(({ balance }) => balance)) +
    sum(header.outside.map(({ amount }) => amount))
  const found =
    sum(read.shards.map(({ balances, outside }) => outside + sum(Object.values(balances)))) +
    read.inFlight
  if (found === began) return
  const sentence = `at beacon block ${read.cut} there are ${found} in all, at the beginning there were ${began}`
  findings.contradict('bank/conservation', [line], sentence)
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n)
}

/** The line of what nobody read: the state that the header declares. */
const HEADER_LINE = 1

class StateCollector {
  readonly #findings: Findings
  /** By shard. */
  readonly #accounts = new Map<number, BankAccount[]>()
  /** By shard, then height. */
  readonly #states = new Map<number, Map<number, ShardState>>()
  /** Newest read by process and shard. */
  readonly #sessions = new Map<string, { readonly height: number; readonly line: number }>()

  constructor(header: BankHeader, accounts: readonly BankAccount[], findings: Findings) {
    this.#findings = findings
    for (const account of accounts) {
      const home = this.#accounts.get(account.shard) ?? []
      home.push(account)
      this.#accounts.set(account.shard, home)
    }
    for (const [shard, own] of this.#accounts) {
      const height = header.heights.find((place) => place.shard === shard)?.height ?? 0
      const balances = new Map(own.map(({ name, balance }) => [name, balance]))
      const state = { shard, height, balances, line: HEADER_LINE }
      this.#states.set(shard, new Map([[height, state]]))
    }
  }

  add(process: number, line: number, read: ShardRead): void {
    const { shard, height } = read
    this.#checkAccounts(line, read)
    const session = `${process}/${shard}`
    const earlier = this.#sessions.get(session)
    if (earlier !== undefined && earlier.height > height) {
      const sentence = `process ${process} reads shard ${shard} at height ${height} after it read at ${earlier.height}`
      this.#findings.contradict('bank/session', [earlier.line, line], sentence)
    }
    this.#sessions.set(session, { height, line })
    const balances = new Map(Object.entries(read.balances))
    const known = this.#states.get(shard)?.get(height)
    if (known === undefined) {
      this.#states.get(shard)?.set(height, { shard, height, balances, line })
      return
    }
    const other = [...balances].find(([name, balance]) => known.balances.get(name) !== balance)
    if (other === undefined) return
    const [name, balance] = other
    const sentence = `${name} has ${balance} at height ${height} of shard ${shard}, and also ${known.balances.get(name)}`
    this.#findings.contradict('bank/same-height', [known.line, line], sentence)
  }

  #checkAccounts(line: number, { shard, balances }: ShardRead): void {
    const own = new Set((this.#accounts.get(shard) ?? []).map(({ name }) => name))
    for (const [name, balance] of Object.entries(balances)) {
      if (!own.delete(name)) {
        const sentence = `shard ${shard} shows ${name}, which the header does not declare there`
        this.#findings.contradict('bank/unknown-account', [line], sentence)
      }
      if (balance < 0n) {
        this.#findings.contradict('bank/negative', [line], `${name} has ${balance}`)
      }
    }
    for (const name of own) {
      const sentence = `a read of shard ${shard} lacks ${name}`
      this.#findings.contradict('bank/missing-account', [line], sentence)
    }
  }

  finish(): Bank['states'] {
    return new Map(
      [...this.#states].map(([shard, states]) => [
        shard,
        [...states.values()].toSorted((left, right) => left.height - right.height),
      ]),
    )
  }
}

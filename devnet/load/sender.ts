/**
 * Senders: accounts with their nonces, the payments signed ahead, and what is outstanding. Pure bookkeeping: no clock, no
 * network, so that its rules can be tested alone.
 *
 * Invariants: an account's payments leave in nonce order without gap; after a refusal it is blocked, its signed-ahead
 * payments are thrown away (their nonces are wrong now), and it goes on from the nonce that the chain tells.
 */
import { assert, present } from '../../node/primitives/assert.ts'
import type { DevnetAccount } from '../accounts.ts'
import { loadAccount } from '../accounts.ts'
import type { Workload } from './workload-contract.ts'
import { signPayment, type NetworkFacts, type SignedPayment } from './workload.ts'

export type Outstanding = {
  readonly payment: SignedPayment
  readonly sender: Sender
  /** When its arrival was due. */
  readonly intendedMs: number
  /** When its bytes last left; for re-sending what got lost. */
  sentMs: number
  accepted: boolean
  finalized: boolean
}

export type Sender = {
  readonly shard: number
  readonly index: number
  readonly account: DevnetAccount
  /** Nonce of the next payment to be signed. */
  nonce: number
  /** Signed ahead, in nonce order. */
  readonly ahead: SignedPayment[]
  /** Sent and not yet in a finalized block, by nonce. */
  readonly outstanding: Map<number, Outstanding>
  blocked: boolean
}

/** Where everybody may pay: a few each, spread over all, so that one lost payment holds up few others. */
export const OUTSTANDING_PER_SENDER_MAX = 16
/** Where a workload says who pays: what a node's pool keeps of one account (mempool), with room for what is under way. */
const OUTSTANDING_OF_ONE_MAX = 200

export type SenderPool = {
  readonly facts: NetworkFacts
  readonly workload: Workload
  /** Index = shard - 1. */
  readonly senders: readonly (readonly Sender[])[]
  /** Whose turn it is, index = shard - 1. */
  readonly turns: number[]
}

export function createSenderPool(facts: NetworkFacts, workload: Workload): SenderPool {
  const senders = Array.from({ length: facts.shardCount }, (_, index) =>
    createSenders(index + 1, workload.accountsPerShard),
  )
  return { facts, workload, senders, turns: senders.map(() => 0) }
}

/** Who pays arrival n; undefined when all who could have too much outstanding, or are blocked. */
export function payerOf(pool: SenderPool, arrival: number): Sender | undefined {
  const { workload, senders } = pool
  const { shard, index } = workload.payerOf(arrival)
  if (workload.isInterchangeable) return nextSender(pool, shard)
  const sender = senders[shard - 1]?.[index]
  return sender !== undefined && maySend(pool, sender) ? sender : undefined
}

/** The next sender of the shard that may send, round robin; undefined when all are blocked or full. */
export function nextSender(pool: SenderPool, shard: number): Sender | undefined {
  const { senders, turns } = pool
  const list = senders[shard - 1] ?? []
  for (let tried = 0; tried < list.length; tried++) {
    const turn = turns[shard - 1] ?? 0
    turns[shard - 1] = (turn + 1) % list.length
    const sender = list[turn]
    if (sender !== undefined && maySend(pool, sender)) return sender
  }
  return undefined
}

/** Takes the sender's next payment, signing it now if none is ahead. */
export function takePayment(
  pool: SenderPool,
  sender: Sender,
  { nowMs, intendedMs }: { readonly nowMs: number; readonly intendedMs: number },
): Outstanding {
  assert(maySend(pool, sender), 'only senders that may send are asked')
  const payment = sender.ahead.shift() ?? signNext(pool, sender)
  const outstanding = {
    payment,
    sender,
    intendedMs,
    sentMs: nowMs,
    accepted: false,
    finalized: false,
  }
  sender.outstanding.set(payment.nonce, outstanding)
  return outstanding
}

/** Signs payments ahead until the sender has `count`. */
export function signAhead(pool: SenderPool, sender: Sender, count: number): void {
  while (sender.ahead.length < count) sender.ahead.push(signNext(pool, sender))
}

/** Goes on from the nonce that the chain tells; gives the outstanding payments that the chain does not know. */
export function resumeSender(sender: Sender, nonce: number): readonly Outstanding[] {
  const lost = [...sender.outstanding.values()].filter(({ payment }) => payment.nonce >= nonce)
  for (const { payment } of lost) sender.outstanding.delete(payment.nonce)
  // What was signed ahead is still good if nothing before it is missing.
  if (sender.ahead[0]?.nonce !== nonce) {
    sender.ahead.length = 0
    sender.nonce = nonce
  }
  sender.blocked = false
  return lost
}

function signNext({ facts, workload, senders }: SenderPool, sender: Sender): SignedPayment {
  const { destination, payeeIndex } = workload.paymentOf(sender, sender.nonce)
  const home = present(senders[destination - 1], 'a payment stays within the shards')
  const payee = present(home[payeeIndex], 'a workload names accounts that exist').account.address
  const { shard, nonce, account } = sender
  sender.nonce++
  return signPayment({ shard, nonce, destination, payee }, account.secretKey, facts)
}

function createSenders(shard: number, count: number): readonly Sender[] {
  return Array.from({ length: count }, (_, index) => ({
    shard,
    index,
    account: loadAccount(shard, index),
    nonce: 0,
    ahead: [],
    outstanding: new Map<number, Outstanding>(),
    blocked: true,
  }))
}

function maySend({ workload }: SenderPool, { blocked, outstanding }: Sender): boolean {
  const max = workload.isInterchangeable ? OUTSTANDING_PER_SENDER_MAX : OUTSTANDING_OF_ONE_MAX
  return !blocked && outstanding.size < max
}

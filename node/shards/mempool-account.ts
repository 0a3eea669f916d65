/**
 * What a pool demands of a transaction in view of its sender: the account, and what of the same sender waits already.
 * Each check answers undefined or the reject; they run in geth's order (nonce, funds, replacement).
 */
import type { Reject } from '../primitives/result.ts'
import type { AccountView } from './executor.ts'
import type { MempoolRejectCode } from './mempool-admission.ts'
import {
  costFrom,
  entryWithNonce,
  runLength,
  transactionCost,
  type MempoolEntry,
  type SenderQueue,
} from './mempool-sender.ts'
import type { Transaction } from './transaction.ts'

/** A replacement pays at least a tenth more on both fees, so that replacing costs more than relaying. */
const REPLACEMENT_PERCENT = 110n

export type AccountQuestion = {
  readonly queue: SenderQueue
  readonly transaction: Transaction
  /** The sender on the newest executed block. */
  readonly account: AccountView
  /** How far ahead of its account a sender may number transactions. */
  readonly perSenderMax: number
  /** Whether transactions behind a missing nonce are still taken. */
  readonly takesGaps: boolean
}

type Verdict = Reject<MempoolRejectCode> | undefined

export function checkAccount(question: AccountQuestion): Verdict {
  const replaced = entryWithNonce(question.queue, question.transaction.nonce)
  return (
    checkNonce(question) ??
    checkFunds(question, replaced) ??
    (replaced === undefined ? undefined : checkReplacement(question.transaction, replaced)) ??
    checkGap(question)
  )
}

function checkNonce({ transaction, account, perSenderMax }: AccountQuestion): Verdict {
  const { nonce } = transaction
  if (nonce < account.nonce) {
    return { code: 'nonce-too-low', detail: `next nonce ${account.nonce}, tx nonce ${nonce}` }
  }
  if (nonce < account.nonce + perSenderMax) return undefined
  const detail = `tx nonce ${nonce} is ${perSenderMax} or more ahead of the next nonce ${account.nonce}`
  return { code: 'nonce-too-high', detail }
}

/** The balance covers this transaction and everything of its sender that still waits. */
function checkFunds(question: AccountQuestion, replaced: MempoolEntry | undefined): Verdict {
  const { queue, transaction, account } = question
  const cost = transactionCost(transaction)
  const waiting = costFrom(queue, account.nonce) - (replaced?.cost ?? 0n)
  const missing = waiting + cost - account.balance
  if (missing <= 0n) return undefined
  const queued = waiting === 0n ? '' : `queued cost ${waiting}, `
  const detail = `balance ${account.balance}, ${queued}tx cost ${cost}, overshot ${missing}`
  return { code: 'insufficient-funds', detail }
}

function checkReplacement(transaction: Transaction, replaced: MempoolEntry): Verdict {
  const isRaised =
    pays(transaction.maxFeePerGas, replaced.maxFeePerGas) &&
    pays(transaction.maxPriorityFeePerGas, replaced.maxPriorityFeePerGas)
  if (isRaised) return undefined
  return {
    code: 'replacement-underpriced',
    detail: `nonce ${transaction.nonce} waits already; a replacement raises both fees by a tenth`,
  }
}

function pays(offered: bigint, before: bigint): boolean {
  return offered > before && offered * 100n >= before * REPLACEMENT_PERCENT
}

function checkGap({ queue, transaction, account, takesGaps }: AccountQuestion): Verdict {
  if (takesGaps) return undefined
  const next = account.nonce + runLength(queue, account.nonce)
  if (transaction.nonce <= next) return undefined
  const detail = `too many transactions wait for an earlier nonce; send nonce ${next} first`
  return { code: 'pool-full', detail }
}

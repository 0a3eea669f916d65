/**
 * Verifying a block: execute it again and compare every field of its header (R4, C.1, C.2, C.5).
 */
import { equalBytes } from '../primitives/bytes.ts'
import { ADDRESS_SIZE, type Hash } from '../primitives/identifiers.ts'
import { accepted, rejected, type Result } from '../primitives/result.ts'
import { applyTransaction } from './apply-transaction.ts'
import type { ShardBlock } from './block.ts'
import {
  closeBlock,
  differingField,
  type ExecutedBlock,
  openBlock,
  type OpenBlock,
  type ShardRules,
  type StatePoint,
} from './block-execution.ts'
import type { TransactionResult, VerifyRequest } from './executor.ts'
import { runInbox } from './inbox-execution.ts'
import { decodeTransaction } from './transaction.ts'

/** The executed block, or the first rule that it breaks. */
export function verifyBlock(
  rules: ShardRules,
  parent: StatePoint,
  question: { readonly block: ShardBlock; readonly request: VerifyRequest },
): Result<ExecutedBlock> {
  const { block, request } = question
  const { header, body } = block
  const { epoch, view, proposerSeat, timestampMs, sealing } = header
  const { anchor, beneficiary, senders } = request
  const frame = { epoch, view, proposerSeat, timestampMs, sealing, beneficiary, anchor }
  const opened = openBlock(rules, parent, frame)
  if (!opened.ok) return opened
  const open = opened.value
  const inbox = runInbox(open.inbox, body.inbox)
  if (!inbox.ok) return inbox
  open.run.gasLeft -= inbox.value.gasUsed
  const ran = runTransactions(open, body.transactions, senders)
  if (!ran.ok) return ran
  const executed = closeBlock(open, {
    items: body.inbox,
    inbox: inbox.value,
    ...ran.value,
    contentsHash: header.contentsHash,
  })
  if (equalBytes(executed.outcome.hash, block.hash)) return accepted(executed)
  const field = differingField(executed.outcome.header, header) ?? 'hash'
  return rejected('header-mismatch', `executing the block gives another ${field}`)
}

type RanTransactions = {
  readonly transactionHashes: readonly Hash[]
  readonly results: readonly TransactionResult[]
}

function runTransactions(
  open: OpenBlock,
  raws: readonly Uint8Array[],
  senders: Uint8Array,
): Result<RanTransactions> {
  if (senders.length !== raws.length * ADDRESS_SIZE) {
    return rejected('sender-count', 'there is not one sender per transaction')
  }
  const transactionHashes: Hash[] = []
  const results: TransactionResult[] = []
  for (const [index, raw] of raws.entries()) {
    const decoded = decodeTransaction(raw)
    if (!decoded.ok) return decoded
    const transaction = decoded.value
    const sender = senders.slice(index * ADDRESS_SIZE, (index + 1) * ADDRESS_SIZE)
    const applied = applyTransaction(open.run, { transaction, sender })
    if (!applied.ok)
      return rejected(applied.reject.code, `transaction ${index}: ${applied.reject.detail}`)
    transactionHashes.push(transaction.hash)
    results.push(applied.value)
  }
  return accepted({ transactionHashes, results })
}

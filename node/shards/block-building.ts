/**
 * Building a block: what must be consumed from other shards first, then the candidates in their order while gas, bytes and
 * count last (docs/protocol/shards.md, "Blocks"; C.5).
 */
import { contentsHash, encodeShardHeader } from '../crosslink/header-codec.ts'
import type { InboxItem } from '../crosslink/receipt.ts'
import { encodeInboxItem } from '../crosslink/receipt-codec.ts'
import type { Hash } from '../primitives/identifiers.ts'
import { assert } from '../primitives/assert.ts'
import { BLOCK_BYTES_MAX, BLOCK_TRANSACTIONS_MAX } from '../primitives/limits.ts'
import { accepted, rejected, type Result } from '../primitives/result.ts'
import { applyTransaction, isRetryable } from './apply-transaction.ts'
import { encodeShardBlock, encodeShardBody } from './block.ts'
import {
  closeBlock,
  type ExecutedBlock,
  openBlock,
  type OpenBlock,
  type ShardRules,
  type StatePoint,
} from './block-execution.ts'
import type { BuildRequest, CheckedTransaction, TransactionResult } from './executor.ts'
import { TRANSACTION_GAS } from './fees.ts'
import { chooseInbox, runInbox } from './inbox-execution.ts'
import { decodeTransaction } from './transaction.ts'

/** Room for the header (about 950 bytes at SHARDS_MAX) and the body's own counts. */
const HEADER_BYTES_RESERVE = 2048
/** Length prefix of a raw transaction in the body. */
const LENGTH_BYTES = 4

export type BuiltBlock = {
  readonly executed: ExecutedBlock
  readonly block: Uint8Array
  readonly invalid: readonly Hash[]
}

export function buildBlock(
  rules: ShardRules,
  parent: StatePoint,
  request: BuildRequest,
): Result<BuiltBlock> {
  const { epoch, view, seat, sealing, beneficiary, anchor } = request
  // A leader whose clock is behind its parent's still builds: time only stands still.
  const timestampMs = Math.max(request.timestampMs, parent.point.timestampMs)
  const frame = { epoch, view, proposerSeat: seat, timestampMs, sealing, beneficiary, anchor }
  const opened = openBlock(rules, parent, frame)
  if (!opened.ok) return opened
  const open = opened.value
  const items = chooseInbox(open.inbox, request.inbox)
  const inbox = runInbox(open.inbox, items)
  if (!inbox.ok) return inbox
  open.run.gasLeft -= inbox.value.gasUsed
  const bytesLeft = BLOCK_BYTES_MAX - HEADER_BYTES_RESERVE - bytesOf(items)
  // Honest sources keep their windows, so that all tails together fit; only Byzantine ones can bring this about.
  if (bytesLeft < 0) return rejected('inbox-too-large', 'the inbox items do not fit a block')
  const chosen = chooseTransactions(open, request.transactions, bytesLeft)
  const body = encodeShardBody({ transactions: chosen.raw, inbox: items })
  const executed = closeBlock(open, {
    items,
    inbox: inbox.value,
    transactionHashes: chosen.hashes,
    results: chosen.results,
    contentsHash: contentsHash(body),
  })
  const { header } = executed.outcome
  assert(encodeShardHeader(header).length <= HEADER_BYTES_RESERVE, 'the header fits its reserve')
  const block = encodeShardBlock(header, body)
  assert(block.length <= BLOCK_BYTES_MAX, 'a block is bounded in bytes')
  return accepted({ executed, block, invalid: chosen.invalid })
}

type ChosenTransactions = {
  readonly raw: Uint8Array[]
  readonly hashes: Hash[]
  readonly results: TransactionResult[]
  readonly invalid: Hash[]
}

function chooseTransactions(
  open: OpenBlock,
  candidates: readonly CheckedTransaction[],
  bytesMax: number,
): ChosenTransactions {
  const chosen: ChosenTransactions = { raw: [], hashes: [], results: [], invalid: [] }
  let bytesLeft = bytesMax
  for (const candidate of candidates) {
    if (chosen.raw.length >= BLOCK_TRANSACTIONS_MAX || open.run.gasLeft < TRANSACTION_GAS) break
    const size = candidate.raw.length + LENGTH_BYTES
    if (size > bytesLeft) continue
    if (tryTransaction(open, candidate, chosen)) bytesLeft -= size
  }
  return chosen
}

/** Whether it now stands in the block. */
function tryTransaction(
  open: OpenBlock,
  candidate: CheckedTransaction,
  chosen: ChosenTransactions,
): boolean {
  const decoded = decodeTransaction(candidate.raw, candidate.hash)
  if (!decoded.ok) {
    chosen.invalid.push(candidate.hash)
    return false
  }
  const transaction = decoded.value
  const applied = applyTransaction(open.run, { transaction, sender: candidate.sender })
  if (!applied.ok) {
    if (!isRetryable(applied.reject.code)) chosen.invalid.push(candidate.hash)
    return false
  }
  chosen.raw.push(candidate.raw)
  chosen.hashes.push(transaction.hash)
  chosen.results.push(applied.value)
  return true
}

function bytesOf(items: readonly InboxItem[]): number {
  return items.reduce((sum, item) => sum + encodeInboxItem(item).length, 0)
}

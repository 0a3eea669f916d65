/**
 * One transaction in a block: may it stand there, and what does it do (docs/protocol/shards.md, "Transactions", "Fees").
 *
 * Invariants: a transaction that may stand in a block always ends with status 0 or 1 and its fee paid; a failed one changes
 * nothing but fee and nonce; every wei taken from the sender is moved, burnt, tipped or in a receipt.
 */
import { assert } from '../primitives/assert.ts'
import type { Address } from '../primitives/identifiers.ts'
import { accepted, rejected, type Result } from '../primitives/result.ts'
import type { ShardConfig, TransactionResult } from './executor.ts'
import { effectiveGasPrice, intrinsicGas } from './fees.ts'
import { RECEIPT_GAS } from './flow-control.ts'
import { isDraining } from './layout.ts'
import { enqueueReceipt, type Outbox } from './outbox.ts'
import type { Transaction } from './transaction.ts'
import type { Call, CallResult } from './vm/call.ts'
import { executeGatewayCall, isGateway } from './vm/gateway.ts'
import { executeTransfer, isPrecompile } from './vm/transfer.ts'
import { accountAt, addTotals, advanceNonce, debit, type WorkingState } from './working-state.ts'

export type TransactionRun = {
  readonly config: ShardConfig
  readonly baseFeePerGas: bigint
  readonly outbox: Outbox
  readonly state: WorkingState
  /** Gas of the block that is still free. */
  gasLeft: number
  /** Tips so far; the proposer gets them at the end of the block. */
  tips: bigint
}

export type SenderTransaction = { readonly transaction: Transaction; readonly sender: Address }

export type PlacementCode =
  | 'unsupported'
  | 'shard-retiring'
  | 'wrong-chain'
  | 'nonce-too-low'
  | 'nonce-too-high'
  | 'insufficient-funds'
  | 'intrinsic-gas-too-low'
  | 'fee-too-low'
  | 'gas-limit-exceeded'
  | 'block-full'

/** These may stand in a later block on the same account state; all others never can on this parent. */
const RETRYABLE: ReadonlySet<PlacementCode> = new Set([
  'nonce-too-high',
  'fee-too-low',
  'block-full',
])

export function isRetryable(code: PlacementCode): boolean {
  return RETRYABLE.has(code)
}

/** Executes the transaction, or says why it cannot stand here, having changed nothing. */
export function applyTransaction(
  run: TransactionRun,
  { transaction, sender }: SenderTransaction,
): Result<TransactionResult, PlacementCode> {
  const intrinsic = intrinsicGas(transaction)
  const placed = place(run, { transaction, sender }, intrinsic)
  if (!placed.ok) return placed
  const { price, to } = placed.value
  advanceNonce(run.state, sender)
  const call: Call = {
    sender,
    to,
    value: transaction.value,
    data: transaction.data,
    gas: transaction.gasLimit - intrinsic,
  }
  const { result, sent } = execute(run, call, transaction)
  const gasUsed = intrinsic + result.gasUsed
  assert(gasUsed <= transaction.gasLimit, 'a transaction stays within its gas limit')
  payFee(run, { sender, gasUsed, price })
  run.gasLeft -= gasUsed
  return accepted({ status: result.status, gasUsed, sent })
}

type Placement = { readonly price: bigint; readonly to: Address }

function place(
  run: TransactionRun,
  { transaction, sender }: SenderTransaction,
  intrinsic: number,
): Result<Placement, PlacementCode> {
  const { to, nonce, gasLimit, value } = transaction
  if (isDraining(run.config)) return rejected('shard-retiring', 'the shard takes no transactions') // B.7
  if (transaction.chainId !== run.config.chainId) {
    return rejected('wrong-chain', `chain id ${transaction.chainId} is of another shard`)
  }
  if (to === undefined || isPrecompile(to)) {
    return rejected('unsupported', 'contract creations and precompiles are not supported')
  }
  if (gasLimit < intrinsic) return rejected('intrinsic-gas-too-low', `it needs ${intrinsic} gas`)
  if (gasLimit > run.config.gasLimit) {
    return rejected('gas-limit-exceeded', 'it wants more gas than any block has')
  }
  const account = accountAt(run.state, sender)
  if (nonce < account.nonce) return rejected('nonce-too-low', `the next nonce is ${account.nonce}`)
  if (nonce > account.nonce) return rejected('nonce-too-high', `the next nonce is ${account.nonce}`)
  if (account.balance < value + BigInt(gasLimit) * transaction.maxFeePerGas) {
    return rejected('insufficient-funds', 'the balance does not cover value and maximal fee')
  }
  const price = effectiveGasPrice(transaction, run.baseFeePerGas)
  if (price === undefined) return rejected('fee-too-low', 'it offers less than the base fee')
  if (gasLimit > run.gasLeft) return rejected('block-full', 'the block has not enough gas left')
  return accepted({ price, to })
}

type Execution = { readonly result: CallResult; readonly sent: TransactionResult['sent'] }

function execute(run: TransactionRun, call: Call, transaction: Transaction): Execution {
  if (!isGateway(call.to)) return { result: executeTransfer(run.state, call), sent: undefined }
  const result = executeGatewayCall(run.config, call)
  if (result.order === undefined) return { result, sent: undefined }
  const { destination, kind, to, payload } = result.order
  debit(run.state, call.sender, call.value)
  const index = enqueueReceipt(run.outbox, run.state, {
    destination,
    kind,
    from: call.sender,
    to,
    amount: call.value,
    gas: RECEIPT_GAS,
    payload,
    originTransaction: transaction.hash,
  })
  return { result, sent: { destination, index } }
}

/** Base fee burnt, the rest to the proposer (EIP-1559). The sender has the maximal fee on top of the value. */
function payFee(
  run: TransactionRun,
  fee: { readonly sender: Address; readonly gasUsed: number; readonly price: bigint },
): void {
  const gas = BigInt(fee.gasUsed)
  debit(run.state, fee.sender, gas * fee.price)
  addTotals(run.state, { burnt: gas * run.baseFeePerGas })
  run.tips += gas * (fee.price - run.baseFeePerGas)
}

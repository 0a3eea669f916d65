/**
 * What a block does to the registry (docs/protocol/beacon.md B.6, B.9, B.10), in this order: accusations, fork proofs, receipts of shards,
 * stakes that are free. Builder and verifier share it.
 *
 * Invariant: value. What the registry holds and has burnt, and what it has sent, is what the genesis put there and what it consumed
 * (`registrySum`), at every block.
 */
import type { ChannelHead, Receipt } from '../crosslink/receipt.ts'
import { accepted, type Result } from '../primitives/result.ts'
import { takeIn, type BeaconInboxReject, type ConsumedReceipt } from './beacon-inbox.ts'
import type { BeaconOrder } from './beacon-outbox.ts'
import type { BeaconBody } from './block.ts'
import { applyForks, type ForkReject } from './fork-conviction.ts'
import { applyDeposit, type DepositReject } from './deposit.ts'
import { applyExit, payStakes, type ExitReject } from './leaving.ts'
import type { BeaconValidator } from './registry.ts'
import { applyAccusations, stakeSum, type AccusationReject, type Ledger } from './slashing.ts'
import type { BeaconState } from './state.ts'

export type RegistryStep = {
  readonly ledger: Ledger
  /** The beacon's cursors after the block. */
  readonly incoming: readonly ChannelHead[]
  readonly orders: readonly BeaconOrder[]
}

export type RegistryReject =
  | `evidence: ${AccusationReject}`
  | `fork: ${ForkReject}`
  | `inbox: ${BeaconInboxReject}`

export function stepRegistry(
  state: BeaconState,
  { accusations, inbox, forks = [] }: Pick<BeaconBody, 'accusations' | 'inbox' | 'forks'>,
  proposerSeat: number,
): Result<RegistryStep, RegistryReject> {
  const accused = applyAccusations(state, accusations, proposerSeat)
  if (!accused.ok) return renamed('evidence', accused.reject)
  const slashed = applyForks(state, accused.value, { forks, proposerSeat })
  if (!slashed.ok) return renamed('fork', slashed.reject)
  const taken = takeIn(state, inbox)
  if (!taken.ok) return renamed('inbox', taken.reject)
  const settled = settle(state, slashed.value.validators, taken.value.receipts)
  const paid = payStakes(state, settled.validators)
  return accepted({
    ledger: { validators: paid.validators, burnt: slashed.value.burnt },
    incoming: taken.value.incoming,
    orders: [...slashed.value.orders, ...settled.orders, ...paid.orders],
  })
}

function renamed<Area extends string, Code extends string>(
  area: Area,
  { code, detail }: { readonly code: Code; readonly detail: string },
): Result<never, `${Area}: ${Code}`> {
  return { ok: false, reject: { code: `${area}: ${code}`, detail } }
}

type Settled = {
  readonly validators: readonly BeaconValidator[]
  readonly orders: readonly BeaconOrder[]
}

/** One after the other, each on what those before it left. */
function settle(
  state: BeaconState,
  before: readonly BeaconValidator[],
  receipts: readonly ConsumedReceipt[],
): Settled {
  let validators = before
  const orders: BeaconOrder[] = []
  for (const consumed of receipts) {
    const applied = apply(state, validators, consumed)
    if (applied.ok) validators = applied.value
    else orders.push(bounceOf(consumed.receipt, applied.reject.code))
  }
  return { validators, orders }
}

/** Why the value of a receipt goes back where it came from. */
export type BounceReason = DepositReject | ExitReject | 'unknown-kind'

function apply(
  state: BeaconState,
  validators: readonly BeaconValidator[],
  consumed: ConsumedReceipt,
): Result<readonly BeaconValidator[], BounceReason> {
  const { kind } = consumed.receipt
  if (kind === 'deposit') return applyDeposit(state, validators, consumed)
  if (kind === 'exit') return applyExit(state, validators, consumed.receipt)
  return { ok: false, reject: { code: 'unknown-kind', detail: 'the beacon takes no such receipt' } }
}

/** Never dropped: what a shard sent here by mistake, or lying, is its own again. */
function bounceOf(receipt: Receipt, reason: BounceReason): BeaconOrder {
  const { source: destination, from, to, amount, originTransaction } = receipt
  return { destination, kind: 'bounce', from, to, amount, originTransaction, reason }
}

/** Stakes, what was burnt of them and what was sent, less what was consumed: what the genesis put there, at any height. */
export function registrySum(state: BeaconState): bigint {
  const sum = (channels: readonly ChannelHead[]) =>
    channels.reduce((total, { value }) => total + value, 0n)
  return stakeSum(state) + sum(state.outgoing) - sum(state.incoming)
}

/**
 * Leaving (docs/protocol/beacon.md B.10): who asks to, when its term ends, and how its stake comes back.
 *
 * Invariants: only the payout of a validator makes it leave; a stake comes back once, and not while anything that its validator
 * voted can still be held against it.
 */
import type { ShardRecord } from '../crosslink/crosslink.ts'
import type { Receipt } from '../crosslink/receipt.ts'
import { decodeExit } from '../crosslink/registration.ts'
import { equalBytes } from '../primitives/bytes.ts'
import { ZERO_HASH } from '../primitives/hash.ts'
import type { ChainNumber } from '../primitives/identifiers.ts'
import { accepted, rejected, type Result } from '../primitives/result.ts'
import { answersUnderWay, BEACON_WINDOW } from './beacon-inbox.ts'
import { exitsOf, nextTurn } from './churn.ts'
import { COMMITTEE_SEATS_MIN } from './committee.ts'
import type { BeaconOrder } from './beacon-outbox.ts'
import { NEVER, type BeaconValidator } from './registry.ts'
import type { BeaconState } from './state.ts'

export type ExitReject =
  | 'bad-exit'
  | 'unknown-validator'
  | 'not-its-payout'
  | 'already-leaving'
  | 'too-few-stay'

type Validators = readonly BeaconValidator[]

/** The registry after the request, or why it goes back. */
export function applyExit(
  state: BeaconState,
  validators: Validators,
  receipt: Receipt,
): Result<Validators, ExitReject> {
  const decoded = decodeExit(receipt.payload)
  if (!decoded.ok || receipt.amount !== 0n)
    return rejected('bad-exit', 'an exit names a validator and carries no value')
  const index = decoded.value
  const leaver = validators[index]
  if (leaver === undefined) return rejected('unknown-validator', 'the registry has no such index')
  if (receipt.source !== leaver.payoutShard || !equalBytes(receipt.from, leaver.payout))
    return rejected('not-its-payout', 'a validator leaves at the word of its payout')
  if (leaver.status !== 'pending' && leaver.status !== 'active')
    return rejected('already-leaving', `validator ${index} is ${leaver.status}`)
  if (!maySpare(state, validators))
    return rejected('too-few-stay', `${COMMITTEE_SEATS_MIN} validators stay`)
  return accepted(withExit(state, validators, index, leaver))
}

/** Whether one more may leave: enough stay, and there is an epoch to leave with. */
export function maySpare({ epochRules }: BeaconState, validators: Validators): boolean {
  const staying = validators.filter(({ exitEpoch }) => exitEpoch === NEVER).length - 1
  return epochRules.blocks !== 0 && staying >= COMMITTEE_SEATS_MIN
}

/** The registry in which this validator is to leave, when its turn comes. */
export function withExit(
  { epoch, registryRules }: BeaconState,
  validators: Validators,
  index: number,
  leaver: BeaconValidator,
): Validators {
  const turn = nextTurn(validators, epoch, exitsOf(validators))
  // Who leaves before it came has no seat at all.
  const exitEpoch = Math.max(turn, leaver.activationEpoch)
  const withdrawableEpoch = exitEpoch + registryRules.unbondEpochs
  return validators.with(index, { ...leaver, status: 'exiting', exitEpoch, withdrawableEpoch })
}

/** Stakes paid in one block; who waits is paid in the next. */
const PAYOUTS_MAX = 8

export type Payouts = { readonly validators: Validators; readonly orders: readonly BeaconOrder[] }

/** Pays the stakes that are free in the state's epoch, in the order of the registry. */
export function payStakes(state: BeaconState, validators: Validators): Payouts {
  const orders: BeaconOrder[] = []
  const after = validators.map((validator) => {
    const order = orders.length < PAYOUTS_MAX ? payoutOf(state, validator) : undefined
    if (order === undefined) return validator
    orders.push(order)
    return { ...validator, stake: 0n }
  })
  return orders.length === 0 ? { validators, orders } : { validators: after, orders }
}

function payoutOf(state: BeaconState, validator: BeaconValidator): BeaconOrder | undefined {
  const { stake, withdrawableEpoch } = validator
  if (stake === 0n || withdrawableEpoch > state.epoch) return undefined
  const order = payoutTo(state.shards, validator, stake)
  // A shard that takes nothing is not sent more and more of it.
  return answersUnderWay(state, order.destination) < BEACON_WINDOW ? order : undefined
}

export function payoutTo(
  shards: readonly ShardRecord[],
  { payout, payoutShard }: Pick<BeaconValidator, 'payout' | 'payoutShard'>,
  amount: bigint,
): BeaconOrder {
  const destination = openShardFrom(shards, payoutShard)
  const kind = 'payout'
  return { destination, kind, from: payout, to: payout, amount, originTransaction: ZERO_HASH }
}

/** B.7: what would go to a shard that retires goes to the next open one, after the last the first. */
function openShardFrom(shards: readonly ShardRecord[], shard: ChainNumber): ChainNumber {
  const open = shards.filter(({ stage }) => stage === 'open').map((record) => record.shard)
  return open.find((one) => one >= shard) ?? open[0] ?? shard
}

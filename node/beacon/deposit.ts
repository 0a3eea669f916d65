/**
 * Deposits (docs/protocol/beacon.md B.9): what a receipt that brings stake does to the registry.
 *
 * Invariant: total. Whatever a receipt says, its value is in a stake afterwards, or on its way back to who sent it.
 */
import type { Receipt } from '../crosslink/receipt.ts'
import { decodeRegistration, type Registration } from '../crosslink/registration.ts'
import { present } from '../primitives/assert.ts'
import { equalBytes } from '../primitives/bytes.ts'
import { keyFor } from '../primitives/key-use.ts'
import { COMMITTEE_SEATS_MAX } from '../primitives/limits.ts'
import { accepted, rejected, type Result } from '../primitives/result.ts'
import type { ConsumedReceipt } from './beacon-inbox.ts'
import { activationsOf, nextTurn } from './churn.ts'
import { fitsShards } from './committee.ts'
import { NEVER, REGISTRY_MAX, type BeaconValidator } from './registry.ts'
import type { BeaconState } from './state.ts'

export type DepositReject =
  | 'bad-registration'
  | 'no-possession'
  | 'no-epochs'
  | 'bad-payout-shard'
  | 'key-taken'
  | 'peer-taken'
  | 'bad-key'
  | 'stake-too-small'
  | 'registry-full'

type Validators = readonly BeaconValidator[]

/** The registry after the deposit, or why it goes back. */
export function applyDeposit(
  state: BeaconState,
  validators: Validators,
  { receipt, isUnproved }: ConsumedReceipt,
): Result<Validators, DepositReject> {
  const decoded = decodeRegistration(receipt.payload)
  if (!decoded.ok) return rejected('bad-registration', 'the registration cannot be read')
  if (isUnproved)
    return rejected('no-possession', 'the validator’s keys have not signed the registration')
  if (state.epochRules.blocks === 0)
    return rejected('no-epochs', 'the network has one epoch, and nobody comes or goes')
  const registration = decoded.value
  const known = validators.findIndex((one) => sharesKey(one, registration))
  if (known >= 0) return topUp(validators, known, { registration, receipt })
  return checkNewcomer(state, validators, { registration, receipt })
}

type Deposit = { readonly registration: Registration; readonly receipt: Receipt }

/** One of two keys is enough: votes and reveals say who somebody is. */
function sharesKey(
  { publicKey }: BeaconValidator,
  registration: Pick<Registration, 'publicKey'>,
): boolean {
  return (['list', 'aggregate'] as const).some((use) =>
    equalBytes(keyFor(publicKey, use), keyFor(registration.publicKey, use)),
  )
}

/** More stake for a validator that is to come or is there, under the terms that it has. */
function topUp(
  validators: Validators,
  index: number,
  { registration, receipt }: Deposit,
): Result<Validators, DepositReject> {
  const known = present(validators[index], 'it was found')
  const isOpen = known.status === 'pending' || known.status === 'active'
  if (!isOpen || !hasSameTerms(known, registration))
    return rejected('key-taken', `the key is that of validator ${index}`)
  if (receipt.amount === 0n) return rejected('stake-too-small', 'nothing was deposited')
  return accepted(validators.with(index, { ...known, stake: known.stake + receipt.amount }))
}

function hasSameTerms(known: BeaconValidator, registration: Registration): boolean {
  return (
    equalBytes(known.publicKey, registration.publicKey) &&
    known.peer === registration.peer &&
    known.payoutShard === registration.payoutShard &&
    equalBytes(known.payout, registration.payout)
  )
}

function checkNewcomer(
  state: BeaconState,
  validators: Validators,
  { registration, receipt }: Deposit,
): Result<Validators, DepositReject> {
  const { publicKey, peer, payout, payoutShard } = registration
  const { stake: least } = state.registryRules
  if (publicKey.length !== validators[0]?.publicKey.length)
    return rejected('bad-key', 'the key is of another scheme')
  if (state.shards[payoutShard - 1]?.stage !== 'open')
    return rejected('bad-payout-shard', `shard ${payoutShard} is not open`)
  if (validators.some((one) => one.peer === peer))
    return rejected('peer-taken', `another validator is ${peer}`)
  if (receipt.amount < least)
    return rejected('stake-too-small', `a validator has ${least} wei at stake`)
  const activationEpoch = nextTurn(validators, state.epoch, activationsOf(validators))
  if (!hasRoom(state, validators, activationEpoch))
    return rejected('registry-full', 'there is no seat for another validator')
  const newcomer: BeaconValidator = {
    publicKey,
    peer,
    payout,
    payoutShard,
    stake: receipt.amount,
    slashedStake: 0n,
    status: 'pending',
    activationEpoch,
    exitEpoch: NEVER,
    withdrawableEpoch: NEVER,
  }
  return accepted([...validators, newcomer])
}

/** Unless the beacon draws (B.15) it seats everybody whose term holds the epoch (B.3); and shards have so many seats. */
function hasRoom(
  { beaconSeats, epochRules: { shardsPerValidator }, shards }: BeaconState,
  validators: Validators,
  epoch: number,
): boolean {
  const validatorCount = 1 + validators.filter(({ exitEpoch }) => exitEpoch > epoch).length
  if (validators.length >= REGISTRY_MAX) return false
  if (beaconSeats === undefined) return validatorCount <= COMMITTEE_SEATS_MAX
  const shardCount = shards.filter(({ stage }) => stage === 'open').length
  return fitsShards({ validatorCount, shardCount, shardsPerValidator })
}

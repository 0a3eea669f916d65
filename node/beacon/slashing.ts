/**
 * Slashing: what an accusation in a beacon block does to the registry (docs/protocol/beacon.md B.6).
 *
 * Invariants: nobody is slashed twice; what leaves a stake is burnt or on its way to the one that reported, to the wei; a
 * slashed validator keeps the seats that are drawn already, because quorums never change within an epoch.
 */
import { contradict, type Accusation } from '../crosslink/accusation.ts'
import { signingRoot } from '../crosslink/certificate.ts'
import { present } from '../primitives/assert.ts'
import { keyFor, type KeyUse } from '../primitives/key-use.ts'
import { accepted, rejected, type Result } from '../primitives/result.ts'
import type { BeaconOrder } from './beacon-outbox.ts'
import { payoutTo } from './leaving.ts'
import type { BeaconValidator } from './registry.ts'
import type { SignatureDemand } from './signature-demand.ts'
import type { BeaconState } from './state.ts'

/** Ed25519's; a BLS signature has 96 bytes. */
const LIST_SIGNATURE_SIZE = 64
/** Of a stake, at once, to whoever proposes the block that says it. */
const REPORTER_SHARE = 64n

export type AccusationReject =
  | 'unknown-validator'
  | 'unknown-chain'
  | 'already-slashed'
  | 'too-old'
  | 'not-begun'
  | 'no-contradiction'

/** The registry and what was burnt so far. */
export type Ledger = Pick<BeaconState, 'validators' | 'burnt'>

/** What accusations come to: the ledger, and what is owed to those who reported. */
export type Sentence = Ledger & { readonly orders: readonly BeaconOrder[] }

/** Everything but the two signatures, which `accusationChecks` names and the host checks. Total on foreign accusations. */
export function checkAccusation(
  state: BeaconState,
  accusation: Accusation,
  { validators }: Ledger = state,
): Result<BeaconValidator, AccusationReject> {
  const { validator: index, chain, epoch, first, second } = accusation
  const accused = validators[index]
  if (accused === undefined) return rejected('unknown-validator', 'the registry has no such index')
  if (chain < 0 || chain > state.shards.length)
    return rejected('unknown-chain', `the network has no chain ${chain}`)
  if (accused.status === 'slashed')
    return rejected('already-slashed', `validator ${index} was slashed before`)
  const { unbondEpochs } = state.registryRules
  if (epoch + unbondEpochs < state.epoch || accused.withdrawableEpoch <= state.epoch)
    return rejected(
      'too-old',
      `a vote counts for ${unbondEpochs} epochs, and while a stake is bound`,
    )
  if (epoch > state.epoch + 1) return rejected('not-begun', 'nobody votes in that epoch yet')
  if (!contradict(first, second))
    return rejected('no-contradiction', 'an honest validator may say both')
  return accepted(accused)
}

/**
 * Both statements, one by one, under the key of the accused. Of two keys the size of the signature tells which: the committee
 * decided that (A.3), and may be forgotten. Nobody honest signs two votes of one view with two keys either.
 */
export function accusationChecks(
  { genesisHash, validators }: BeaconState,
  { validator, chain, epoch, view, first, second }: Accusation,
): readonly SignatureDemand[] {
  const accused = validators[validator]
  if (accused === undefined) return []
  return [first, second].map(({ kind, proposal, signature }) => ({
    publicKeys: [keyFor(accused.publicKey, useOf(signature))],
    message: signingRoot({ genesisHash, chain, epoch }, kind, view, proposal),
    signatures: [signature],
    mode: 'single',
  }))
}

function useOf(signature: Uint8Array): KeyUse {
  return signature.length === LIST_SIGNATURE_SIZE ? 'list' : 'aggregate'
}

/** The ledger after the accusations of a block whose proposer has this seat; or why the block may not carry them. */
export function applyAccusations(
  state: BeaconState,
  accusations: readonly Accusation[],
  proposerSeat: number,
): Result<Sentence, AccusationReject> {
  let ledger: Sentence = { validators: state.validators, burnt: state.burnt, orders: [] }
  const reporter = state.committees[0]?.[proposerSeat]
  for (const accusation of accusations) {
    const checked = checkAccusation(state, accusation, ledger)
    if (!checked.ok) return checked
    ledger = slash(state, ledger, { offender: accusation.validator, reporter })
  }
  return accepted(ledger)
}

export type Slashing = { readonly offender: number; readonly reporter: number | undefined }

/** The offence was checked. */
export function slash(
  state: BeaconState,
  ledger: Sentence,
  { offender, reporter }: Slashing,
): Sentence {
  const { epoch, registryRules } = state
  const validators = [...ledger.validators]
  const accused = present(validators[offender], 'the accusation was checked')
  // The first plan that is not drawn yet (B.4).
  const exitEpoch = Math.min(accused.exitEpoch, epoch + 2)
  const withdrawableEpoch = epoch + 2 + registryRules.unbondEpochs
  const reward = rewardOf(validators, accused, reporter)
  validators[offender] = {
    ...accused,
    status: 'slashed',
    stake: accused.stake - reward,
    slashedStake: accused.stake,
    exitEpoch,
    withdrawableEpoch,
  }
  const paid = reporter === undefined ? undefined : validators[reporter]
  const order = paid && reward > 0n ? [payoutTo(state.shards, paid, reward)] : []
  return { ...burn(validators, ledger.burnt, epoch), orders: [...ledger.orders, ...order] }
}

/** Nobody is paid for its own offence, nor for another one's after it. */
function rewardOf(
  validators: readonly BeaconValidator[],
  accused: BeaconValidator,
  reporter: number | undefined,
): bigint {
  const paid = reporter === undefined ? undefined : validators[reporter]
  if (paid === undefined || paid === accused || paid.status === 'slashed') return 0n
  return accused.stake / REPORTER_SHARE
}

/**
 * Half of a stake is lost by whoever errs alone, all of it by whoever errs when a third does: the loss of each of those that
 * were slashed within the unbonding time grows with every further one.
 */
function burn(validators: readonly BeaconValidator[], burntBefore: bigint, epoch: number): Ledger {
  const recent = validators.filter((one) => isRecent(one, epoch))
  const slashed = recent.reduce((sum, { slashedStake }) => sum + slashedStake, 0n)
  const total = validators.reduce((sum, one) => sum + stakeBefore(one, epoch), 0n)
  let burnt = burntBefore
  const after = validators.map((validator) => {
    if (!isRecent(validator, epoch)) return validator
    const { stake, slashedStake } = validator
    const loss = lossOf(slashedStake, slashed, total)
    const due = loss - (slashedStake - stake)
    if (due <= 0n) return validator
    burnt += due
    return { ...validator, stake: stake - due }
  })
  return { validators: after, burnt }
}

function isRecent({ status, withdrawableEpoch }: BeaconValidator, epoch: number): boolean {
  return status === 'slashed' && withdrawableEpoch > epoch
}

/** What came back to somebody slashed long ago is nobody's stake any more. */
function stakeBefore(validator: BeaconValidator, epoch: number): bigint {
  return isRecent(validator, epoch) ? validator.slashedStake : validator.stake
}

/** stake · max(1/2, min(1, 3 · slashed / total)), rounded up so that an odd wei is lost, not won. */
function lossOf(stake: bigint, slashed: bigint, total: bigint): bigint {
  const share = 3n * slashed
  const correlated = share >= total ? stake : (stake * share + total - 1n) / total
  const half = (stake + 1n) / 2n
  return correlated > half ? correlated : half
}

/** B.6: what the registry holds and what it has burnt. */
export function stakeSum({ validators, burnt }: Ledger): bigint {
  return validators.reduce((sum, { stake }) => sum + stake, burnt)
}

/**
 * What a fork proof in a beacon block does (docs/protocol/beacon.md B.12): everybody who signed both certificates is slashed as
 * by an accusation of its own (slashing.ts), in the order of seats.
 *
 * Invariant: who is convicted signed both, by two aggregates that the host has checked: of an aggregate over a set of seats
 * with proven keys nobody's part can be missing.
 */
import { guiltySeats } from '../crosslink/certificate-conflict.ts'
import { quorumOf, seatsOf, signingRoot, type Certificate } from '../crosslink/certificate.ts'
import type { ForkProof } from '../crosslink/fork-proof.ts'
import { present } from '../primitives/assert.ts'
import { accepted, rejected, type Result } from '../primitives/result.ts'
import type { SignatureDemand } from './signature-demand.ts'
import { slash, type Ledger, type Sentence } from './slashing.ts'
import { committeeKeys, planOf, type BeaconState } from './state.ts'

export type ForkReject =
  | 'unknown-chain'
  | 'too-old'
  | 'unknown-committee'
  | 'malformed-certificate'
  | 'no-contradiction'
  | 'already-slashed'

/** The validators that the proof convicts and who are not slashed yet; the signatures are the host's. Total on foreign proofs. */
export function checkFork(
  state: BeaconState,
  { chain, epoch, first, second }: ForkProof,
  { validators }: Pick<Ledger, 'validators'> = state,
): Result<readonly number[], ForkReject> {
  if (chain < 0 || chain > state.shards.length)
    return rejected('unknown-chain', `the network has no chain ${chain}`)
  if (epoch + state.registryRules.unbondEpochs < state.epoch)
    return rejected('too-old', 'stakes of that epoch may be free')
  const seats = planOf(state, epoch)?.committees[chain] ?? []
  if (seats.length === 0)
    return rejected('unknown-committee', 'nobody knows who sat there in that epoch')
  if (!isQuorum(first, seats.length) || !isQuorum(second, seats.length))
    return rejected('malformed-certificate', 'a certificate is signed by a quorum of its committee')
  const guilty = guiltySeats(first, second, seats.length)
  if (guilty.length === 0) return rejected('no-contradiction', 'an honest seat may sign both')
  const convicted = guilty.flatMap((seat) => {
    const validator = present(seats[seat], 'a signer has a seat')
    const { status, withdrawableEpoch } = present(validators[validator], 'who sits is registered')
    const isHeld = status !== 'slashed' && withdrawableEpoch > state.epoch
    return isHeld ? [validator] : []
  })
  if (convicted.length === 0)
    return rejected('already-slashed', 'everybody who signed both was slashed before, or is gone')
  return accepted(convicted)
}

function isQuorum({ kind, view, proposal, signers }: Certificate, seatCount: number): boolean {
  if ((proposal === undefined) !== (kind === 'nullify')) return false
  if (view < 1 || (proposal !== undefined && proposal.view !== view)) return false
  const seats = seatsOf(signers, seatCount)
  return seats !== undefined && seats.length >= quorumOf(seatCount)
}

/** Both certificates under the committee of the proof; none of one that `checkFork` refuses. */
export function forkChecks(state: BeaconState, proof: ForkProof): readonly SignatureDemand[] {
  const { chain, epoch, first, second } = proof
  const plan = planOf(state, epoch)
  if (plan === undefined || !checkFork(state, proof).ok) return []
  const keys = committeeKeys(state, chain, plan)
  const { genesisHash } = state
  return [first, second].map(({ kind, view, proposal, signers, signature }) => ({
    publicKeys: present(seatsOf(signers, keys.length), 'the proof was checked').map((seat) =>
      present(keys[seat], 'a signer has a seat'),
    ),
    message: signingRoot({ genesisHash, chain, epoch }, kind, view, proposal),
    signatures: [signature],
    mode: 'aggregate',
  }))
}

/** After the accusations of the block; or why it may not carry them. */
export function applyForks(
  state: BeaconState,
  before: Sentence,
  { forks, proposerSeat }: { readonly forks: readonly ForkProof[]; readonly proposerSeat: number },
): Result<Sentence, ForkReject> {
  let sentence = before
  const reporter = state.committees[0]?.[proposerSeat]
  for (const proof of forks) {
    const convicted = checkFork(state, proof, sentence)
    if (!convicted.ok) return convicted
    for (const offender of convicted.value)
      sentence = slash(state, sentence, { offender, reporter })
  }
  return accepted(sentence)
}

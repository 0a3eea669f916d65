/**
 * Voter for everything: signs NOTARIZE and FINALIZE for every proposal it hears of and NULLIFY for every view, and tells
 * everybody.
 */
import { proposalIn, viewIn } from './message-parts.ts'
import { proposalKey, type Proposal } from '../../node/crosslink/certificate.ts'
import type { ChainNumber } from '../../node/primitives/identifiers.ts'
import type { ValidatorEffect, ValidatorInput } from '../../node/validator/contract.ts'
import type { Adversary } from './adversary.ts'
import { corrupted } from './corruption.ts'
import { seatPowers, sendTo, voteMessage, type SeatPowers, type Statement } from './seat-powers.ts'

/** Things voted for already; forgotten all at once, which at worst says something twice. */
const SAID_MAX = 4096

export const voteForEverything: Adversary = {
  name: 'vote-for-everything',
  description: 'votes for every proposal, to finalize it, and to give its view up',
  corrupt: (honest, seat) => {
    const powers = seatPowers(honest, seat)
    const said = new Set<string>()
    return corrupted(honest, { after: (input) => votesAbout(powers, said, input) })
  },
}

function votesAbout(
  powers: SeatPowers,
  said: Set<string>,
  input: ValidatorInput,
): readonly ValidatorEffect[] {
  if (input.kind !== 'message' || input.message.kind !== 'consensus') return []
  const { chain, message } = input.message
  const view = viewIn(message)
  if (view === undefined || powers.seatIn(chain) < 0) return []
  const nullify: Statement = { kind: 'nullify', view, proposal: undefined }
  return [nullify, ...votesFor(proposalIn(message))].flatMap((statement) => {
    const key = `${chain}/${statement.kind}/${view}/${statement.proposal === undefined ? '' : proposalKey(statement.proposal)}`
    if (said.has(key)) return []
    if (said.size >= SAID_MAX) said.clear()
    said.add(key)
    return spoken(powers, chain, statement)
  })
}

function votesFor(proposal: Proposal | undefined): readonly Statement[] {
  if (proposal === undefined) return []
  const { view } = proposal
  return [
    { kind: 'notarize', view, proposal },
    { kind: 'finalize', view, proposal },
  ]
}

function spoken(
  powers: SeatPowers,
  chain: ChainNumber,
  statement: Statement,
): readonly ValidatorEffect[] {
  const vote = powers.sign(chain, statement)
  return sendTo(powers.othersIn(chain), voteMessage(powers.domainOf(chain), vote))
}

/**
 * Forker: one of a gang of f + 1, who can fork their shard. The gang sits on the first f + 1 seats; of the others, those on even
 * seats are shown one chain and those on odd seats another. When one of the gang leads, it makes two valid blocks, and all of the
 * gang vote to notarize and to finalize each of them, each before its own half. So both are final, and no honest member has
 * heard two contradicting votes.
 *
 * Between views that it leads the gang behaves, so the chain that its machines follow goes on.
 */
import type { ChainBlock } from '../../node/consensus/message.ts'
import { faultsTolerated, proposalKey, type Proposal } from '../../node/crosslink/certificate.ts'
import { BEACON_CHAIN, type ChainNumber, type Seat } from '../../node/primitives/identifiers.ts'
import type { ValidatorEffect, ValidatorInput } from '../../node/validator/contract.ts'
import type { Adversary } from './adversary.ts'
import { corrupted } from './corruption.ts'
import { proposalIn, viewIn } from './message-parts.ts'
import { rebuildShardBlock } from './rebuilt-block.ts'
import {
  seatPowers,
  sendTo,
  voteMessage,
  type ProposalMessage,
  type SeatPowers,
  type SentProposal,
} from './seat-powers.ts'

/** More views than are under way at once; forgotten all at once, which at worst betrays a fellow. */
const VIEWS_REMEMBERED_MAX = 1_024

export const forker: Adversary = {
  name: 'forker',
  description:
    'with f others on the first seats of a shard, finalizes two blocks in a view it leads',
  corrupt: (honest, seat) => {
    const powers = seatPowers(honest, seat)
    const first = new Map<string, string>()
    return corrupted(honest, {
      input: (input) => (isSecondOfGang(powers, first, input) ? blankOf(input) : input),
      effect: (effect) => {
        const sent = powers.ownProposal(effect)
        if (sent !== undefined && isGang(powers, sent.chain, powers.seatIn(sent.chain))) {
          remember(first, sent.chain, sent.epoch, sent.proposal.proposal)
          return proposedTwice(powers, sent)
        }
        return isToldToHalf(powers, effect) ? [] : [effect]
      },
      after: (input) => votesFor(powers, input),
    })
  },
}

function isGang({ honest }: SeatPowers, chain: ChainNumber, seat: Seat): boolean {
  const { length } = honest.chains.get(chain)?.committee ?? []
  return chain !== BEACON_CHAIN && length > 1 && seat >= 0 && seat <= faultsTolerated(length)
}

function seatOfLeader({ honest }: SeatPowers, chain: ChainNumber, view: number): Seat {
  const engine = honest.chains.get(chain)
  return engine?.committee.indexOf(engine.leader(view)) ?? -1
}

/** Who is shown the blocks whose time is even, or odd: the gang, and every other one of the rest. */
function audienceOf({ honest, seat }: SeatPowers, chain: ChainNumber, parity: number) {
  const committee = honest.chains.get(chain)?.committee ?? []
  const gang = faultsTolerated(committee.length)
  return committee.filter(
    (member, at) => member !== seat.validator && (at <= gang || at % 2 === parity),
  )
}

const parityOf = ({ timestampMs }: ChainBlock): number => timestampMs % 2

function proposedTwice(powers: SeatPowers, sent: SentProposal): readonly ValidatorEffect[] {
  const { chain, proposal } = sent
  const { block } = proposal
  const timestampMs = block.timestampMs + 1
  const rival = rebuildShardBlock(block, () => ({ header: { timestampMs } }))
  const second = powers.withBlock(sent, rival)
  if (second.kind !== 'consensus' || second.message.kind !== 'proposal') return [sent.effect]
  return [
    ...sendTo(audienceOf(powers, chain, parityOf(block)), sent.effect.message),
    ...sendTo(audienceOf(powers, chain, parityOf(rival)), second),
    ...spoken(powers, chain, proposal),
    ...spoken(powers, chain, second.message),
  ]
}

function remember(
  first: Map<string, string>,
  chain: ChainNumber,
  epoch: number,
  proposal: Proposal,
): void {
  if (first.size > VIEWS_REMEMBERED_MAX) first.clear()
  const place = `${chain}/${epoch}/${proposal.view}`
  if (!first.has(place)) first.set(place, proposalKey(proposal))
}

/** Its own machine knows one block of such a view, the first: it would accuse its fellows. */
function isSecondOfGang(
  powers: SeatPowers,
  first: Map<string, string>,
  input: ValidatorInput,
): boolean {
  if (input.kind !== 'message' || input.message.kind !== 'consensus') return false
  const { chain, epoch, message } = input.message
  const proposal = proposalIn(message)
  if (proposal === undefined || !isGang(powers, chain, powers.seatIn(chain))) return false
  if (!isGang(powers, chain, seatOfLeader(powers, chain, proposal.view))) return false
  const place = `${chain}/${epoch}/${proposal.view}`
  if (message.kind === 'proposal') remember(first, chain, epoch, proposal)
  return first.get(place) !== proposalKey(proposal)
}

function blankOf({ now, wallMs }: ValidatorInput): ValidatorInput {
  return { kind: 'tick', now, wallMs }
}

/** Both votes for this block of the gang's, before its half. */
function spoken(
  powers: SeatPowers,
  chain: ChainNumber,
  { proposal, block }: ProposalMessage,
): readonly ValidatorEffect[] {
  const { view } = proposal
  const to = audienceOf(powers, chain, parityOf(block))
  return (['notarize', 'finalize'] as const).flatMap((kind) => {
    const vote = powers.sign(chain, { kind, view, proposal })
    return sendTo(to, voteMessage(powers.domainOf(chain), vote))
  })
}

function votesFor(powers: SeatPowers, input: ValidatorInput): readonly ValidatorEffect[] {
  if (input.kind !== 'message' || input.message.kind !== 'consensus') return []
  const { chain, epoch, message } = input.message
  if (message.kind !== 'proposal' || epoch !== powers.domainOf(chain).epoch) return []
  const isOurs =
    isGang(powers, chain, message.vote.seat) && isGang(powers, chain, powers.seatIn(chain))
  return isOurs ? spoken(powers, chain, message) : []
}

/** What the machine inside would say to everybody about a view of the gang's: only one of the halves may hear it. */
function isToldToHalf(powers: SeatPowers, effect: ValidatorEffect): boolean {
  if (effect.kind !== 'send' || effect.message.kind !== 'consensus') return false
  const { chain, message } = effect.message
  if (message.kind !== 'vote' || !isGang(powers, chain, powers.seatIn(chain))) return false
  const view = viewIn(message)
  return view !== undefined && isGang(powers, chain, seatOfLeader(powers, chain, view))
}

/**
 * What whoever holds a seat's key can do besides running the machine: sign anything for any chain it has a seat in, past the
 * vote guard, and say it to whom it likes.
 */
import type { ChainBlock, ConsensusMessage } from '../../node/consensus/message.ts'
import type { UnsignedVote, Vote } from '../../node/consensus/vote.ts'
import { signingRoot, type EngineDomain, type Proposal } from '../../node/crosslink/certificate.ts'
import type { ChainNumber, Seat } from '../../node/primitives/identifiers.ts'
import { keyUseOf } from '../../node/primitives/key-use.ts'
import type { ValidatorEffect } from '../../node/validator/contract.ts'
import type { NodeMessage } from '../../node/validator/message.ts'
import type { Validator } from '../../node/validator/validator.ts'
import type { AdversarySeat } from './adversary.ts'
import type { Effect } from './corruption.ts'

export type ProposalMessage = ConsensusMessage & { readonly kind: 'proposal' }

/** The broadcast of a proposal, taken apart. */
export type SentProposal = {
  readonly effect: Effect<'send'>
  readonly chain: ChainNumber
  readonly epoch: number
  readonly proposal: ProposalMessage
}

export type SeatPowers = {
  readonly honest: Validator
  readonly seat: AdversarySeat
  /** Chains this validator votes on. */
  readonly chains: () => readonly ChainNumber[]
  /** Validators of the chain's committee without this one. */
  readonly othersIn: (chain: ChainNumber) => readonly number[]
  readonly seatIn: (chain: ChainNumber) => Seat
  readonly domainOf: (chain: ChainNumber) => EngineDomain
  /** `epoch`: whatever it likes to sign for; the chain's own if absent. */
  readonly sign: (chain: ChainNumber, vote: Statement, epoch?: number) => Vote
  /** The effect as a proposal of this very seat, if it is one. */
  readonly ownProposal: (effect: ValidatorEffect) => SentProposal | undefined
  /** The same proposal with another block, signed anew. */
  readonly withBlock: (sent: SentProposal, block: ChainBlock) => NodeMessage
}

/** A vote before it has a seat and a signature. */
export type Statement = Omit<UnsignedVote, 'seat'>

export function seatPowers(honest: Validator, seat: AdversarySeat): SeatPowers {
  const { scheme, secretKey, validator } = seat
  const seatIn = (chain: ChainNumber): Seat => honest.chains.get(chain)?.seat ?? -1
  const domainOf = (chain: ChainNumber): EngineDomain => {
    const { genesisHash, epoch } = honest.beacon.head()
    return { genesisHash, chain, epoch: honest.chains.get(chain)?.epoch ?? epoch }
  }
  const sign: SeatPowers['sign'] = (chain, statement, epoch) => {
    const own = domainOf(chain)
    const domain = { ...own, epoch: epoch ?? own.epoch }
    const root = signingRoot(domain, statement.kind, statement.view, statement.proposal)
    const use = keyUseOf(honest.chains.get(chain)?.committee.length ?? 0)
    return { ...statement, seat: seatIn(chain), signature: scheme.sign(secretKey, root, use) }
  }
  return {
    honest,
    seat,
    chains: () => [...honest.chains.keys()].filter((chain) => seatIn(chain) >= 0),
    othersIn: (chain) =>
      (honest.chains.get(chain)?.committee ?? []).filter((member) => member !== validator),
    seatIn,
    domainOf,
    sign,
    ownProposal: (effect) => {
      if (effect.kind !== 'send' || effect.message.kind !== 'consensus') return undefined
      const { chain, epoch, message } = effect.message
      if (message.kind !== 'proposal' || message.vote.seat !== seatIn(chain)) return undefined
      return { effect, chain, epoch, proposal: message }
    },
    withBlock: ({ chain, epoch, proposal: before }, block) => {
      const proposal: Proposal = { ...before.proposal, hash: block.hash }
      const vote = sign(chain, { kind: 'notarize', view: proposal.view, proposal })
      return {
        kind: 'consensus',
        chain,
        epoch,
        message: { ...before, proposal, block, vote },
      }
    },
  }
}

export function sendTo(to: readonly number[], message: NodeMessage): readonly Effect<'send'>[] {
  const channel = message.kind === 'consensus' ? 'consensus' : 'relay'
  return to.length === 0 ? [] : [{ kind: 'send', to, channel, message }]
}

/** A vote as a message of its own. */
export function voteMessage({ chain, epoch }: EngineDomain, vote: Vote): NodeMessage {
  return { kind: 'consensus', chain, epoch, message: { kind: 'vote', vote } }
}

/**
 * False accuser: says of others what they did not do, to everybody and in its own beacon blocks. Out of genuine votes that it
 * hears it makes contradictions whose second half is forged, or signed with its own key, pairs that an honest validator may sign,
 * and proofs of forks of which one certificate is another one's signature under another block.
 */
import type { ChainBlock } from '../../node/consensus/message.ts'
import type { Vote } from '../../node/consensus/vote.ts'
import type { Accusation, Statement } from '../../node/crosslink/accusation.ts'
import { signingRoot, type Certificate, type Proposal } from '../../node/crosslink/certificate.ts'
import { BEACON_CHAIN, type ChainNumber } from '../../node/primitives/identifiers.ts'
import { keyUseOf } from '../../node/primitives/key-use.ts'
import type { ValidatorEffect, ValidatorInput } from '../../node/validator/contract.ts'
import type { NodeMessage } from '../../node/validator/message.ts'
import type { Adversary } from './adversary.ts'
import { createPulse } from './pulse.ts'
import { flipped, rebuildBeaconBlock } from './rebuilt-block.ts'
import { sendTo, type SeatPowers } from './seat-powers.ts'
import { createTamperer } from './tampered-proposal.ts'

/** Ten lies a second: each may cost its hearer two signature checks. */
const INTERVAL_MS = 100

/** What was heard last, and is true. */
type Heard = {
  vote?: { readonly validator: number; readonly chain: ChainNumber; readonly vote: Vote }
  certificate?: { readonly chain: ChainNumber; readonly certificate: Certificate }
}

export const falseAccuser: Adversary = {
  name: 'false-accuser',
  description: 'accuses others of votes and forks that never were',
  corrupt: (honest, seat) => {
    const heard: Heard = {}
    return createTamperer(
      (powers, { chain, proposal }) =>
        chain === BEACON_CHAIN ? withAccusation(powers, heard, proposal.block) : undefined,
      (powers) => {
        const pulse = createPulse(INTERVAL_MS, () => lies(powers, heard))
        return {
          after: (input) => {
            listen(heard, input)
            return pulse(input)
          },
        }
      },
    )(honest, seat)
  },
}

function listen(heard: Heard, input: ValidatorInput): void {
  if (input.kind !== 'message' || input.message.kind !== 'consensus') return
  const { chain, message } = input.message
  const { validator } = input
  if (message.kind === 'vote' && message.vote.proposal !== undefined && validator !== undefined)
    heard.vote = { validator, chain, vote: message.vote }
  const certificates = message.kind === 'proposal' ? message.justification : []
  for (const certificate of certificates) {
    if (certificate.proposal !== undefined) heard.certificate = { chain, certificate }
  }
}

function lies(powers: SeatPowers, heard: Heard): readonly ValidatorEffect[] {
  const told: NodeMessage[] = accusations(powers, heard).map((accusation) => {
    return { kind: 'accusation', accusation }
  })
  const { certificate } = heard
  if (certificate !== undefined) told.push(forkThatWasNot(powers, certificate))
  if (told.length === 0) return []
  return sendTo(powers.othersIn(BEACON_CHAIN), powers.seat.random.pick(told))
}

const other = (proposal: Proposal): Proposal => {
  return { ...proposal, hash: flipped(proposal.hash) }
}

/** With a forged second half, with one of its own making, and with two halves that go together. */
function accusations(powers: SeatPowers, { vote: heard }: Heard): readonly Accusation[] {
  if (heard === undefined) return []
  const { validator, chain, vote } = heard
  const { kind, view, proposal, signature } = vote
  if (proposal === undefined || validator === powers.seat.validator) return []
  const { epoch, genesisHash } = powers.domainOf(chain)
  const first: Statement = { kind, proposal, signature }
  const rival = other(proposal)
  const { scheme, secretKey } = powers.seat
  const root = signingRoot({ genesisHash, chain, epoch }, kind, view, rival)
  const use = keyUseOf(powers.honest.chains.get(chain)?.committee.length ?? 0)
  const own = scheme.sign(secretKey, root, use)
  const seconds: readonly Statement[] = [
    { kind, proposal: rival, signature: flipped(signature) },
    { kind, proposal: rival, signature },
    { kind, proposal: rival, signature: own },
    first,
  ]
  return seconds.map((second) => ({ validator, chain, epoch, view, first, second }))
}

function forkThatWasNot(
  powers: SeatPowers,
  { chain, certificate }: { readonly chain: ChainNumber; readonly certificate: Certificate },
): NodeMessage {
  const { epoch } = powers.domainOf(chain)
  const { proposal } = certificate
  const second =
    proposal === undefined ? certificate : { ...certificate, proposal: other(proposal) }
  return { kind: 'fork-proof', proof: { chain, epoch, first: certificate, second } }
}

function withAccusation(
  powers: SeatPowers,
  heard: Heard,
  block: ChainBlock,
): ChainBlock | undefined {
  const [accusation] = accusations(powers, heard)
  if (accusation === undefined) return undefined
  return rebuildBeaconBlock(block, ({ body }) => ({ body: { ...body, accusations: [accusation] } }))
}

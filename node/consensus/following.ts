/**
 * Following: what a seat does with its leader's proposal (docs/protocol/consensus.md R3, R4, R5), and how blocks come to
 * be executed at all.
 */
import { proposalKey, type Proposal } from '../crosslink/certificate.ts'
import { equalBytes } from '../primitives/bytes.ts'
import type { Hash } from '../primitives/identifiers.ts'
import { JUSTIFICATION_MAX } from '../primitives/limits.ts'
import { admitBlock, evictBlocks, heldBlock } from './blocks.ts'
import { admitCandidates } from './certificates.ts'
import { submit } from './checks.ts'
import { voteKey } from './evidence.ts'
import { askForCertificates, judgeStanding, type Standing } from './justification.ts'
import type { ChainBlock } from './message.ts'
import {
  canVote,
  isLiveView,
  isReproposal,
  leaderOf,
  roundAt,
  type EngineState,
  type ProposalMessage,
  type Source,
} from './state.ts'
import { fileVerifiedVote, isWellFormedVote } from './tally.ts'
import { proposalArrived } from './timing.ts'
import { castNotarize, castNullify } from './voting.ts'

/** Proposals of one seat in check at once: each may hold a whole block. */
const PROPOSALS_IN_CHECK_MAX = 2

/** R3: a proposal as it arrives. Its signature is checked before anything is done with it (A.9). */
export function receiveProposal(
  state: EngineState,
  message: ProposalMessage,
  source: Source,
): void {
  if (message.justification.length > JUSTIFICATION_MAX) return
  const candidates = admitCandidates(state, message.justification, source)
  const seat = message.vote.seat
  const count = state.proposalCounts.get(seat) ?? 0
  const isWorthChecking =
    isProposalOf(state, message, source) &&
    !isKnown(state, message) &&
    count < PROPOSALS_IN_CHECK_MAX
  if (isWorthChecking) {
    state.proposalCounts.set(seat, count + 1)
    submit(state, { kind: 'proposal', message, peer: source.peer, candidates })
  } else if (candidates.length > 0) submit(state, { kind: 'certificates', candidates })
}

/** The leader's signature is good: the proposal may be acted upon if its view is near (R3, A.4). */
export function acceptProposal(state: EngineState, message: ProposalMessage): void {
  const { proposal, block, vote } = message
  if (!isLiveView(state, proposal.view) || !fileVerifiedVote(state, vote)) return
  const round = roundAt(state, proposal.view)
  if (round.proposal === undefined) {
    round.proposal = proposal
    if (proposal.view === state.view) proposalArrived(state)
  } else if (proposalKey(round.proposal) !== proposalKey(proposal)) round.equivocated = true
  admitBlock(state, block)
  evictBlocks(state)
}

/** Is this message what the leader of its view could honestly have sent? */
function isProposalOf(state: EngineState, message: ProposalMessage, source: Source): boolean {
  const { proposal, block, vote } = message
  if (source.from !== vote.seat || vote.kind !== 'notarize') return false
  if (!isWellFormedVote(state, vote) || vote.seat !== leaderOf(state, vote.view)) return false
  if (voteKey(vote) !== proposalKey(proposal) || proposal.view <= state.lastFinalizedView)
    return false
  return equalBytes(block.hash, proposal.hash)
}

/** Have this signature and this body been here before? */
function isKnown(state: EngineState, { proposal, vote }: ProposalMessage): boolean {
  const pile = state.rounds.get(proposal.view)?.piles.notarize.get(proposalKey(proposal))
  return pile?.verified.has(vote.seat) === true && heldBlock(state, proposal.hash) !== undefined
}

/** R4 and R5 for the proposal of the current view. */
export function considerProposal(state: EngineState): void {
  const proposal = openProposal(state)
  if (proposal === undefined) return
  const standing = judge(state, proposal)
  if (standing.kind === 'missing') {
    askForCertificates(state, standing.views, leaderOf(state, state.view))
    return
  }
  const held = heldBlock(state, proposal.hash)
  if (standing.kind === 'unsound' || held?.validity === 'refused' || held?.validity === 'invalid') {
    castNullify(state) // R4: a permanent failure ends our part in the view at once.
    return
  }
  if (held?.validity === 'valid') castNotarize(state, proposal)
}

/** The hash of the current proposal if its execution would decide our vote (R4). */
export function hashToVerify(state: EngineState): Hash | undefined {
  const proposal = openProposal(state)
  if (proposal === undefined || judge(state, proposal).kind !== 'sound') return undefined
  return proposal.hash
}

/** When missing certificates may be asked for again; Infinity if none are missing. */
export function followingDeadline(state: EngineState): number {
  const proposal = openProposal(state)
  if (proposal === undefined || judge(state, proposal).kind !== 'missing') return Infinity
  return state.clock.certificatesAskableAt
}

/** The proposal of the current view, while our vote on it is open. */
function openProposal(state: EngineState): Proposal | undefined {
  if (!canVote(state)) return undefined
  const { proposal, sent, equivocated } = roundAt(state, state.view)
  if (sent.notarize !== undefined || sent.nullify !== undefined || equivocated) return undefined
  return proposal
}

/** R4: the justification and the rules that can be checked without executing. */
function judge(state: EngineState, proposal: Proposal): Standing {
  const standing = judgeStanding(state, proposal)
  if (standing.kind !== 'sound') return standing
  const block = heldBlock(state, proposal.hash)?.block
  const parent = knownParent(state, proposal.parentHash)
  if (block === undefined || parent === undefined) return standing
  const isRightBlock =
    parent.sealing || isReproposal(proposal)
      ? parent.sealing && isReproposal(proposal) // R2: exactly itself follows a sealing block.
      : isChildOf(block, parent, proposal)
  return isRightBlock ? standing : { kind: 'unsound' }
}

type ParentFacts = Pick<ChainBlock, 'height' | 'timestampMs' | 'sealing'>

/** R4: links, height, view and the order of time; the rest of the header is the host's to judge. */
function isChildOf(block: ChainBlock, parent: ParentFacts, proposal: Proposal): boolean {
  return (
    equalBytes(block.parentHash, proposal.parentHash) &&
    block.height === parent.height + 1 &&
    block.view === proposal.view &&
    block.timestampMs >= parent.timestampMs
  )
}

/** The block an engine starts from belongs to the epoch before, so in this one it seals nothing. */
function knownParent(state: EngineState, hash: Hash): ParentFacts | undefined {
  const { genesis } = state.config
  if (equalBytes(hash, genesis.hash)) return { ...genesis, sealing: false }
  return heldBlock(state, hash)?.block
}

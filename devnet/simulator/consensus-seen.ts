/**
 * Translation of what the engines say into what the checkers read, and into words for the event hash. The only file that
 * knows both vocabularies.
 */
import { unreachable } from '../../node/primitives/assert.ts'
import type { ConsensusMessage } from '../../node/consensus/message.ts'
import type { UnsignedVote } from '../../node/consensus/vote.ts'
import type { Certificate, Proposal, VoteKind } from '../../node/crosslink/certificate.ts'
import type { SeenCertificate, Statement } from './checkers/observation.ts'
import { digestText, digestWord } from './digest-text.ts'
import { labelWord } from './event-hash.ts'

export function statementOf(vote: UnsignedVote | Certificate): Statement {
  const { kind, view, proposal } = vote
  return {
    kind,
    view,
    parentView: proposal === undefined ? -1 : proposal.parentView,
    parentDigest: proposal === undefined ? '' : digestText(proposal.parentHash),
    digest: proposal === undefined ? '' : digestText(proposal.hash),
  }
}

export function seenCertificate(certificate: Certificate): SeenCertificate {
  return { ...statementOf(certificate), signers: certificate.signers }
}

/** Certificates that a message carries. */
export function certificatesIn(message: ConsensusMessage): readonly Certificate[] {
  switch (message.kind) {
    case 'proposal':
      return message.justification
    case 'certificate':
      return [message.certificate]
    case 'range':
      return [message.range.certificate]
    default:
      return []
  }
}

/** The view a message is about; 0 for requests and blocks, which are about none. */
export function viewOf(message: ConsensusMessage): number {
  switch (message.kind) {
    case 'proposal':
      return message.proposal.view
    case 'vote':
      return message.vote.view
    case 'certificate':
      return message.certificate.view
    default:
      return 0
  }
}

/** 32 bits that differ for messages that say different things. */
export function messageWord(message: ConsensusMessage): number {
  const label = labelWord(message.kind)
  switch (message.kind) {
    case 'proposal':
      return label ^ proposalWord('notarize', message.proposal.view, message.proposal)
    case 'vote': {
      const { kind, view, proposal, seat } = message.vote
      return label ^ proposalWord(kind, view, proposal) ^ (seat << 24)
    }
    case 'certificate': {
      const { kind, view, proposal } = message.certificate
      return label ^ proposalWord(kind, view, proposal)
    }
    case 'get-certificate':
      return label ^ message.view
    case 'get-block':
      return label ^ digestWord(message.hash)
    case 'block':
      return label ^ digestWord(message.block.hash)
    case 'get-range':
      return label ^ message.fromHeight
    case 'range':
      return label ^ message.range.certificate.view
    default:
      return unreachable(message)
  }
}

function proposalWord(kind: VoteKind, view: number, proposal: Proposal | undefined): number {
  const word = Math.imul(view, 0x85ebca6b) ^ labelWord(kind)
  return proposal === undefined ? word : word ^ digestWord(proposal.hash)
}

/** For traces: short, aligned by the eye, the same words as the protocol's. */
export function messageText(message: ConsensusMessage): string {
  switch (message.kind) {
    case 'proposal': {
      const { view, parentView, hash } = message.proposal
      return `proposal v${view} ${digestText(hash)} on v${parentView} +${message.justification.length}`
    }
    case 'vote':
      return `vote ${statementLine(message.vote)} of seat ${message.vote.seat}`
    case 'certificate':
      return `certificate ${statementLine(message.certificate)}`
    case 'get-certificate':
      return `get-certificate v${message.view}`
    case 'get-block':
      return `get-block ${digestText(message.hash)}`
    case 'block':
      return `block ${digestText(message.block.hash)} h${message.block.height}`
    case 'get-range':
      return `get-range from h${message.fromHeight}`
    case 'range':
      return `range of ${message.range.blocks.length} to v${message.range.certificate.view}`
    default:
      return unreachable(message)
  }
}

export function statementLine(vote: UnsignedVote | Certificate): string {
  const block = vote.proposal === undefined ? '' : ` ${digestText(vote.proposal.hash)}`
  return `${vote.kind} v${vote.view}${block}`
}

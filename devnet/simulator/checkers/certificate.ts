/**
 * S6: a certificate has at least n - floor((n - 1) / 3) distinct signers, all seats of this committee, each of whom
 * really signed exactly this statement of exactly this (chain, epoch). "Really" means that its key was used: the checker
 * keeps a register of all signatures made, so it believes no cryptography.
 */
import {
  statementText,
  type CheckedCommittee,
  type Checker,
  type SeenCertificate,
} from './observation.ts'

export function createCertificateChecker(committee: CheckedCommittee): Checker {
  const signersOf = new Map<string, Set<number>>()
  const quorum = committee.seatCount - Math.floor((committee.seatCount - 1) / 3)

  function flaw(certificate: SeenCertificate): string | undefined {
    const made = signersOf.get(statementText(certificate))
    let count = 0
    for (let seat = 0; seat < certificate.signers.length * 8; seat++) {
      const byte = certificate.signers[seat >> 3] ?? 0
      if (((byte >> (seat & 7)) & 1) === 0) continue
      if (seat >= committee.seatCount) return `names seat ${seat}, which does not exist`
      if (made?.has(seat) !== true) return `names seat ${seat}, which never signed it`
      count++
    }
    return count >= quorum ? undefined : `has ${count} signers, ${quorum} are needed`
  }

  return {
    rule: 'S6',
    observe: (seen) => {
      if (seen.kind === 'signed') {
        const text = statementText(seen.statement)
        const signers = signersOf.get(text) ?? new Set()
        signersOf.set(text, signers.add(seen.seat))
        return undefined
      }
      if (seen.kind !== 'certificate' || committee.byzantineNodes.has(seen.node)) return undefined
      const found = flaw(seen.certificate)
      if (found === undefined) return undefined
      return `node ${seen.node} used a certificate (${statementText(seen.certificate)}) that ${found}`
    },
  }
}

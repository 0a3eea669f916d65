/**
 * Reports to the checkers what an honest validator says and does with certificates and evidence. Each certificate object
 * is reported once: messages are passed by reference.
 */
import type { Evidence } from '../../node/consensus/engine-contract.ts'
import type { ConsensusMessage } from '../../node/consensus/message.ts'
import type { Certificate } from '../../node/crosslink/certificate.ts'
import type { Observation } from './checkers/observation.ts'
import { certificatesIn, seenCertificate, statementOf } from './consensus-seen.ts'

export type Witness = {
  readonly certificate: (certificate: Certificate) => void
  readonly message: (message: ConsensusMessage) => void
  readonly evidence: (evidence: Evidence) => void
}

export type WitnessPorts = {
  readonly node: number
  readonly observe: (observation: Observation) => void
}

export function createWitness({ node, observe }: WitnessPorts): Witness {
  const reported = new WeakSet<Certificate>()

  function certificate(seen: Certificate): void {
    // View 0 is the genesis, finalized by definition and signed by nobody.
    if (reported.has(seen) || seen.view === 0) return
    reported.add(seen)
    observe({ kind: 'certificate', node, certificate: seenCertificate(seen) })
  }

  return {
    certificate,
    message: (message) => {
      for (const carried of certificatesIn(message)) certificate(carried)
    },
    evidence: ({ seat, first, second }) => {
      observe({
        kind: 'evidence',
        node,
        seat,
        first: statementOf(first),
        second: statementOf(second),
      })
    },
  }
}

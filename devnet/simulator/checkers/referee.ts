/**
 * All safety checkers of one (chain, epoch) behind one door. The first broken rule is kept: what follows a violation
 * proves nothing.
 */
import { createAccountabilityChecker } from './accountability.ts'
import { createAgreementChecker } from './agreement.ts'
import { createAncestryChecker } from './ancestry.ts'
import { createCertificateChecker } from './certificate.ts'
import { createDeliveryChecker } from './delivery.ts'
import { createFinalityChecker } from './finality.ts'
import { createHonestyChecker } from './honesty.ts'
import { createNotarizationChecker } from './notarization.ts'
import { createNullificationChecker } from './nullification.ts'
import type { CheckedCommittee, Checker, Observation } from './observation.ts'

export type Violation = {
  /** `S1`..`S8`, `S12`, or `host` for a broken contract between engine and host. */
  readonly rule: string
  readonly sentence: string
  readonly atMs: number
}

export type Referee = {
  readonly observe: (now: number, observation: Observation) => void
  /** A violation that somebody else found. */
  readonly report: (violation: Violation) => void
  /** Runs the rules that need everything to be known. */
  readonly finish: (now: number) => void
  readonly violation: () => Violation | undefined
}

/** `ignored`: rules by number that are not judged, so that a planted fault is seen by its worst consequence. */
export function createReferee(
  committee: CheckedCommittee,
  ignored: readonly string[] = [],
): Referee {
  const all: readonly Checker[] = [
    createAgreementChecker(committee),
    createNotarizationChecker(),
    createNullificationChecker(),
    createAncestryChecker(committee),
    createFinalityChecker(),
    createCertificateChecker(committee),
    createHonestyChecker(committee),
    createDeliveryChecker(committee),
    createAccountabilityChecker(committee),
  ]
  const checkers = all.filter(({ rule }) => !ignored.includes(rule))
  let found: Violation | undefined

  function keep(checker: Checker, atMs: number, sentence: string | undefined): void {
    if (sentence !== undefined) found ??= { rule: checker.rule, sentence, atMs }
  }

  return {
    observe: (now, observation) => {
      for (const checker of checkers) keep(checker, now, checker.observe(observation))
    },
    report: (violation) => {
      if (!ignored.includes(violation.rule)) found ??= violation
    },
    finish: (now) => {
      for (const checker of checkers) keep(checker, now, checker.finish?.())
    },
    violation: () => found,
  }
}

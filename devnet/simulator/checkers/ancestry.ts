/**
 * S4: the finalized chain follows the certificates. A finalized proposal names its parent's view and digest; that parent
 * was notarized in that view; no view strictly between them is finalized, and each of them is nullified.
 */
import type { CheckedCommittee, Checker, SeenCertificate } from './observation.ts'

export function createAncestryChecker(committee: CheckedCommittee): Checker {
  const nullified = new Set<number>()
  const finalized = new Map<number, SeenCertificate>()
  /** One per view, by S2. */
  const notarized = new Map<number, SeenCertificate>()
  const checked = new Set<number>()

  function brokenLink(child: SeenCertificate): string | undefined {
    const { view, parentView, parentDigest } = child
    if (parentView >= view) return `view ${view} names view ${parentView} as its parent`
    for (let skipped = parentView + 1; skipped < view; skipped++) {
      if (finalized.has(skipped)) return `view ${view} skips the finalized view ${skipped}`
      if (!nullified.has(skipped)) return `view ${view} skips view ${skipped}, never nullified`
    }
    const expected = parentView === 0 ? committee.genesis.digest : notarized.get(parentView)?.digest
    if (expected === parentDigest) return undefined
    return `view ${view} builds on ${parentDigest}, but view ${parentView} notarized ${expected ?? 'nothing'}`
  }

  function brokenChain(tip: SeenCertificate): string | undefined {
    let child: SeenCertificate | undefined = tip
    while (child !== undefined && !checked.has(child.view)) {
      checked.add(child.view)
      const broken = brokenLink(child)
      if (broken !== undefined) return broken
      child = notarized.get(child.parentView)
    }
    return undefined
  }

  return {
    rule: 'S4',
    observe: (seen) => {
      if (seen.kind !== 'certificate') return undefined
      const { certificate } = seen
      if (certificate.kind === 'nullify') nullified.add(certificate.view)
      if (certificate.kind === 'notarize' && !notarized.has(certificate.view)) {
        notarized.set(certificate.view, certificate)
      }
      if (certificate.kind === 'finalize') finalized.set(certificate.view, certificate)
      return undefined
    },
    finish: () => {
      for (const certificate of finalized.values()) {
        const broken = brokenChain(certificate)
        if (broken !== undefined) return broken
      }
      return undefined
    },
  }
}

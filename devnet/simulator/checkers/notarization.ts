/** S2: at most one proposal is notarized in a view. */
import type { Checker } from './observation.ts'

export function createNotarizationChecker(): Checker {
  const notarizedIn = new Map<number, string>()
  return {
    rule: 'S2',
    observe: (seen) => {
      if (seen.kind !== 'certificate' || seen.certificate.kind !== 'notarize') return undefined
      const { view, parentView, digest } = seen.certificate
      const proposal = `${parentView}>${digest}`
      const known = notarizedIn.get(view)
      notarizedIn.set(view, known ?? proposal)
      if (known === undefined || known === proposal) return undefined
      return `two notarizations in view ${view}: ${known} and ${proposal}`
    },
  }
}

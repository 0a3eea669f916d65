/** S5: what is finalized was notarized, the same block in the same view, and known to be by then. */
import type { Checker } from './observation.ts'

export function createFinalityChecker(): Checker {
  const notarized = new Set<string>()
  return {
    rule: 'S5',
    observe: (seen) => {
      if (seen.kind !== 'certificate' || seen.certificate.kind === 'nullify') return undefined
      const { kind, view, digest } = seen.certificate
      const block = `${view}/${digest}`
      if (kind === 'notarize') notarized.add(block)
      else if (!notarized.has(block)) {
        return `view ${view} is finalized with ${digest}, which nobody has seen notarized`
      }
      return undefined
    },
  }
}

/** S3: no view is both nullified and finalized, and none is finalized twice. */
import type { Checker } from './observation.ts'

export function createNullificationChecker(): Checker {
  const nullified = new Set<number>()
  const finalizedIn = new Map<number, string>()
  return {
    rule: 'S3',
    observe: (seen) => {
      if (seen.kind !== 'certificate' || seen.certificate.kind === 'notarize') return undefined
      const { kind, view, digest } = seen.certificate
      if (kind === 'nullify') nullified.add(view)
      else {
        const known = finalizedIn.get(view)
        if (known !== undefined && known !== digest) {
          return `two finalizations in view ${view}: ${known} and ${digest}`
        }
        finalizedIn.set(view, digest)
      }
      if (!nullified.has(view) || !finalizedIn.has(view)) return undefined
      return `view ${view} is nullified and finalized`
    },
  }
}

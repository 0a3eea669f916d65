/**
 * A3, domains: the bytes that are signed belong to one statement on one chain. If two statements share them, a signature
 * made for the one is good for the other.
 */
import { entryOf, type NetworkChecker } from './network-observation.ts'

export function createSigningRootChecker(): NetworkChecker {
  const meanings = new Map<string, string>()
  return {
    rule: 'A3',
    observe: (seen) => {
      if (seen.kind !== 'signed-root') return undefined
      const meaning = `${seen.statement} on chain ${seen.chain}`
      const known = entryOf(meanings, seen.root, () => meaning)
      return known === meaning ? undefined : `one signature is good for ${known} and for ${meaning}`
    },
  }
}

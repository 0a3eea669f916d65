/**
 * S13, bounds: what a node holds and what it sends keeps to its caps, whatever others do. The caps are stated here a second
 * time, with room for what one turn may add.
 */
import type { LoadKind, NetworkChecker } from './network-observation.ts'

/** 64 rounds are kept behind finality, four views ahead are looked at; a stuck chain keeps as many again. */
const ROUNDS_MAX = 160
const CAPS: Readonly<Record<LoadKind, number>> = {
  rounds: ROUNDS_MAX,
  /** Three kinds, two different ones of each, 128 seats; a simulated committee never has more than 16. */
  votes: ROUNDS_MAX * 3 * 2 * 16,
  blocks: 192,
  pool: 40_000,
  /** A block of one MiB and its envelope. */
  'message-bytes': 1024 * 1024 + 64 * 1024,
}

export function createBoundsChecker(): NetworkChecker {
  return {
    rule: 'S13',
    observe: (seen) => {
      if (seen.kind !== 'load' || seen.count <= CAPS[seen.what]) return undefined
      return `node ${seen.node} has ${seen.count} ${seen.what}, the cap is ${CAPS[seen.what]}`
    },
  }
}

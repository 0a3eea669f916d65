/**
 * The faulty links of a network: what an order changes, and what one node must know of it. A link that is not in the table
 * is perfect.
 */
import { PERFECT_LINK, type Fault, type Link, type LinkQuality } from './fault.ts'

export type LinkState = LinkQuality | 'cut'

/** The faulty links of one node, by the node at the other end. JSON. */
export type NodeLinks = {
  readonly incoming: readonly (readonly [from: number, state: LinkState])[]
  readonly outgoing: readonly (readonly [to: number, state: LinkState])[]
}

export const NO_FAULTY_LINKS: NodeLinks = { incoming: [], outgoing: [] }

type LinkFault = Extract<Fault, { kind: 'cut' | 'link' | 'heal' }>

export type LinkTable = {
  readonly apply: (fault: LinkFault) => void
  readonly linksOf: (node: number) => NodeLinks
}

export function createLinkTable(): LinkTable {
  /** By sender, then by receiver. */
  const states = new Map<number, Map<number, LinkState>>()

  function set({ from, to }: Link, state: LinkState): void {
    const row = states.get(from) ?? new Map<number, LinkState>()
    if (isPerfect(state)) row.delete(to)
    else row.set(to, state)
    states.set(from, row)
  }

  return {
    apply: (fault) => {
      if (fault.kind === 'heal') return states.clear()
      const state = fault.kind === 'cut' ? 'cut' : fault.quality
      for (const link of fault.links) set(link, state)
    },
    linksOf: (node) => ({
      incoming: [...states].flatMap(([from, row]) => {
        const state = row.get(node)
        return state === undefined ? [] : [[from, state] as const]
      }),
      outgoing: [...(states.get(node) ?? [])],
    }),
  }
}

export function isPerfect(state: LinkState): boolean {
  return sameLinkState(state, PERFECT_LINK)
}

export function sameLinkState(left: LinkState, right: LinkState): boolean {
  if (left === 'cut' || right === 'cut') return left === right
  return (
    left.lossPerMille === right.lossPerMille &&
    left.delayMs === right.delayMs &&
    left.jitterMs === right.jitterMs &&
    left.duplicatePerMille === right.duplicatePerMille &&
    left.bytesPerSecond === right.bytesPerSecond
  )
}

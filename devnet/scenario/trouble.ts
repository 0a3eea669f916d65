/**
 * What is wrong with the network by our own doing: faults go through here on their way to the engine, so that one that
 * ends by itself can be undone without undoing the others, and so that in the end everything is.
 */
import type { Fault } from '../faults/fault.ts'
import type { Engine } from './engine.ts'

export type Trouble = {
  readonly apply: (fault: Fault) => Promise<void>
  /** Ends this link fault and leaves the others. */
  readonly mend: (faults: readonly Fault[]) => Promise<void>
  /** Perfect links, sound disks, right clocks, everybody started. Byzantine nodes stay what they are. */
  readonly endAll: () => Promise<void>
  /** Nodes that are not honest now. */
  readonly byzantine: ReadonlySet<number>
}

export function createTrouble(engine: Pick<Engine, 'apply'>, nodeCount: number): Trouble {
  /** Links that are cut or bad now, in the order in which it was done. */
  const links: Fault[] = []
  const byzantine = new Set<number>()
  const paused = new Set<number>()
  const badDisks = new Set<number>()
  const wrongClocks = new Set<number>()

  function note(fault: Fault): void {
    switch (fault.kind) {
      case 'cut':
      case 'link':
        links.push(fault)
        return
      case 'heal':
        links.length = 0
        return
      case 'pause':
        return mark(paused, fault.nodes, true)
      case 'resume':
      case 'crash':
      case 'stop':
        return mark(paused, fault.nodes, false)
      case 'byzantine':
        return mark(byzantine, fault.nodes, fault.vice !== undefined)
      case 'disk':
        return mark(badDisks, fault.nodes, fault.mode !== 'ok')
      case 'clock':
        return mark(wrongClocks, fault.nodes, fault.skewMs !== 0)
      case 'start':
      case 'support':
    }
  }

  async function apply(fault: Fault): Promise<void> {
    note(fault)
    await engine.apply(fault)
  }

  return {
    byzantine,
    apply,
    mend: async (mended) => {
      const remaining = links.filter((fault) => !mended.includes(fault))
      if (remaining.length === links.length) return
      await apply({ kind: 'heal' })
      for (const fault of remaining) await apply(fault)
    },
    endAll: async () => {
      if (links.length > 0) await apply({ kind: 'heal' })
      const sets = [paused, badDisks, wrongClocks].map((set) => [...set])
      const [stopped = [], full = [], skewed = []] = sets
      if (stopped.length > 0) await apply({ kind: 'resume', nodes: stopped })
      if (full.length > 0) await apply({ kind: 'disk', nodes: full, mode: 'ok' })
      if (skewed.length > 0) await apply({ kind: 'clock', nodes: skewed, skewMs: 0 })
      await apply({ kind: 'start', nodes: Array.from({ length: nodeCount }, (_, node) => node) })
    },
  }
}

function mark(set: Set<number>, nodes: readonly number[], isIn: boolean): void {
  for (const node of nodes) {
    if (isIn) set.add(node)
    else set.delete(node)
  }
}

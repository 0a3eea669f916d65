/**
 * Who is meant: targets of a scenario into node numbers, at the moment of the step.
 *
 * Invariant: numbers come sorted and once.
 */
import { present, unreachable } from '../../node/primitives/assert.ts'
import type { ChainNumber } from '../../node/primitives/identifiers.ts'
import { faultsTolerated } from '../parameters.ts'
import type { Layout } from './engine.ts'
import type { Target, Targets } from './scenario.ts'

export type Surroundings = {
  readonly layout: Layout
  readonly groups: ReadonlyMap<string, Targets>
  readonly leader: (chain: ChainNumber) => Promise<number | undefined>
}

/** `others`: nodes that the other sides name; the rest is everybody else. */
export async function nodesOf(
  surroundings: Surroundings,
  targets: Targets,
  others: readonly number[] = [],
): Promise<readonly number[]> {
  const found = new Set<number>()
  for (const target of targets) {
    for (const node of await nodesOfTarget(surroundings, target, others)) found.add(node)
  }
  return [...found].toSorted((left, right) => left - right)
}

/** Sides of a partition; `rest` is what no other side names, and a node stands on the first side that names it. */
export async function sidesOf(
  surroundings: Surroundings,
  sides: readonly Targets[],
): Promise<readonly (readonly number[])[]> {
  const named: number[] = []
  const resolved = new Map<Targets, readonly number[]>()
  for (const side of sides.filter((one) => !isRest(one))) {
    const nodes = await nodesOf(surroundings, side)
    resolved.set(
      side,
      nodes.filter((node) => !named.includes(node)),
    )
    named.push(...nodes)
  }
  const rest = await nodesOf(surroundings, [{ kind: 'rest' }], named)
  return sides.map((side) => resolved.get(side) ?? rest)
}

function isRest(side: Targets): boolean {
  return side.some(({ kind }) => kind === 'rest')
}

async function nodesOfTarget(
  surroundings: Surroundings,
  target: Target,
  others: readonly number[],
): Promise<readonly number[]> {
  const { layout, groups } = surroundings
  switch (target.kind) {
    case 'node':
      return [target.node]
    case 'shard':
      return committee(layout, target.shard)
    case 'seats':
      return committee(layout, target.shard).slice(target.first, target.last + 1)
    case 'leader': {
      const leader = await surroundings.leader(target.chain)
      // Nobody of the committee answers: then any seat is as good.
      return [leader ?? present(committee(layout, target.chain)[0], 'a committee has seats')]
    }
    case 'group':
      return nodesOf(surroundings, present(groups.get(target.name), 'the file was checked'))
    case 'all':
      return everybody(layout)
    case 'rest':
      return everybody(layout).filter((node) => !others.includes(node))
    case 'tolerated':
      return tolerated(layout)
    default:
      return unreachable(target)
  }
}

function committee({ committees }: Layout, chain: ChainNumber): readonly number[] {
  return present(committees[chain], 'the file was checked: the chain exists')
}

function everybody({ validators }: Layout): readonly number[] {
  return Array.from({ length: validators }, (_, node) => node)
}

/** f seats of every shard, and of the beacon not more than it tolerates. */
function tolerated(layout: Layout): readonly number[] {
  const chosen = layout.committees
    .slice(1)
    .flatMap((members) => members.slice(0, faultsTolerated(members.length)))
  return chosen.slice(0, faultsTolerated(committee(layout, 0).length))
}

/**
 * Connections of a simulated network, as far as validators hear of them: whoever is up is connected with everybody who is,
 * unless a link between them is cut. A process that ends closes its own, and the others are told (consensus R17).
 */
import type { Performer } from './sharded-effects.ts'
import { endNode, type SimulatedNode } from './sharded-node.ts'

export function isApart({ links }: Performer, node: SimulatedNode, other: SimulatedNode): boolean {
  return links.isCut(node.index, other.index) || links.isCut(other.index, node.index)
}

export function introduce(
  world: Performer,
  node: SimulatedNode,
  others: readonly SimulatedNode[],
): void {
  const now = world.now()
  for (const other of others) {
    if (other === node || !other.up || isApart(world, node, other)) continue
    world.post(node, now, { kind: 'validator-connected', validator: other.index })
    world.post(other, now, { kind: 'validator-connected', validator: node.index })
  }
}

/**
 * The process is gone, and its kernel closes its connections: that comes after all that was on its way over a sound link. A
 * cut link says nothing, then or later; nor does a connection that was made anew meanwhile.
 */
export function endProcess(world: Performer, node: SimulatedNode): void {
  const wasUp = node.up
  endNode(node)
  if (!wasUp) return
  const peers = world.nodes
    .filter((other) => other !== node && other.up && !isApart(world, node, other))
    .map((other) => ({ other, life: other.life }))
  world.later(node, world.plan.delayMaxMs, 'hung-up', () => {
    for (const { other, life } of peers) {
      if (other.up && other.life === life)
        world.post(other, world.now(), { kind: 'validator-away', validator: node.index })
    }
  })
}

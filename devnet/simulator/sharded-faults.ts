/**
 * Trouble as it is done to a simulated network. Everything here happens at one moment of virtual time, between two inputs.
 */
import { present, unreachable } from '../../node/primitives/assert.ts'
import type { Retention } from './disk.ts'
import { endProcess, introduce, isApart } from './sharded-connections.ts'
import { reviveNode, type SimulatedNode } from './sharded-node.ts'
import type { Trouble } from './sharded-trouble.ts'
import { fail, takeBacklog, takeTurn, type TurnTaker } from './sharded-turn.ts'

const RETENTIONS: readonly Retention[] = ['none', 'prefix', 'subset']

export function applyTrouble(world: TurnTaker, trouble: Trouble): void {
  world.events.onTrouble?.(trouble)
  switch (trouble.kind) {
    case 'cut':
      return world.links.cut(trouble.links)
    case 'link':
      return world.links.setQuality(trouble.links, trouble.quality)
    case 'heal':
      return heal(world)
    case 'replay':
      world.links.replayPerMille = trouble.perMille
      return
    case 'loss':
      world.links.lossPerMille = trouble.perMille
      return
    case 'crash-amid': {
      const { stepsLater: stepsLeft, retention } = trouble
      nodeAt(world, trouble.node).fuse = { stepsLeft, retention }
      return
    }
    default:
      for (const index of trouble.nodes) strike(world, nodeAt(world, index), trouble)
  }
}

/** Every fault is over that is not a stopped or byzantine node: disks, clocks, armed crashes and links are as new. */
export function calm(world: TurnTaker): void {
  heal(world)
  for (const node of world.nodes) {
    node.disk.mode = 'ok'
    node.disk.isUnreadable = false
    node.skewMs = 0
    node.fuse = undefined
    node.doomed.clear()
    resume(world, node)
  }
}

function nodeAt({ nodes }: TurnTaker, index: number): SimulatedNode {
  return present(nodes[index], 'the network has the node')
}

/** What happens to nodes, one after the other. */
type Blow = Exclude<
  Trouble,
  { readonly kind: 'cut' | 'link' | 'heal' | 'replay' | 'loss' | 'crash-amid' }
>

function strike(world: TurnTaker, node: SimulatedNode, blow: Blow): void {
  const { disk } = node
  switch (blow.kind) {
    case 'stop':
      return stopNode(world, node)
    case 'crash':
      return crashNode(world, node)
    case 'start':
      return node.up ? undefined : startNode(world, node)
    case 'pause':
      node.isPaused = node.up
      return
    case 'resume':
      return resume(world, node)
    case 'byzantine':
      stopNode(world, node)
      node.vice = blow.vice
      return startNode(world, node)
    case 'disk':
      disk.mode = blow.mode
      return
    case 'clock':
      node.skewMs = blow.skewMs
      return
    case 'support':
      return world.post(node, world.now(), { kind: 'support', changes: blow.changes })
    case 'executor-loss':
      for (const shard of node.validator.shards.keys()) if (node.up) node.doomed.add(shard)
      return
    case 'read-error':
      disk.isUnreadable = true
      return
    case 'bit-flips':
      return disk.flip(blow.records, world.diskDice)
    case 'lost-records':
      crashNode(world, node)
      return disk.lose(blow.records, world.diskDice)
    case 'wipe':
      stopNode(world, node)
      return disk.wipe()
    default:
      return unreachable(blow)
  }
}

/** Orderly: what was written is on disk. */
export function stopNode(world: TurnTaker, node: SimulatedNode): void {
  if (!node.up) return
  node.disk.sync()
  endProcess(world, node)
}

function crashNode(world: TurnTaker, node: SimulatedNode): void {
  if (!node.up) return
  node.disk.crash(world.diskDice.pick(RETENTIONS), world.diskDice)
  endProcess(world, node)
}

export function startNode(world: TurnTaker, node: SimulatedNode): void {
  try {
    const restore = reviveNode(node, world.foundation)
    world.events.onStarted?.(node.index, restore)
    takeTurn(world, node, [{ kind: 'start', restore }])
  } catch (error) {
    fail(world, node, error)
  }
  if (node.up) introduce(world, node, world.nodes)
}

function resume(world: TurnTaker, node: SimulatedNode): void {
  if (!node.isPaused) return
  node.isPaused = false
  takeBacklog(world, node)
}

/** Connections that broke with their links are made anew. */
function heal(world: TurnTaker): void {
  const { links, nodes } = world
  const apart = nodes.map((node) =>
    nodes.filter((other) => other.index < node.index && isApart(world, node, other)),
  )
  links.heal()
  for (const [index, others] of apart.entries()) {
    const node = nodeAt(world, index)
    if (node.up) introduce(world, node, others)
  }
}

/**
 * Partitions: for a while some ordered pairs of nodes cannot reach each other. A partition is written out as plain data
 * (who cannot send to whom), so that a plan can be stored, shortened and replayed without the dice that drew it.
 */
import { unreachable } from '../../node/primitives/assert.ts'
import type { Prng } from '../../node/primitives/prng.ts'

type PartitionShape = 'halves' | 'minority' | 'isolate' | 'ring' | 'one-way'

export type Partition = {
  readonly fromMs: number
  readonly untilMs: number
  readonly shape: PartitionShape
  /** By sender: the nodes its messages do not reach. */
  readonly unreachable: readonly (readonly number[])[]
}

export function isCut(partition: Partition | undefined, from: number, to: number): boolean {
  return partition?.unreachable[from]?.includes(to) === true
}

export type PartitionSpan = {
  readonly nodeCount: number
  readonly fromMs: number
  readonly untilMs: number
  readonly episodeMs: number
}

const SHAPES: readonly PartitionShape[] = ['halves', 'minority', 'isolate', 'ring', 'one-way']

/** Episodes one after the other; two of five are whole. */
export function drawPartitions(dice: Prng, span: PartitionSpan): readonly Partition[] {
  const partitions: Partition[] = []
  for (let fromMs = span.fromMs; fromMs < span.untilMs; fromMs += span.episodeMs) {
    if (dice.chance(2, 5)) continue
    const shape = dice.pick(SHAPES)
    partitions.push({
      fromMs,
      untilMs: Math.min(fromMs + span.episodeMs, span.untilMs),
      shape,
      unreachable: drawShape(dice, shape, span.nodeCount),
    })
  }
  return partitions
}

function drawShape(
  dice: Prng,
  shape: PartitionShape,
  nodeCount: number,
): readonly (readonly number[])[] {
  const nodes = Array.from({ length: nodeCount }, (_, index) => index)
  const order = dice.shuffle(nodes)
  switch (shape) {
    case 'halves':
      return betweenSides(order.slice(0, nodeCount >> 1), nodes)
    case 'minority':
      return betweenSides(order.slice(0, Math.floor((nodeCount - 1) / 3)), nodes)
    case 'isolate':
      return betweenSides(order.slice(0, 1), nodes)
    case 'ring':
      return nodes.map((from) => nodes.filter((to) => !areRingNeighbours(order, from, to)))
    case 'one-way': {
      const muted = order.slice(0, 1 + dice.below(nodeCount >> 1))
      return nodes.map((from) =>
        muted.includes(from) ? nodes.filter((to) => !muted.includes(to)) : [],
      )
    }
    default:
      return unreachable(shape)
  }
}

function betweenSides(side: readonly number[], nodes: readonly number[]): number[][] {
  return nodes.map((from) => nodes.filter((to) => side.includes(from) !== side.includes(to)))
}

function areRingNeighbours(order: readonly number[], from: number, to: number): boolean {
  const distance = Math.abs(order.indexOf(from) - order.indexOf(to))
  return distance <= 1 || distance === order.length - 1
}

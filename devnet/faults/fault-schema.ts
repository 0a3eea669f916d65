/**
 * Faults as they come from another process: JSON that is checked field by field before anybody acts on it. What JSON
 * cannot say (`undefined`) is a field that is absent.
 */
import { z } from 'zod'
import { SHARDS_MAX } from '../../node/primitives/limits.ts'
import { accepted, rejected, type Result } from '../../node/primitives/result.ts'
import { PERFECT_LINK, type Fault } from './fault.ts'

/** An hour: more is not a fault of a link or a clock but another network. */
const DURATION_MS_MAX = 3_600_000
const PER_MILLE = 1000
const BYTES_PER_SECOND_MAX = 1_000_000_000

export type FaultRejectCode = 'malformed-fault' | 'unknown-node'

const node = z.int().min(0)
const nodes = z.array(node).min(1)
const links = z.array(z.strictObject({ from: node, to: node })).min(1)
const durationMs = z.int().min(0).max(DURATION_MS_MAX)
const perMille = z.int().min(0).max(PER_MILLE)

const qualitySchema = z.strictObject({
  lossPerMille: perMille,
  delayMs: durationMs,
  jitterMs: durationMs,
  duplicatePerMille: perMille,
  bytesPerSecond: z.int().min(1).max(BYTES_PER_SECOND_MAX).optional(),
})

export const faultSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.enum(['stop', 'crash', 'start', 'pause', 'resume']), nodes }),
  z.strictObject({ kind: z.literal('cut'), links }),
  z.strictObject({ kind: z.literal('link'), links, quality: qualitySchema }),
  z.strictObject({ kind: z.literal('heal') }),
  z.strictObject({ kind: z.literal('byzantine'), nodes, vice: z.string().min(1).optional() }),
  z.strictObject({ kind: z.literal('disk'), nodes, mode: z.enum(['ok', 'full', 'slow']) }),
  z.strictObject({
    kind: z.literal('clock'),
    nodes,
    skewMs: z.int().min(-DURATION_MS_MAX).max(DURATION_MS_MAX),
  }),
  z.strictObject({
    kind: z.literal('support'),
    nodes,
    changes: z
      .array(
        z.strictObject({
          kind: z.enum(['open', 'retire']),
          shard: z.int().min(1).max(SHARDS_MAX),
        }),
      )
      .max(SHARDS_MAX),
  }),
])

/** The fault, if it names only nodes that exist; a node counts once however often it is named. */
export function checkFault(
  parsed: z.infer<typeof faultSchema>,
  nodeCount: number,
): Result<Fault, FaultRejectCode> {
  const named =
    'nodes' in parsed
      ? parsed.nodes
      : 'links' in parsed
        ? parsed.links.flatMap(({ from, to }) => [from, to])
        : []
  const unknown = named.find((index) => index >= nodeCount)
  if (unknown !== undefined) {
    return rejected(
      'unknown-node',
      `there is no node ${unknown}; the nodes are 0 to ${nodeCount - 1}`,
    )
  }
  if ('links' in parsed && parsed.links.some(({ from, to }) => from === to)) {
    return rejected('malformed-fault', 'a link joins two different nodes')
  }
  return accepted(complete(parsed))
}

function complete(parsed: z.infer<typeof faultSchema>): Fault {
  switch (parsed.kind) {
    case 'link': {
      const { bytesPerSecond, ...rest } = parsed.quality
      return { ...parsed, quality: { ...PERFECT_LINK, ...rest, bytesPerSecond } }
    }
    case 'byzantine':
      return { ...parsed, nodes: distinct(parsed.nodes), vice: parsed.vice }
    case 'cut':
    case 'heal':
      return parsed
    default:
      return { ...parsed, nodes: distinct(parsed.nodes) }
  }
}

function distinct(indexes: readonly number[]): readonly number[] {
  return [...new Set(indexes)]
}

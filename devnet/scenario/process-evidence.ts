/**
 * What nodes say of the misdeeds of others, read from their logs as they grow: proofs that they hold, which the RPC does not serve,
 * and that they went over to the branch that the beacon recorded (node/runtime).
 */
import { open } from 'node:fs/promises'
import { z } from 'zod'
import type { ChainNumber } from '../../node/primitives/identifiers.ts'

export type EvidenceReader = {
  /** What was written to this log since the last call. */
  readonly read: (log: string) => Promise<readonly ToldMisdeed[]>
}

export type ToldMisdeed =
  | { readonly kind: 'accused'; readonly chain: ChainNumber; readonly seat: number }
  /** The node took final blocks of this shard back (C.7). */
  | { readonly kind: 'reorganised'; readonly shard: ChainNumber }

/** Only what is needed of the line; the rest is the proof itself. */
const lineSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('evidence'),
    evidence: z.object({
      domain: z.object({ chain: z.int().min(0) }),
      seat: z.int().min(0),
    }),
  }),
  z.object({
    kind: z.literal('reorganised'),
    shard: z.int().min(1),
    orphans: z.int().min(1),
  }),
])

/** Read at once; a log that grows faster is read on at the next look. */
const BYTES_PER_LOOK = 1024 * 1024

export function createEvidenceReader(): EvidenceReader {
  /** By log: how far it was read, and the last line if it was not whole yet. */
  const places = new Map<string, { offset: number; rest: string }>()
  return {
    read: async (log) => {
      const place = places.get(log) ?? { offset: 0, rest: '' }
      places.set(log, place)
      const text = await readFrom(log, place.offset)
      place.offset += Buffer.byteLength(text, 'latin1')
      const lines = (place.rest + text).split('\n')
      place.rest = lines.pop() ?? ''
      return lines.flatMap(readLine)
    },
  }
}

/** Byte for byte, so that a character cut in two changes no offset. */
async function readFrom(log: string, offset: number): Promise<string> {
  const file = await open(log, 'r')
  try {
    const buffer = Buffer.alloc(BYTES_PER_LOOK)
    const { bytesRead } = await file.read(buffer, 0, buffer.length, offset)
    return buffer.toString('latin1', 0, bytesRead)
  } finally {
    await file.close()
  }
}

/** Other lines than the logger's come from Node itself. */
function readLine(line: string): readonly ToldMisdeed[] {
  if (!line.includes('"evidence"') && !line.includes('"reorganised"')) return []
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return []
  }
  const parsed = lineSchema.safeParse(value)
  if (!parsed.success) return []
  if (parsed.data.kind === 'reorganised') return [{ kind: 'reorganised', shard: parsed.data.shard }]
  const { domain, seat } = parsed.data.evidence
  return [{ kind: 'accused', chain: domain.chain, seat }]
}

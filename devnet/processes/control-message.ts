/**
 * What another process says to a running supervisor over its socket: one JSON object per line, one answer per line, in the
 * order of the questions. Whoever can open the socket is the user who started the devnet (mode 0600), and still every
 * line is checked.
 */
import { z } from 'zod'
import { REGISTRY_MAX } from '../../node/beacon/registry.ts'
import { accepted, rejected, type Result } from '../../node/primitives/result.ts'
import type { Fault } from '../faults/fault.ts'
import { checkFault, faultSchema, type FaultRejectCode } from '../faults/fault-schema.ts'

/** Half of 128 nodes against the other half is 8,192 links of some thirty bytes. */
export const CONTROL_LINE_BYTES_MAX = 1024 * 1024
/** A day. */
const FOR_MS_MAX = 86_400_000

const requestSchema = z.discriminatedUnion('order', [
  z.strictObject({
    order: z.literal('fault'),
    fault: faultSchema,
    forMs: z.int().min(1).max(FOR_MS_MAX).optional(),
  }),
  /** A node whose keys stand in its directory, for the validator of this index. */
  z.strictObject({
    order: z.literal('join'),
    node: z
      .int()
      .min(0)
      .max(REGISTRY_MAX - 1),
  }),
])

export type ControlRequest = z.input<typeof requestSchema>

export type FaultOrder = {
  readonly order: 'fault'
  readonly fault: Fault
  readonly forMs: number | undefined
}
export type ControlOrder = FaultOrder | { readonly order: 'join'; readonly node: number }

export type ControlRejectCode = FaultRejectCode | 'malformed' | 'too-long' | 'failed'

export const controlAnswerSchema = z.discriminatedUnion('ok', [
  z.strictObject({ ok: z.literal(true), message: z.string() }),
  z.strictObject({ ok: z.literal(false), code: z.string(), message: z.string() }),
])

export type ControlAnswer = z.infer<typeof controlAnswerSchema>

export function readControlRequest(
  line: string,
  nodeCount: number,
): Result<ControlOrder, ControlRejectCode> {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return rejected('malformed', 'the line is not JSON')
  }
  const parsed = requestSchema.safeParse(value)
  if (!parsed.success) {
    const problems = parsed.error.issues.map(
      ({ path, message }) => `${path.length === 0 ? 'the line' : path.join('.')}: ${message}`,
    )
    return rejected('malformed', problems.join('; '))
  }
  if (parsed.data.order === 'join') return accepted(parsed.data)
  const { fault, forMs } = parsed.data
  const checked = checkFault(fault, nodeCount)
  return checked.ok ? accepted({ order: 'fault', fault: checked.value, forMs }) : checked
}

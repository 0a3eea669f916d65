/**
 * One line of a history: the header, or one event of one operation. Strict: a field that the format does not know, a number
 * that is not whole, an amount that is not decimal digits, all are refused with the name of the field, because a checker
 * that overlooks what it does not understand proves nothing. The format is described in docs/history.md.
 *
 * Nothing here or in its neighbours imports from node/: the checker shares no arithmetic with what it checks.
 */
import { z } from 'zod'

export const HISTORY_FORMAT = 'weft-history-1'

/** A read of ten thousand balances fits into a megabyte; more in one line is no history but an accident. */
export const LINE_CHARACTERS_MAX = 4 * 1024 * 1024
/** Two lines per operation: a million operations, some hundred bytes each, stay within a few gigabytes of memory. */
export const LINES_MAX = 4_000_000
const ACCOUNTS_MAX = 10_000
const SHARDS_MAX = 1024
/** Entries of one list or one block. */
const ENTRIES_MAX = 100_000

const name = z.string().min(1).max(128)
const whole = z.int().min(0)
const shard = z.int().min(1).max(SHARDS_MAX)
/** Decimal digits: what JSON numbers hold is too small. 2^256 has 78 digits; sums over accounts need a few more. */
const amount = z.string().regex(/^(0|[1-9][0-9]{0,89})$/, 'expected an amount in decimal digits')
const signedAmount = z
  .string()
  .regex(/^(0|-?[1-9][0-9]{0,89})$/, 'expected an amount in decimal digits')
const wei = amount.transform(BigInt)
const signedWei = signedAmount.transform(BigInt)
const place = z.strictObject({ shard, height: whole })

const bankHeader = z.strictObject({
  accounts: z
    .array(z.strictObject({ account: name, shard, balance: wei }))
    .min(1)
    .max(ACCOUNTS_MAX),
  outside: z
    .array(z.strictObject({ shard, amount: wei }))
    .max(SHARDS_MAX)
    .default([]),
  heights: z.array(place).max(SHARDS_MAX).default([]),
})

const appendHeader = z.strictObject({
  keys: z
    .array(z.strictObject({ key: name, first: whole.default(0) }))
    .min(1)
    .max(ACCOUNTS_MAX),
})

const receiptHeader = z.strictObject({
  shards: z.array(shard).min(1).max(SHARDS_MAX),
  heights: z.array(place).max(SHARDS_MAX).default([]),
  channels: z
    .array(z.strictObject({ from: shard, to: shard, sent: whole, consumed: whole }))
    .max(ENTRIES_MAX)
    .default([]),
})

const headerSchema = z.strictObject({
  history: z.literal(HISTORY_FORMAT),
  bank: bankHeader.optional(),
  append: appendHeader.optional(),
  receipt: receiptHeader.optional(),
})

const nothing = z.strictObject({})
const receiptKind = z.enum(['transfer', 'bounce', 'move'])

/** What is asked and what is answered, by the name of the operation. */
const OPERATIONS = {
  transfer: {
    invoke: z.strictObject({
      id: name,
      from: name,
      to: name,
      amount: wei,
      feeMax: wei.optional(),
    }),
    ok: z.strictObject({
      height: whole,
      fee: wei.optional(),
      moved: z.boolean().default(true),
      credited: place.optional(),
    }),
  },
  balances: {
    invoke: nothing,
    ok: z.strictObject({
      cut: whole.optional(),
      inFlight: signedWei.optional(),
      shards: z
        .array(
          z.strictObject({
            shard,
            height: whole,
            balances: z.record(name, signedWei),
            outside: signedWei.default(0n),
          }),
        )
        .min(1)
        .max(SHARDS_MAX),
    }),
  },
  append: {
    invoke: z.strictObject({ key: name, id: name, nonce: whole }),
    ok: z.strictObject({ height: whole }),
  },
  list: {
    invoke: z.strictObject({ key: name }),
    ok: z.strictObject({
      height: whole,
      from: whole.default(0),
      list: z.array(name).max(ENTRIES_MAX),
      final: z.boolean().default(false),
    }),
  },
  send: {
    invoke: z.strictObject({ id: name, from: shard, to: shard, amount: wei }),
    ok: z.strictObject({ height: whole, sequence: whole.optional() }),
  },
  block: {
    invoke: z.strictObject({ shard }),
    ok: z.strictObject({
      height: whole,
      sent: z
        .array(
          z.strictObject({ to: shard, sequence: whole, id: name, kind: receiptKind, amount: wei }),
        )
        .max(ENTRIES_MAX),
      consumed: z
        .array(
          z.strictObject({
            from: shard,
            sequence: whole,
            id: name,
            kind: receiptKind,
            amount: wei,
            outcome: z.enum(['applied', 'bounced', 'void']),
          }),
        )
        .max(ENTRIES_MAX),
    }),
  },
  cut: {
    invoke: nothing,
    ok: z.strictObject({
      beacon: whole,
      shards: z.array(place).min(1).max(SHARDS_MAX),
      final: z.boolean().default(false),
    }),
  },
} as const

export type OperationName = keyof typeof OPERATIONS
export type Asked<Name extends OperationName> = z.output<(typeof OPERATIONS)[Name]['invoke']>
export type Answered<Name extends OperationName> = z.output<(typeof OPERATIONS)[Name]['ok']>

export type HistoryHeader = z.output<typeof headerSchema>
export type BankHeader = z.output<typeof bankHeader>
export type ReceiptHeader = z.output<typeof receiptHeader>
export type Place = z.output<typeof place>

const NAMES = Object.keys(OPERATIONS) as [OperationName, ...OperationName[]]

const eventSchema = z.strictObject({
  process: whole,
  type: z.enum(['invoke', 'ok', 'fail', 'info']),
  f: z.enum(NAMES),
  ms: whole,
  value: z.unknown().optional(),
})

/** Why an operation failed or is unknown; for people, never judged. */
const reasonSchema = z.strictObject({ reason: z.string().max(1000).optional() }).optional()

export type HistoryEvent = {
  readonly process: number
  readonly type: 'invoke' | 'ok' | 'fail' | 'info'
  readonly f: OperationName
  readonly ms: number
  /** Checked against the schema of `f` and `type`. */
  readonly value: unknown
}

export type LineRead<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly sentence: string }

export function readHeaderLine(text: string): LineRead<HistoryHeader> {
  return readWith(headerSchema, text)
}

export function readEventLine(text: string): LineRead<HistoryEvent> {
  const event = readWith(eventSchema, text)
  if (!event.ok) return event
  const { type, f } = event.value
  const schema = type === 'invoke' || type === 'ok' ? OPERATIONS[f][type] : reasonSchema
  const value = schema.safeParse(event.value.value)
  if (!value.success)
    return { ok: false, sentence: `value of ${f} ${type}: ${describe(value.error)}` }
  return { ok: true, value: { ...event.value, value: value.data } }
}

function readWith<T>(schema: z.ZodType<T>, text: string): LineRead<T> {
  if (text.length > LINE_CHARACTERS_MAX) {
    return { ok: false, sentence: `longer than ${LINE_CHARACTERS_MAX} characters` }
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { ok: false, sentence: 'not JSON' }
  }
  const parsed = schema.safeParse(value)
  return parsed.success
    ? { ok: true, value: parsed.data }
    : { ok: false, sentence: describe(parsed.error) }
}

/** The first problem is enough to mend the line. */
function describe(error: z.ZodError): string {
  const [issue] = error.issues
  if (issue === undefined) return 'not what the format says'
  const path = issue.path.map(String).join('.')
  return path === '' ? issue.message : `${path}: ${issue.message}`
}

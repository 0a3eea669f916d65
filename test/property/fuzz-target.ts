/**
 * Fuzz targets: what a decoder takes, what it may answer, and the oracles that every answer is held to.
 *
 * - It refuses with a declared code or accepts; it throws nothing but what it declares.
 * - What it accepts is canonical: encoding the value gives the same bytes.
 * - Its input stays as it was, and its answer does not keep the input's memory alive unless it says so.
 * - Its work is bounded by its input: reads and copies are counted, not timed, and so are the parts of its answer.
 */
import * as fc from 'fast-check'
import { equalBytes, toHex } from '../../node/primitives/bytes.ts'
import { crossed, mutated, parameters } from './fuzz-mutation.ts'

type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reject: { readonly code: string } }

type Decoder<T> = {
  /** Exported functions that this target exercises, as `node/file.ts#name`. */
  readonly covers: readonly string[]
  readonly valid: fc.Arbitrary<NoInfer<T>>
  readonly encode: (value: T) => Uint8Array
  readonly decode: (bytes: Uint8Array) => Answer<NoInfer<T>>
  readonly codes: readonly string[]
  /** The answer shares memory with the input, and says so where it is declared. */
  readonly views?: boolean
  /** Errors that are declared: of our own records, that never come from strangers. */
  readonly throws?: new (message: string) => Error
}

export type FuzzTarget = {
  readonly name: string
  readonly covers: readonly string[]
  /** Valid encodings are accepted and come back. */
  readonly holdsValid: () => void
  /** Damaged encodings and noise. */
  readonly holdsDamaged: () => void
}

export function target<T>(decoder: Decoder<T>): FuzzTarget {
  const { covers, valid, encode } = decoder
  const bytes = valid.map(encode)
  const name = covers[0] ?? ''
  return {
    name,
    covers,
    holdsValid: () => {
      fc.assert(
        fc.property(bytes, (input) => {
          demand(check(decoder, input), () => 'a valid encoding is refused')
        }),
        parameters,
      )
    },
    holdsDamaged: () => {
      const noise = fc.uint8Array({ maxLength: 400 })
      // Noise rarely gets past the first field; mutants do.
      const damaged = fc.oneof(
        { weight: 6, arbitrary: mutated(bytes) },
        { weight: 2, arbitrary: crossed(bytes) },
        { weight: 1, arbitrary: noise },
      )
      fc.assert(
        fc.property(damaged, (input) => void check(decoder, input)),
        { ...parameters, numRuns: 3 * parameters.numRuns },
      )
    },
  }
}

/** Reads per input byte: hashing reads every byte some times over, and a domain tag or two more. */
const READS_PER_BYTE_MAX = 64
const READS_BASE = 20_000
/** Bytes copied per input byte: each once when decoded, once more for each layer of an envelope. */
const COPIES_PER_BYTE_MAX = 8
const COPIES_BASE = 20_000
/** Parts of the answer: every list item and field is announced by at least one byte; records have fixed fields besides. */
const PARTS_BASE = 400

/** Whether it was accepted. Fails the test where an oracle does. */
function check<T>(decoder: Decoder<T>, input: Uint8Array): boolean {
  const before = Uint8Array.from(input)
  const { outcome, reads, copied } = metered(() => attempt(decoder, input))
  const size = input.length
  demand(equalBytes(input, before), () => 'the input was changed')
  demand(reads <= READS_BASE + READS_PER_BYTE_MAX * size, () => `${reads} reads of ${size} bytes`)
  demand(
    copied <= COPIES_BASE + COPIES_PER_BYTE_MAX * size,
    () => `${copied} bytes copied out of ${size}`,
  )
  if (outcome === undefined) return false
  if (!outcome.ok) {
    const { code } = outcome.reject
    demand(decoder.codes.includes(code), () => `the code ${code} is not declared`)
    return false
  }
  const parts = partsOf(outcome.value)
  demand(parts.length <= PARTS_BASE + size, () => `${parts.length} parts out of ${size} bytes`)
  if (decoder.views !== true) {
    const isShared = parts.some(
      (part) => part instanceof Uint8Array && part.buffer === input.buffer,
    )
    demand(!isShared, () => 'a part keeps the input alive')
  }
  const again = decoder.encode(outcome.value)
  demand(equalBytes(again, before), () => `accepted, but its encoding is ${toHex(again)}`)
  return true
}

/** An oracle; cheaper than `expect`, which is asked a million times. */
function demand(holds: boolean, sentence: () => string): void {
  if (!holds) throw new Error(sentence())
}

/** undefined: a declared error. */
function attempt<T>({ decode, throws }: Decoder<T>, input: Uint8Array): Answer<T> | undefined {
  try {
    return decode(input)
  } catch (error) {
    if (throws !== undefined && error instanceof throws) return undefined
    throw error
  }
}

function partsOf(value: unknown): readonly unknown[] {
  const parts: unknown[] = []
  const waiting: unknown[] = [value]
  while (waiting.length > 0) {
    const part = waiting.pop()
    parts.push(part)
    const isBytes = part instanceof Uint8Array
    if (typeof part === 'object' && part !== null && !isBytes) waiting.push(...Object.values(part))
  }
  return parts
}

const READERS = ['getUint8', 'getUint16', 'getUint32', 'getBigUint64'] as const

/** Counts what passes through the doors that every decoder of this repository reads and copies through. */
function metered<T>(work: () => T): { outcome: T; reads: number; copied: number } {
  let reads = 0
  let copied = 0
  const restore = [
    ...READERS.map((name) =>
      wrapped(DataView.prototype, name, () => {
        reads++
      }),
    ),
    wrapped(Uint8Array.prototype, 'slice', (result) => {
      reads++
      copied += (result as Uint8Array).length
    }),
    wrapped(Uint8Array.prototype, 'subarray', () => {
      reads++
    }),
  ]
  try {
    const outcome = work()
    return { outcome, reads, copied }
  } finally {
    for (const undo of restore) undo()
  }
}

function wrapped(owner: object, name: string, note: (result: unknown) => void): () => void {
  const inherited = !Object.hasOwn(owner, name)
  const original = Reflect.get(owner, name) as (...rest: unknown[]) => unknown
  function counting(this: unknown, ...rest: unknown[]): unknown {
    const result: unknown = Reflect.apply(original, this, rest)
    note(result)
    return result
  }
  Object.defineProperty(owner, name, { value: counting, configurable: true, writable: true })
  return () => {
    if (inherited) Reflect.deleteProperty(owner, name)
    else Object.defineProperty(owner, name, { value: original, configurable: true, writable: true })
  }
}

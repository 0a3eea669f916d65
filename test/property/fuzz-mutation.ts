/**
 * Mutators: valid bytes, texts and JSON values, damaged the way that finds holes in decoders: lengths that lie, fields cut
 * out, doubled, swapped or taken from another value. Every mutation is a value of fast-check, so a failure shrinks.
 */
import * as fc from 'fast-check'

/** Runs of one property. The default keeps the whole list below half a minute; `FUZZ_RUNS` sets it for long sessions. */
const FUZZ_RUNS = Number(process.env['FUZZ_RUNS'] ?? 60)
/** The same inputs every time; another seed finds other things. */
export const FUZZ_SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_122)

export const parameters = { numRuns: FUZZ_RUNS, seed: FUZZ_SEED } as const

const WORDS = [0, 1, 2, 0x7f, 0xff, 0x100, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]
const BYTES = [0, 1, 2, 0x20, 0x7f, 0x80, 0xc0, 0xc1, 0xd3, 0xdd, 0xff]

type Mutation = (bytes: Uint8Array) => Uint8Array

const at = fc.nat()

function place(position: number, bytes: Uint8Array): number {
  return bytes.length === 0 ? 0 : position % bytes.length
}

function spliced(bytes: Uint8Array, start: number, deleted: number, added: Uint8Array): Uint8Array {
  return Uint8Array.of(...bytes.subarray(0, start), ...added, ...bytes.subarray(start + deleted))
}

const mutations: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(at, fc.nat({ max: 7 })).map(([position, bit]): Mutation => (bytes) => {
    const index = place(position, bytes)
    return bytes.map((byte, other) => (other === index ? byte ^ (1 << bit) : byte))
  }),
  fc.tuple(at, fc.constantFrom(...BYTES)).map(([position, value]): Mutation => (bytes) => {
    const index = place(position, bytes)
    return bytes.map((byte, other) => (other === index ? value : byte))
  }),
  // A length or count that lies.
  fc.tuple(at, fc.constantFrom(...WORDS)).map(([position, word]): Mutation => (bytes) => {
    const copy = Uint8Array.from(bytes)
    if (copy.length < 4) return copy
    new DataView(copy.buffer).setUint32(position % (copy.length - 3), word)
    return copy
  }),
  at.map(
    (position): Mutation =>
      (bytes) =>
        bytes.slice(0, place(position, bytes)),
  ),
  fc.uint8Array({ minLength: 1, maxLength: 40 }).map(
    (added): Mutation =>
      (bytes) =>
        spliced(bytes, bytes.length, 0, added),
  ),
  fc.tuple(at, fc.uint8Array({ minLength: 1, maxLength: 8 })).map(
    ([position, added]): Mutation =>
      (bytes) =>
        spliced(bytes, place(position, bytes), 0, added),
  ),
  fc.tuple(at, fc.integer({ min: 1, max: 40 })).map(
    ([position, size]): Mutation =>
      (bytes) =>
        spliced(bytes, place(position, bytes), size, new Uint8Array(0)),
  ),
  // A part twice.
  fc.tuple(at, fc.integer({ min: 1, max: 64 })).map(([position, size]): Mutation => (bytes) => {
    const start = place(position, bytes)
    return spliced(bytes, start, 0, bytes.slice(start, start + size))
  }),
)

/** Bytes of `valid`, changed one to four times. */
export function mutated(valid: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(valid, fc.array(mutations, { minLength: 1, maxLength: 4 }))
    .map(([bytes, changes]) => changes.reduce((result, change) => change(result), bytes))
}

/** The front of one valid encoding and the back of another. */
export function crossed(valid: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  return fc.tuple(valid, valid, at, at).map(([left, right, here, there]) => {
    const front = left.subarray(0, place(here, left))
    return Uint8Array.of(...front, ...right.subarray(place(there, right)))
  })
}

/** Values that parsers meet when somebody means no good. */
export const oddValues: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    -1,
    0,
    1.5,
    2 ** 53,
    1e308,
    -0,
    '',
    '0x',
    '0x0',
    '-1',
    '9'.repeat(100),
    'a'.repeat(5000),
    '\u0000',
    '\ud800',
    [],
    {},
    [[[[[[]]]]]],
  ),
  fc.string({ maxLength: 20 }),
  fc.jsonValue({ maxDepth: 2 }),
)

/** Names that objects have by themselves, and others. */
const oddNames = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'toString', 'length', '', '0'),
  fc.string({ maxLength: 8 }),
)

type Change = {
  readonly kind: 'replace' | 'remove' | 'add'
  readonly at: number
  readonly name: string
  readonly value: unknown
}

const changes: fc.Arbitrary<Change> = fc.record({
  kind: fc.constantFrom('replace' as const, 'remove' as const, 'add' as const),
  at,
  name: oddNames,
  value: oddValues,
})

/** A JSON value with some of its parts replaced, removed, or joined by what does not belong there. */
export function mutatedValue(valid: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc
    .tuple(valid, fc.array(changes, { minLength: 1, maxLength: 3 }))
    .map(([value, list]) => list.reduce(changeValue, value))
}

function changeValue(original: unknown, { kind, at: position, name, value }: Change): unknown {
  const copy = structuredClone(original)
  const owners = ownersOf(copy)
  const owner = owners[position % Math.max(1, owners.length)]
  if (owner === undefined) return value
  const names = Object.keys(owner)
  const chosen = names[position % Math.max(1, names.length)] ?? '0'
  if (kind === 'remove') Reflect.deleteProperty(owner, chosen)
  else define(owner, kind === 'add' ? name : chosen, value)
  return copy
}

/** As `JSON.parse` does it: `__proto__` becomes a field like any other. */
function define(owner: object, name: string, value: unknown): void {
  if (Array.isArray(owner)) owner.push(value)
  else
    Object.defineProperty(owner, name, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    })
}

/** Every object and array within, outermost first. */
function ownersOf(value: unknown): readonly object[] {
  const found: object[] = []
  const waiting = [value]
  for (let next = waiting.pop(); waiting.length > 0 || next !== undefined; next = waiting.pop()) {
    if (typeof next !== 'object' || next === null) continue
    found.push(next)
    waiting.push(...Object.values(next))
  }
  return found
}

/**
 * Which part of the program processor time goes into, from the samples of a profiler. Pure.
 *
 * A sample belongs to the innermost function whose source is known; what native code does (a signature, a hash, a socket)
 * belongs to the function that called it. Idle samples are nobody's.
 */

export type ProfileNode = {
  readonly id: number
  readonly callFrame: {
    readonly functionName: string
    readonly url: string
    /** From zero. */
    readonly lineNumber: number
    readonly columnNumber: number
  }
  readonly children?: readonly number[] | undefined
}

export type Profile = {
  readonly nodes: readonly ProfileNode[]
  readonly samples: readonly number[]
  /** Microseconds since the sample before, one per sample. */
  readonly timeDeltas: readonly number[]
}

export type Component =
  | 'verify'
  | 'certificates'
  | 'execute'
  | 'pool'
  | 'consensus'
  | 'network'
  | 'storage'
  | 'rpc'
  | 'encode'
  | 'collector'
  | 'other'

/** Paths that decide, first match first. Signing and checking of committees is not `verify`: that is users' signatures. */
const PLACES: readonly (readonly [RegExp, Component])[] = [
  [/node\/primitives\/io\/secp256k1|node\/shards\/io\/crypto-/, 'verify'],
  [/node\/primitives\/io\/(bls|ed25519|schemes|key-cache)/, 'certificates'],
  [/node\/shards\/mempool|node\/validator\/transaction-intake/, 'pool'],
  [/node\/shards\//, 'execute'],
  [
    /node\/primitives\/(codec|message-pack|bytes)|node_modules\/(msgpackr|@ethereumjs\/rlp)/,
    'encode',
  ],
  [
    /node\/primitives\/(hash|merkle)|node_modules\/(hash-wasm|@chainsafe\/(as-sha256|hashtree))/,
    'execute',
  ],
  [/node\/(consensus|beacon|crosslink|validator)\//, 'consensus'],
  [/node\/storage\/|node_modules\/(level|classic-level|abstract-level)/, 'storage'],
  [/node\/rpc\/|node:_?http/, 'rpc'],
  [/node\/network\/|node\/runtime\/transport|node:net|node:internal\/stream_base/, 'network'],
  [
    /node_modules\/(.*libp2p|.*chainsafe|.*multiformats|uint8array|it-|@noble|protons|race-)/,
    'network',
  ],
  [/node\/runtime\/|node\/light\//, 'consensus'],
]

/** Microseconds by component. `sourceOf`: the source file of a place in the bundle, undefined if it is not of ours. */
export function timeByComponent(
  { nodes, samples, timeDeltas }: Profile,
  sourceOf: (node: ProfileNode) => string | undefined,
): ReadonlyMap<Component, number> {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const parents = new Map(
    nodes.flatMap(({ id, children = [] }) =>
      children.map((child): [number, number] => [child, id]),
    ),
  )
  const known = new Map<number, Component | undefined>()
  const componentOf = (id: number): Component | undefined => {
    if (known.has(id)) return known.get(id)
    const node = byId.get(id)
    const parent = parents.get(id)
    const own = node === undefined ? 'other' : ownComponent(node, sourceOf)
    const found =
      own === 'asks-caller' ? (parent === undefined ? 'other' : componentOf(parent)) : own
    known.set(id, found)
    return found
  }
  const times = new Map<Component, number>()
  for (const [index, id] of samples.entries()) {
    const component = componentOf(id)
    if (component === undefined) continue
    times.set(component, (times.get(component) ?? 0) + Math.max(0, timeDeltas[index] ?? 0))
  }
  return times
}

/** undefined: idle. */
function ownComponent(
  node: ProfileNode,
  sourceOf: (node: ProfileNode) => string | undefined,
): Component | 'asks-caller' | undefined {
  const { functionName, url } = node.callFrame
  if (functionName === '(idle)') return undefined
  if (functionName === '(garbage collector)') return 'collector'
  if (functionName === '(program)' || functionName === '(root)') return 'other'
  const source = sourceOf(node) ?? url
  return PLACES.find(([pattern]) => pattern.test(source))?.[1] ?? 'asks-caller'
}

/** Each component's part of all that was not idle. */
export function sharesOf(
  times: readonly ReadonlyMap<Component, number>[],
): Readonly<Record<string, number>> {
  const sums = new Map<Component, number>()
  for (const [component, time] of times.flatMap((one) => [...one])) {
    sums.set(component, (sums.get(component) ?? 0) + time)
  }
  const total = [...sums.values()].reduce((sum, time) => sum + time, 0)
  return Object.fromEntries(
    [...sums]
      .toSorted(([, left], [, right]) => right - left)
      .map(([component, time]) => [component, time / Math.max(1, total)]),
  )
}

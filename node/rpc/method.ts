/**
 * A method of the RPC: its name, its parameters, what it costs, and what it does against the node behind it. The server,
 * the documentation and the fuzz tests all read the same table of methods (method-table.ts).
 */
import type { ChainNumber } from '../primitives/identifiers.ts'
import type { NetworkBackend, ShardBackend } from './backend.ts'
import { failure, INVALID_PARAMS, type RpcOutcome } from './error-code.ts'
import type { FilterStore } from './filters.ts'
import type { Parameter, ValuesOf } from './parameter.ts'
import type { SubscriptionKind } from './subscription.ts'

/** A WebSocket connection, as `eth_subscribe` sees it. */
export type SubscriptionPort = {
  /** The new subscription's id; undefined when the connection has as many as it may. */
  readonly subscribe: (shard: ChainNumber, kind: SubscriptionKind) => string | undefined
  readonly unsubscribe: (id: string) => boolean
}

/** What every method gets. */
export type NetworkContext = {
  /** The chain that was addressed; 0 on the beacon's route. */
  readonly shard: ChainNumber
  readonly backend: NetworkBackend
  readonly filters: FilterStore
  /** Resolves true at the next finalized block of the shard, false when the time `until` (ms) comes first. */
  readonly waitForBlock: (shard: ChainNumber, until: number) => Promise<boolean>
  /** undefined over HTTP. */
  readonly subscriptions: SubscriptionPort | undefined
  /** Milliseconds since the Unix epoch. */
  readonly now: number
}

/** What a method of one shard gets. */
export type ShardContext = NetworkContext & {
  readonly chain: ShardBackend
}

type MethodFacts = {
  readonly name: string
  /** One sentence for the documentation. */
  readonly summary: string
  /** In units of one simple read; a batch may cost BATCH_COST_MAX. */
  readonly cost: number
  readonly parameters: readonly Parameter[]
  /** Milliseconds it may take in all, when that is not the server's usual deadline. */
  readonly deadlineMs?: number
}

export type ShardMethod = MethodFacts & {
  readonly scope: 'shard'
  /** Needs this very node (filters, subscriptions), so it is never forwarded to another one. */
  readonly isLocal?: boolean
  /** When no member of a shard that this node does not hold answers, its own backend of that shard may. */
  readonly hasFallback?: boolean
  readonly run: (context: ShardContext, values: readonly unknown[]) => Promise<RpcOutcome>
}

export type NetworkMethod = MethodFacts & {
  readonly scope: 'network'
  /** About the shard that was addressed, though any node knows the answer: not served on the beacon's route. */
  readonly needsShard?: boolean
  readonly run: (context: NetworkContext, values: readonly unknown[]) => Promise<RpcOutcome>
}

export type Method = ShardMethod | NetworkMethod

type Definition<P extends readonly Parameter[], Context> = Omit<MethodFacts, 'parameters'> & {
  readonly parameters: P
  readonly run: (context: Context, values: ValuesOf<P>) => RpcOutcome | Promise<RpcOutcome>
}

/** A method of one shard, answered by a node that hosts it. */
export function shardMethod<const P extends readonly Parameter[]>(
  definition: Definition<P, ShardContext> & Pick<ShardMethod, 'isLocal' | 'hasFallback'>,
): ShardMethod {
  return {
    ...definition,
    scope: 'shard',
    // `readParameters` made the values from these very parameters.
    run: async (context, values) => definition.run(context, values as ValuesOf<P>),
  }
}

/** A method that any node answers. */
export function networkMethod<const P extends readonly Parameter[]>(
  definition: Definition<P, NetworkContext> & { readonly needsShard?: boolean },
): NetworkMethod {
  return {
    ...definition,
    scope: 'network',
    run: async (context, values) => definition.run(context, values as ValuesOf<P>),
  }
}

type ParametersRead =
  | { readonly ok: true; readonly values: readonly unknown[] }
  | { readonly ok: false; readonly outcome: RpcOutcome }

/** Reads all parameters; the first that does not fit is named in the error. */
export function readParameters(method: Method, params: readonly unknown[]): ParametersRead {
  const { parameters } = method
  if (params.length > parameters.length) {
    return invalidParameters(`${method.name} takes at most ${parameters.length} parameters`)
  }
  const values: unknown[] = []
  for (const [index, parameter] of parameters.entries()) {
    const given = params[index]
    if (given === undefined || given === null) {
      if (parameter.absent === undefined) {
        return invalidParameters(`missing value for required argument ${index}: ${parameter.name}`)
      }
      values.push(parameter.absent.value)
      continue
    }
    const value = parameter.read(given)
    if (value === undefined) {
      const sentence = `invalid argument ${index}: ${parameter.name} must be ${parameter.shape}`
      return invalidParameters(sentence)
    }
    values.push(value)
  }
  return { ok: true, values }
}

function invalidParameters(message: string): ParametersRead {
  return { ok: false, outcome: failure(INVALID_PARAMS, message) }
}

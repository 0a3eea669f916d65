/**
 * The shards that this node holds at the moment (docs/protocol/beacon.md B.11): opened and closed as the beacon's head moves.
 *
 * A shard is opened in two steps, because its chain is on the disk and its executor in a thread: `open-shard` asks for both,
 * `opened` brings them. Closing forgets what is in memory and nothing else: the journal, the blocks and the state stay on the
 * disk, and the vote guard is the node's, not the shard's. So a shard that is opened again comes back as after a restart.
 */
import type { BeaconState } from '../beacon/state.ts'
import { present } from '../primitives/assert.ts'
import { BEACON_CHAIN, type ChainNumber } from '../primitives/identifiers.ts'
import { createScope, type Context, type Scope } from './context.ts'
import type { ChainRestore, NodeRestore } from './contract.ts'
import type { EpochChain } from './epoch-chain.ts'
import { configOf, createHostedShard, isOld, type HostParts } from './hosted-shard.ts'
import { shardsToHost, type Host } from './hosting.ts'
import type { ShardChain } from './shard-chain.ts'

/** A shard this far behind the beacon's record of it answers nobody yet: others are asked. */
const BEHIND_BLOCKS_MAX = 8

export type HostedShards = {
  readonly shards: ReadonlyMap<ChainNumber, ShardChain>
  /** The beacon's and those of the shards. */
  readonly chains: ReadonlyMap<ChainNumber, EpochChain>
  readonly start: (restore: NodeRestore) => void
  /** The beacon's head moved. */
  readonly review: () => void
  readonly opened: (shard: ChainNumber, restore: ChainRestore) => void
  readonly greet: (validator: number) => void
  /** The shard if it is held and has once caught up: then clients are answered here. */
  readonly served: (shard: ChainNumber) => ShardChain | undefined
}

type Hosting = {
  readonly context: Context
  readonly host: Host
  readonly parts: HostParts
  readonly shards: Map<ChainNumber, ShardChain>
  readonly chains: Map<ChainNumber, EpochChain>
  readonly scopes: Map<ChainNumber, Scope>
  /** Asked for, and not there yet. */
  readonly opening: Set<ChainNumber>
  readonly caughtUp: Set<ChainNumber>
  readonly connected: Set<number>
}

/** Holds at once what the state asks for that the node has on its disk; the runtime opens those before the start. */
export function createHostedShards(
  context: Context,
  host: Host,
  parts: HostParts,
  restored: BeaconState,
): HostedShards {
  const self: Hosting = {
    context,
    host,
    parts,
    shards: new Map(),
    chains: new Map([[BEACON_CHAIN, parts.beacon.chain]]),
    scopes: new Map(),
    opening: new Set(),
    caughtUp: new Set(),
    connected: new Set(),
  }
  for (const shard of shardsToHost(restored, host)) {
    add(self, shard)
    // Members answer from the start, as far as they are; whoever is on the way into a shard does not.
    if (isAtHome(self, restored, shard)) self.caughtUp.add(shard)
  }
  return {
    shards: self.shards,
    chains: self.chains,
    start: (restore) => {
      for (const [number, shard] of self.shards) {
        shard.start(restore.chains.find((one) => one.chain === number))
      }
      review(self)
    },
    review: () => review(self),
    opened: (shard, restore) => opened(self, shard, restore),
    greet: (validator) => {
      self.connected.add(validator)
      for (const chain of self.chains.values()) chain.greet(validator)
    },
    served: (shard) => served(self, shard),
  }
}

function add(self: Hosting, shard: ChainNumber): ShardChain {
  const scope = createScope(self.context)
  const hosted = createHostedShard(scope.context, self.parts, shard)
  self.scopes.set(shard, scope)
  self.shards.set(shard, hosted)
  self.chains.set(shard, hosted.chain)
  return hosted
}

function isAtHome({ host }: Hosting, state: BeaconState, shard: ChainNumber): boolean {
  if (host.followShards.includes(shard) || host.validator === undefined) return true
  return state.committees[shard]?.includes(host.validator) === true
}

/**
 * B.11: opens and closes. What is on its way is let come, and closed then. A beacon that is catching up names shards of long
 * ago: they are not opened to be closed again at once.
 */
function review(self: Hosting): void {
  const { context, opening, shards, parts } = self
  if (isOld(context, parts.genesis, parts.beacon)) return
  const needed = shardsToHost(parts.beacon.head(), self.host)
  for (const shard of shards.keys()) if (!needed.includes(shard)) close(self, shard)
  for (const shard of needed) {
    if (shards.has(shard) || opening.has(shard)) continue
    opening.add(shard)
    context.emit({ kind: 'open-shard', config: configOf(parts, shard) })
  }
}

function close({ context, scopes, shards, chains, caughtUp }: Hosting, shard: ChainNumber): void {
  present(scopes.get(shard), 'a hosted shard has a scope').end()
  scopes.delete(shard)
  shards.delete(shard)
  chains.delete(shard)
  caughtUp.delete(shard)
  context.emit({ kind: 'close-shard', shard })
  context.emit({ kind: 'report', fact: { kind: 'hosting', shard, isHosted: false } })
}

function opened(self: Hosting, shard: ChainNumber, restore: ChainRestore): void {
  const { context, host, opening, connected, parts } = self
  opening.delete(shard)
  if (!shardsToHost(parts.beacon.head(), host).includes(shard)) {
    return context.emit({ kind: 'close-shard', shard })
  }
  const hosted = add(self, shard)
  for (const validator of connected) hosted.chain.greet(validator)
  context.emit({ kind: 'report', fact: { kind: 'hosting', shard, isHosted: true } })
  hosted.start(restore)
}

function served({ shards, caughtUp, parts }: Hosting, shard: ChainNumber): ShardChain | undefined {
  const hosted = shards.get(shard)
  if (hosted === undefined || caughtUp.has(shard)) return hosted
  const recorded = parts.beacon.head().shards[shard - 1]?.height ?? 0
  if (hosted.sync.isSyncing() || hosted.committedHeight() + BEHIND_BLOCKS_MAX < recorded)
    return undefined
  caughtUp.add(shard)
  return hosted
}

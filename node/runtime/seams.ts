/**
 * Seams: where a test or a devnet puts something between a node and its world, so that what is tested is the node that
 * runs. A node without seams goes straight to its world and pays nothing for them.
 *
 * Invariant: a seam stands around a port, or around the whole machine, and sees what passes there; none reaches inside.
 */
import type { ShardChange } from '../beacon/shard-change.ts'
import type { startNetwork } from '../network/io/libp2p.ts'
import type { Store } from '../storage/store.ts'
import type { VoteGuard } from '../storage/vote-guard.ts'
import type { Validator } from '../validator/validator.ts'
import type { Signer } from './driver.ts'
import type { FailPoints } from './fail-point.ts'

export type StartNetwork = typeof startNetwork

export type NodeSeams = {
  /** The machine's clock in milliseconds since 1970; it may jump. */
  readonly wallMs?: () => number
  /** The chain's database, without the state databases of the shards. Closing stays with the node. */
  readonly store?: (store: Store) => Store
  readonly guard?: (guard: VoteGuard) => VoteGuard
  /** Both ways: what arrives is in the options' events, what leaves in the network that is returned. */
  readonly network?: (start: StartNetwork) => StartNetwork
  /** A machine in place of the honest one; without a signer the node observes. */
  readonly validator?: (honest: Validator, signer: Signer | undefined) => Validator
  /** Tells the running node, now and whenever it changes, which changes of the set of shards to ask for (B.7). */
  readonly support?: (tell: (changes: readonly ShardChange[]) => void) => void
  /** Ends the process at a named step. */
  readonly failPoints?: FailPoints
}

export function wallClockOf(seams: NodeSeams): () => number {
  return seams.wallMs ?? Date.now
}

/** Milliseconds since 1970 as the process knew it at its start, and since then steady: no setting of the clock moves it. */
export function steadyNow(): number {
  return Math.floor(performance.timeOrigin + performance.now())
}

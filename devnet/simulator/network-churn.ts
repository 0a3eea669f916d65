/**
 * Churn: nodes leave all the time, by a clean stop, a crash or a crash in the midst of a turn, and come back some epochs later,
 * while committees rotate. Who may leave is asked of the plans that the beacon knows just then: of every committee in force or
 * drawn, at most f members are away, so progress is owed at every moment and not only after healing.
 *
 * L8: then no chain stands still for longer than one slot beyond what the protocol promises: the idle interval and a row of f + 1
 * leaders at the longest timeouts (A.7); a shard whose newcomers come late besides until it has been forced on (B.8), which is up to
 * the end of the next epoch, sixteen beacon blocks and the epoch in which they end.
 */
import { faultsTolerated } from '../../node/crosslink/certificate.ts'
import { BEACON_CHAIN, type ChainNumber } from '../../node/primitives/identifiers.ts'
import type { Prng } from '../../node/primitives/prng.ts'
import type { Retention } from './disk.ts'
import type { ChurnPlan, NetworkPlan } from './network-plan.ts'
import type { ShardedWorld } from './sharded-world.ts'

export type Churn = {
  /** Somebody may leave, somebody may come back; answers what L8 says against the network, if anything. */
  readonly pass: () => string | undefined
}

/** Connections, and what was missed: whoever came back so lately still counts as away. */
const RETURN_MS = 1_500
/** How long somebody is away, in times of `everyMs`. */
const AWAY_MAX = 6
const RETENTIONS: readonly Retention[] = ['none', 'prefix', 'subset']
/** A view without a block, in multiples of delta, and the cap of the backoff (A.7). */
/** Of B.8. */
const RECOVERY_BLOCKS = 16
const VIEW_DELTAS = 7.5
const BACKOFF_MAX = 8

type Churning = {
  readonly world: ShardedWorld
  readonly plan: NetworkPlan
  readonly churn: ChurnPlan
  readonly dice: Prng
  /** Node -> when it comes back. */
  readonly away: Map<number, number>
  /** Node -> when it came back. */
  readonly returned: Map<number, number>
  /** Chain -> its highest final block, and since when. */
  readonly tips: Map<number, { readonly height: number; readonly sinceMs: number }>
}

export function createChurn(
  world: ShardedWorld,
  plan: NetworkPlan,
  churn: ChurnPlan,
  dice: Prng,
): Churn {
  const self: Churning = {
    world,
    plan,
    churn,
    dice,
    away: new Map(),
    returned: new Map(),
    tips: new Map(),
  }
  return {
    pass: () => {
      comeBack(self)
      leave(self)
      return stalled(self)
    },
  }
}

/** The longest a chain may stand still while at most f of every committee are away. */
function stallBoundMs(plan: NetworkPlan, chain: ChainNumber): number {
  const { idleIntervalMs, deltaMs, beaconIntervalMs, shardIntervalMs, validatorCount } = plan
  const row = (faultsTolerated(validatorCount) + 1) * VIEW_DELTAS * deltaMs * BACKOFF_MAX
  const slot = Math.max(beaconIntervalMs, shardIntervalMs)
  const forcedBlocks = chain === BEACON_CHAIN ? 0 : 3 * (plan.epochBlocks ?? 0) + RECOVERY_BLOCKS
  // The beacon makes a block per idle interval at least.
  return idleIntervalMs * (1 + forcedBlocks) + row + slot
}

/** Who was to crash in the midst of a turn and has not yet, crashes now: nobody may be hit once he is back. */
function comeBack({ world, away, returned }: Churning): void {
  for (const [node, atMs] of away) {
    if (world.now() < atMs) continue
    away.delete(node)
    returned.set(node, world.now())
    if (world.isUp(node)) world.apply({ kind: 'crash', nodes: [node] })
    world.apply({ kind: 'start', nodes: [node] })
  }
}

function upNodes({ world }: Churning): readonly number[] {
  return Array.from({ length: world.nodeCount }, (_, node) => node).filter(world.isUp)
}

function isSpared({ world, away, returned }: Churning, node: number): boolean {
  const since = returned.get(node) ?? -Infinity
  return away.has(node) || !world.isUp(node) || world.now() < since + RETURN_MS
}

/** A newcomer that has not got the state of its shard yet. */
function isLate({ world }: Churning, node: number, chain: ChainNumber): boolean {
  return chain !== BEACON_CHAIN && world.validator(node).served(chain) === undefined
}

function spares(
  committee: readonly number[],
  node: number,
  isGone: (member: number) => boolean,
): boolean {
  if (!committee.includes(node)) return true
  return committee.filter(isGone).length < faultsTolerated(committee.length)
}

/** Somebody whom every committee in force or drawn can spare. */
function leave(self: Churning): void {
  const { world, churn, dice, away, plan } = self
  if (away.size * 1000 >= churn.awayPermille * plan.validatorCount) return
  const [observer] = upNodes(self).toSorted(
    (left, right) =>
      world.validator(right).beacon.head().height - world.validator(left).beacon.head().height,
  )
  if (observer === undefined) return
  const head = world.validator(observer).beacon.head()
  const drawn = head.plans.flatMap(({ committees }) => [...committees])
  const isSparable = (node: number): boolean =>
    drawn.every((committee) => spares(committee, node, (member) => isSpared(self, member))) &&
    head.committees.every((committee, chain) =>
      spares(committee, node, (member) => isSpared(self, member) || isLate(self, member, chain)),
    )
  const node = dice.shuffle(upNodes(self)).find((one) => !isSpared(self, one) && isSparable(one))
  if (node === undefined) return
  away.set(node, world.now() + churn.everyMs * (1 + dice.below(AWAY_MAX)))
  const way = dice.below(3)
  if (way === 0) world.apply({ kind: 'stop', nodes: [node] })
  else if (way === 1) world.apply({ kind: 'crash', nodes: [node] })
  else {
    const retention = dice.pick(RETENTIONS)
    world.apply({ kind: 'crash-amid', node, stepsLater: dice.below(20), retention })
  }
}

function stalled(self: Churning): string | undefined {
  const { world, tips, plan } = self
  for (let chain = 0; chain <= plan.shardCount; chain++) {
    const heights = upNodes(self).map(
      (node) => world.validator(node).chains.get(chain)?.status().deliveredHeight ?? 0,
    )
    const height = Math.max(0, ...heights)
    const known = tips.get(chain)
    if (known === undefined || height > known.height)
      tips.set(chain, { height, sinceMs: world.now() })
    else if (world.now() > known.sinceMs + stallBoundMs(plan, chain))
      return `chain ${chain} has stood at height ${height} for ${world.now() - known.sinceMs} ms, with at most f of every committee away`
  }
  return undefined
}

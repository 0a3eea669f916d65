/**
 * A bout of late newcomers: whoever gets a seat on a shard hears nothing of it for a time after it has opened it, so it has no
 * state. How long do shards stand still, and how often are they forced on (B.8)? With `isAsked` their leaders wait for them (B.14).
 */
import { ONE_EPOCH } from '../../../node/beacon/epoch.ts'
import type { NodeMessage } from '../../../node/validator/message.ts'
import { createPrng } from '../../../node/primitives/prng.ts'
import { createTrial, type Trial } from '../sharded/trial.ts'

const SHARDS = 2
/** Five seats a shard, of which 30 % are two: one more than a committee of five spares. */
const NODES = 10
const ROTATION_PERMILLE = 300
const EPOCH_BLOCKS = 24
const EPOCHS = 6
const STEP_MS = 100
const timing = { blockIntervalMs: 500, idleIntervalMs: 10_000, deltaMs: 100 }
/** Four blocks. */
const STILL_MS = 2_000

export type LateFigures = {
  readonly virtualMs: number
  readonly shardBlocks: number
  /** Over both shards: time in gaps between blocks longer than STILL_MS, and the longest of them. */
  readonly stillMs: number
  readonly longestMs: number
  readonly forced: number
  readonly verdict: string | undefined
}

export type LateOptions = {
  readonly seed: number
  readonly lateMs: number
  readonly isAsked: boolean
  /** Of the beacon; six if absent. */
  readonly epochs?: number
}

export function runLateBout({ seed, lateMs, isAsked, epochs = EPOCHS }: LateOptions): LateFigures {
  /** `node/shard` -> when it opened it. */
  const opened = new Map<string, number>()
  const isDeaf = (node: number, shard: number): boolean =>
    trial.world.now() < (opened.get(`${node}/${shard}`) ?? -Infinity) + lateMs
  const trial: Trial = createTrial({
    shardCount: SHARDS,
    nodeCount: NODES,
    seed,
    genesis: {
      shardTiming: timing,
      beaconTiming: timing,
      epochs: { ...ONE_EPOCH, blocks: EPOCH_BLOCKS, rotationPermille: ROTATION_PERMILLE },
      ...(isAsked ? { readiness: true as const } : {}),
    },
    events: {
      onFact: (node, fact) => {
        if (fact.kind === 'hosting' && fact.isHosted)
          opened.set(`${node}/${fact.shard}`, trial.world.now())
      },
      passes: (_from, to, message) => !isDeaf(to, shardOf(message)),
    },
  })
  return measure(trial, seed, epochs)
}

/** Of a shard's state and blocks; 0: of nothing that matters here. */
function shardOf(message: NodeMessage): number {
  if (message.kind === 'consensus') return message.chain
  return message.kind === 'chunk' ? message.shard : 0
}

function measure(trial: Trial, seed: number, epochs: number): LateFigures {
  const { world, traffic, court } = trial
  const dice = createPrng(seed).stream('traffic')
  const tips = Array.from({ length: SHARDS }, () => ({ height: 0, atMs: 0 }))
  const forced = new Set<string>()
  let [stillMs, longestMs] = [0, 0]
  const head = () => world.validator(0).beacon.head()
  trial.startAll()
  while (head().epoch < epochs && court.violation() === undefined) {
    world.run(world.now() + STEP_MS)
    // Enough that no shard is ever idle for long.
    if (world.now() % 300 < STEP_MS) traffic.send(traffic.draw(dice), dice.below(NODES))
    for (const [index, tip] of tips.entries()) {
      const shard = index + 1
      const { forcedEpoch } = head().shards[index] ?? { forcedEpoch: 0 }
      if (forcedEpoch > 0) forced.add(`${shard}/${forcedEpoch}`)
      const height = Math.max(...heightsOf(trial, shard))
      const gapMs = world.now() - tip.atMs
      if (height === tip.height) continue
      if (gapMs > STILL_MS && tip.height > 0) {
        stillMs += gapMs
        longestMs = Math.max(longestMs, gapMs)
      }
      tips[index] = { height, atMs: world.now() }
    }
  }
  return {
    virtualMs: world.now(),
    shardBlocks: tips.reduce((sum, { height }) => sum + height, 0),
    stillMs,
    longestMs,
    forced: forced.size,
    verdict: court.violation(),
  }
}

function heightsOf({ world }: Trial, shard: number): readonly number[] {
  return Array.from({ length: NODES }, (_, node) => {
    const recorded = world.validator(node).beacon.head().shards[shard - 1]?.height ?? 0
    return world.validator(node).chains.get(shard)?.status().deliveredHeight ?? recorded
  })
}

/**
 * A bout of kills: a network under load, with the timing and the short epochs of a devnet, in which one random validator after
 * the other is killed and comes back five seconds later. What does a kill cost, and what if nobody heard the connections of the
 * dead one close (`isDeaf`, R17)?
 */
import { ONE_EPOCH } from '../../../node/beacon/epoch.ts'
import { createPrng, type Prng } from '../../../node/primitives/prng.ts'
import type { Validator } from '../../../node/validator/validator.ts'
import { createTrial, type Trial } from '../sharded/trial.ts'

export type AwayOptions = {
  readonly seed: number
  readonly shards: number
  readonly validators: number
  readonly kills: number
  readonly isDeaf: boolean
}

export type AwayFigures = {
  /** Between two final blocks of a chain, all chains together. */
  readonly gapsMs: readonly number[]
  /** What came to its end in the six seconds after each kill, in percent of what was sent in six seconds. */
  readonly shares: readonly number[]
  /** Views given up, in all chains. */
  readonly nullified: number
  readonly verdict: string | undefined
}

const EPOCH_BLOCKS = 16
const DELTA_MS = 400
const ORDER_INTERVAL_MS = 50
const WARM_UP_MS = 10_000
const KILL_INTERVAL_MS = 15_000
const DOWN_MS = 5_000
const WINDOW_MS = 6_000
/** How long a client waits before it asks again. */
const SEND_AGAIN_MS = 1_000

type Bout = {
  readonly trial: Trial
  readonly dice: Prng
  /** What had ended, at every interval. */
  readonly ended: number[]
  /** Intervals since the start. */
  step: number
}

export function runAwayBout(options: AwayOptions): AwayFigures {
  /** `chain/height` of what is final somewhere; `chain/epoch/view` of what was given up. */
  const seen = new Set<string>()
  const tips = new Map<number, number>()
  const gapsMs: number[] = []
  let nullified = 0
  const isFirst = (name: string): boolean => !seen.has(name) && seen.add(name).has(name)
  const trial: Trial = createTrial({
    shardCount: options.shards,
    nodeCount: options.validators,
    seed: options.seed,
    genesis: {
      shardTiming: { blockIntervalMs: 500, idleIntervalMs: 10_000, deltaMs: DELTA_MS },
      beaconTiming: { blockIntervalMs: 1_000, idleIntervalMs: 10_000, deltaMs: DELTA_MS },
      epochs: { ...ONE_EPOCH, blocks: EPOCH_BLOCKS },
    },
    ...(options.isDeaf ? { replaced: deafened } : {}),
    events: {
      onFact: (_node, fact) => {
        if (fact.kind === 'engine' && fact.fact.kind === 'nullified') {
          const { chain, epoch } = fact
          if (isFirst(`${chain}/${epoch}/${fact.fact.view}`)) nullified++
        }
        if (fact.kind !== 'finalized' || !isFirst(`${fact.chain}/${fact.height}`)) return
        const now = trial.world.now()
        if (now > WARM_UP_MS) gapsMs.push(now - (tips.get(fact.chain) ?? now))
        tips.set(fact.chain, now)
      },
    },
  })
  const shares = fight(trial, options)
  return { gapsMs, shares, nullified, verdict: trial.court.violation() }
}

/** A machine that is not told whose connections were lost. */
function deafened(honest: Validator): Validator {
  return {
    ...honest,
    handle: (input) => (input.kind === 'validator-away' ? [] : honest.handle(input)),
  }
}

function fight(trial: Trial, { seed, kills, validators }: AwayOptions): readonly number[] {
  const bout: Bout = { trial, dice: createPrng(seed).stream('kills'), ended: [], step: 0 }
  const { world } = trial
  trial.startAll()
  world.run(1_000)
  serve(bout, WARM_UP_MS)
  const shares: number[] = []
  for (let kill = 0; kill < kills; kill++) {
    const victim = bout.dice.below(validators)
    const before = endedOf(trial)
    const { step } = bout
    world.apply({ kind: 'crash', nodes: [victim] })
    serve(bout, DOWN_MS)
    world.apply({ kind: 'start', nodes: [victim] })
    serve(bout, KILL_INTERVAL_MS - DOWN_MS)
    const after = bout.ended[step + WINDOW_MS / ORDER_INTERVAL_MS - 1] ?? before
    shares.push((100 * (after - before) * ORDER_INTERVAL_MS) / WINDOW_MS)
  }
  return shares
}

/** Load for so long. */
function serve(bout: Bout, forMs: number): void {
  const { trial, dice } = bout
  const { world, traffic } = trial
  for (let left = forMs; left > 0; left -= ORDER_INTERVAL_MS) {
    const up = Array.from({ length: trial.nodeCount }, (_, node) => node).filter(world.isUp)
    traffic.send(traffic.draw(dice), dice.pick(up))
    if (left % SEND_AGAIN_MS === 0) traffic.sendAgain(dice.pick(up))
    world.run(world.now() + ORDER_INTERVAL_MS)
    bout.ended.push(endedOf(trial))
    bout.step++
  }
}

function endedOf({ traffic }: Trial): number {
  return traffic.sentCount() - traffic.openCount()
}

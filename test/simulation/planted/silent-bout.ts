/**
 * A bout of silence (B.13): in a network that asks for signs of life one node is gone for good. It is to leave, nobody else is, and
 * whoever was away for an epoch stays.
 */
import { ONE_EPOCH } from '../../../node/beacon/epoch.ts'
import { createPrng } from '../../../node/primitives/prng.ts'
import { createTrial, type Trial } from '../sharded/trial.ts'
import type { BoutEnd } from './bout.ts'

const NODES = 8
const SILENT = 5
const AWAY = 6
/** Beacon blocks; everybody has one to propose. */
const EPOCH_BLOCKS = 8
const SOON_MS = 60_000

export function runSilentBout(seed: number): BoutEnd {
  const trial = createTrial({
    shardCount: 2,
    nodeCount: NODES,
    seed,
    genesis: { epochs: { ...ONE_EPOCH, blocks: EPOCH_BLOCKS }, inactivityEpochs: 2 },
  })
  const { world, court } = trial
  let verdict: string | undefined
  try {
    verdict = watch(trial, seed) ?? court.violation() ?? court.receipts.finish()
  } catch (error) {
    verdict = `thrown at ${world.now()} ms: ${String(error)}`
  }
  return { verdict, virtualMs: world.now() }
}

function watch(trial: Trial, seed: number): string | undefined {
  const { world, traffic } = trial
  const head = () => world.validator(0).beacon.head()
  const dice = createPrng(seed).stream('traffic')
  trial.startAll()
  world.apply({ kind: 'stop', nodes: [SILENT] })
  // Crosslinks come as long as shards have work.
  const goOn = (isOver: () => boolean): boolean => {
    const untilMs = world.now() + SOON_MS
    while (!isOver() && world.now() < untilMs) {
      world.run(world.now() + 250)
      traffic.send(traffic.draw(dice), dice.below(SILENT))
    }
    return isOver()
  }
  if (!goOn(() => head().epoch === 1)) return 'stuck: the first epoch does not end'
  world.apply({ kind: 'stop', nodes: [AWAY] })
  world.run(world.now() + 1_000)
  world.apply({ kind: 'start', nodes: [AWAY] })
  if (!goOn(() => head().validators[SILENT]?.status === 'exited'))
    return 'whoever is silent for ever stays'
  const others = head().validators.flatMap(({ status }, index) =>
    index !== SILENT && status !== 'active' ? [index] : [],
  )
  if (others.length > 0) return `validator ${others.join(', ')} was there, and left`
  if (head().committees.flat().includes(SILENT)) return 'whoever has left has a seat'
  return trial.settle(SOON_MS) ? undefined : 'stuck: what was sent does not settle'
}

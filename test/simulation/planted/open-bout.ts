/**
 * A bout in which a shard opens (B.7): a network of one shard gets a second one. All nodes restart in its first epoch, when some
 * of them have voted there and no block of it is recorded; then it is paid, and pays back.
 */
import { ONE_EPOCH } from '../../../node/beacon/epoch.ts'
import type { Order } from '../sharded/traffic.ts'
import { createTrial, type Trial } from '../sharded/trial.ts'
import type { BoutEnd } from './bout.ts'

const NODES = 8
const EPOCHS = { ...ONE_EPOCH, blocks: 4 }
/** Two idle epochs, and the rest of the one in which it is asked for. */
const OPENED_WITHIN_MS = 300_000
const SETTLE_MS = 40_000
const ORDER: Order = { shard: 1, sender: 0, destination: 2, to: 'self', amount: 10n ** 18n }
const BACK: Order = { shard: 2, sender: 0, destination: 1, to: 'account', amount: 7n }

export function runOpenBout(seed: number): BoutEnd {
  const trial = createTrial({ shardCount: 1, nodeCount: NODES, seed, genesis: { epochs: EPOCHS } })
  let verdict: string | undefined
  try {
    verdict = fight(trial, seed) ?? trial.court.violation() ?? trial.court.receipts.finish()
  } catch (error) {
    verdict = `thrown at ${trial.world.now()} ms: ${String(error)}`
  }
  return { verdict, virtualMs: trial.world.now() }
}

function fight(trial: Trial, seed: number): string | undefined {
  const { world, court } = trial
  const nodes = Array.from({ length: NODES }, (_, node) => node)
  trial.startAll()
  world.run(1_500)
  world.apply({ kind: 'support', nodes, changes: [{ kind: 'open', shard: 2 }] })
  const isOpen = (): boolean =>
    nodes.some((node) => world.validator(node).beacon.head().shards.length === 2)
  world.run(world.now() + OPENED_WITHIN_MS, () => court.violation() !== undefined || isOpen())
  if (!isOpen()) return court.violation() ?? 'stuck: shard 2 was not opened'
  trial.traffic.send(ORDER, 0)
  // Somewhere between the boundary and the first block, from seed to seed.
  world.run(world.now() + 100 * (seed % 16))
  trial.stopAll()
  trial.startAll()
  if (nodes.some((node) => !world.isUp(node))) return 'stuck: a node does not start any more'
  world.run(world.now() + 1_000)
  trial.traffic.sendAgain(0)
  return settle(trial) ?? payBack(trial)
}

function payBack(trial: Trial): string | undefined {
  trial.traffic.send(BACK, 0)
  return settle(trial)
}

function settle(trial: Trial): string | undefined {
  if (trial.settle(SETTLE_MS)) return undefined
  return trial.court.violation() ?? `stuck: ${trial.traffic.openCount()} orders are open`
}

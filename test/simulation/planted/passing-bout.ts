/**
 * A bout about leaders who skip receipts (C.5, acceptance): all members of shard 2 build blocks that pass over what shard 1
 * sent, and are honest in all else. Each of them holds the receipts, so after their patience none may vote for such a block.
 */
import type { BoutEnd } from './bout.ts'
import { createTrial } from '../sharded/trial.ts'
import { corruptPlanted } from './vices.ts'

const WARM_UP_MS = 2_000
/** Until the receipt has been due, and the patience of all is over. */
const PATIENCE_MS = 8_000
const WATCHED_MS = 8_000
const ORDER_INTERVAL_MS = 400

export function runPassingBout(seed: number): BoutEnd {
  const trial = createTrial({ shardCount: 2, seed, corrupt: corruptPlanted })
  const { world, traffic } = trial
  const { committees } = world.validator(0).beacon.head()
  const [outside = 0] = committees[1] ?? []
  const [member = 0] = committees[2] ?? []
  trial.startAll()
  world.apply({ kind: 'byzantine', nodes: committees[2] ?? [], vice: 'passer' })
  world.run(WARM_UP_MS)
  traffic.send({ shard: 1, destination: 2, sender: 0, to: 'account', amount: 5n }, outside)
  const offer = (untilMs: number): void => {
    for (let sender = 0; world.now() < untilMs; sender = (sender + 1) % 10) {
      traffic.send({ shard: 2, destination: 2, sender, to: 'account', amount: 5n }, member)
      world.run(world.now() + ORDER_INTERVAL_MS)
    }
  }
  const heightOf = (): number => {
    const status = world.executor(member, 2).runNow({ kind: 'status' })
    return status.kind === 'status' ? status.height : 0
  }
  offer(world.now() + PATIENCE_MS)
  const before = heightOf()
  offer(world.now() + WATCHED_MS)
  const skipped = heightOf() - before
  const verdict =
    skipped > 0 ? `${skipped} blocks pass over what all have held for long` : undefined
  // Before their patience is over they go on: else nothing was tried here.
  return { verdict: before === 0 ? 'shard 2 never began' : verdict, virtualMs: world.now() }
}

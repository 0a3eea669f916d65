/**
 * A bout outside of the model: all members of shard 1 have one vice. The court judges honest committees, so here only money
 * is looked at: what shard 2 has and what shard 1 may still send it must not be more than there was (C.3 (8), C.5 (4)).
 */
import type { BoutEnd } from './bout.ts'
import { createTrial, type Trial } from '../sharded/trial.ts'
import { corruptPlanted } from './vices.ts'

const WARM_UP_MS = 1_000
const ORDERS = 40
const ORDER_INTERVAL_MS = 250

export function runCapturedBout(vice: string, seed: number): BoutEnd {
  const trial = createTrial({ shardCount: 2, seed, corrupt: corruptPlanted })
  const { world, traffic } = trial
  const nodes = world.validator(0).beacon.head().committees[1] ?? []
  const honest = world.validator(0).beacon.head().committees[2]?.[0] ?? 0
  trial.startAll()
  world.apply({ kind: 'byzantine', nodes, vice })
  world.run(WARM_UP_MS)
  for (let sent = 0; sent < ORDERS && moneyMade(trial) <= 0n; sent++) {
    const order = {
      shard: 2,
      destination: 1,
      sender: sent % 10,
      to: 'account',
      amount: 5n,
    } as const
    traffic.send(order, honest)
    world.run(world.now() + ORDER_INTERVAL_MS)
  }
  const made = moneyMade(trial)
  const verdict = made > 0n ? `shard 1 has made ${made} wei elsewhere` : undefined
  return { verdict, virtualMs: world.now() }
}

function moneyMade({ world }: Trial): bigint {
  const { shards, committees } = world.validator(0).beacon.head()
  const [captured, other] = shards
  const node = committees[2]?.[0]
  if (captured === undefined || other === undefined || node === undefined) return 0n
  const answer = world.executor(node, 2).runNow({ kind: 'supply', at: { kind: 'finalized' } })
  if (answer.kind !== 'supply') return 0n
  const { balances, buffered, burnt } = answer.supply
  const left = captured.supply + (other.sent[1] ?? 0n) - (captured.sent[2] ?? 0n)
  const elsewhere = balances + buffered + burnt + (left > 0n ? left : 0n)
  return elsewhere - captured.supply - other.supply
}

/**
 * A bout about snapshots (S.3, S.5): a member of shard 1 serves wrong chunks, and another one has lost its state. It must find
 * out who lies, be told the truth by the others, and be at the head again.
 */
import type { StateSyncFact } from '../../../node/validator/contract.ts'
import { createPrng } from '../../../node/primitives/prng.ts'
import type { BoutEnd } from './bout.ts'
import { createTrial, type Trial } from '../sharded/trial.ts'
import { corruptPlanted } from './vices.ts'

/** As on a real network, thirty times shorter. */
const SNAPSHOT_RULES = { intervalBlocks: 8, replayBlocksMax: 16 }
const ORDERS = 100
const ORDER_INTERVAL_MS = 250
/** Several times what it takes. */
const BACK_WITHIN_MS = 40_000

export function runStateSyncBout(seed: number): BoutEnd {
  const facts: StateSyncFact[] = []
  const trial = createTrial({
    shardCount: 2,
    seed,
    snapshotRules: SNAPSHOT_RULES,
    corrupt: corruptPlanted,
    events: { onFact: (_node, fact) => void (fact.kind === 'state-sync' && facts.push(fact)) },
  })
  const { world, court } = trial
  const [node = 0, liar = 0] = world.validator(0).beacon.head().committees[1] ?? []
  trial.startAll()
  world.apply({ kind: 'byzantine', nodes: [liar], vice: 'wrong-chunk' })
  offer(trial, seed, liar)
  world.apply({ kind: 'wipe', nodes: [node] })
  world.run(world.now() + 1_000)
  trial.start(node)
  const isBack = (): boolean => facts.some(({ phase }) => phase === 'done')
  world.run(world.now() + BACK_WITHIN_MS, () => isBack() || court.violation() !== undefined)
  const virtualMs = world.now()
  if (court.violation() !== undefined) return { verdict: court.violation(), virtualMs }
  const phases = facts.map(({ phase }) => phase)
  if (!isBack()) return { verdict: `stuck: the state is not back: ${phases.join(' ')}`, virtualMs }
  const verdict = phases.includes('liar') ? undefined : 'nobody found out who serves wrong state'
  return { verdict, virtualMs }
}

function offer({ world, traffic, nodeCount }: Trial, seed: number, liar: number): void {
  const dice = createPrng(seed).stream('traffic')
  const honest = Array.from({ length: nodeCount }, (_, node) => node).filter((one) => one !== liar)
  for (let sent = 0; sent < ORDERS; sent++) {
    world.run(world.now() + ORDER_INTERVAL_MS)
    traffic.send(traffic.draw(dice), dice.pick(honest))
  }
}

/** A chain does not rest on a block that is notarized and not final: its successor makes it so (consensus A.7). */
import { expect, test } from 'vitest'
import type { ChainNumber } from '../../node/primitives/identifiers.ts'
import type { NodeMessage } from '../../node/validator/message.ts'
import { createTrial, type Trial } from './sharded/trial.ts'

/** A block's votes to finalize it are lost, all of them, however often they are repeated. */
function losingFinalizes(chain: ChainNumber): {
  readonly lose: () => void
  readonly lostView: () => number | undefined
  readonly passes: (message: NodeMessage) => boolean
} {
  let armed = false
  let lostView: number | undefined
  return {
    lose: () => {
      armed = true
    },
    lostView: () => lostView,
    passes: (message) => {
      if (!armed || message.kind !== 'consensus' || message.chain !== chain) return true
      if (message.message.kind !== 'vote' || message.message.vote.kind !== 'finalize') return true
      lostView ??= message.message.vote.view
      return message.message.vote.view !== lostView
    },
  }
}

function openTrial(chain: ChainNumber): { trial: Trial; line: ReturnType<typeof losingFinalizes> } {
  const line = losingFinalizes(chain)
  const passes = (_from: number, _to: number, message: NodeMessage) => line.passes(message)
  const trial = createTrial({ shardCount: 1, seed: 7, events: { passes } })
  trial.startAll()
  // Past the first blocks, which every chain makes without work.
  trial.world.run(15_000)
  return { trial, line }
}

test.each([
  ['shard', 1],
  ['beacon', 0],
])(
  'sharded: open block: A.7: what a %s has notarized and not finalized does not wait for the idle interval',
  (_name, chain) => {
    const { trial, line } = openTrial(chain)
    line.lose()
    trial.traffic.send({ shard: 1, sender: 0, destination: 1, to: 'account', amount: 5n }, 0)
    const sentMs = trial.world.now()
    expect(trial.settle(trial.genesis.shardTiming.idleIntervalMs)).toBe(true)
    expect(line.lostView()).toBeDefined()
    expect(trial.world.now() - sentMs).toBeLessThan(trial.genesis.shardTiming.idleIntervalMs / 2)
  },
)

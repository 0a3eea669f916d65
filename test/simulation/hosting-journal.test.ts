/**
 * A validator that is cut off from its shard, loses its seat there, closes the shard in the middle of its epoch and opens it
 * again later (B.11): it comes back with the votes it had made. The planted bug, a journal dropped at closing, is caught: whoever
 * opens the shard again finds a hole in what it reads, and ends rather than vote on it.
 */
import { describe, expect, test } from 'vitest'
import { linksBetween } from '../../devnet/faults/fault.ts'
import { ONE_EPOCH } from '../../node/beacon/epoch.ts'
import { toHex } from '../../node/primitives/bytes.ts'
import { createPrng } from '../../node/primitives/prng.ts'
import type { ValidatorEffect } from '../../node/validator/contract.ts'
import { numberOfChainKey } from '../../node/validator/table.ts'
import type { Validator } from '../../node/validator/validator.ts'
import { createTrial, type Trial } from './sharded/trial.ts'

/** Drops the journal of every shard that it closes. */
function forgetful(honest: Validator): Validator {
  const journal = new Map<string, Uint8Array>()
  const dropped = (shard: number): ValidatorEffect[] =>
    [...journal.values()]
      .filter((key) => numberOfChainKey(key.subarray(0, 4)) === shard)
      .map((key) => {
        const write = { kind: 'delete', table: 'journal', key } as const
        return { kind: 'write', write, sync: true }
      })
  return {
    ...honest,
    handle: (input) =>
      honest.handle(input).flatMap((effect) => {
        if (effect.kind === 'close-shard') return [...dropped(effect.shard), effect]
        if (effect.kind === 'write' && effect.write.table === 'journal')
          journal.set(toHex(effect.write.key), effect.write.key)
        return [effect]
      }),
  }
}

/** A member that leaves its shard with the coming epoch. */
function leaverOf({ world, nodeCount }: Trial) {
  const { committees, plans, epoch } = world.validator(0).beacon.head()
  const next = plans.find((plan) => plan.epoch === epoch + 1)
  for (let node = 0; node < nodeCount; node++) {
    const shard = committees.findIndex((seats, chain) => chain > 0 && seats.includes(node))
    if (next?.committees[shard]?.includes(node) === false) {
      const fellows = (committees[shard] ?? []).filter((other) => other !== node)
      return { node, shard, fellows }
    }
  }
  throw new Error('a quarter of the seats moves')
}

/** What becomes of a member that left in the midst of its epoch and came back. */
function comeBack(replaced: (honest: Validator) => Validator) {
  const ends: string[] = []
  const trial = createTrial({
    shardCount: 3,
    seed: 13,
    genesis: { epochs: { ...ONE_EPOCH, blocks: 4 } },
    replaced,
    events: { onEnded: (_, end) => void ends.push(end.kind === 'crash' ? end.kind : end.detail) },
  })
  const { world, traffic } = trial
  const dice = createPrng(13).stream('traffic')
  trial.startAll()
  const isOver = (): boolean => trial.court.violation() !== undefined || ends.length > 0
  const runUntil = (isReached: () => boolean, limitMs: number): boolean => {
    const until = world.now() + limitMs
    while (world.now() < until && !isReached() && !isOver()) {
      world.run(world.now() + 250)
      if (!isOver()) traffic.send(traffic.draw(dice), dice.below(trial.nodeCount))
    }
    return isReached()
  }
  runUntil(() => world.validator(0).beacon.head().epoch === 1, 30_000)
  const { node, shard, fellows } = leaverOf(trial)
  const held = (): boolean => world.validator(node).shards.has(shard)
  world.apply({ kind: 'cut', links: linksBetween([[node], fellows]) })
  const isClosed = runUntil(() => !held(), 60_000)
  world.apply({ kind: 'heal' })
  const isOpened = isClosed && runUntil(held, 240_000)
  runUntil(() => false, 5_000)
  return { isClosed, isOpened, ends, violation: trial.court.violation() }
}

describe('hosting: journal', () => {
  test('hosting: journal: B.11: whoever comes back to a shard that it left in mid-epoch does not contradict itself', () => {
    expect(comeBack((honest) => honest)).toEqual({
      isClosed: true,
      isOpened: true,
      ends: [],
      violation: undefined,
    })
  })

  test('hosting: journal: B.11: a journal dropped at closing is caught', () => {
    expect(comeBack(forgetful).ends).toEqual(['damaged'])
  })
})

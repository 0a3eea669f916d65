/**
 * Bringer of stale crosslinks: with every crosslink it sends an old one that the beacon has recorded already, and as a leader
 * of the beacon it puts old ones in the place of the new. Their certificates are genuine.
 */
import type { BeaconBody } from '../../node/beacon/block.ts'
import type { ChainBlock } from '../../node/consensus/message.ts'
import type { Crosslink } from '../../node/crosslink/crosslink.ts'
import { BEACON_CHAIN, type ChainNumber } from '../../node/primitives/identifiers.ts'
import type { ValidatorEffect, ValidatorInput } from '../../node/validator/contract.ts'
import type { Validator } from '../../node/validator/validator.ts'
import type { Adversary } from './adversary.ts'
import { beaconBlockOf, rebuildBeaconBlock } from './rebuilt-block.ts'
import { sendTo } from './seat-powers.ts'
import { createTamperer } from './tampered-proposal.ts'

/** Per shard, oldest first; the newest recorded ones are the most tempting. */
const REMEMBERED_MAX = 16

type Memory = Map<ChainNumber, readonly Crosslink[]>

export const staleCrosslink: Adversary = {
  name: 'stale-crosslink',
  description: 'brings the beacon crosslinks that it has recorded already',
  corrupt: (honest, seat) => {
    const memory: Memory = new Map()
    const tamper = createTamperer(
      (_powers, { chain, proposal }) =>
        chain === BEACON_CHAIN ? withStaleCrosslinks(memory, honest, proposal.block) : undefined,
      () => ({
        input: (input) => {
          rememberInput(memory, input)
          return input
        },
        effect: (effect) => offeredAgain(memory, honest, effect),
      }),
    )
    return tamper(honest, seat)
  },
}

function rememberInput(memory: Memory, input: ValidatorInput): void {
  if (input.kind !== 'message') return
  const { message } = input
  if (message.kind === 'crosslink') remember(memory, message.crosslink)
  if (message.kind !== 'consensus' || message.chain !== BEACON_CHAIN) return
  if (message.message.kind !== 'proposal') return
  const { body } = beaconBlockOf(message.message.block)
  for (const crosslink of body.crosslinks) remember(memory, crosslink)
}

function remember(memory: Memory, crosslink: Crosslink): void {
  const known = memory.get(crosslink.shard) ?? []
  if (known.some(({ tip }) => tip.height === crosslink.tip.height)) return
  memory.set(crosslink.shard, [...known, crosslink].slice(-REMEMBERED_MAX))
}

/** The newest below the head that the beacon has recorded for good: to record the head again would change nothing. */
function staleOf(memory: Memory, { beacon }: Validator, shard: ChainNumber): Crosslink | undefined {
  const height = beacon.head().shards[shard - 1]?.height ?? 0
  return memory.get(shard)?.findLast(({ tip }) => tip.height < height)
}

function withStaleCrosslinks(
  memory: Memory,
  honest: Validator,
  block: ChainBlock,
): ChainBlock | undefined {
  const { body } = beaconBlockOf(block)
  for (const crosslink of body.crosslinks) remember(memory, crosslink)
  const chosen = new Map(body.crosslinks.map((crosslink) => [crosslink.shard, crosslink]))
  let isStale = false
  for (const shard of memory.keys()) {
    const stale = staleOf(memory, honest, shard)
    if (stale === undefined) continue
    chosen.set(shard, stale)
    isStale = true
  }
  if (!isStale) return undefined
  const crosslinks = [...chosen.values()].sort((left, right) => left.shard - right.shard)
  const changed: BeaconBody = { ...body, crosslinks }
  return rebuildBeaconBlock(block, () => ({ body: changed }))
}

function offeredAgain(
  memory: Memory,
  honest: Validator,
  effect: ValidatorEffect,
): readonly ValidatorEffect[] {
  if (effect.kind !== 'send' || effect.message.kind !== 'crosslink') return [effect]
  const { crosslink } = effect.message
  remember(memory, crosslink)
  const stale = staleOf(memory, honest, crosslink.shard)
  if (stale === undefined) return [effect]
  return [...sendTo(effect.to, { kind: 'crosslink', crosslink: stale }), effect]
}

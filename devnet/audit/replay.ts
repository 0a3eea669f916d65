/**
 * The replay: every shard is executed again from its genesis, block by block, with every signature of every transaction
 * checked anew, and at every finalized beacon block all money is counted (protocol, E: C1). It needs no stored state.
 */
import { BEACON_CHAIN } from '../../node/primitives/identifiers.ts'
import { openInlineExecutor } from '../../node/shards/io/inline.ts'
import { genesisPerShard, genesisStakes } from '../audit.ts'
import type { NodeArchive } from './archive.ts'
import { executeBlock } from './disk-state.ts'
import { placeName } from './facts.ts'
import type { ShardTrail } from './shard-trail.ts'
import { report, shardConfigOf, type Walk } from './walk.ts'

/** Balances, buffered and burnt of one shard, together; index = height. */
type History = readonly bigint[]

export async function replay(
  walk: Walk,
  archives: readonly NodeArchive[],
  progress: (words: string) => void,
): Promise<void> {
  const histories: History[] = []
  for (const trail of walk.trails) {
    const history = await replayShard(walk, archives, trail, progress)
    if (history === undefined) return
    histories.push(history)
  }
  recount(walk, histories)
}

async function replayShard(
  walk: Walk,
  archives: readonly NodeArchive[],
  { shard, height: top }: ShardTrail,
  progress: (words: string) => void,
): Promise<History | undefined> {
  const executor = openInlineExecutor(shardConfigOf(walk, shard))
  const supply = (): bigint => {
    const answer = executor.runNow({ kind: 'supply', at: { kind: 'finalized' } })
    if (answer.kind !== 'supply') return 0n
    const { balances, buffered, burnt } = answer.supply
    return balances + buffered + burnt
  }
  const history = [supply()]
  for (let height = 1; height <= top; height++) {
    if (!(await executeBlock(walk, archives, { executor, shard, height }))) return undefined
    history.push(supply())
    progress(`executing shard ${shard}, block ${height} of ${top}`)
  }
  return history
}

function recount(walk: Walk, histories: readonly History[]): void {
  const genesis = genesisPerShard(walk.genesis).reduce(
    (total, amount) => total + amount,
    genesisStakes(walk.genesis),
  )
  for (const { beaconHeight, heights, inFlight, staked } of walk.cuts) {
    walk.counts.recounts++
    const found = heights.reduce(
      (total, height, index) => total + (histories[index]?.[height] ?? 0n),
      inFlight + staked,
    )
    if (found === genesis) continue
    const place = placeName(BEACON_CHAIN, beaconHeight)
    report(
      walk,
      `${place}: all shards, receipts in flight and stakes hold ${found} wei, expected ${genesis}`,
    )
  }
}

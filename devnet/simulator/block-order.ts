/**
 * The order in which blocks are judged. Nodes tell of what they commit when they come to it: a node that crashed before it
 * could tell leaves the next height to be heard first, and a liar may be the first to finalize what another shard then
 * consumes. Checkers want causes before effects, so a block waits here for its parent and, if it consumes receipts that are
 * not known yet, for the blocks of their source up to the one that its own anchor had recorded. What those do not hold was
 * never sent.
 */
import { entryOf } from './checkers/network-observation.ts'
import type { SeenBlock, SeenCut } from './checkers/sharded-observation.ts'

export type ToldBlock = { readonly node: number; readonly block: SeenBlock }

export type BlockOrder = {
  /** What can be judged now, in the order in which it is to be judged. */
  readonly tell: (told: ToldBlock, now: number) => readonly ToldBlock[]
  /** The same, after the beacon has recorded this. */
  readonly record: (cut: SeenCut) => readonly ToldBlock[]
  /** What waits above this height was taken back (B.8) and is never judged. */
  readonly takeBack: (shard: number, height: number) => void
  /** A block that has waited for its causes for this long, in words; they may never come. */
  readonly overdue: (now: number) => string | undefined
}

/** Far more than a healed network takes to execute again what a crash has hidden. */
const PATIENCE_MS = 30_000

type Waiting = ToldBlock & { readonly sinceMs: number }

export function createBlockOrder(): BlockOrder {
  const waiting: Waiting[] = []
  /** Shard -> highest height that was given out; without gaps. */
  const given = new Map<number, number>()
  /** `source-destination` -> receipts sent in the blocks that were given out. */
  const sent = new Map<string, number>()
  const cuts = new Map<number, SeenCut>()

  function isReady({ shard, height, consumed, anchor }: SeenBlock): boolean {
    if (height > (given.get(shard) ?? 0) + 1) return false
    if (height <= (given.get(shard) ?? 0)) return true
    return consumed.every(({ receipt: { source, sequence } }) => {
      if (source === 0) return cuts.has(anchor.height)
      if (sequence < (sent.get(`${source}-${shard}`) ?? 0)) return true
      const recorded = cuts.get(anchor.height)?.heads[source - 1]
      return recorded !== undefined && (given.get(source) ?? 0) >= recorded.height
    })
  }

  function give(told: ToldBlock): ToldBlock {
    const { shard, height, sent: receipts } = told.block
    if (height <= (given.get(shard) ?? 0)) return told
    given.set(shard, height)
    for (const { destination } of receipts) {
      const channel = `${shard}-${destination}`
      sent.set(channel, entryOf(sent, channel, () => 0) + 1)
    }
    return told
  }

  function release(): readonly ToldBlock[] {
    const released: ToldBlock[] = []
    for (let index = 0; index < waiting.length;) {
      const told = waiting[index]
      if (told === undefined || !isReady(told.block)) {
        index++
        continue
      }
      waiting.splice(index, 1)
      released.push(give(told))
      index = 0
    }
    return released
  }

  return {
    tell: (told, now) => {
      if (!isReady(told.block)) {
        waiting.push({ ...told, sinceMs: now })
        return []
      }
      const first = give(told)
      return waiting.length === 0 ? [first] : [first, ...release()]
    },
    record: (cut) => {
      cuts.set(cut.beaconHeight, cut)
      return waiting.length === 0 ? [] : release()
    },
    takeBack: (shard, height) => {
      const kept = waiting.filter(({ block }) => block.shard !== shard || block.height <= height)
      waiting.splice(0, waiting.length, ...kept)
    },
    overdue: (now) => {
      const oldest = waiting.find(({ sinceMs }) => now > sinceMs + PATIENCE_MS)
      if (oldest === undefined) return undefined
      const { shard, height } = oldest.block
      return `node ${oldest.node} committed height ${height} of shard ${shard}, and nobody what comes before`
    },
  }
}

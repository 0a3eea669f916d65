/**
 * Blocks of captured shards, held until the beacon has decided. Where more seats lie than a committee tolerates, two blocks may
 * be final at one height (docs/protocol/crosslinks.md C.7), and which of them counts is what the beacon records. So what honest
 * nodes commit there is given out when it is on the recorded chain, in the order of heights, and what is on another one never is.
 *
 * Blocks of other shards pass at once.
 */
export type HeldPlace = {
  readonly shard: number
  readonly height: number
  readonly hash: string
  readonly parentHash: string
}

/** What the beacon has recorded of each shard, index = shard - 1. */
export type RecordedHeads = readonly { readonly height: number; readonly hash: string }[]

export type BranchHold<T> = {
  /** What can be given out now. */
  readonly tell: (place: HeldPlace, item: T) => readonly T[]
  readonly record: (heads: RecordedHeads) => readonly T[]
}

type Held<T> = { readonly place: HeldPlace; readonly items: T[] }

type Shard<T> = {
  /** By hash. */
  readonly held: Map<string, Held<T>>
  /** Height -> the one block of it that was given out. */
  readonly given: Map<number, string>
  recorded: { readonly height: number; readonly hash: string }
}

export function createBranchHold<T>(isCaptured: (shard: number) => boolean): BranchHold<T> {
  const shards = new Map<number, Shard<T>>()
  const shardAt = (shard: number): Shard<T> => {
    const known = shards.get(shard)
    if (known !== undefined) return known
    const opened = { held: new Map(), given: new Map(), recorded: { height: 0, hash: '' } }
    shards.set(shard, opened)
    return opened
  }
  return {
    tell: (place, item) => {
      const shard = shardAt(place.shard)
      const { height, hash } = place
      if (!isCaptured(place.shard)) {
        shard.given.set(height, hash)
        return [item]
      }
      const given = shard.given.get(height)
      if (given !== undefined) return given === hash ? [item] : []
      const held = shard.held.get(hash) ?? { place, items: [] }
      held.items.push(item)
      shard.held.set(hash, held)
      return release(shard)
    },
    record: (heads) =>
      heads.flatMap((head, index) => {
        const shard = shardAt(index + 1)
        if (head.height <= shard.recorded.height) return []
        shard.recorded = head
        return release(shard)
      }),
  }
}

/** From the recorded block down to what was given out; nothing as long as a block between is not known. */
function release<T>({ held, given, recorded }: Shard<T>): readonly T[] {
  const way: Held<T>[] = []
  let { height, hash } = recorded
  while (height > 0 && given.get(height) !== hash) {
    const block = held.get(hash)
    if (block === undefined) return []
    way.unshift(block)
    hash = block.place.parentHash
    height--
  }
  for (const { place } of way) {
    given.set(place.height, place.hash)
    held.delete(place.hash)
  }
  return way.flatMap(({ items }) => items)
}

/**
 * Serving chunks of this node's snapshots to whoever asks (docs/protocol/state-sync.md S.6): the executor's thread cuts them.
 * Beyond the bounds a question is dropped; whoever asked asks another member after a while.
 */
import type { Context } from './context.ts'
import type { ChunkPlace } from './message.ts'

/** Chunks being cut for one peer: as many as an honest one asks for. */
const SERVED_PER_PEER_MAX = 2
/** Chunks being cut at once, a few milliseconds of the executor each: blocks wait no longer than that. */
const SERVED_MAX = 8

export type ChunkServing = {
  readonly serve: (peer: string, place: ChunkPlace) => void
  /** This node does not hold the shard: whoever asks goes on to another one at once. */
  readonly refuse: (peer: string, place: ChunkPlace) => void
}

export function createChunkServing(context: Context): ChunkServing {
  const serving = new Map<string, number>()

  function total(): number {
    let sum = 0
    for (const count of serving.values()) sum += count
    return sum
  }

  function change(peer: string, by: 1 | -1): void {
    const count = (serving.get(peer) ?? 0) + by
    if (count > 0) serving.set(peer, count)
    else serving.delete(peer)
  }

  function reply(peer: string, place: ChunkPlace, chunk: Uint8Array | undefined): void {
    const { shard, height, stretch, from } = place
    const message = { kind: 'chunk', shard, height, stretch, from, chunk } as const
    context.emit({ kind: 'reply', peer, channel: 'relay', message })
  }

  return {
    refuse: (peer, place) => reply(peer, place, undefined),
    serve: (peer, place) => {
      const { shard, height, stretch, from } = place
      if ((serving.get(peer) ?? 0) >= SERVED_PER_PEER_MAX || total() >= SERVED_MAX) return
      change(peer, 1)
      const request = { kind: 'cut-chunk', height, stretch, from } as const
      context.execute(shard, request, (response) => {
        change(peer, -1)
        const chunk = response?.kind === 'chunk' ? response.chunk : undefined
        // An executor that failed says nothing about the snapshot.
        const isRefused = response?.kind === 'refused' && response.code === 'unknown-state'
        if (chunk === undefined && !isRefused) return
        reply(peer, place, chunk)
      })
    },
  }
}

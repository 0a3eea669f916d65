/**
 * A queue of frames bounded by bytes: what waits for one peer on one channel. A frame that does not fit is refused, so
 * the newest is lost and the order of the others stays. Frames are held by reference: a broadcast to thirty peers
 * holds its bytes once.
 */
import { assert, present } from '../primitives/assert.ts'

export type FrameQueue = {
  /** False: no room, the frame was not taken. */
  readonly offer: (frame: Uint8Array) => boolean
  /** The oldest frames up to `bytesMax` together, at least one; empty if the queue is. */
  readonly takeBatch: (bytesMax: number) => readonly Uint8Array[]
  readonly count: () => number
  readonly bytes: () => number
  /** Forgets everything and says how many frames that were. */
  readonly clear: () => number
}

export function createFrameQueue(bytesMax: number): FrameQueue {
  let frames: Uint8Array[] = []
  let head = 0
  let bytes = 0

  function offer(frame: Uint8Array): boolean {
    if (bytes + frame.length > bytesMax) return false
    frames.push(frame)
    bytes += frame.length
    return true
  }

  function takeBatch(batchBytesMax: number): readonly Uint8Array[] {
    const batch: Uint8Array[] = []
    let size = 0
    while (head < frames.length) {
      const frame = present(frames[head], 'the head is inside the queue')
      if (batch.length > 0 && size + frame.length > batchBytesMax) break
      batch.push(frame)
      size += frame.length
      head += 1
    }
    bytes -= size
    assert(bytes >= 0, 'the queue counts its bytes')
    // The taken part goes away in one step when it is the larger part, so that taking stays cheap.
    if (head * 2 > frames.length) {
      frames = frames.slice(head)
      head = 0
    }
    return batch
  }

  function clear(): number {
    const count = frames.length - head
    frames = []
    head = 0
    bytes = 0
    return count
  }

  return { offer, takeBatch, count: () => frames.length - head, bytes: () => bytes, clear }
}

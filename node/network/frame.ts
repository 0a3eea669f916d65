/**
 * Frames on streams: a big-endian u32 length, then that many bytes. The parser takes chunks of any size, down to one
 * byte, and holds at most twice the bytes it was given: a peer that only announces a long frame costs nothing.
 */
import { assert } from '../primitives/assert.ts'
import { accepted, rejected, type Result } from '../primitives/result.ts'

const FRAME_HEADER_SIZE = 4
/** Frames grow by doubling from here; most votes and certificates fit at once. */
const CAPACITY_INITIAL = 1024

/** Puts `frames` one behind another, each with its length, into one buffer for one write. */
export function encodeFrames(frames: readonly Uint8Array[]): Uint8Array {
  let size = 0
  for (const frame of frames) size += FRAME_HEADER_SIZE + frame.length
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  let offset = 0
  for (const frame of frames) {
    assert(frame.length > 0, 'an empty frame says nothing and is never sent')
    view.setUint32(offset, frame.length)
    bytes.set(frame, offset + FRAME_HEADER_SIZE)
    offset += FRAME_HEADER_SIZE + frame.length
  }
  return bytes
}

type FrameReject = 'frame-too-large' | 'frame-empty'

export type FrameParser = {
  /** Takes the next chunk and returns the frames it completes, each in memory of its own. A reject is final. */
  readonly push: (chunk: Uint8Array) => Result<readonly Uint8Array[], FrameReject>
  /** Whether a frame or its length has been received in part. */
  readonly isPartial: () => boolean
}

type Cursor = { readonly chunk: Uint8Array; position: number }

export function createFrameParser(frameBytesMax: number): FrameParser {
  let header = 0
  let headerSize = 0
  let body = new Uint8Array(0)
  let bodySize = 0

  function readHeader(cursor: Cursor): void {
    while (headerSize < FRAME_HEADER_SIZE && cursor.position < cursor.chunk.length) {
      header = header * 256 + (cursor.chunk[cursor.position] ?? 0)
      headerSize += 1
      cursor.position += 1
    }
  }

  function readBody(cursor: Cursor): void {
    const size = Math.min(header - bodySize, cursor.chunk.length - cursor.position)
    if (bodySize + size > body.length) {
      const doubled = Math.max(CAPACITY_INITIAL, body.length * 2, bodySize + size)
      const grown = new Uint8Array(Math.min(header, doubled))
      grown.set(body.subarray(0, bodySize))
      body = grown
    }
    body.set(cursor.chunk.subarray(cursor.position, cursor.position + size), bodySize)
    bodySize += size
    cursor.position += size
  }

  function takeBody(): Uint8Array {
    const frame = body
    assert(frame.length === header, 'a whole frame fills its buffer exactly')
    header = 0
    headerSize = 0
    body = new Uint8Array(0)
    bodySize = 0
    return frame
  }

  function push(chunk: Uint8Array): Result<readonly Uint8Array[], FrameReject> {
    const cursor: Cursor = { chunk, position: 0 }
    const frames: Uint8Array[] = []
    while (cursor.position < chunk.length) {
      readHeader(cursor)
      if (headerSize < FRAME_HEADER_SIZE) break
      if (header === 0) return rejected('frame-empty', 'a frame has no bytes')
      if (header > frameBytesMax) {
        return rejected('frame-too-large', `a frame of ${header} bytes exceeds ${frameBytesMax}`)
      }
      readBody(cursor)
      if (bodySize === header) frames.push(takeBody())
    }
    return accepted(frames)
  }

  return { push, isPartial: () => headerSize > 0 }
}

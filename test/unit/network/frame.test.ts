import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createFrameParser, encodeFrames } from '../../../node/network/frame.ts'

const FRAME_MAX = 4096

/** Cuts bytes at the given places, wherever they fall. */
function cut(bytes: Uint8Array, places: readonly number[]): readonly Uint8Array[] {
  const edges = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length]
  edges.sort((left, right) => left - right)
  return edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge))
}

function parseAll(chunks: readonly Uint8Array[]): readonly Uint8Array[] {
  const parser = createFrameParser(FRAME_MAX)
  const frames = chunks.flatMap((chunk) => {
    const parsed = parser.push(chunk)
    if (!parsed.ok) throw new Error(parsed.reject.code)
    return parsed.value
  })
  expect(parser.isPartial()).toBe(false)
  return frames
}

const frameBytes = fc.uint8Array({ minLength: 1, maxLength: FRAME_MAX })

test('network: frame: any frames cut anywhere come out as they went in', () => {
  fc.assert(
    fc.property(
      fc.array(frameBytes, { minLength: 1, maxLength: 8 }),
      fc.array(fc.nat(), { maxLength: 40 }),
      (frames, places) => {
        expect(parseAll(cut(encodeFrames(frames), places))).toEqual(frames)
      },
    ),
  )
})

test('network: frame: single bytes are enough', () => {
  const frames = [Uint8Array.of(1), new Uint8Array(300).fill(2), new Uint8Array(FRAME_MAX).fill(3)]
  const bytes = encodeFrames(frames)
  expect(parseAll([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(frames)
})

test('network: frame: a length beyond the limit is refused before a byte of it', () => {
  const parser = createFrameParser(FRAME_MAX)
  expect(parser.push(Uint8Array.of(0, 0, 16))).toEqual({ ok: true, value: [] })
  expect(parser.isPartial()).toBe(true)
  const parsed = parser.push(Uint8Array.of(1))
  expect(!parsed.ok && parsed.reject.code).toBe('frame-too-large')
})

test('network: frame: an empty frame is refused', () => {
  const parsed = createFrameParser(FRAME_MAX).push(Uint8Array.of(0, 0, 0, 0))
  expect(!parsed.ok && parsed.reject.code).toBe('frame-empty')
  expect(() => encodeFrames([new Uint8Array(0)])).toThrow('an empty frame says nothing')
})

test('network: frame: a frame has memory of its own', () => {
  const chunk = encodeFrames([Uint8Array.of(1, 2, 3)])
  const parsed = createFrameParser(FRAME_MAX).push(chunk)
  chunk.fill(9)
  expect(parsed.ok && parsed.value[0]).toEqual(Uint8Array.of(1, 2, 3))
  expect(parsed.ok && parsed.value[0]?.buffer.byteLength).toBe(3)
})

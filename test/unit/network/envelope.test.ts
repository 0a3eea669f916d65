import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeEnvelope, encodeEnvelope } from '../../../node/network/envelope.ts'
import { FRAME_BYTES_MAX } from '../../../node/primitives/limits.ts'
import { encodeStrict } from '../../../node/primitives/message-pack.ts'

const envelope = fc.record({
  version: fc.constant(1 as const),
  kind: fc.integer({ min: 0, max: 255 }),
  chain: fc.integer({ min: 0, max: 64 }),
  epoch: fc.maxSafeNat(),
  payload: fc.uint8Array({ maxLength: 300 }),
})

function codeOf(bytes: Uint8Array): string {
  const decoded = decodeEnvelope(bytes)
  return decoded.ok ? 'accepted' : decoded.reject.code
}

test('network: envelope: any envelope reads back', () => {
  fc.assert(
    fc.property(envelope, (value) => {
      expect(decodeEnvelope(encodeEnvelope(value))).toEqual({ ok: true, value })
    }),
  )
})

test('network: envelope: a flipped byte is refused or is another envelope, encoded alike', () => {
  fc.assert(
    fc.property(envelope, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, place, flip) => {
      const bytes = encodeEnvelope(value)
      const index = place % bytes.length
      bytes[index] = (bytes[index] ?? 0) ^ flip
      const decoded = decodeEnvelope(bytes)
      if (decoded.ok) expect(encodeEnvelope(decoded.value)).toEqual(bytes)
    }),
  )
})

test('network: envelope: wrong shapes are refused with their code', () => {
  const payload = new Uint8Array(3)
  expect(codeOf(encodeStrict([1, 2, 3, 4, payload]))).toBe('accepted')
  expect(codeOf(encodeStrict([2, 2, 3, 4, payload]))).toBe('other-version')
  expect(codeOf(encodeStrict([]))).toBe('other-version')
  expect(codeOf(encodeStrict(1))).toBe('malformed')
  expect(codeOf(encodeStrict([1, 256, 3, 4, payload]))).toBe('malformed')
  expect(codeOf(encodeStrict([1, 2, 65, 4, payload]))).toBe('malformed')
  expect(codeOf(encodeStrict([1, 2, 3, null, payload]))).toBe('malformed')
  expect(codeOf(encodeStrict([1, 2, 3, 4, [payload]]))).toBe('malformed')
  expect(codeOf(encodeStrict([1, 2, 3, 4]))).toBe('malformed')
  expect(codeOf(encodeStrict([1, 2, 3, 4, payload, 0]))).toBe('malformed')
  expect(codeOf(Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff))).toBe('malformed')
  expect(codeOf(new Uint8Array(FRAME_BYTES_MAX + 1))).toBe('too-large')
})

test('network: envelope: the payload is a copy', () => {
  const bytes = encodeEnvelope({
    version: 1,
    kind: 1,
    chain: 1,
    epoch: 1,
    payload: Uint8Array.of(5),
  })
  const decoded = decodeEnvelope(bytes)
  bytes.fill(0)
  expect(decoded.ok && decoded.value.payload).toEqual(Uint8Array.of(5))
})

/** Signatures known to be good: remembered as a whole, and not for ever. */
import { describe, expect, it } from 'vitest'
import { createVerifiedSignatures } from '../../../node/primitives/io/verified-signatures.ts'

const bytes = (size: number, fill: number) => new Uint8Array(size).fill(fill)
const [key, message, signature] = [bytes(32, 1), bytes(32, 2), bytes(64, 3)]

describe('primitives: verified signatures', () => {
  it('primitives: verified signatures: what was added is known, and nothing that differs in any part', () => {
    const verified = createVerifiedSignatures()
    expect(verified.has(key, message, signature)).toBe(false)
    verified.add(key, message, signature)
    expect(verified.has(key.slice(), message.slice(), signature.slice())).toBe(true)
    for (const other of [0, 31]) {
      const changed = (original: Uint8Array) => original.with(other, 9)
      expect(verified.has(changed(key), message, signature)).toBe(false)
      expect(verified.has(key, changed(message), signature)).toBe(false)
      expect(verified.has(key, message, changed(signature))).toBe(false)
    }
  })

  it('primitives: verified signatures: a view into a larger buffer is known by its own bytes', () => {
    const verified = createVerifiedSignatures()
    verified.add(key, message, signature)
    const frame = new Uint8Array([...message, ...signature])
    expect(verified.has(key, frame.subarray(0, 32), frame.subarray(32))).toBe(true)
    expect(verified.has(key, frame.subarray(0, 32), frame.subarray(31, 95))).toBe(false)
  })

  it('primitives: verified signatures: the oldest is forgotten first, when there are 2048', () => {
    const verified = createVerifiedSignatures()
    const messageAt = (index: number) => Uint8Array.of(index >> 8, index & 255)
    for (let index = 0; index < 2048; index++) verified.add(key, messageAt(index), signature)
    expect(verified.has(key, messageAt(0), signature)).toBe(true)
    verified.add(key, messageAt(2048), signature)
    expect(verified.has(key, messageAt(0), signature)).toBe(false)
    expect(verified.has(key, messageAt(1), signature)).toBe(true)
    expect(verified.has(key, messageAt(2048), signature)).toBe(true)
  })
})

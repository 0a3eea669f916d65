/**
 * Values of records on their way to a newcomer, with runs of zeros as two bytes (docs/protocol/state-sync.md S.2): an account
 * is a number of 32 bytes and one of 8, most of them zeros, and two thirds of what a snapshot of accounts would send.
 *
 * Invariants: unpacking what was packed gives the value; a value has one packed form, another is refused; a packed value is at
 * most half as long again.
 */
import { createWriter, DecodeError, type Reader } from '../primitives/codec.ts'

/** A run is counted by one byte; a longer one is several. */
const RUN_MAX = 255

/** A zero stands for itself and as many more as the byte behind it says, itself included. Every other byte is itself. */
export function packZeros(value: Uint8Array): Uint8Array {
  const writer = createWriter()
  for (let index = 0; index < value.length; index++) {
    const byte = value[index] ?? 0
    writer.u8(byte)
    if (byte !== 0) continue
    const run = runAt(value, index)
    writer.u8(run)
    index += run - 1
  }
  return writer.finish()
}

function runAt(value: Uint8Array, from: number): number {
  let end = from
  while (end < value.length && end - from < RUN_MAX && value[end] === 0) end++
  return end - from
}

/** The value of this size; throws DecodeError. */
export function unpackZeros(reader: Reader, size: number): Uint8Array {
  const value = new Uint8Array(size)
  let index = 0
  /** Of the zeros right before. */
  let before = RUN_MAX
  while (index < size) {
    const byte = reader.u8()
    if (byte !== 0) {
      value[index++] = byte
      before = RUN_MAX
      continue
    }
    const run = reader.u8()
    if (run === 0 || index + run > size) throw new DecodeError('a run of zeros has a wrong length')
    if (before < RUN_MAX) throw new DecodeError('a run of zeros is cut in two')
    before = run
    index += run
  }
  return value
}

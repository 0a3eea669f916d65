/**
 * Messages between the crypto pool and its worker threads. Many small byte strings travel as one buffer with their ends,
 * whose memory is transferred, not copied; a view into a large network frame would otherwise drag the frame along.
 */
import { assert } from '../../primitives/assert.ts'
import type { CertificateSchemeName } from '../../primitives/signature.ts'
import type { SignatureCheck, SignatureCheckMode, SignatureVerdict } from './crypto-check.ts'

/** A list of byte strings: all bytes in a row, and where each string ends. */
export type PackedBytes = {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly ends: Uint32Array<ArrayBuffer>
}

type RecoverTask = { readonly kind: 'recover'; readonly raws: PackedBytes }

export type CheckTask = {
  readonly kind: 'check'
  readonly scheme: CertificateSchemeName
  readonly checks: readonly {
    readonly mode: SignatureCheckMode
    readonly publicKeyCount: number
    readonly signatureCount: number
  }[]
  /** Per check: its public keys, its message, its signatures. */
  readonly strings: PackedBytes
}

export type CryptoTask = RecoverTask | CheckTask

export type RecoverAnswer = {
  readonly kind: 'recovered'
  /** Per transaction 1 when it is well formed and its signature names a sender, else 0. */
  readonly valid: Uint8Array<ArrayBuffer>
  /** 32 bytes per transaction. */
  readonly hashes: Uint8Array<ArrayBuffer>
  /** 20 bytes per transaction. */
  readonly senders: Uint8Array<ArrayBuffer>
}

type CheckAnswer = {
  readonly kind: 'checked'
  readonly verdicts: readonly SignatureVerdict[]
}

export type CryptoAnswer = RecoverAnswer | CheckAnswer

export function packBytes(strings: readonly Uint8Array[]): PackedBytes {
  const ends = new Uint32Array(strings.length)
  let size = 0
  for (const [index, string] of strings.entries()) {
    size += string.length
    ends[index] = size
  }
  const bytes = new Uint8Array(size)
  for (const [index, string] of strings.entries()) {
    bytes.set(string, (ends[index] ?? 0) - string.length)
  }
  return { bytes, ends }
}

/** Views into the packed bytes. */
export function unpackBytes({ bytes, ends }: PackedBytes): readonly Uint8Array[] {
  let start = 0
  return Array.from(ends, (end) => {
    const string = bytes.subarray(start, end)
    start = end
    return string
  })
}

export function packChecks(
  scheme: CertificateSchemeName,
  checks: readonly SignatureCheck[],
): CheckTask {
  return {
    kind: 'check',
    scheme,
    checks: checks.map((check) => ({
      mode: check.mode,
      publicKeyCount: check.publicKeys.length,
      signatureCount: check.signatures.length,
    })),
    strings: packBytes(
      checks.flatMap((check) => [...check.publicKeys, check.message, ...check.signatures]),
    ),
  }
}

export function unpackChecks(task: CheckTask): readonly SignatureCheck[] {
  const strings = unpackBytes(task.strings)
  let position = 0
  const checks = task.checks.map(({ mode, publicKeyCount, signatureCount }): SignatureCheck => {
    const publicKeys = strings.slice(position, position + publicKeyCount)
    const message = strings[position + publicKeyCount]
    assert(message !== undefined, 'a packed check carries its message')
    position += publicKeyCount + 1
    const signatures = strings.slice(position, position + signatureCount)
    position += signatureCount
    return { mode, publicKeys, message, signatures }
  })
  assert(position === strings.length, 'the packed checks account for every string')
  return checks
}

/** What may be transferred with a task instead of being copied. */
export function transferables(task: CryptoTask): ArrayBuffer[] {
  const { bytes, ends } = task.kind === 'recover' ? task.raws : task.strings
  return [bytes.buffer, ends.buffer]
}

/**
 * Golden vectors: named bytes in a JSON file beside the test. They change only with the protocol; whoever means to change it
 * runs the test with GOLDEN=write and has the new file reviewed.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { expect } from 'vitest'
import { toHex } from '../../node/primitives/bytes.ts'

export type Vectors = Readonly<Record<string, Uint8Array | readonly unknown[]>>

export function expectVectors(file: string, vectors: Vectors): void {
  const path = new URL(file, import.meta.url)
  const found = Object.fromEntries(
    Object.entries(vectors).map(([name, value]) => [
      name,
      value instanceof Uint8Array ? toHex(value) : value,
    ]),
  )
  if (process.env['GOLDEN'] === 'write') {
    writeFileSync(path, `${JSON.stringify(found, undefined, 2)}\n`)
  }
  expect(found).toEqual(JSON.parse(readFileSync(path, 'utf8')))
}

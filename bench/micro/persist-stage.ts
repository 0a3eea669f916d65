/**
 * What keeping costs: one synced write of a block's bytes to the database that a node uses, in a directory of its own.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bigIntToBytes } from '../../node/primitives/bytes.ts'
import { openLevelStore } from '../../node/storage/io/level.ts'
import type { Stage } from './stage.ts'

const TRANSACTIONS = 500
const TRANSACTION_BYTES = 120

export async function persistStage(directory = tmpdir()): Promise<Stage> {
  const path = await mkdtemp(join(directory, 'weft-micro-'))
  const store = await openLevelStore(join(path, 'store'), { create: true })
  const value = new Uint8Array(TRANSACTIONS * TRANSACTION_BYTES)
  let height = 0n
  return {
    name: 'persist',
    unit: 'transaction, in a block of 500, synced',
    unitsPerCall: TRANSACTIONS,
    prepare: () => {
      const key = bigIntToBytes(height++, 8)
      return () => store.write([{ kind: 'put', table: 'block', key, value }], { sync: true })
    },
    close: async () => {
      await store.close()
      await rm(path, { recursive: true, force: true })
    },
  }
}

/**
 * The auditor's books on disk. Losing the file costs time only (the books are written again from block 1), so a damaged one
 * is not an error; it is replaced by rename, so that a kill leaves the old or the new books and never half of each.
 */
import { readFile, rename, writeFile } from 'node:fs/promises'
import { z } from 'zod'
import type { BeaconBooks } from './beacon-books.ts'
import { createLedger, ledgerToJson, type Ledger } from './ledger.ts'

const count = z.int().min(0)
const wei = z.string().regex(/^[0-9]{1,78}$/)
const ledgerFileSchema = z.strictObject({
  format: z.literal('weft-ledger-2'),
  positions: z.array(z.strictObject({ height: count, hash: z.string() })),
  beacon: z.strictObject({
    stake: wei,
    burnt: wei,
    channels: z.array(z.strictObject({ consumed: count, sent: count, sentValue: wei })),
    taken: z.array(z.strictObject({ count, value: wei })),
  }),
  sent: count,
  applied: count,
  refunded: count,
  channels: z.array(
    z.strictObject({
      key: z.string().regex(/^[0-9]+>[0-9]+$/),
      sentNext: count,
      consumedNext: count,
      underway: z.array(z.tuple([count, wei])),
    }),
  ),
})

/** The stored books, or empty ones when there are none that fit this network. */
export async function loadLedger(path: string, shardCount: number): Promise<Ledger> {
  const stored = parseLedger(await readFile(path, 'utf8').catch(() => ''))
  return stored !== undefined && stored.positions.length >= shardCount
    ? stored
    : createLedger(shardCount)
}

export function parseLedger(text: string): Ledger | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  const parsed = ledgerFileSchema.safeParse(value)
  if (!parsed.success) return undefined
  const { positions, sent, applied, refunded, channels, beacon } = parsed.data
  return {
    positions,
    sent,
    applied,
    refunded,
    beacon: beaconOf(beacon),
    channels: new Map(
      channels.map(({ key, sentNext, consumedNext, underway }) => [
        key,
        {
          sentNext,
          consumedNext,
          underway: new Map(underway.map(([sequence, amount]) => [sequence, BigInt(amount)])),
        },
      ]),
    ),
  }
}

function beaconOf(stored: z.infer<typeof ledgerFileSchema>['beacon']): BeaconBooks {
  const channels = stored.channels.map(({ sentValue, ...counts }) => {
    return { ...counts, sentValue: BigInt(sentValue) }
  })
  const flows = { stake: BigInt(stored.stake), burnt: BigInt(stored.burnt), channels }
  const taken = stored.taken.map(({ count: number, value }) => {
    return { count: number, value: BigInt(value) }
  })
  return { flows, taken }
}

export async function saveLedger(path: string, ledger: Ledger): Promise<void> {
  const draft = `${path}.new`
  await writeFile(draft, JSON.stringify(ledgerToJson(ledger)))
  await rename(draft, path)
}

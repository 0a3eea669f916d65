/**
 * The workload of a trace: payments as exported from a public chain, replayed in their order and from the beginning again
 * when they are over. Amounts are those of the generator: what a transfer costs does not depend on them, and no account
 * runs dry.
 *
 * The file: one payment a line, `from,to` and then whatever else, commas between; a first line without `0x` is a header.
 */
import { readFile } from 'node:fs/promises'
import { present } from '../../node/primitives/assert.ts'
import { accountsOf, PARTITIONERS, type Partition, type TraceRow } from './partitioner.ts'
import type { AccountPlace, Workload } from './workload-contract.ts'
import type { PartitionerName } from './workload-plan.ts'

/** Bounds memory: a day of a large chain. */
const TRACE_ROWS_MAX = 1_000_000

export class TraceFileError extends Error {
  override readonly name = 'TraceFileError'
}

export async function readTrace(file: string): Promise<readonly TraceRow[]> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new TraceFileError(`cannot read the trace ${file}`, { cause: error })
  })
  return parseTrace(text, file)
}

export function parseTrace(text: string, name: string): readonly TraceRow[] {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '')
  const payments = lines[0]?.includes('0x') === true ? lines : lines.slice(1)
  if (payments.length === 0) throw new TraceFileError(`the trace ${name} holds no payment`)
  if (payments.length > TRACE_ROWS_MAX) {
    throw new TraceFileError(`the trace ${name} is longer than ${TRACE_ROWS_MAX} payments`)
  }
  return payments.map((line, index) => {
    const [from, to] = line.split(',').map((cell) => cell.trim().toLowerCase())
    if (from === undefined || to === undefined || !isAddress(from) || !isAddress(to)) {
      throw new TraceFileError(`payment ${index + 1} of ${name} is not from,to: ${line}`)
    }
    return { from, to }
  })
}

function isAddress(text: string): boolean {
  return /^0x[0-9a-f]{40}$/.test(text)
}

export function createTraceWorkload(
  rows: readonly TraceRow[],
  partitioner: PartitionerName,
  shardCount: number,
): Workload {
  const places = placeAccounts(rows, PARTITIONERS[partitioner](rows, shardCount))
  const placeOf = (account: string): AccountPlace =>
    present(places.get(account), 'every account of a trace has its place')
  const paymentsOf = new Map<string, AccountPlace[]>()
  for (const { from, to } of rows) {
    const key = keyOf(placeOf(from))
    const payments = paymentsOf.get(key) ?? []
    payments.push(placeOf(to))
    paymentsOf.set(key, payments)
  }
  return {
    accountsPerShard: 1 + Math.max(...[...places.values()].map(({ index }) => index)),
    isInterchangeable: false,
    payerOf: (arrival) => placeOf(present(rows[arrival % rows.length], 'a trace has rows').from),
    paymentOf: (payer, nonce) => {
      const payments = paymentsOf.get(keyOf(payer)) ?? []
      // An account that pays nobody is asked only when it is funded and never has a turn; it would pay itself.
      const payee = payments[nonce % Math.max(1, payments.length)] ?? payer
      return { destination: payee.shard, payeeIndex: payee.index }
    },
  }
}

/** Account i of a shard is the i-th of the trace that lives there. */
function placeAccounts(
  rows: readonly TraceRow[],
  partition: Partition,
): ReadonlyMap<string, AccountPlace> {
  const counts = new Map<number, number>()
  return new Map(
    accountsOf(rows).map((account): [string, AccountPlace] => {
      const shard = present(partition.get(account), 'a partition has every account')
      const index = counts.get(shard) ?? 0
      counts.set(shard, index + 1)
      return [account, { shard, index }]
    }),
  )
}

function keyOf({ shard, index }: AccountPlace): string {
  return `${shard}/${index}`
}

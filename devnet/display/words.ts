/**
 * What a person reads of a devnet: the welcome, the live table, the farewell. Pure: events in, lines out.
 */
import type { DevnetEvent, ReadyEvent, StopSummary, TickEvent } from '../event.ts'

/** As anvil greets: accounts, keys, then where everything is. */
export function welcome(ready: ReadyEvent): readonly string[] {
  const accounts = ready.accounts.map(
    ({ address, privateKey }, index) => `  (${index}) ${address}  ${privateKey}`,
  )
  const shards = ready.shards.map(
    ({ shard, chainId, rpc, log }) => `  shard ${shard}  chain id ${chainId}  ${rpc}  ${log}`,
  )
  return [
    'Accounts, each with 10000 ether on every shard (mnemonic: test test ... junk; never use these keys elsewhere):',
    ...accounts,
    '',
    ...shards,
    `  beacon   ${ready.beacon}`,
    `  metrics  ${ready.metrics}`,
    '',
    ready.risk,
    '',
    `${ready.resumed ? 'Resumed' : 'Ready'} after ${seconds(ready.ms)}. Ctrl-C stops everything.`,
  ]
}

/** A table that is drawn over itself every second. */
export function liveTable(tick: TickEvent, validators: number): readonly string[] {
  const header = ['', 'height', 'settled', 'lag', 'tps', 'pending']
  const rows = tick.shards.map(({ shard, height, settledHeight, tps, pending }) => [
    `shard ${shard}`,
    String(height),
    String(settledHeight),
    String(height - settledHeight),
    tps.toFixed(1),
    String(pending),
  ])
  return [
    ...alignColumns([header, ...rows]),
    `${beaconWords(tick)}   settled ${tick.settledTps.toFixed(1)} tx/s   ` +
      `validators up ${tick.validatorsUp}/${validators}   ${tick.t} s`,
  ]
}

/** The same in one line, for a log. */
export function tickLine(tick: TickEvent): string {
  const heights = tick.shards.map(({ height, settledHeight }) => `${height}/${settledHeight}`)
  return (
    `${tick.t} s: ${beaconWords(tick)}, shards finalized/settled ${heights.join(' ')}, ` +
    `${tick.settledTps.toFixed(1)} tx/s settled, ${tick.validatorsUp} validators up`
  )
}

/** A devnet that never rotates has epoch 0 for ever, and need not say so. */
function beaconWords({ beaconHeight, epoch, seatsMoved, syncing }: TickEvent): string {
  if (epoch === 0) return `beacon ${beaconHeight}`
  const moves = `${seatsMoved} seats moved, ${syncing} syncing`
  return `beacon ${beaconHeight} (epoch ${epoch}, ${moves})`
}

export function farewell(summary: StopSummary): readonly string[] {
  const { settled, intra, cross, p50Ms, p99Ms, pssMiB, cpuSeconds, failed, refused } = summary
  const cost =
    pssMiB === null || cpuSeconds === null
      ? 'memory and processor time unknown on this system'
      : `${pssMiB} MiB, ${cpuSeconds} CPU seconds`
  return [
    `Settled ${settled} transactions (${intra} within shards, ${cross} across), ${failed} failed, ${refused} refused.`,
    `Settlement p50 ${p50Ms} ms, p99 ${p99Ms} ms; ${cost}.`,
    `Audit: ${summary.audit}.`,
  ]
}

/** Events that are said in a sentence as soon as they happen. */
export function sentenceOf(event: DevnetEvent): string | undefined {
  switch (event.event) {
    case 'first-settled':
      return `First cross-shard transfer settled after ${seconds(event.ms)}: shard ${event.from} to shard ${event.to}, ${event.tx}`
    case 'violation':
      return `VIOLATION: ${event.message}`
    case 'fault':
      return `FAULT: ${event.message}`
    case 'exit':
    case 'notice':
      return event.message
    default:
      return undefined
  }
}

/** The first column to the left, numbers to the right. */
export function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  for (const row of rows) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, cell.length)
    }
  }
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0
        return column === 0 ? cell.padEnd(width) : cell.padStart(width)
      })
      .join('  ')
      .trimEnd(),
  )
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

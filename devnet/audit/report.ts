/**
 * The verdict of an audit: the walk's books against the supplies of the shards and the genesis file, as data, as JSON and
 * as what a person reads.
 */
import { recordOf } from '../../node/beacon/state.ts'
import {
  auditCut,
  auditToJson,
  genesisPerShard,
  genesisStakes,
  type AuditReport,
  type ShardSupply,
} from '../audit.ts'
import { alignColumns } from '../display/words.ts'
import { receiptCounts, valueInFlight } from '../observe/ledger.ts'
import type { AuditCounts, Walk } from './walk.ts'

export type NetworkAudit = AuditReport & {
  readonly from: 'rpc' | 'disk'
  /** Whose stores or answers were read. */
  readonly nodes: number
  readonly beaconHeight: number
  /** Of each shard; index = shard - 1. */
  readonly settledHeights: readonly number[]
  readonly counts: AuditCounts
  readonly supplies: readonly ShardSupply[]
}

export function conclude(
  walk: Walk,
  found: {
    readonly from: NetworkAudit['from']
    readonly supplies: readonly ShardSupply[]
    readonly nodes: number
  },
): NetworkAudit {
  const { genesis, ledger, trails, beacon, counts, violations, broken } = walk
  const cut = auditCut({
    genesis: genesisPerShard(genesis, trails.length),
    supplies: found.supplies,
    heights: trails.map(({ height }) => height),
    inFlight: valueInFlight(ledger),
    stakes: {
      genesis: genesisStakes(genesis),
      held: ledger.beacon.flows.stake,
      burnt: ledger.beacon.flows.burnt,
    },
    receipts: receiptCounts(ledger),
    violations,
  })
  const settledHeights = trails.map(({ shard }) => recordOf(beacon, shard).height)
  // Sums over a chain that breaks off say nothing beyond what was said of the break.
  const said = broken ? violations : cut.violations
  return {
    ...cut,
    ...found,
    ok: said.length === 0,
    violations: said,
    beaconHeight: beacon.height,
    settledHeights,
    counts,
  }
}

/** The answer of `weft audit --json`: amounts are decimal strings of wei. */
export function networkAuditToJson(audit: NetworkAudit): Record<string, unknown> {
  const { from, nodes, beaconHeight, settledHeights, counts } = audit
  return { ...auditToJson(audit), from, nodes, beaconHeight, settledHeights, checked: counts }
}

const WEI_PER_ETHER = 10n ** 18n
const ETHER_DIGITS = 18

/** A table of the sum, what was checked, and one sentence. */
export function auditText(audit: NetworkAudit): readonly string[] {
  return [
    ...headLines(audit),
    '',
    ...sumLines(audit),
    '',
    ...checkedLines(audit),
    '',
    ...verdictLines(audit),
  ]
}

/** Where the audit stands, and what each shard holds there. */
function headLines(audit: NetworkAudit): readonly string[] {
  const { from, nodes, beaconHeight, supplies } = audit
  const whose =
    from === 'disk' ? `the disks of ${count(nodes, 'node')}` : `${count(nodes, 'node')} over RPC`
  const rows = supplies.map(({ shard, height, balances, buffered, burnt }) => [
    `  shard ${shard}`,
    String(height),
    String(audit.settledHeights[shard - 1] ?? 0),
    ether(balances),
    ether(buffered),
    ether(burnt),
  ])
  const header = ['', 'block', 'settled', 'in accounts (ether)', 'waiting to be sent', 'burnt']
  return [
    `Audit of ${whose}, at beacon block ${beaconHeight}`,
    '',
    ...alignColumns([header, ...rows]),
  ]
}

function sumLines(audit: NetworkAudit): readonly string[] {
  const { supplies, receipts, genesis } = audit
  const found = audit.balances + audit.buffered + audit.burnt + audit.inFlight + audit.stake
  const rows = [
    ['in accounts', ether(audit.balances), `on ${count(supplies.length, 'shard')}`],
    ['waiting to be sent', ether(audit.buffered), 'in outgoing buffers'],
    ['receipts in flight', ether(audit.inFlight), count(receipts.pending, 'receipt')],
    ['staked', ether(audit.stake), 'by validators'],
    ['burnt', ether(audit.burnt), 'base fees, and stakes of validators that were slashed'],
    ['together', ether(found), ''],
    ['at genesis', ether(genesis), found === genesis ? 'the same' : difference(found, genesis)],
  ]
  const widest = Math.max(...rows.map((row) => (row[1] ?? '').length))
  const table = rows.map(([name, amount, note]) => [
    name ?? '',
    (amount ?? '').padStart(widest),
    note ?? '',
  ])
  return table.map((row) =>
    `  ${(row[0] ?? '').padEnd(20)}${row[1] ?? ''} ether  ${row[2] ?? ''}`.trimEnd(),
  )
}

const STATE_ROOTS = 'worked out again from stored records and executed blocks'
const RECOUNTS = 'all money, at every finalized beacon block'

function checkedLines({ counts, receipts, from }: NetworkAudit): readonly string[] {
  const rows = [
    ['beacon blocks', counts.beaconBlocks, 'linked, state roots worked out again, certified'],
    ['crosslinks', counts.crosslinks, "each on its shard's chain, link by link"],
    [
      'shard blocks',
      counts.shardBlocks,
      'transactions, results, receipts and channels against their headers',
    ],
    ['certificates', counts.certificates, 'signatures against the keys of the genesis'],
    [
      'receipts sent',
      receipts.sent,
      `${receipts.applied} applied, ${receipts.refunded} of them refunds; each once and in order`,
    ],
    ...(from === 'disk' ? [['state roots', counts.stateRoots, STATE_ROOTS]] : []),
    ...(counts.recounts > 0 ? [['recounts', counts.recounts, RECOUNTS]] : []),
  ]
  const cells = rows.map(([name, number, what]) => [String(name), String(number), String(what)])
  return ['Checked', ...leftAligned(cells)]
}

function leftAligned(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  return rows.map((row) => {
    const [name = '', number = '', what = ''] = row
    return `  ${name.padEnd(widths[0] ?? 0)}  ${number.padStart(widths[1] ?? 0)}  ${what}`
  })
}

function verdictLines({ ok, violations }: NetworkAudit): readonly string[] {
  if (ok) return ['Nothing was lost, made or applied twice.']
  return [
    `The audit FAILED: ${count(violations.length, 'violation')}`,
    ...violations.map((violation) => `  ${violation}`),
  ]
}

function difference(found: bigint, expected: bigint): string {
  return found < expected ? `LOST ${expected - found} wei` : `MADE ${found - expected} wei`
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

/** All digits: an audit that rounds proves nothing. */
function ether(wei: bigint): string {
  const whole = (wei / WEI_PER_ETHER).toString()
  const grouped = whole.replaceAll(/\B(?=(\d{3})+$)/g, ',')
  return `${grouped}.${(wei % WEI_PER_ETHER).toString().padStart(ETHER_DIGITS, '0')}`
}

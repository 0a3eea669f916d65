/**
 * A life as a person reads it and as JSON. Times are those of the blocks: when their proposers, by their own clocks, proposed
 * them; a step may look a little early or late by the difference between two clocks.
 */
import { isSettled, outcomeOf, phasesOf, type Life, type Outcome, type Phase } from './life.ts'
import type { Claim } from './proofs.ts'
import { hex } from './proofs.ts'

export type Trace = { readonly life: Life; readonly claims: readonly Claim[] | undefined }

type TimedPhase = Phase & { readonly sinceStartMs: number; readonly sincePreviousMs: number }

function timed(phases: readonly Phase[]): readonly TimedPhase[] {
  const startMs = phases[0]?.atMs ?? 0
  return phases.map((phase, index) => ({
    ...phase,
    sinceStartMs: phase.atMs - startMs,
    sincePreviousMs: phase.atMs - (phases[index - 1]?.atMs ?? phase.atMs),
  }))
}

export function traceToJson({ life, claims }: Trace): Record<string, unknown> {
  const { transaction, shard, sending } = life
  return {
    tx: transaction.hash,
    shard,
    outcome: outcomeOf(life),
    settled: isSettled(life),
    from: transaction.from,
    to: transaction.to ?? null,
    value: transaction.value.toString(),
    message:
      sending === undefined
        ? null
        : {
            source: sending.receipt.source,
            destination: sending.receipt.destination,
            sequence: sending.receipt.sequence,
            to: hex(sending.receipt.to),
            amount: sending.receipt.amount.toString(),
          },
    phases: timed(phasesOf(life)).map((phase) => ({
      phase: phase.phase,
      chain: phase.chain ?? null,
      height: phase.height ?? null,
      hash: phase.hash ?? null,
      atMs: phase.atMs,
      clock: phase.clock,
      sinceStartMs: phase.sinceStartMs,
      sincePreviousMs: phase.sincePreviousMs,
      detail: phase.detail,
    })),
    ...(claims === undefined
      ? {}
      : { proofs: claims.map(({ claim, ok, detail }) => ({ claim, ok: ok ?? null, detail })) }),
  }
}

export function traceText(trace: Trace): readonly string[] {
  const { life, claims } = trace
  const phases = timed(phasesOf(life))
  return [
    ...headLines(life),
    '',
    ...(phases.length === 0 ? [] : [...timeline(phases), '']),
    sentence(life, phases),
    ...(phases.some(({ clock }) => clock === 'proposer')
      ? ["Times are when blocks were proposed, by their proposers' clocks." + admittedWords(life)]
      : []),
    ...(claims === undefined ? [] : ['', ...claimLines(claims)]),
  ]
}

function headLines({ transaction, shard, sending }: Life): readonly string[] {
  const { hash, from, to, value } = transaction
  const first = `Transaction ${hash} on shard ${shard}`
  const route =
    sending === undefined
      ? `  ${ether(value)} from ${from} to ${to ?? 'a new contract'}`
      : `  ${ether(sending.receipt.amount)} from ${from} to ${hex(sending.receipt.to)} on shard ${sending.receipt.destination}`
  return [first, route]
}

function timeline(phases: readonly TimedPhase[]): readonly string[] {
  const rows = phases.map((phase) => {
    const place = phase.chain === undefined ? 'a node' : chainName(phase.chain, phase.height)
    const step = phase.sincePreviousMs === 0 ? '' : signed(phase.sincePreviousMs)
    return [String(phase.sinceStartMs), step, phase.phase, place, phase.detail]
  })
  const width = (column: number): number =>
    Math.max(...rows.map((row) => (row[column] ?? '').length))
  const [total, step, name, place] = [width(0), width(1), width(2), width(3)]
  return rows.map((row) => {
    const [a = '', b = '', c = '', d = '', e = ''] = row
    return `  ${a.padStart(total)} ms  ${b.padStart(step)}  ${c.padEnd(name)}  ${d.padEnd(place)}  ${e}`.trimEnd()
  })
}

function chainName(chain: number, height: number | undefined): string {
  return `${chain === 0 ? 'beacon' : `shard ${chain}`}, block ${height ?? '?'}`
}

function signed(ms: number): string {
  return `${ms < 0 ? '-' : '+'}${Math.abs(ms)}`
}

function sentence(life: Life, phases: readonly TimedPhase[]): string {
  const outcome = outcomeOf(life)
  const end = phases.findLast(({ phase }) => phase !== 'settled')
  const after = end === undefined || end.sinceStartMs === 0 ? '' : ` after ${end.sinceStartMs} ms`
  const certainty = isSettled(life)
    ? 'settled: no block that could change it will come'
    : 'finalized, and not settled yet: the beacon has still to record it'
  const words: Record<Outcome, () => string> = {
    pending: () => pendingWords(life),
    succeeded: () => `Succeeded${after}; ${certainty}.`,
    failed: () =>
      `Failed${after}: it was included and paid its gas, and nothing else happened; ${certainty}.`,
    buffered: () =>
      'Succeeded; its receipt waits in the outgoing buffer of its shard until the channel has credit.',
    'in-flight': () =>
      `Sent and on its way: shard ${life.sending?.receipt.destination ?? '?'} has not consumed the receipt yet.`,
    delivered: () => `Delivered on shard ${life.arrival?.shard ?? '?'}${after}; ${certainty}.`,
    void: () =>
      `Consumed without effect by shard ${life.arrival?.shard ?? '?'}: by its own word shard ${life.shard} has sent less than its receipts are worth; ${certainty}.`,
    'refund-pending': () =>
      `Bounced by shard ${life.arrival?.shard ?? '?'}, which could not apply it; the value is on its way back.`,
    refunded: () =>
      `Bounced by shard ${life.arrival?.shard ?? '?'} and refunded on shard ${life.shard}${after}; ${certainty}.`,
  }
  return words[outcome]()
}

function pendingWords({ transaction, accountNonce, shard }: Life): string {
  const waits = `Pending: it waits in the mempool of shard ${shard}`
  if (accountNonce === undefined || accountNonce >= transaction.nonce) {
    return `${waits} for the next block with room.`
  }
  return `${waits}: it has nonce ${transaction.nonce}, and the next one of its sender is ${accountNonce}.`
}

function admittedWords({ admittedMs }: Life): string {
  return admittedMs === undefined
    ? ' When it was admitted is not known any more.'
    : ' Admission is by the clock of the node that answered.'
}

function claimLines(claims: readonly Claim[]): readonly string[] {
  const failed = claims.filter(({ ok }) => ok === false).length
  const open = claims.filter(({ ok }) => ok === undefined).length
  const verdict =
    failed > 0
      ? `${failed} of ${claims.length} proofs FAILED: the answers contradict each other or the signatures.`
      : `${claims.length - open} proofs hold${open === 0 ? '' : `, ${open} could not be checked`}.`
  return [
    'Proofs',
    ...claims.map(({ claim, ok, detail }) => {
      const mark = ok === undefined ? '?   ' : ok ? 'ok  ' : 'FAIL'
      return `  ${mark}  ${claim}\n        ${detail}`
    }),
    '',
    verdict,
  ]
}

const WEI_PER_ETHER = 10n ** 18n

/** Without trailing zeros. */
function ether(wei: bigint): string {
  const fraction = (wei % WEI_PER_ETHER).toString().padStart(18, '0').replace(/0+$/, '')
  return `${wei / WEI_PER_ETHER}${fraction === '' ? '' : `.${fraction}`} ether`
}

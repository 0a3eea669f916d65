/**
 * The life of one transaction, as far as its network tells: where it was included, what it sent, where that arrived and
 * whether it came back. Plain facts; `phasesOf` puts them in the order in which they happened.
 */
import type { ShardHeader } from '../../node/crosslink/header.ts'
import type { ChannelHead, Receipt, ReceiptOutcome } from '../../node/crosslink/receipt.ts'

/** A shard block as an answer places it. */
export type BlockPlace = {
  readonly shard: number
  readonly height: number
  readonly hash: string
  readonly timestampMs: number
  readonly level: string
}

/** The finalized beacon block that recorded a shard block. */
export type Settlement = {
  readonly beaconHeight: number
  readonly beaconHash: string
  readonly timestampMs: number
  readonly tipHeight: number
}

export type PlacedBlock = BlockPlace & { readonly settlement: Settlement | undefined }

export type Branch = {
  readonly index: number
  readonly count: number
  readonly branch: readonly Uint8Array[]
}

export type Inclusion = PlacedBlock & {
  readonly header: ShardHeader
  readonly transaction: Branch
  readonly status: 0 | 1
  readonly gasUsed: number
  readonly sent: { readonly destination: number; readonly sequence: number } | undefined
  readonly result: Branch
}

/** A block that put a receipt on its way, and the proof of it. */
export type Sending = PlacedBlock & {
  readonly header: ShardHeader
  readonly receipt: Receipt
  readonly batch: Branch & {
    readonly height: number
    readonly startSequence: number
    readonly bytes: number
    readonly root: Uint8Array
  }
  readonly channelBefore: ChannelHead
  readonly channel: Branch & ChannelHead
}

export type Arrival = PlacedBlock & {
  readonly header: ShardHeader
  readonly receipt: Receipt
  readonly outcome: ReceiptOutcome
  readonly proof: Branch
}

/** What a user sees of the transaction itself. */
export type TransactionWords = {
  readonly hash: string
  readonly from: string
  readonly to: string | undefined
  readonly value: bigint
  readonly nonce: number
}

export type Life = {
  readonly transaction: TransactionWords
  readonly shard: number
  /** By the clock of the node that answered. */
  readonly admittedMs: number | undefined
  /** undefined: it waits in the mempool. */
  readonly inclusion: Inclusion | undefined
  /** Nonce of the sender's account, while it waits: the nonce that is next. */
  readonly accountNonce: number | undefined
  readonly sending: Sending | undefined
  readonly arrival: Arrival | undefined
  /** The receipt that takes the value back. */
  readonly bounce: Sending | undefined
  readonly refund: Arrival | undefined
}

export type Outcome =
  | 'pending'
  | 'succeeded'
  | 'failed'
  | 'buffered'
  | 'in-flight'
  | 'delivered'
  | 'void'
  | 'refund-pending'
  | 'refunded'

export function outcomeOf({ inclusion, sending, arrival, refund }: Life): Outcome {
  if (inclusion === undefined) return 'pending'
  if (inclusion.status === 0) return 'failed'
  if (inclusion.sent === undefined) return 'succeeded'
  if (sending === undefined) return 'buffered'
  if (arrival === undefined) return 'in-flight'
  if (arrival.outcome === 'applied') return 'delivered'
  if (arrival.outcome === 'void') return 'void'
  return refund === undefined ? 'refund-pending' : 'refunded'
}

/** Nothing more will happen, and the last of it is in a finalized beacon block. */
export function isSettled(life: Life): boolean {
  const last = life.refund ?? (life.arrival?.outcome === 'bounced' ? undefined : life.arrival)
  switch (outcomeOf(life)) {
    case 'succeeded':
    case 'failed':
      return life.inclusion?.settlement !== undefined
    case 'delivered':
    case 'void':
    case 'refunded':
      return last?.settlement !== undefined
    default:
      return false
  }
}

export type PhaseName =
  | 'admitted'
  | 'finalized'
  | 'receipt'
  | 'crosslinked'
  | 'delivered'
  | 'bounced'
  | 'voided'
  | 'settled'
  | 'refunded'

export type Phase = {
  readonly phase: PhaseName
  /** 0 is the beacon; undefined: the node that was asked. */
  readonly chain: number | undefined
  readonly height: number | undefined
  readonly hash: string | undefined
  readonly atMs: number
  /** Whose clock says so. */
  readonly clock: 'node' | 'proposer'
  readonly detail: string
}

/** In the order of the life, each with its time. */
export function phasesOf(life: Life): readonly Phase[] {
  const { inclusion, sending, arrival, bounce, refund } = life
  return [
    ...admission(life),
    ...(inclusion === undefined
      ? []
      : [blockPhase('finalized', inclusion, resultWords(inclusion))]),
    ...(inclusion !== undefined && inclusion.sent === undefined
      ? settlement('settled', inclusion)
      : []),
    ...(sending === undefined
      ? []
      : [blockPhase('receipt', sending, receiptWords(sending.receipt))]),
    ...(sending === undefined ? [] : settlement('crosslinked', sending)),
    ...(arrival === undefined ? [] : arrivalPhases(arrival)),
    ...(bounce === undefined
      ? []
      : [
          blockPhase(
            'receipt',
            bounce,
            `${receiptWords(bounce.receipt)}: the value on its way back`,
          ),
        ]),
    ...(bounce === undefined ? [] : settlement('crosslinked', bounce)),
    ...(refund === undefined ? [] : [blockPhase('refunded', refund, 'the value is back')]),
    ...(refund === undefined ? [] : settlement('settled', refund)),
  ]
}

function admission({ admittedMs }: Life): readonly Phase[] {
  if (admittedMs === undefined) return []
  const nowhere = { chain: undefined, height: undefined, hash: undefined }
  return [
    { phase: 'admitted', ...nowhere, atMs: admittedMs, clock: 'node', detail: 'into the mempool' },
  ]
}

function arrivalPhases(arrival: Arrival): readonly Phase[] {
  if (arrival.outcome === 'bounced') {
    return [blockPhase('bounced', arrival, 'its receiver cannot hold it')]
  }
  if (arrival.outcome === 'void') {
    const detail = 'its shard says that it sent less than this'
    return [blockPhase('voided', arrival, detail), ...settlement('settled', arrival)]
  }
  return [blockPhase('delivered', arrival, 'applied'), ...settlement('settled', arrival)]
}

function blockPhase(phase: PhaseName, block: BlockPlace, detail: string): Phase {
  const { shard, height, hash, timestampMs } = block
  return { phase, chain: shard, height, hash, atMs: timestampMs, clock: 'proposer', detail }
}

function settlement(phase: PhaseName, { settlement: place, shard }: PlacedBlock): readonly Phase[] {
  if (place === undefined) return []
  const { beaconHeight, beaconHash, timestampMs, tipHeight } = place
  const detail = `records shard ${shard} up to block ${tipHeight}`
  return [
    {
      phase,
      chain: 0,
      height: beaconHeight,
      hash: beaconHash,
      atMs: timestampMs,
      clock: 'proposer',
      detail,
    },
  ]
}

function resultWords({ status, gasUsed }: Inclusion): string {
  return `${status === 1 ? 'succeeded' : 'failed'}, ${gasUsed} gas`
}

function receiptWords({ source, destination, sequence }: Receipt): string {
  return `no. ${sequence} from shard ${source} to shard ${destination}`
}

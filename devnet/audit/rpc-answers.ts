/**
 * Answers of nodes into the audit's facts. The bytes inside are decoded here and checked by the walk; what does not even
 * have the promised shape throws `UnexpectedAnswerError`.
 */
import { decodeShardHeader } from '../../node/crosslink/header-codec.ts'
import type { Receipt, ReceiptBatch } from '../../node/crosslink/receipt.ts'
import { fromHex } from '../../node/primitives/bytes.ts'
import type { TransactionResult } from '../../node/shards/executor.ts'
import {
  asAmount,
  asList,
  asNumber,
  asRecord,
  asText,
  readOutcome,
  UnexpectedAnswerError,
} from '../observe/read-answer.ts'
import type { BeaconCopy, ShardFacts } from './facts.ts'

type Fields = Readonly<Record<string, unknown>>

/** Answer of `beacon_getBlock`; null: there is no such block. */
export function readBeaconCopy(value: unknown): BeaconCopy | undefined {
  if (value === null) return undefined
  const block = asRecord(value, 'beacon block')
  const { certificate } = block
  return {
    bytes: asBytes(block['raw'], 'raw'),
    certificate: certificate === null ? undefined : asBytes(certificate, 'certificate'),
  }
}

/** Answer of `shard_getBlockOutcome`; null: there is no such block. */
export function readShardFacts(value: unknown): ShardFacts | undefined {
  if (value === null) return undefined
  const block = asRecord(value, 'block outcome')
  const header = decodeShardHeader(asBytes(block['header'], 'header'))
  if (!header.ok) throw new UnexpectedAnswerError(`header: ${header.reject.detail}`)
  return {
    header: header.value,
    transactions: asList(block['transactions'], 'transactions').map((item) => {
      const transaction = asRecord(item, 'transaction')
      return { hash: asBytes(transaction['hash'], 'hash'), result: readResult(transaction) }
    }),
    consumed: asList(block['consumed'], 'consumed').map((item) => {
      const consumed = asRecord(item, 'consumed receipt')
      return { receipt: readReceipt(consumed), outcome: readOutcome(consumed['outcome']) }
    }),
    sent: batchesOf(
      asList(block['sent'], 'sent').map((item) => readReceipt(asRecord(item, 'sent receipt'))),
      header.value.height,
    ),
    certificate: undefined,
  }
}

function readResult(transaction: Fields): TransactionResult {
  const { sent } = transaction
  const status = asNumber(transaction['status'], 'status') === 1 ? 1 : 0
  const gasUsed = asNumber(transaction['gasUsed'], 'gasUsed')
  if (sent === null) return { status, gasUsed, sent: undefined }
  const message = asRecord(sent, 'sent')
  const destination = asNumber(message['destination'], 'destination')
  return {
    status,
    gasUsed,
    sent: { destination, index: asNumber(message['sequence'], 'sequence') },
  }
}

const KINDS: readonly Receipt['kind'][] = [
  'transfer',
  'bounce',
  'move',
  'deposit',
  'exit',
  'payout',
]

/** A receipt's digest is over its kind, so none is taken for another. */
function readKind(name: string): Receipt['kind'] {
  const kind = KINDS.find((known) => known === name)
  if (kind === undefined) throw new UnexpectedAnswerError(`kind: ${name}`)
  return kind
}

export function readReceipt(fields: Fields): Receipt {
  return {
    source: asNumber(fields['source'], 'source'),
    destination: asNumber(fields['destination'], 'destination'),
    sequence: asNumber(fields['sequence'], 'sequence'),
    kind: readKind(asText(fields['kind'], 'kind')),
    from: asBytes(fields['from'], 'from'),
    to: asBytes(fields['to'], 'to'),
    amount: asAmount(fields['amount'], 'amount'),
    gas: asNumber(fields['gas'], 'gas'),
    payload: asBytes(fields['payload'], 'payload'),
    originTransaction: asBytes(fields['originTransaction'], 'originTransaction'),
  }
}

/** A block sends at most one batch per destination, its receipts one after another. */
function batchesOf(receipts: readonly Receipt[], height: number): readonly ReceiptBatch[] {
  const batches = new Map<number, Receipt[]>()
  for (const receipt of receipts) {
    const batch = batches.get(receipt.destination)
    if (batch === undefined) batches.set(receipt.destination, [receipt])
    else batch.push(receipt)
  }
  return [...batches].map(([destination, list]) => ({
    source: list[0]?.source ?? 0,
    destination,
    height,
    startSequence: list[0]?.sequence ?? 0,
    receipts: list,
  }))
}

export function asBytes(value: unknown, name: string): Uint8Array {
  const bytes = typeof value === 'string' && value.startsWith('0x') ? fromHex(value) : undefined
  if (bytes === undefined) throw new UnexpectedAnswerError(`${name}: expected bytes in hexadecimal`)
  return bytes
}

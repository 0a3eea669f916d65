/**
 * Answers of nodes into the facts of a trace. What has not the promised shape throws `UnexpectedAnswerError`.
 */
import { decodeShardHeader } from '../../node/crosslink/header-codec.ts'
import type { ShardHeader } from '../../node/crosslink/header.ts'
import { decodeReceipt } from '../../node/crosslink/receipt-codec.ts'
import { asBytes, readReceipt } from '../audit/rpc-answers.ts'
import {
  asAmount,
  asList,
  asNumber,
  asRecord,
  asText,
  readOutcome,
  UnexpectedAnswerError,
} from '../observe/read-answer.ts'
import type {
  Arrival,
  BlockPlace,
  Branch,
  Inclusion,
  Sending,
  Settlement,
  TransactionWords,
} from './life.ts'

type Fields = Readonly<Record<string, unknown>>
type Unsettled<T> = Omit<T, 'settlement'>

/** Answer of `eth_getTransactionByHash`. */
export function readTransaction(value: unknown) {
  if (value === null) return undefined
  const fields = asRecord(value, 'transaction')
  const { to } = fields
  const transaction: TransactionWords = {
    hash: asText(fields['hash'], 'hash'),
    from: asText(fields['from'], 'from'),
    to: to === null ? undefined : asText(to, 'to'),
    value: asAmount(fields['value'], 'value'),
    nonce: asNumber(fields['nonce'], 'nonce'),
  }
  return { transaction, isPending: fields['blockHash'] === null }
}

/** Answer of `shard_getAdmission`. */
export function readAdmission(value: unknown): number | undefined {
  return value === null
    ? undefined
    : asNumber(asRecord(value, 'admission')['admittedMs'], 'admittedMs')
}

/** Answer of `beacon_getCrosslink`. */
export function readSettlement(value: unknown): Settlement | undefined {
  if (value === null) return undefined
  const fields = asRecord(value, 'crosslink')
  return {
    beaconHeight: asNumber(fields['beaconHeight'], 'beaconHeight'),
    beaconHash: asText(fields['beaconHash'], 'beaconHash'),
    timestampMs: asNumber(fields['timestampMs'], 'timestampMs'),
    tipHeight: asNumber(fields['tipHeight'], 'tipHeight'),
  }
}

/** Answer of `shard_getTransactionProof`. */
export function readInclusion(shard: number, value: unknown): Unsettled<Inclusion> | undefined {
  if (value === null) return undefined
  const fields = asRecord(value, 'transaction proof')
  const result = asRecord(fields['result'], 'result')
  const { sent } = result
  const message = sent === null ? undefined : asRecord(sent, 'sent')
  return {
    ...readPlace(shard, fields),
    transaction: readBranch(fields['transaction'], 'transaction'),
    status: asNumber(result['status'], 'status') === 1 ? 1 : 0,
    gasUsed: asNumber(result['gasUsed'], 'gasUsed'),
    sent: message && {
      destination: asNumber(message['destination'], 'destination'),
      sequence: asNumber(message['sequence'], 'sequence'),
    },
    result: readBranch(result, 'result'),
  }
}

/** Answer of `shard_getMessageProof`. */
export function readSending(shard: number, value: unknown): Unsettled<Sending> | undefined {
  if (value === null) return undefined
  const fields = asRecord(value, 'message proof')
  const receipt = decodeReceipt(asBytes(fields['receipt'], 'receipt'))
  if (!receipt.ok) throw new UnexpectedAnswerError(`receipt: ${receipt.reject.detail}`)
  const batch = asRecord(fields['batch'], 'batch')
  return {
    ...readPlace(shard, fields),
    receipt: receipt.value,
    batch: {
      ...readBranch(batch, 'batch'),
      height: asNumber(batch['height'], 'height'),
      startSequence: asNumber(batch['startSequence'], 'startSequence'),
      bytes: asNumber(batch['bytes'], 'bytes'),
      root: asBytes(batch['root'], 'root'),
    },
    channelBefore: readChannel(asRecord(fields['channelBefore'], 'channelBefore')),
    channel: {
      ...readBranch(fields['channel'], 'channel'),
      ...readChannel(asRecord(fields['channel'], 'channel')),
    },
  }
}

/** Answer of `shard_getArrival`. */
export function readArrival(shard: number, value: unknown): Unsettled<Arrival> | undefined {
  if (value === null) return undefined
  const fields = asRecord(value, 'arrival')
  return {
    ...readPlace(shard, fields),
    receipt: readReceipt(fields),
    outcome: readOutcome(fields['outcome']),
    proof: readBranch(fields['proof'], 'proof'),
  }
}

function readPlace(shard: number, fields: Fields): BlockPlace & { readonly header: ShardHeader } {
  const header = decodeShardHeader(asBytes(fields['header'], 'header'))
  if (!header.ok) throw new UnexpectedAnswerError(`header: ${header.reject.detail}`)
  return {
    shard,
    height: asNumber(fields['height'], 'height'),
    hash: asText(fields['hash'], 'hash'),
    timestampMs: asNumber(fields['timestampMs'], 'timestampMs'),
    level: asText(fields['level'], 'level'),
    header: header.value,
  }
}

function readChannel(fields: Fields) {
  return {
    nextSequence: asNumber(fields['nextSequence'], 'nextSequence'),
    value: asAmount(fields['value'], 'value'),
    head: asBytes(fields['head'], 'head'),
  }
}

function readBranch(value: unknown, name: string): Branch {
  const fields = asRecord(value, name)
  return {
    index: asNumber(fields['index'], 'index'),
    count: asNumber(fields['count'], 'count'),
    branch: asList(fields['branch'], 'branch').map((hash) => asBytes(hash, 'branch')),
  }
}

/** The bounce of this transaction among what a block sent (answer of `shard_getBlockOutcome`). */
export function readBounce(hash: string, value: unknown) {
  if (value === null) return undefined
  const fields = asRecord(value, 'block outcome')
  for (const item of asList(fields['sent'], 'sent')) {
    const receipt = asRecord(item, 'sent receipt')
    if (receipt['kind'] !== 'bounce' || receipt['originTransaction'] !== hash) continue
    return {
      height: asNumber(fields['number'], 'number'),
      sequence: asNumber(receipt['sequence'], 'sequence'),
    }
  }
  return undefined
}

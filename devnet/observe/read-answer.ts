/**
 * RPC answers into the observer's own terms. Only what the audit and the load need is read; anything else in an answer is
 * somebody else's business. A number may come as JSON number or as Ethereum's hex quantity.
 */
import type { ReceiptOutcome } from '../../node/crosslink/receipt.ts'
import type { BeaconFlows } from './beacon-books.ts'
import type { BlockFacts, ConsumedReceipt, CutShard, SentReceipt } from './ledger.ts'
import type { ShardSupply } from '../audit.ts'

/** A node answered something that is not what it promised; the sentence names the field. */
export class UnexpectedAnswerError extends Error {
  override readonly name = 'UnexpectedAnswerError'
}

export type BeaconCut = {
  readonly beaconHeight: number
  readonly beaconHash: string
  readonly epoch: number
  readonly timestampMs: number
  /** In shard order. */
  readonly shards: readonly CutShard[]
  readonly registry: BeaconFlows
}

/** A block with what the books do not need of it. */
export type ObservedBlock = Omit<BlockFacts, 'sent'> & {
  readonly sent: readonly ObservedSent[]
  /** undefined: the node did not say. */
  readonly parentHash?: string | undefined
}

export type ObservedSent = SentReceipt & Pick<ConsumedReceipt, 'kind' | 'originTransaction'>

/** Members of each shard's committee as validator indexes; index = shard - 1. */
export type Committees = readonly (readonly number[])[]

/** Answer of `beacon_getHead`. */
export function readCut(value: unknown): BeaconCut {
  const head = asRecord(value, 'beacon head')
  const shards = asList(head['shards'], 'shards').map((item): CutShard => {
    const record = asRecord(item, 'shard record')
    return {
      shard: asNumber(record['shard'], 'shard'),
      height: asNumber(record['height'], 'height'),
      hash: asText(record['hash'], 'hash'),
    }
  })
  return {
    beaconHeight: asNumber(head['height'], 'height'),
    beaconHash: asText(head['hash'], 'hash'),
    epoch: asNumber(head['epoch'], 'epoch'),
    timestampMs: asNumber(head['timestampMs'] ?? head['timestamp'], 'timestampMs'),
    shards: shards.toSorted((left, right) => left.shard - right.shard),
    registry: readFlows(head['registry']),
  }
}

function readFlows(value: unknown): BeaconFlows {
  const registry = asRecord(value, 'registry')
  return {
    stake: asAmount(registry['stake'], 'stake'),
    burnt: asAmount(registry['burnt'], 'burnt'),
    channels: asList(registry['channels'], 'channels').map((item) => {
      const channel = asRecord(item, 'channel')
      return {
        consumed: asNumber(channel['consumed'], 'consumed'),
        sent: asNumber(channel['sent'], 'sent'),
        sentValue: asAmount(channel['sentValue'], 'sentValue'),
      }
    }),
  }
}

/** Answer of `beacon_getCommittees`: the newest committee of each shard, of `shardCount` at least. */
export function readCommittees(value: unknown, shardCount: number): Committees {
  const newest = newestCommittees(value)
  const length = Math.max(shardCount, ...newest.keys())
  return Array.from({ length }, (_, index) => newest.get(index + 1)?.members ?? [])
}

/** The same of the beacon, which may draw its members, too (beacon.md B.15). */
export function readBeaconCommittee(value: unknown): readonly number[] {
  return newestCommittees(value).get(0)?.members ?? []
}

type Newest = ReadonlyMap<number, { readonly epoch: number; readonly members: readonly number[] }>

function newestCommittees(value: unknown): Newest {
  const newest = new Map<number, { epoch: number; members: number[] }>()
  for (const item of asList(value, 'committees')) {
    const committee = asRecord(item, 'committee')
    const chain = asNumber(committee['chain'], 'chain')
    const epoch = asNumber(committee['epoch'], 'epoch')
    const members = asList(committee['validators'], 'validators').map((member) =>
      asNumber(member, 'validator'),
    )
    if ((newest.get(chain)?.epoch ?? -1) < epoch) newest.set(chain, { epoch, members })
  }
  return newest
}

/** Answer of `shard_getBlockOutcome`. */
export function readBlock(shard: number, value: unknown): ObservedBlock {
  const block = asRecord(value, 'block outcome')
  return {
    shard,
    height: asNumber(block['number'], 'number'),
    hash: asText(block['hash'], 'hash'),
    parentHash:
      block['parentHash'] === undefined ? undefined : asText(block['parentHash'], 'parentHash'),
    transactions: asList(block['transactions'], 'transactions').map((item) => {
      const transaction = asRecord(item, 'transaction')
      return {
        hash: asText(transaction['hash'], 'hash'),
        ok: asNumber(transaction['status'], 'status') === 1,
      }
    }),
    consumed: asList(block['consumed'], 'consumed').map(readConsumed),
    sent: asList(block['sent'], 'sent').flatMap(readSent),
  }
}

export function readOutcome(value: unknown): ReceiptOutcome {
  const outcome = asText(value, 'outcome')
  if (outcome === 'applied' || outcome === 'bounced' || outcome === 'void') return outcome
  throw new UnexpectedAnswerError(`outcome: ${outcome}`)
}

function readConsumed(value: unknown): ConsumedReceipt {
  const receipt = asRecord(value, 'consumed receipt')
  return {
    source: asNumber(receipt['source'], 'source'),
    sequence: asNumber(receipt['sequence'], 'sequence'),
    kind: readKind(receipt['kind']),
    amount: asAmount(receipt['amount'], 'amount'),
    outcome: readOutcome(receipt['outcome']),
    originTransaction: asText(receipt['originTransaction'], 'originTransaction'),
  }
}

/** One receipt, or a batch of receipts to one destination. */
function readSent(value: unknown): readonly ObservedSent[] {
  const item = asRecord(value, 'sent')
  const destination = asNumber(item['destination'], 'destination')
  const receipts = item['receipts'] === undefined ? [item] : asList(item['receipts'], 'receipts')
  return receipts.map((entry) => {
    const receipt = asRecord(entry, 'sent receipt')
    return {
      destination,
      sequence: asNumber(receipt['sequence'], 'sequence'),
      kind: readKind(receipt['kind']),
      amount: asAmount(receipt['amount'], 'amount'),
      originTransaction: asText(receipt['originTransaction'], 'originTransaction'),
    }
  })
}

function readKind(value: unknown): ConsumedReceipt['kind'] {
  const kind = asText(value, 'kind')
  return kind === 'bounce' || kind === 'move' ? kind : 'transfer'
}

/** Answer of `shard_supply`. */
export function readSupply(shard: number, value: unknown): ShardSupply {
  const supply = asRecord(value, 'supply')
  return {
    shard,
    height: asNumber(supply['height'], 'height'),
    balances: asAmount(supply['balances'], 'balances'),
    buffered: asAmount(supply['buffered'], 'buffered'),
    burnt: asAmount(supply['burnt'], 'burnt'),
    genesis: asAmount(supply['genesis'], 'genesis'),
  }
}

export function asRecord(value: unknown, name: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>
  }
  throw new UnexpectedAnswerError(`${name}: expected an object, found ${describe(value)}`)
}

export function asNumber(value: unknown, name: string): number {
  const number =
    typeof value === 'string' && /^0x[0-9a-f]{1,13}$/.test(value) ? Number(value) : value
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number
  throw new UnexpectedAnswerError(`${name}: expected a whole number, found ${describe(value)}`)
}

export function asText(value: unknown, name: string): string {
  if (typeof value === 'string') return value
  throw new UnexpectedAnswerError(`${name}: expected text, found ${describe(value)}`)
}

export function asAmount(value: unknown, name: string): bigint {
  if (typeof value === 'string' && /^(0x[0-9a-f]{1,64}|[0-9]{1,78})$/.test(value)) {
    return BigInt(value)
  }
  throw new UnexpectedAnswerError(`${name}: expected an amount, found ${describe(value)}`)
}

export function asList(value: unknown, name: string): readonly unknown[] {
  if (Array.isArray(value)) return value as readonly unknown[]
  throw new UnexpectedAnswerError(`${name}: expected a list, found ${describe(value)}`)
}

/** Short: an answer may be megabytes long. */
function describe(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 60)
}

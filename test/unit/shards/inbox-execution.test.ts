import { describe, expect, test } from 'vitest'
import { emptyChannels, extendChannel, outRootOf } from '../../../node/crosslink/channel.ts'
import type { ChannelHead, Receipt, ReceiptBatch } from '../../../node/crosslink/receipt.ts'
import { hashTagged } from '../../../node/primitives/hash.ts'
import type { BlockOutcome, ExecutionResponse } from '../../../node/shards/executor.ts'
import { flowLimits, RECEIPT_GAS } from '../../../node/shards/flow-control.ts'
import { TREASURY_ADDRESS } from '../../../node/shards/inbox-execution.ts'
import { type InlineExecutor, openInlineExecutor } from '../../../node/shards/io/inline.ts'
import { GATEWAY_ADDRESS } from '../../../node/shards/vm/gateway.ts'
import {
  address,
  anchorAt,
  buildRequest,
  ETHER,
  expectKind,
  genesisRecord,
  inboxItem,
  shardConfig,
} from './fixture.ts'

const CONFIG = shardConfig(1, { shardCount: 3 })
const MAX = (1n << 256n) - 1n

/** A source whose committee signs whatever it likes: batches made by hand, under an outRoot of their own. */
type Source = {
  readonly shard: number
  readonly channels: readonly ChannelHead[]
  readonly batches: readonly ReceiptBatch[]
}

function receipt(fields: Partial<Receipt> = {}): Omit<Receipt, 'sequence' | 'source'> {
  return {
    destination: 1,
    kind: 'transfer',
    from: address(1),
    to: address(2),
    amount: ETHER,
    gas: 0,
    payload: new Uint8Array(0),
    originTransaction: hashTagged('test', Uint8Array.of(9)),
    ...fields,
  }
}

function source(shard: number, ...batches: readonly (readonly Partial<Receipt>[])[]): Source {
  const channels = [...emptyChannels(3)]
  const sent: ReceiptBatch[] = []
  let channel = emptyChannels(3)[1] as ChannelHead
  for (const [height, contents] of batches.entries()) {
    const startSequence = channel.nextSequence
    const receipts = contents.map((fields, index) => {
      return { ...receipt(fields), source: shard, sequence: startSequence + index }
    })
    const batch = { source: shard, destination: 1, height, startSequence, receipts }
    channel = extendChannel(channel, batch)
    sent.push(batch)
  }
  channels[1] = channel
  return { shard, channels, batches: sent }
}

/** The same batches under a leaf that counts less. */
function worth(value: bigint, { shard, channels, batches }: Source): Source {
  const claimed = channels.map((channel, index) => (index === 1 ? { ...channel, value } : channel))
  return { shard, channels: claimed, batches }
}

const SILENT = (shard: number): Source => source(shard)

type Consumption = { readonly executor: InlineExecutor; readonly response: ExecutionResponse }

/** One block of shard 1 over sources 2 and 3, with all they have to offer. */
function consume(sources: readonly Source[], config = CONFIG): Consumption {
  const executor = openInlineExecutor(config)
  return { executor, response: executor.runNow(requestOf(sources, config)) }
}

function requestOf(sources: readonly Source[], config = CONFIG) {
  const records = [1, 2, 3].map((shard) => {
    const known = sources.find((one) => one.shard === shard)
    const record = genesisRecord(shardConfig(shard, { shardCount: 3 }))
    return known === undefined ? record : { ...record, outRoot: outRootOf(known.channels) }
  })
  const inbox = sources.map(({ shard, channels, batches }) =>
    inboxItem({ source: shard, destination: 1, channels, batches }),
  )
  const parent = { hash: config.genesisBlockHash, height: 0 }
  return buildRequest(parent, anchorAt(1, records), { inbox })
}

function outcomeOf(sources: readonly Source[], config = CONFIG): BlockOutcome {
  return expectKind(consume(sources, config).response, 'built').outcome
}

function balanceAfter(sources: readonly Source[], who: Uint8Array): bigint {
  const { executor, response } = consume(sources)
  const { outcome } = expectKind(response, 'built')
  executor.runNow({ kind: 'finalize', hash: outcome.hash })
  const read = { kind: 'accounts', at: { kind: 'finalized' }, addresses: [who] } as const
  return expectKind(executor.runNow(read), 'accounts').accounts[0]?.balance ?? -1n
}

describe('shards: inbox: every receipt ends', () => {
  test('shards: inbox: a transfer to a precompile comes back', () => {
    const outcome = outcomeOf([source(2, [{ to: new Uint8Array(20).fill(1, 19) }])])
    expect(outcome.consumed).toMatchObject([{ outcome: 'bounced' }])
    expect(outcome.sent).toMatchObject([{ destination: 2, receipts: [{ kind: 'bounce' }] }])
  })

  test('shards: inbox: a bounce credits its sender, not its receiver', () => {
    const sources = [source(2, [{ kind: 'bounce', from: address(5), to: GATEWAY_ADDRESS }])]
    expect(outcomeOf(sources).consumed).toMatchObject([{ outcome: 'applied' }])
    expect(balanceAfter(sources, address(5))).toBe(101n * ETHER)
  })

  test('shards: inbox: a bounce that fails credits the treasury, and nothing bounces twice', () => {
    const sources = [source(2, [{ kind: 'bounce', from: GATEWAY_ADDRESS, amount: 4n }])]
    expect(outcomeOf(sources).sent).toEqual([])
    expect(balanceAfter(sources, TREASURY_ADDRESS)).toBe(4n)
  })

  test('shards: inbox: money invented by a Byzantine source cannot overflow a balance', () => {
    const outcome = outcomeOf([source(2, [{ amount: MAX }])])
    expect(outcome.consumed.map(({ outcome }) => outcome)).toEqual(['bounced'])
    expect(outcome.sent[0]?.receipts.map(({ amount }) => amount)).toEqual([MAX])
  })

  test('shards: inbox: bounces that overflow sender and treasury are burnt, not dropped', () => {
    const flood = [{ kind: 'bounce' as const, from: GATEWAY_ADDRESS, amount: MAX }]
    const { executor, response } = consume([source(2, flood), source(3, flood)])
    const { outcome } = expectKind(response, 'built')
    expect(outcome.consumed.map(({ outcome }) => outcome)).toEqual(['applied', 'applied'])
    executor.runNow({ kind: 'finalize', hash: outcome.hash })
    const supply = executor.runNow({ kind: 'supply', at: { kind: 'finalized' } })
    expect(expectKind(supply, 'supply').supply.burnt).toBe(MAX)
  })

  test('shards: inbox: C.5 (4): receipts worth more than their channel says it sent are void', () => {
    const lying = worth(
      6n,
      source(
        2,
        [{ amount: 5n }, { amount: 7n }],
        [{ amount: 2n, to: GATEWAY_ADDRESS }, { amount: 1n }],
      ),
    )
    const outcome = outcomeOf([lying])
    expect(outcome.consumed.map(({ outcome }) => outcome)).toEqual([
      'applied',
      'void',
      'void',
      'applied',
    ])
    expect(outcome.sent).toEqual([])
    expect(outcome.cursors[2]).toMatchObject({ nextSequence: 4, value: 6n })
    expect(balanceAfter([lying], address(2))).toBe(100n * ETHER + 6n)
  })

  test('shards: inbox: an address of all kinds of payload and gas is credited all the same', () => {
    const odd = { payload: new Uint8Array(16 * 1024).fill(7), gas: Number.MAX_SAFE_INTEGER }
    expect(outcomeOf([source(2, [odd])]).consumed).toMatchObject([{ outcome: 'applied' }])
  })
})

describe('shards: inbox: forced inclusion', () => {
  test('shards: inbox: silence of a source is proved once, then known', () => {
    const quiet = SILENT(2)
    expect(outcomeOf([quiet, SILENT(3)]).header.cursors).toEqual([0, 0, 0, 0])
    expect(outcomeOf([]).consumed).toEqual([])
  })

  test('shards: inbox: a source that has sent to others only is proved silent by its leaf', () => {
    const channels = [...emptyChannels(3)]
    const toOthers = source(2, [{}])
    channels[3] = toOthers.channels[1] as ChannelHead
    const mute: Source = { shard: 2, channels, batches: [] }
    const outcome = outcomeOf([mute])
    expect(outcome.consumed).toEqual([])
    const leftOut = requestOf([mute])
    const refused = openInlineExecutor(CONFIG).runNow({ ...leftOut, inbox: [] })
    expect(refused).toMatchObject({
      kind: 'refused',
      detail: expect.stringMatching(/inbox-missing/),
    })
  })

  test('shards: inbox: C.5: who cannot be had is passed over, the others are consumed, and it is due again', () => {
    const withheld = source(2, [{ amount: 3n }])
    const request = requestOf([withheld, source(3, [{ amount: 4n }])])
    const inbox = request.inbox.map((item) =>
      item.source === 2 ? { ...item, batches: [], tailDigests: [] } : item,
    )
    const executor = openInlineExecutor(CONFIG)
    const { outcome } = expectKind(executor.runNow({ ...request, inbox }), 'built')
    expect(outcome.consumed.map(({ receipt }) => receipt.amount)).toEqual([4n])
    expect(outcome.header).toMatchObject({ cursors: [0, 0, 0, 1], inboxUnits: 0 })
    const next = { ...request, parentHash: outcome.hash, view: request.view + 1 }
    const missing = executor.runNow({ ...next, inbox: [] })
    expect(missing).toMatchObject({ detail: expect.stringMatching(/inbox-missing/) })
    const due = request.inbox.filter((item) => item.source === 2)
    const later = expectKind(executor.runNow({ ...next, inbox: due }), 'built').outcome
    expect(later.consumed.map(({ receipt }) => receipt.amount)).toEqual([3n])
    expect(later.header.cursors).toEqual([0, 0, 1, 1])
  })

  test('shards: inbox: a builder that lacks a source cannot build', () => {
    const request = requestOf([source(2, [{}]), source(3, [{}])])
    const refused = openInlineExecutor(CONFIG).runNow({ ...request, inbox: request.inbox.slice(1) })
    expect(refused).toMatchObject({ kind: 'refused', code: 'malformed' })
  })

  test('shards: inbox: batches and their order follow the height, one source after the other', () => {
    const two = source(2, [{ amount: 20n }], [{ amount: 21n }])
    const three = source(3, [{ amount: 30n }], [{ amount: 31n }])
    const { consumed } = outcomeOf([three, two])
    // Height 1 of 3 shards: the walk starts at source 2.
    expect(consumed.map(({ receipt }) => receipt.amount)).toEqual([20n, 30n, 21n, 31n])
  })

  test('shards: inbox: what passes the budget waits, proved by the digests of its batches', () => {
    const small = shardConfig(1, { shardCount: 3, gasLimit: 400_000 })
    const limits = flowLimits(small)
    const full = Array.from({ length: limits.batchReceiptsMax }, () => ({ amount: 1n }))
    const sources = [source(2, full, full, full), source(3, full, full, full)]
    const outcome = outcomeOf(sources, small)
    expect(outcome.consumed.length).toBe(4 * limits.batchReceiptsMax)
    expect(outcome.header.gasUsed).toBe(outcome.consumed.length * RECEIPT_GAS)
    expect(outcome.header.gasUsed).toBeLessThan(0.75 * 400_000)
    expect(outcome.header.inboxUnits).toBe(2 * limits.batchReceiptsMax)
    expect(outcome.cursors.map(({ nextSequence }) => nextSequence)).toEqual([0, 0, 14, 14])
  })

  test('shards: inbox: a Byzantine source with batches above the limit cannot stop a block', () => {
    const small = shardConfig(1, { shardCount: 3, gasLimit: 400_000 })
    const huge = Array.from({ length: 900 }, () => ({ amount: 1n }))
    const outcome = outcomeOf([source(2, huge)], small)
    expect(outcome.consumed.length).toBe(900)
    expect(outcome.header.gasUsed).toBe(900 * RECEIPT_GAS)
  })
})

import { describe, expect, test } from 'vitest'
import { batchDigest, emptyChannels } from '../../../node/crosslink/channel.ts'
import type { ShardHeader } from '../../../node/crosslink/header.ts'
import { contentsHash } from '../../../node/crosslink/header-codec.ts'
import { concatBytes } from '../../../node/primitives/bytes.ts'
import { hashTagged } from '../../../node/primitives/hash.ts'
import {
  decodeShardBlock,
  encodeShardBlock,
  encodeShardBody,
  type ShardBlock,
  type ShardBody,
} from '../../../node/shards/block.ts'
import { differingField } from '../../../node/shards/block-execution.ts'
import type { BuildRequest, VerifyRequest } from '../../../node/shards/executor.ts'
import { openInlineExecutor } from '../../../node/shards/io/inline.ts'
import {
  address,
  crossPayment,
  expectKind,
  inboxItem,
  payment,
  sendersOf,
  shardConfig,
} from './fixture.ts'
import { createWorld } from './world.ts'

const OTHER_HASH = hashTagged('test', Uint8Array.of(77))

type Valid = {
  readonly block: ShardBlock
  readonly request: BuildRequest
  readonly verify: VerifyRequest
}

/** A block of shard 1 with an inbox, transfers and receipts of its own, at height 2. */
function validBlock(): Valid & { readonly answer: (verify: VerifyRequest) => string } {
  const world = createWorld()
  const send = { from: 0, toShard: 1, to: address(50) }
  world.advance(2, [crossPayment(world.config(2), send)])
  const first = world.advance(1)
  world.crosslink()
  const request = world.request(1, [
    payment(world.config(1), { from: 0 }),
    crossPayment(world.config(1), { from: 1, toShard: 3, to: address(50) }),
  ])
  const built = expectKind(world.leader(1).runNow(request), 'built')
  const decoded = decodeShardBlock(built.block)
  if (!decoded.ok) throw new Error(decoded.reject.detail)
  const verify: VerifyRequest = {
    kind: 'verify',
    block: built.block,
    beneficiary: request.beneficiary,
    anchor: request.anchor,
    senders: concatBytes(...sendersOf(built.outcome, request)),
  }
  return {
    block: decoded.value,
    request,
    verify,
    answer: (verify) => {
      const follower = openInlineExecutor(shardConfig(1))
      const parent = expectKind(follower.runNow(firstRequest), 'built').outcome
      expect(parent.hash).toEqual(first.hash)
      const response = follower.runNow(verify)
      return response.kind === 'refused' ? `${response.code}: ${response.detail}` : response.kind
    },
  }
}

const firstRequest = createWorld().request(1)
const valid = validBlock()

function withHeader(change: Partial<ShardHeader>): VerifyRequest {
  const { header, body } = valid.block
  return {
    ...valid.verify,
    block: encodeShardBlock({ ...header, ...change }, encodeShardBody(body)),
  }
}

function withBody(change: Partial<ShardBody>, senders = valid.verify.senders): VerifyRequest {
  const body = encodeShardBody({ ...valid.block.body, ...change })
  const header = { ...valid.block.header, contentsHash: contentsHash(body) }
  return { ...valid.verify, block: encodeShardBlock(header, body), senders }
}

describe('shards: verification', () => {
  test('shards: verification: the block as it was built is verified', () => {
    expect(valid.answer(valid.verify)).toBe('verified')
  })

  const { header, body } = valid.block
  const mutations: Partial<Record<keyof ShardHeader, Partial<ShardHeader>>> = {
    chain: { chain: 2 },
    parentHash: { parentHash: OTHER_HASH },
    height: { height: header.height + 1 },
    epoch: { epoch: 1 },
    view: { view: 1 },
    timestampMs: { timestampMs: 0 },
    anchor: { anchor: { ...header.anchor, beaconHash: OTHER_HASH } },
    sealing: { sealing: true },
    transactionRoot: { transactionRoot: OTHER_HASH },
    inboxRoot: { inboxRoot: OTHER_HASH },
    stateRoot: { stateRoot: OTHER_HASH },
    outRoot: { outRoot: OTHER_HASH },
    cursors: { cursors: [0, 0, 0, 0] },
    resultsRoot: { resultsRoot: OTHER_HASH },
    gasLimit: { gasLimit: header.gasLimit + 1 },
    gasUsed: { gasUsed: header.gasUsed - 1 },
    baseFeePerGas: { baseFeePerGas: header.baseFeePerGas - 1n },
    inboxUnits: { inboxUnits: header.inboxUnits + 1 },
    outBytes: { outBytes: header.outBytes + 1 },
    contentsHash: { contentsHash: OTHER_HASH },
  }
  for (const [field, change] of Object.entries(mutations)) {
    test(`shards: verification: another ${field} is refused`, () => {
      expect(valid.answer(withHeader(change))).not.toBe('verified')
    })
  }

  test('shards: verification: every header field but version and proposer is covered above', () => {
    const covered = new Set([...Object.keys(mutations), 'version', 'proposerSeat'])
    expect(Object.keys(header).filter((field) => !covered.has(field))).toEqual([])
  })

  test('shards: verification: a refusal names the field that differs', () => {
    expect(valid.answer(withHeader({ stateRoot: OTHER_HASH }))).toContain('another stateRoot')
    expect(valid.answer(withHeader({ cursors: [0, 0, 0, 0] }))).toContain('another cursors')
    expect(
      valid.answer(withHeader({ anchor: { ...header.anchor, beaconHash: OTHER_HASH } })),
    ).toContain('another anchor')
    expect(differingField(header, { ...header })).toBeUndefined()
    expect(differingField(header, { ...header, cursors: [1] })).toBe('cursors')
  })

  const [firstRaw, secondRaw] = body.transactions
  if (firstRaw === undefined || secondRaw === undefined) throw new Error('two transactions')
  const silent = inboxItem({
    source: 3,
    destination: 1,
    channels: emptyChannels(3),
    batches: [],
  })
  const { verify } = valid
  const { anchor, senders } = verify
  const faults: Record<string, readonly [VerifyRequest, string]> = {
    'a transaction left out': [
      withBody({ transactions: [firstRaw] }, senders.slice(0, 20)),
      'another transactionRoot',
    ],
    'transactions swapped': [
      withBody({ transactions: [secondRaw, firstRaw] }),
      'another transactionRoot',
    ],
    'a transaction twice': [
      withBody({ transactions: [firstRaw, firstRaw] }, concatBytes(address(0), address(0))),
      'nonce-too-low',
    ],
    'bytes that are no transaction': [
      withBody({ transactions: [firstRaw, Uint8Array.of(1)] }),
      'malformed',
    ],
    'the inbox left out': [withBody({ inbox: [] }), 'inbox-missing'],
    'an inbox item twice': [withBody({ inbox: [...body.inbox, ...body.inbox] }), 'inbox-needless'],
    'an inbox item of a source known to be silent': [
      withBody({ inbox: [...body.inbox, silent] }),
      'inbox-needless',
    ],
    'an inbox item stripped of its batch': [
      withBody({ inbox: body.inbox.map((item) => ({ ...item, batches: [] })) }),
      'another inboxRoot',
    ],
    'a batch left for later that is due now': [
      withBody({
        inbox: body.inbox.map((item) => ({
          ...item,
          batches: [],
          tailDigests: item.batches.map(batchDigest),
        })),
      }),
      'inbox-skipped',
    ],
    'senders one too few': [{ ...verify, senders: senders.slice(20) }, 'sender-count'],
    'a sender who has no money': [
      { ...verify, senders: concatBytes(address(98), address(99)) },
      'insufficient-funds',
    ],
    'another sender': [
      { ...verify, senders: concatBytes(address(3), address(4)) },
      'another stateRoot',
    ],
    'another beneficiary': [{ ...verify, beneficiary: address(90) }, 'another stateRoot'],
    'an anchor that knows too few shards': [
      { ...verify, anchor: { ...anchor, shards: anchor.shards.slice(1) } },
      'bad-frame',
    ],
    'an anchor older than the one of its parent': [
      { ...verify, anchor: { ...anchor, beaconHeight: 0 } },
      'the anchor is older',
    ],
    'an anchor of a later epoch without the seal': [
      { ...verify, anchor: { ...anchor, epoch: 1 } },
      'the sealing flag',
    ],
  }
  for (const [name, [request, reason]] of Object.entries(faults)) {
    test(`shards: verification: a block with ${name} is refused`, () => {
      const answer = valid.answer(request)
      expect(answer).toMatch(/^invalid-block/)
      expect(answer).toContain(reason)
    })
  }

  test('shards: verification: bytes that are no block are malformed', () => {
    expect(valid.answer({ ...valid.verify, block: Uint8Array.of(1, 2, 3) })).toMatch(/^malformed/)
  })

  test('shards: verification: a refused block leaves no trace', () => {
    const follower = openInlineExecutor(shardConfig(1))
    expectKind(follower.runNow(firstRequest), 'built')
    follower.runNow(withHeader({ stateRoot: OTHER_HASH }))
    expectKind(follower.runNow(valid.verify), 'verified')
  })
})

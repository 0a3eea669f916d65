/** Codecs of the validator: what is written is read again; what somebody changed is refused or means something else. */
import { describe, expect, it } from 'vitest'
import { emptyChannels } from '../../../node/crosslink/channel.ts'
import { createPrng } from '../../../node/primitives/prng.ts'
import type { BlockOutcome } from '../../../node/shards/executor.ts'
import { decodeEnvelope, encodeEnvelope } from '../../../node/network/envelope.ts'
import type { NodeMessage } from '../../../node/validator/message.ts'
import { decodeOutcome, encodeOutcome } from '../../../node/validator/outcome.ts'
import {
  blockKey,
  chainKey,
  decodeNumbers,
  encodeNumbers,
  hashKey,
  numberKey,
  numberOfChainKey,
  numberOfKey,
  numberRange,
  pointRange,
} from '../../../node/validator/table.ts'
import { decodeNodeMessage, encodeNodeMessage } from '../../../node/validator/wire.ts'
import { compareBytes, toHex } from '../../../node/primitives/bytes.ts'
import {
  addressOf,
  exampleBatch,
  exampleCertificate,
  exampleReceipt,
  exampleShardHeader,
  hashOf,
} from '../crosslink/examples.ts'

const outcome: BlockOutcome = {
  hash: hashOf('block'),
  header: exampleShardHeader(),
  transactionHashes: [hashOf('one'), hashOf('two')],
  results: [
    { status: 1, gasUsed: 21_000, sent: undefined },
    { status: 0, gasUsed: 36_000, sent: { destination: 2, index: 7 } },
  ],
  consumed: [
    { receipt: exampleReceipt({ sequence: 3 }), outcome: 'applied' },
    { receipt: exampleReceipt({ sequence: 4 }), outcome: 'bounced' },
    { receipt: exampleReceipt({ sequence: 5 }), outcome: 'void' },
  ],
  sent: [exampleBatch({ startSequence: 9 })],
  channels: emptyChannels(2),
  cursors: emptyChannels(2),
  buffered: [0, 0, 0],
  changed: [],
}

const senders = Uint8Array.from([...addressOf('alice'), ...addressOf('bob')])

const wire = {
  seatCountOf: (chain: number) => (chain <= 2 ? 4 : undefined),
  decodeBlock: () => undefined,
  signatureBytesMax: 96,
}

const messages: readonly NodeMessage[] = [
  { kind: 'transactions', shard: 2, raws: [Uint8Array.of(1, 2, 3), Uint8Array.of(4)] },
  { kind: 'receipts', batches: [exampleBatch({ count: 3 }), exampleBatch({ startSequence: 3 })] },
  { kind: 'get-receipts', source: 1, destination: 2, fromSequence: 77 },
  { kind: 'get-chunk', shard: 2, height: 300, stretch: 15, from: hashOf('from') },
  { kind: 'ready', shard: 3, epoch: 12 },
  { kind: 'chunk', shard: 2, height: 300, stretch: 0, from: hashOf('from'), chunk: undefined },
  { kind: 'chunk', shard: 1, height: 9, stretch: 3, from: hashOf('at'), chunk: new Uint8Array(7) },
  {
    kind: 'crosslink',
    crosslink: {
      shard: 1,
      tip: exampleShardHeader(),
      links: [hashOf('link')],
      certificate: exampleCertificate(),
      channels: emptyChannels(2),
    },
  },
]

/** Every byte changed once, every length cut once, and some noise. */
function mutants(bytes: Uint8Array): readonly Uint8Array[] {
  const dice = createPrng(7)
  const changed = Array.from(bytes, (byte, at) => {
    const copy = bytes.slice()
    copy[at] = byte ^ (1 + dice.below(255))
    return copy
  })
  const cut = Array.from(bytes, (_, length) => bytes.slice(0, length))
  const noise = Array.from({ length: 200 }, () => dice.bytes(dice.below(300)))
  return [...changed, ...cut, ...noise, Uint8Array.from([...bytes, 0])]
}

describe('codec: outcome', () => {
  it('codec: outcome: what executing did is read as it was written', () => {
    expect(decodeOutcome(encodeOutcome(outcome, senders))).toEqual({
      ok: true,
      value: {
        transactions: [
          { hash: hashOf('one'), sender: addressOf('alice'), result: outcome.results[0] },
          { hash: hashOf('two'), sender: addressOf('bob'), result: outcome.results[1] },
        ],
        consumed: [
          { source: 1, sequence: 3, outcome: 'applied' },
          { source: 1, sequence: 4, outcome: 'bounced' },
          { source: 1, sequence: 5, outcome: 'void' },
        ],
        sent: [{ destination: 2, startSequence: 9 }],
        channels: emptyChannels(2),
      },
    })
  })

  it('codec: outcome: no bytes make it throw', () => {
    const bytes = encodeOutcome(outcome, senders)
    let refused = 0
    for (const mutant of mutants(bytes)) if (!decodeOutcome(mutant).ok) refused++
    expect(refused).toBeGreaterThan(bytes.length)
  })
})

describe('codec: wire', () => {
  for (const message of messages) {
    it(`codec: wire: ${message.kind} is read as it was written`, () => {
      expect(decodeNodeMessage(encodeNodeMessage(message), wire)).toEqual({
        ok: true,
        value: message,
      })
    })

    it(`codec: wire: no bytes of ${message.kind} make it throw, and what is read can be written`, () => {
      for (const mutant of mutants(encodeNodeMessage(message))) {
        const decoded = decodeNodeMessage(mutant, wire)
        if (!decoded.ok) continue
        expect(toHex(encodeNodeMessage(decoded.value)).length).toBeGreaterThan(0)
      }
    })
  }

  it('codec: wire: fields of the envelope that a message does not use cannot be varied', () => {
    for (const message of messages) {
      const envelope = decodeEnvelope(encodeNodeMessage(message))
      if (!envelope.ok) throw new Error(envelope.reject.detail)
      const { value } = envelope
      const other = encodeEnvelope({ ...value, epoch: 1 })
      expect(decodeNodeMessage(other, wire), message.kind).toMatchObject({ ok: false })
      if (message.kind !== 'receipts' && message.kind !== 'crosslink') continue
      const moved = encodeEnvelope({ ...value, chain: value.chain + 1 })
      expect(decodeNodeMessage(moved, wire), message.kind).toMatchObject({ ok: false })
    }
  })

  it('codec: wire: consensus of a chain that does not exist is refused', () => {
    const message = { kind: 'get-certificate', view: 3 } as const
    const bytes = encodeNodeMessage({ kind: 'consensus', chain: 9, epoch: 0, message })
    expect(decodeNodeMessage(bytes, wire)).toMatchObject({ ok: false })
  })
})

describe('codec: table', () => {
  it('codec: table: keys sort by chain, then by number', () => {
    const keys = [
      numberKey(0, 5),
      numberKey(1, 0),
      numberKey(1, 9),
      numberKey(1, 10),
      numberKey(2, 1),
    ]
    const sorted = keys.toSorted(compareBytes)
    expect(sorted.map(toHex)).toEqual(keys.map(toHex))
  })

  it('codec: table: numbers come back out of keys and values', () => {
    expect(numberOfKey(numberKey(3, 12_345))).toBe(12_345)
    expect(numberOfKey(blockKey(3, 12_345, hashOf('block')))).toBe(12_345)
    expect(numberOfChainKey(chainKey(7))).toBe(7)
    expect(decodeNumbers(encodeNumbers(1, 2, Number.MAX_SAFE_INTEGER))).toEqual([
      1,
      2,
      Number.MAX_SAFE_INTEGER,
    ])
    expect(decodeNumbers(Uint8Array.of(1, 2, 3))).toEqual([])
  })

  it('codec: table: ranges hold exactly what they name', () => {
    const { from, to } = numberRange('final', 1, 3, 5)
    const within = (key: Uint8Array): boolean =>
      compareBytes(key, from ?? key) >= 0 && compareBytes(key, to ?? key) < 0
    expect([2, 3, 4, 5].map((height) => within(numberKey(1, height)))).toEqual([
      false,
      true,
      true,
      false,
    ])
    const key = hashKey(1, hashOf('block'))
    const point = pointRange('height', key)
    expect(compareBytes(key, point.from ?? key)).toBe(0)
    expect(compareBytes(Uint8Array.from([...key, 0]), point.to ?? key)).toBe(0)
  })
})

/** What people and files say: JSON-RPC texts, config and genesis files, topic names, addresses, histories, books. */
import * as fc from 'fast-check'
import { expect } from 'vitest'
import { checkHistoryText } from '../../devnet/history/check.ts'
import { parseLedger } from '../../devnet/observe/ledger-file.ts'
import { ledgerToJson } from '../../devnet/observe/ledger.ts'
import { checkGenesis } from '../../node/beacon/genesis-check.ts'
import { type Genesis } from '../../node/beacon/genesis.ts'
import {
  identityFromHex,
  identityFromSeed,
  identityToHex,
  parsePeerAddress,
} from '../../node/network/io/identity.ts'
import { allTopics, parseTopic, topicName } from '../../node/network/topic.ts'
import { toHex } from '../../node/primitives/bytes.ts'
import { hashTagged } from '../../node/primitives/hash.ts'
import { BATCH_MAX, formatReply, parseEnvelope, parseReply } from '../../node/rpc/envelope.ts'
import { readAmount, readData, readFixed, readInteger } from '../../node/rpc/hexadecimal.ts'
import { parseNodeConfig } from '../../node/runtime/config.ts'
import { genesisToJson, parseGenesisFile } from '../../node/runtime/genesis-file.ts'
import { mutatedValue, oddValues, parameters } from './fuzz-mutation.ts'
import type { FuzzTarget } from './fuzz-target.ts'

/** A parser of texts or JSON values: `check` fails the test where an oracle does, and says whether it was accepted. */
type Parser<T> = {
  readonly covers: readonly string[]
  readonly valid: fc.Arbitrary<T>
  readonly damaged: fc.Arbitrary<T>
  readonly check: (input: T) => boolean
}

function parser<T>({ covers, valid, damaged, check }: Parser<T>): FuzzTarget {
  return {
    name: covers[0] ?? '',
    covers,
    holdsValid: () => {
      fc.assert(
        fc.property(valid, (input) => {
          expect(check(input), 'what is valid is accepted').toBe(true)
        }),
        parameters,
      )
    },
    holdsDamaged: () => {
      fc.assert(
        fc.property(damaged, (input) => void check(input)),
        { ...parameters, numRuns: 3 * parameters.numRuns },
      )
    },
  }
}

/** Texts with characters changed, cut out, put in; and texts of anything. */
function mutatedText(valid: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const cut = fc
    .tuple(valid, fc.nat(), fc.nat({ max: 6 }), fc.string({ maxLength: 6, unit: 'binary' }))
    .map(([text, at, gone, added]) => {
      const start = text.length === 0 ? 0 : at % text.length
      return text.slice(0, start) + added + text.slice(start + gone)
    })
  return fc.oneof({ weight: 5, arbitrary: cut }, fc.string({ maxLength: 200, unit: 'binary' }))
}

const hash = hashTagged('fuzz/text')
const ids = fc.oneof(fc.string({ maxLength: 20 }), fc.integer(), fc.constant(null))

const requests = fc
  .record({
    jsonrpc: fc.constant('2.0'),
    id: ids,
    method: fc.constantFrom('eth_chainId', 'eth_call', 'nothing'),
    params: fc.array(fc.jsonValue({ maxDepth: 2 }), { maxLength: 3 }),
  })
  .map((request): unknown => request)

const oneOrMany = fc.oneof(requests, fc.array(requests, { minLength: 1, maxLength: 4 }))

function checkEnvelope(text: string): boolean {
  const envelope = parseEnvelope(text)
  const entries = envelope.kind === 'batch' ? envelope.entries : [envelope.entry]
  expect(entries.length).toBeLessThanOrEqual(BATCH_MAX)
  for (const entry of entries) {
    // Whatever it is, it can be answered.
    const id = entry.ok ? entry.request.id : entry.id
    expect(JSON.parse(formatReply(id, { ok: true, value: null }))).toMatchObject({ jsonrpc: '2.0' })
    if (!entry.ok) expect([-32_700, -32_600]).toContain(entry.error.code)
  }
  return entries.every((entry) => entry.ok)
}

const replies = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }).map((value) => formatReply(1, { ok: true, value })),
  fc
    .tuple(fc.integer(), fc.string())
    .map(([code, message]) => formatReply(1, { ok: false, error: { code, message } })),
)

const genesis: Genesis = {
  version: 1,
  networkName: 'fuzz',
  chainIdBase: 713_000,
  shardCount: 2,
  certificateScheme: 'mock',
  timestampMs: 1,
  seed: hash,
  shardTiming: { blockIntervalMs: 500, idleIntervalMs: 1000, deltaMs: 100 },
  beaconTiming: { blockIntervalMs: 1000, idleIntervalMs: 1000, deltaMs: 100 },
  gasLimit: 30_000_000,
  initialBaseFee: 1n,
  validators: Array.from({ length: 8 }, (_, index) => ({
    publicKey: hashTagged(`fuzz/key/${index}`),
    possession: hashTagged(`fuzz/possession/${index}`),
    peer: `peer-${index}`,
    payout: hashTagged(`fuzz/payout/${index}`).slice(0, 20),
  })),
  allocations: [{ address: hash.slice(0, 20), shard: 0, balance: 10n ** 24n }],
}

const config = {
  dataDirectory: '/data',
  genesisFile: '/genesis.json',
  validator: { index: 1, secretKeyFile: '/key' },
  p2p: { identityFile: '/identity', listen: '/ip4/127.0.0.1/tcp/0', bootstrap: ['/ip4/1.2.3.4'] },
  rpc: { host: '127.0.0.1', port: 8545 },
}

const ledger = ledgerToJson({
  positions: [{ height: 3, hash: '0x11' }],
  beacon: {
    flows: { stake: 9n, burnt: 1n, channels: [{ consumed: 1, sent: 2, sentValue: 5n }] },
    taken: [{ count: 1, value: 2n }],
  },
  sent: 2,
  applied: 1,
  refunded: 0,
  channels: new Map([
    ['1>2', { sentNext: 2, consumedNext: 1, underway: new Map([[1, 10n ** 30n]]) }],
  ]),
})

const PEER = '12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo'
const addresses = fc.constantFrom(
  `/ip4/127.0.0.1/tcp/9000/p2p/${PEER}`,
  `/dns4/node.example/tcp/443/p2p/${PEER}`,
)

const identity = identityToHex(await identityFromSeed(hash))

const history = [
  '{"history":"weft-history-1","append":{"keys":[{"key":"k"}]}}',
  '{"process":0,"type":"invoke","f":"append","ms":1,"value":{"key":"k","id":"a","nonce":0}}',
  '{"process":0,"type":"ok","f":"append","ms":2,"value":{"height":1}}',
  '{"process":1,"type":"invoke","f":"list","ms":3,"value":{"key":"k"}}',
  '{"process":1,"type":"ok","f":"list","ms":4,"value":{"height":1,"list":["a"]}}',
].join('\n')

/** Readers of one parameter of an RPC call: bounded, and true to what they accept. */
function checkHexadecimal(value: unknown): boolean {
  const amount = readAmount(value)
  const integer = readInteger(value)
  const data = readData(value, 100)
  const fixed = readFixed(value, 20)
  if (amount !== undefined) expect(amount >= 0n && amount >> 256n === 0n).toBe(true)
  if (integer !== undefined) expect(Number.isSafeInteger(integer) && integer >= 0).toBe(true)
  if (data !== undefined) expect(`0x${toHex(data)}`).toBe(String(value).toLowerCase())
  if (fixed !== undefined) expect(fixed.length).toBe(20)
  return amount !== undefined
}

export const textTargets: readonly FuzzTarget[] = [
  parser({
    covers: ['node/rpc/envelope.ts#parseEnvelope'],
    valid: oneOrMany.map((value) => JSON.stringify(value)),
    damaged: fc.oneof(
      mutatedText(oneOrMany.map((value) => JSON.stringify(value))),
      mutatedValue(oneOrMany).map((value) => JSON.stringify(value) ?? ''),
    ),
    check: checkEnvelope,
  }),
  parser({
    covers: ['node/rpc/envelope.ts#parseReply'],
    valid: replies,
    damaged: mutatedText(replies),
    check: (text) => {
      const outcome = parseReply(text)
      if (outcome !== undefined && !outcome.ok) {
        expect(Number.isInteger(outcome.error.code)).toBe(true)
      }
      return outcome !== undefined
    },
  }),
  parser({
    covers: ['node/rpc/hexadecimal.ts#readAmount'],
    valid: fc.bigInt({ min: 0n, max: (1n << 256n) - 1n }).map((value) => `0x${value.toString(16)}`),
    damaged: fc.oneof(
      oddValues,
      mutatedText(fc.bigInt({ min: 0n }).map((value) => `0x${value.toString(16)}`)),
    ),
    check: checkHexadecimal,
  }),
  parser<unknown>({
    covers: ['node/runtime/genesis-file.ts#parseGenesisFile'],
    valid: fc.constant(genesisToJson(genesis)),
    damaged: mutatedValue(fc.constant(genesisToJson(genesis))),
    check: (value) => {
      const result = parseGenesisFile(value)
      if (!result.ok) expect(result.problems.length).toBeGreaterThan(0)
      else {
        expect(checkGenesis(result.genesis).ok).toBe(true)
        expect(parseGenesisFile(genesisToJson(result.genesis))).toEqual(result)
      }
      return result.ok
    },
  }),
  parser<unknown>({
    covers: ['node/runtime/config.ts#parseNodeConfig'],
    valid: fc.constant(config),
    damaged: mutatedValue(fc.constant(config)),
    check: (value) => {
      const result = parseNodeConfig(value)
      if (!result.ok) expect(result.problems.length).toBeGreaterThan(0)
      else expect(parseNodeConfig(result.config)).toEqual(result)
      return result.ok
    },
  }),
  parser({
    covers: ['node/network/topic.ts#parseTopic'],
    valid: fc.constantFrom(...allTopics(hash, 4)),
    damaged: mutatedText(fc.constantFrom(...allTopics(hash, 64))),
    check: (text) => {
      const result = parseTopic(text)
      if (result.ok) {
        const { network, chain, plane } = result.value
        const label = Uint8Array.from(Buffer.from(network, 'hex'))
        const whole = Uint8Array.of(...label, ...hash.subarray(4))
        expect(topicName(whole, chain, plane)).toBe(text)
      } else expect(result.reject.code).toBe('malformed-topic')
      return result.ok
    },
  }),
  parser({
    covers: ['node/network/io/identity.ts#parsePeerAddress'],
    valid: addresses,
    damaged: mutatedText(addresses),
    check: (text) => {
      const result = parsePeerAddress(text)
      if (result.ok) expect(result.value.address).toBe(text)
      else expect(result.reject.code).toBe('malformed-address')
      return result.ok
    },
  }),
  parser({
    covers: ['node/network/io/identity.ts#identityFromHex'],
    valid: fc.constant(identity),
    damaged: mutatedText(fc.constant(identity)),
    check: (text) => {
      const result = identityFromHex(text)
      if (!result.ok) expect(result.reject.code).toBe('malformed-identity')
      return result.ok
    },
  }),
  parser({
    covers: ['devnet/observe/ledger-file.ts#parseLedger'],
    valid: fc.constant(JSON.stringify(ledger)),
    damaged: fc.oneof(
      mutatedText(fc.constant(JSON.stringify(ledger))),
      mutatedValue(fc.constant(ledger)).map((value) => JSON.stringify(value) ?? ''),
    ),
    check: (text) => {
      const books = parseLedger(text)
      if (books !== undefined) {
        expect(parseLedger(JSON.stringify(ledgerToJson(books)))).toEqual(books)
      }
      return books !== undefined
    },
  }),
  parser({
    covers: ['devnet/history/check.ts#checkHistoryText'],
    valid: fc.constant(history),
    damaged: mutatedText(fc.constant(history)),
    check: (text) => {
      const result = checkHistoryText(text)
      if (!result.ok) expect(result.problem.line).toBeGreaterThan(0)
      return result.ok && result.verdict.kind === 'accepted'
    },
  }),
]

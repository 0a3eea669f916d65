/** The life of a transaction in every state it can be in, and proofs that hold for the truth only. */
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { personalAccounts } from '../../../devnet/accounts.ts'
import { openClients } from '../../../devnet/audit/rpc-source.ts'
import { gatherLife } from '../../../devnet/trace/gather.ts'
import { isSettled, outcomeOf, phasesOf, type Life } from '../../../devnet/trace/life.ts'
import { proveLife } from '../../../devnet/trace/prove.ts'
import type { Claim } from '../../../devnet/trace/proofs.ts'
import { traceText, traceToJson } from '../../../devnet/trace/words.ts'
import { present } from '../../../node/primitives/assert.ts'
import { toHex } from '../../../node/primitives/bytes.ts'
import type { RpcServer } from '../../../node/rpc/io/server.ts'
import type { CheckedTransaction } from '../../../node/shards/executor.ts'
import { GATEWAY_ADDRESS } from '../../../node/shards/vm/gateway.ts'
import { createAuditNetwork, type AuditNetwork } from './audit-network.ts'
import { ADMITTED_MS, serveNetwork, type ServerOptions } from './audit-server.ts'

const receiver = present(personalAccounts()[2], 'there are ten').address
let network: AuditNetwork
let intra: CheckedTransaction
let delivered: CheckedTransaction
let bounced: CheckedTransaction
let underway: CheckedTransaction
let unsettled: CheckedTransaction
let waiting: CheckedTransaction
const servers: RpcServer[] = []

beforeAll(async () => {
  network = await createAuditNetwork()
  const { advance, settle, pay, payAcross } = network
  intra = pay(1)
  delivered = payAcross(1, 2, receiver)
  bounced = payAcross(1, 2, GATEWAY_ADDRESS)
  advance(1, intra, delivered, bounced)
  settle()
  advance(2)
  advance(2, pay(2))
  settle({ certified: false })
  underway = payAcross(1, 2, receiver)
  advance(1, underway)
  settle()
  unsettled = pay(1)
  advance(1, unsettled)
  pay(1)
  waiting = pay(1)
})

afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop()
})

const nameOf = ({ hash }: CheckedTransaction): string => `0x${toHex(hash)}`

async function trace(
  name: string,
  options: ServerOptions & { readonly proofs?: boolean; readonly genesis?: boolean } = {},
): Promise<{ readonly life: Life | undefined; readonly claims: readonly Claim[] }> {
  const server = await serveNetwork(network, options)
  servers.push(server)
  const clients = openClients([server.url])
  try {
    const life = await gatherLife(clients, name)
    const genesis = options.genesis === false ? undefined : network.genesis
    const claims =
      life === undefined || options.proofs === undefined
        ? []
        : await proveLife(clients, genesis, life)
    return { life, claims }
  } finally {
    clients.close()
  }
}

async function traceKnown(
  transaction: CheckedTransaction,
  options: ServerOptions = {},
): Promise<Life> {
  const { life } = await trace(nameOf(transaction), options)
  return present(life, 'the network knows the transaction')
}

const steps = (life: Life) =>
  phasesOf(life).map(({ phase, chain, height }) => [phase, chain, height])

describe('trace: life', () => {
  test('trace: life: a payment within a shard is admitted, finalized and settled', async () => {
    const life = await traceKnown(intra)
    expect([outcomeOf(life), isSettled(life)]).toEqual(['succeeded', true])
    expect(steps(life)).toEqual([
      ['admitted', undefined, undefined],
      ['finalized', 1, 1],
      ['settled', 0, 1],
    ])
    expect(phasesOf(life).map(({ atMs }) => atMs)).toEqual([ADMITTED_MS, 1_000_500, 1_001_000])
  })

  test('trace: life: a payment to another shard is followed to its delivery', async () => {
    const life = await traceKnown(delivered)
    expect([outcomeOf(life), isSettled(life)]).toEqual(['delivered', true])
    expect(steps(life).slice(1)).toEqual([
      ['finalized', 1, 1],
      ['receipt', 1, 1],
      ['crosslinked', 0, 1],
      ['delivered', 2, 1],
      ['settled', 0, 2],
    ])
    expect(life.sending?.receipt).toMatchObject({ destination: 2, sequence: 0, amount: 1_000n })
  })

  test('trace: life: a payment that cannot be received is followed back to its refund', async () => {
    const life = await traceKnown(bounced)
    expect([outcomeOf(life), isSettled(life)]).toEqual(['refunded', true])
    expect(steps(life).slice(3)).toEqual([
      ['crosslinked', 0, 1],
      ['bounced', 2, 1],
      ['receipt', 2, 1],
      ['crosslinked', 0, 2],
      ['refunded', 1, 2],
      ['settled', 0, 3],
    ])
  })

  test('trace: life: a receipt that nobody has consumed is on its way', async () => {
    const life = await traceKnown(underway)
    expect([outcomeOf(life), isSettled(life)]).toEqual(['in-flight', false])
    expect(traceText({ life, claims: undefined }).join('\n')).toContain(
      'shard 2 has not consumed the receipt yet',
    )
  })

  test('trace: life: a block that the beacon has not recorded is not settled', async () => {
    const life = await traceKnown(unsettled)
    expect([outcomeOf(life), isSettled(life)]).toEqual(['succeeded', false])
    expect(traceText({ life, claims: undefined }).join('\n')).toContain('not settled yet')
  })

  test('trace: life: a waiting transaction says what it waits for', async () => {
    const life = await traceKnown(waiting, { waiting: [waiting] })
    expect(outcomeOf(life)).toBe('pending')
    expect(traceText({ life, claims: undefined })).toContain(
      'Pending: it waits in the mempool of shard 1: it has nonce 6, and the next one of its sender is 5.',
    )
  })

  test('trace: life: a transaction that nobody knows has no life', async () => {
    expect((await trace(`0x${'11'.repeat(32)}`)).life).toBeUndefined()
  })

  test('trace: life: the timeline names each step, its block and its milliseconds', async () => {
    const life = await traceKnown(delivered)
    const lines = traceText({ life, claims: undefined }).map((line) =>
      line.trim().replaceAll(/ +/g, ' '),
    )
    const gas = life.inclusion?.gasUsed ?? 0
    expect(lines).toContain(`300 ms +300 finalized shard 1, block 1 succeeded, ${gas} gas`)
    expect(lines).toContain('800 ms +500 crosslinked beacon, block 1 records shard 1 up to block 1')
    expect(lines.join('\n')).toContain("by their proposers' clocks")
  })

  test('trace: life: the JSON has every phase with its time and the clock it is of', async () => {
    const json = traceToJson({ life: await traceKnown(delivered), claims: undefined })
    expect(json).toMatchObject({
      tx: nameOf(delivered),
      shard: 1,
      outcome: 'delivered',
      settled: true,
      message: { source: 1, destination: 2, sequence: 0, amount: '1000' },
    })
    const phases = json['phases'] as { phase: string; clock: string; sincePreviousMs: number }[]
    expect(phases.map(({ clock }) => clock)).toEqual(['node', ...Array<string>(5).fill('proposer')])
  })
})

describe('trace: proofs', () => {
  test('trace: proofs: all hold for a delivery and for a refund, down to the signatures', async () => {
    for (const transaction of [intra, delivered, bounced]) {
      const { claims } = await trace(nameOf(transaction), { proofs: true })
      expect(claims.length).toBeGreaterThan(4)
      expect(claims.filter(({ ok }) => ok !== true)).toEqual([])
    }
  })

  test('trace: proofs: a beacon block without a certificate is proved by the one after it', async () => {
    const { claims } = await trace(nameOf(delivered), { proofs: true })
    const claim = claims.find((one) => one.claim.startsWith('beacon block 2 is finalized'))
    expect(claim).toMatchObject({ ok: true, detail: expect.stringContaining('block 3') })
  })

  test('trace: proofs: without the genesis signatures are open, and the branches still hold', async () => {
    const { claims } = await trace(nameOf(delivered), { proofs: true, genesis: false })
    expect(claims.filter(({ ok }) => ok === false)).toEqual([])
    expect(claims.filter(({ ok }) => ok === undefined).length).toBeGreaterThan(0)
    expect(claims.filter(({ ok }) => ok === true).length).toBeGreaterThan(5)
  })

  test('trace: proofs: a block that is not settled is open', async () => {
    const { claims } = await trace(nameOf(unsettled), { proofs: true })
    expect(claims.find(({ ok }) => ok === undefined)?.detail).toContain('recorded it yet')
  })

  test('trace: proofs: a node that lies about a result, an amount or a fate is caught', async () => {
    const lies: readonly [string, ServerOptions['twist']][] = [
      [
        'its result is',
        (_, backend) =>
          twisted(backend, ({ results }) => ({
            results: results.map((one) => ({ ...one, gasUsed: one.gasUsed + 1 })),
          })),
      ],
      [
        'the batch is the next link',
        (_, backend) =>
          twisted(backend, ({ sent }) => ({
            sent: sent.map((batch) => ({
              ...batch,
              receipts: batch.receipts.map((one) => ({ ...one, amount: 9n })),
            })),
          })),
      ],
      [
        'shard 2, block 1 consumed',
        (_, backend) =>
          twisted(backend, ({ consumed }) => ({
            consumed: consumed.map(({ receipt }) => ({
              receipt: { ...receipt, sequence: receipt.sequence },
              outcome: 'applied' as const,
            })),
          })),
      ],
    ]
    for (const [claim, twist] of lies) {
      const name = nameOf(claim.startsWith('shard 2') ? bounced : delivered)
      const { claims } = await trace(name, {
        proofs: true,
        ...(twist === undefined ? {} : { twist }),
      })
      const failed = claims.filter(({ ok }) => ok === false).map((one) => one.claim)
      expect(
        failed.some((one) => one.startsWith(claim)),
        `${claim}: ${failed.join('; ')}`,
      ).toBe(true)
    }
  })
})

type Backend = Parameters<NonNullable<ServerOptions['twist']>>[1]
type View = NonNullable<Awaited<ReturnType<Backend['block']>>>

/** A node that changes blocks wherever it shows them. */
function twisted(backend: Backend, change: (view: View) => Partial<View>): Backend {
  const lie = (view: View): View => ({ ...view, ...change(view) })
  return {
    ...backend,
    block: async (selector) => {
      const view = await backend.block(selector)
      return view && lie(view)
    },
    transaction: async (hash) => {
      const place = await backend.transaction(hash)
      return place?.kind === 'included' ? { ...place, block: lie(place.block) } : place
    },
    arrival: async (source, sequence) => {
      const arrival = await backend.arrival(source, sequence)
      return arrival && { ...arrival, block: lie(arrival.block) }
    },
  }
}

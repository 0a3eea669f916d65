/** The audit over RPC: what it proves agrees with the disks, and a node that lies is caught. */
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { personalAccounts } from '../../../devnet/accounts.ts'
import { auditDisks } from '../../../devnet/audit/disk-audit.ts'
import { auditOverRpc } from '../../../devnet/audit/rpc-audit.ts'
import { createDevnetGenesis } from '../../../devnet/genesis.ts'
import { DEFAULT_PARAMETERS } from '../../../devnet/parameters.ts'
import { present } from '../../../node/primitives/assert.ts'
import type { ShardBackend } from '../../../node/rpc/backend.ts'
import type { RpcServer } from '../../../node/rpc/io/server.ts'
import { GATEWAY_ADDRESS } from '../../../node/shards/vm/gateway.ts'
import { createAuditNetwork, type AuditNetwork } from './audit-network.ts'
import { serveNetwork, type ServerOptions } from './audit-server.ts'

const receiver = present(personalAccounts()[2], 'there are ten').address
let network: AuditNetwork
const servers: RpcServer[] = []

/** Everything is settled; one payment is on its way. */
beforeAll(async () => {
  network = await createAuditNetwork()
  const { advance, settle, pay, payAcross } = network
  advance(1, pay(1), payAcross(1, 2, receiver), payAcross(1, 2, GATEWAY_ADDRESS))
  settle()
  advance(2, payAcross(2, 1, receiver))
  settle({ certified: false })
  advance(1)
  advance(1, payAcross(1, 2, receiver))
  settle()
})

afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop()
})

async function serve(options: ServerOptions = {}): Promise<string> {
  const server = await serveNetwork(network, options)
  servers.push(server)
  return server.url
}

/** A node that changes the blocks of shard 1 on their way out. */
async function liar(
  change: (view: NonNullable<Awaited<ReturnType<ShardBackend['block']>>>) => object,
): Promise<string> {
  return serve({
    twist: (shard, backend) => ({
      ...backend,
      block: async (selector) => {
        const view = await backend.block(selector)
        return view === undefined || shard !== 1 ? view : { ...view, ...change(view) }
      },
    }),
  })
}

describe('audit: rpc', () => {
  test('audit: rpc: at rest it says what the audit from disk says', async () => {
    const overRpc = await auditOverRpc(network.genesis, [await serve()])
    const fromDisk = await auditDisks(network.genesis, {
      archives: await network.archives(),
      problems: [],
    })
    expect(overRpc.violations).toEqual([])
    expect(overRpc.ok && fromDisk.ok).toBe(true)
    for (const name of ['genesis', 'balances', 'buffered', 'inFlight', 'stake', 'burnt'] as const) {
      expect(overRpc[name], name).toBe(fromDisk[name])
    }
    expect(overRpc.receipts).toEqual(fromDisk.receipts)
    expect(overRpc.heights).toEqual(fromDisk.heights)
    expect(overRpc.receipts).toEqual({ sent: 5, applied: 3, refunded: 1, pending: 1 })
  })

  test('audit: rpc: a receipt told with another amount is found by the channel', async () => {
    const url = await liar(({ sent }) => ({
      sent: sent.map((batch) => ({
        ...batch,
        receipts: batch.receipts.map((one) => ({ ...one, amount: one.amount + 1n })),
      })),
    }))
    const { ok, violations } = await auditOverRpc(network.genesis, [url])
    expect(ok).toBe(false)
    expect(violations[0]).toMatch(/^shard 1, block 1: the root of its channels .* expected 0x/)
  })

  test('audit: rpc: a receipt told as one of another kind is found by the channel', async () => {
    const url = await liar(({ sent }) => ({
      sent: sent.map((batch) => ({
        ...batch,
        receipts: batch.receipts.map((one) => ({ ...one, kind: 'deposit' })),
      })),
    }))
    const { violations } = await auditOverRpc(network.genesis, [url])
    expect(violations[0]).toMatch(/^shard 1, block 1: the root of its channels .* expected 0x/)
  })

  test('audit: rpc: a receipt told as applied twice is found by the books', async () => {
    const url = await liar(({ consumed }) => ({ consumed: [...consumed, ...consumed] }))
    const { violations } = await auditOverRpc(network.genesis, [url])
    expect(violations.join('\n')).toContain('applies receipt 0 a second time')
    expect(violations.join('\n')).toContain('shard 1, block 2: the root of its results is')
  })

  test('audit: rpc: a header that the beacon does not know breaks the audit off', async () => {
    const url = await liar(({ header }) => ({ header: { ...header, gasUsed: header.gasUsed + 1 } }))
    const { violations } = await auditOverRpc(network.genesis, [url])
    expect(violations[0]).toMatch(
      /^shard 1, block 1: the crosslink of beacon block 1 expects header 0x.*, the shard's chain has 0x/,
    )
  })

  test('audit: rpc: two nodes that tell different sums are both named', async () => {
    const honest = await serve()
    const richer = await serve({
      twist: (shard, backend) => ({
        ...backend,
        supply: async (selector) => {
          const supply = await backend.supply(selector)
          return supply && shard === 2 ? { ...supply, balances: supply.balances + 9n } : supply
        },
      }),
    })
    const { violations } = await auditOverRpc(network.genesis, [honest, richer])
    expect(violations).toHaveLength(1)
    expect(violations[0]).toContain(`shard 2, block 1: ${richer} tells other sums than ${honest}`)
    const alone = await auditOverRpc(network.genesis, [richer])
    expect(alone.violations).toEqual(['9 wei were made since genesis'])
  })

  test('audit: rpc: a node of another network is refused', async () => {
    const { genesis } = await createDevnetGenesis(
      { ...DEFAULT_PARAMETERS, shards: 2, validators: 8 },
      5,
    )
    await expect(auditOverRpc(genesis, [await serve()])).rejects.toThrow('is of another network')
  })

  test('audit: rpc: nobody at home is one sentence', async () => {
    await expect(auditOverRpc(network.genesis, ['http://127.0.0.1:9'])).rejects.toThrow(
      'no node answers',
    )
  })

  test('audit: rpc: a node that does not answer is passed over', async () => {
    const { ok } = await auditOverRpc(network.genesis, ['http://127.0.0.1:9', await serve()])
    expect(ok).toBe(true)
  })
})

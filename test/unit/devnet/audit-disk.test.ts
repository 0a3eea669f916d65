/** The audit from disk: a sound network passes, and every way of tampering with a store is found and named. */
import { beforeAll, describe, expect, test } from 'vitest'
import { personalAccounts } from '../../../devnet/accounts.ts'
import type { NodeArchive } from '../../../devnet/audit/archive.ts'
import { auditDisks } from '../../../devnet/audit/disk-audit.ts'
import { auditText, networkAuditToJson } from '../../../devnet/audit/report.ts'
import { decodeBeaconState, encodeBeaconState } from '../../../node/beacon/state-codec.ts'
import { decodeReceiptBatch, encodeReceiptBatch } from '../../../node/crosslink/receipt-codec.ts'
import { present } from '../../../node/primitives/assert.ts'
import { decodeAccount, encodeAccount } from '../../../node/shards/account.ts'
import type { StoredState } from '../../../node/shards/execution-machine.ts'
import { StateDamagedError } from '../../../node/shards/io/state-store.ts'
import { GATEWAY_ADDRESS } from '../../../node/shards/vm/gateway.ts'
import { StoreCorruptionError } from '../../../node/storage/io/storage-error.ts'
import { blockKey, numberKey } from '../../../node/validator/table.ts'
import { createAuditNetwork, type AuditNetwork } from './audit-network.ts'

const receiver = present(personalAccounts()[2], 'there are ten').address
let network: AuditNetwork
/** Members of shard 1, and one node outside of it. */
let [first, second, outsider] = [0, 0, 0]

/** Payments within and across, one that bounces and comes back, one still on its way; blocks above the last beacon block. */
beforeAll(async () => {
  network = await createAuditNetwork()
  const { advance, settle, pay, payAcross } = network
  advance(1, pay(1), payAcross(1, 2, receiver), payAcross(1, 2, GATEWAY_ADDRESS))
  advance(2, payAcross(2, 1, receiver))
  settle()
  advance(1)
  advance(2, pay(2))
  settle({ certified: false })
  advance(1, pay(1))
  advance(2)
  settle()
  advance(1, payAcross(1, 2, receiver), pay(1))
  const members = network.members(1)
  first = present(members[0], 'four seats')
  second = present(members[1], 'four seats')
  outsider = present(network.members(2)[0], 'four seats')
})

async function audit(damage: (archives: NodeArchive[]) => unknown = () => {}) {
  const archives = [...(await network.archives())]
  await damage(archives)
  return auditDisks(network.genesis, { archives, problems: [] })
}

const at = (archives: readonly NodeArchive[], node: number): NodeArchive =>
  present(archives[node], 'the node exists')

async function put(archive: NodeArchive, table: string, key: Uint8Array, value: Uint8Array) {
  await archive.store.write([{ kind: 'put', table, key, value }], { sync: true })
}

async function remove(archive: NodeArchive, table: string, key: Uint8Array) {
  await archive.store.write([{ kind: 'delete', table, key }], { sync: true })
}

async function read(archive: NodeArchive, table: string, key: Uint8Array): Promise<Uint8Array> {
  return present(await archive.store.get(table, key), 'the record is there')
}

/** The key of the block that a node recorded as final. */
async function finalKey(archive: NodeArchive, chain: number, height: number): Promise<Uint8Array> {
  const final = await read(archive, 'final', numberKey(chain, height))
  return blockKey(chain, height, final.slice(0, 32))
}

function withState(
  archives: NodeArchive[],
  node: number,
  load: () => Promise<StoredState | undefined>,
) {
  archives[node] = { ...at(archives, node), states: new Map([[1, load]]) }
}

describe('audit: disk', () => {
  test('audit: disk: a sound network passes, with receipts sent, refunded and in flight', async () => {
    const result = await audit()
    expect(result.violations).toEqual([])
    expect(result.ok).toBe(true)
    expect(result.heights).toEqual([4, 3])
    expect(result.settledHeights).toEqual([3, 3])
    // Three payments and a bounce arrived; the last payment is on its way.
    expect(result.receipts).toEqual({ sent: 5, applied: 3, refunded: 1, pending: 1 })
    expect(result.inFlight).toBe(1_000n)
    expect(result.counts).toMatchObject({
      beaconBlocks: 3,
      crosslinks: 6,
      shardBlocks: 7,
      stateRoots: 8,
    })
  })

  test('audit: disk: the report as JSON has the documented fields, and sums that meet', async () => {
    const json = networkAuditToJson(await audit())
    const amount = (name: string): bigint => BigInt(json[name] as string)
    const parts = ['balances', 'buffered', 'inFlight', 'stake', 'burnt'].map(amount)
    expect(parts.reduce((sum, part) => sum + part, 0n)).toBe(amount('genesis'))
    expect(json).toMatchObject({
      ok: true,
      stake: String(8n * 32n * 10n ** 18n),
      receipts: { sent: 5, pending: 1 },
      from: 'disk',
    })
  })

  test('audit: disk: the report in words ends with the verdict', async () => {
    const text = auditText(await audit()).join('\n')
    expect(text).toContain('at genesis')
    expect(text).toContain('Nothing was lost, made or applied twice.')
  })

  test('audit: disk: a block that is final and was executed nowhere before a kill is no violation', async () => {
    const other = await createAuditNetwork()
    other.advance(1, other.pay(1))
    other.settle()
    const early = await other.archives()
    other.advance(1, other.pay(1))
    other.advance(1, other.pay(1))
    const archives = (await other.archives()).map((archive, node) => {
      return { ...archive, states: at(early, node).states }
    })
    for (const archive of archives) await remove(archive, 'outcome', numberKey(1, 3))
    // Only the block that was not executed has a certificate of its own.
    for (const node of other.members(1)) {
      const final = await read(at(archives, node), 'final', numberKey(1, 2))
      await put(at(archives, node), 'final', numberKey(1, 2), final.slice(0, 32))
    }
    const result = await auditDisks(other.genesis, { archives, problems: [], replay: true })
    expect(result.violations).toEqual([])
    expect(result.heights).toEqual([2, 0])
  })

  test('audit: disk: a node whose outcomes end before its state is named', async () => {
    const { violations } = await audit(async (archives) => {
      for (const node of network.members(1))
        await remove(at(archives, node), 'outcome', numberKey(1, 4))
    })
    expect(violations[0]).toMatch(
      /^shard 1, block 3: expected to be the end of the chain, but node \d has a state of block 4/,
    )
  })

  test('audit: disk: states behind their blocks are brought forward by executing them', async () => {
    const other = await createAuditNetwork()
    other.advance(1, other.pay(1))
    const early = await other.archives()
    other.settle()
    other.advance(1, other.pay(1), other.payAcross(1, 2, receiver))
    const late = await other.archives()
    const archives = late.map((archive, node) => ({ ...archive, states: at(early, node).states }))
    const result = await auditDisks(other.genesis, { archives, problems: [] })
    expect(result.violations).toEqual([])
    expect(result.inFlight).toBe(1_000n)
  })
})

describe('audit: disk: replay', () => {
  test('audit: disk: replay: every block is executed again, and all money counted at every beacon block', async () => {
    const archives = await network.archives()
    const disks = { archives, problems: [], replay: true }
    const { violations, counts } = await auditDisks(network.genesis, disks)
    expect(violations).toEqual([])
    expect(counts).toMatchObject({ recounts: 3, stateRoots: 8 + 7 })
  })
})

describe('audit: disk: tampered', () => {
  test('audit: disk: tampered: an amount in a stored receipt is found by the channel', async () => {
    const { violations } = await audit(async (archives) => {
      const archive = at(archives, first)
      const key = numberKey(1, 2, 0)
      const batch = decodeReceiptBatch(await read(archive, 'batch', key))
      if (!batch.ok) throw new Error(batch.reject.detail)
      const receipts = batch.value.receipts.map((one) => ({ ...one, amount: one.amount + 1n }))
      await put(archive, 'batch', key, encodeReceiptBatch({ ...batch.value, receipts }))
    })
    expect(violations).toEqual([
      `shard 1, block 1 (node ${first}): the receipts stored as sent to shard 2 are not those that its header commits to`,
    ])
  })

  test('audit: disk: tampered: a balance in a stored state is found by the state root', async () => {
    const { violations, ok } = await audit(async (archives) => {
      const state = present(await at(archives, second).states.get(1)?.(), 'a state')
      const records = state.records.map(({ key, value }) => {
        const account = key[0] === 0x61 ? decodeAccount(value) : undefined
        if (account?.ok !== true) return { key, value }
        return {
          key,
          value: encodeAccount({ ...account.value, balance: account.value.balance + 1n }),
        }
      })
      withState(archives, second, async () => ({ ...state, records }))
    })
    expect(ok).toBe(false)
    expect(violations).toHaveLength(1)
    expect(violations[0]).toMatch(
      new RegExp(
        `^shard 1, block 4, state \\(node ${second}\\): its records give the root 0x.* expects 0x`,
      ),
    )
  })

  test('audit: disk: tampered: a root that was moved along with the records is found by the header', async () => {
    const { violations } = await audit(async (archives) => {
      const state = present(await at(archives, second).states.get(1)?.(), 'a state')
      const records = state.records.slice(1)
      const stateRoot = new Uint8Array(32)
      withState(archives, second, async () => ({ head: { ...state.head, stateRoot }, records }))
    })
    expect(violations[0]).toContain(`state (node ${second})`)
  })

  test('audit: disk: tampered: a state that does not match its checksums is named', async () => {
    const { violations } = await audit((archives) =>
      withState(archives, first, () =>
        Promise.reject(new StateDamagedError('a stored record is damaged')),
      ),
    )
    expect(violations).toEqual([`shard 1, state (node ${first}): a stored record is damaged`])
  })

  test('audit: disk: tampered: a dropped shard block is missed', async () => {
    const { violations } = await audit(async (archives) => {
      const archive = at(archives, first)
      await remove(archive, 'block', await finalKey(archive, 1, 2))
    })
    expect(violations).toEqual([
      `shard 1, block 2 (node ${first}): it is recorded as final, expected its bytes, found none`,
    ])
  })

  test('audit: disk: tampered: a block dropped by every node breaks the audit off', async () => {
    const { violations, ok } = await audit(async (archives) => {
      for (const node of network.members(1))
        await remove(at(archives, node), 'final', numberKey(1, 2))
    })
    expect(ok).toBe(false)
    expect(violations).toContain(
      'shard 1, block 2: expected a copy of it, found none that can be read',
    )
  })

  test('audit: disk: tampered: a dropped beacon block is missed', async () => {
    const { violations } = await audit((archives) =>
      remove(at(archives, outsider), 'final', numberKey(0, 2)),
    )
    expect(violations).toEqual([
      `beacon, block 2 (node ${outsider}): expected, since the node goes on to block 3, but it is missing`,
    ])
  })

  test('audit: disk: tampered: a receipt applied twice in an outcome is found by the results root', async () => {
    const { violations } = await audit(async (archives) => {
      const archive = at(archives, outsider)
      const key = numberKey(2, 2)
      const outcome = await read(archive, 'outcome', key)
      await put(archive, 'outcome', key, duplicateConsumed(outcome))
    })
    expect(violations).toEqual([
      `shard 2, block 2 (node ${outsider}): its stored results (statuses, gas, fates of receipts) do not give the root in its header`,
    ])
  })

  test('audit: disk: tampered: a changed body is found by the header', async () => {
    const { violations } = await audit(async (archives) => {
      const archive = at(archives, first)
      const key = await finalKey(archive, 1, 1)
      const bytes = await read(archive, 'block', key)
      bytes[bytes.length - 40] = (bytes[bytes.length - 40] ?? 0) ^ 1
      await put(archive, 'block', key, bytes)
    })
    expect(violations).toEqual([
      `shard 1, block 1 (node ${first}): it does not decode: the body is not the one that the header names`,
    ])
  })

  test('audit: disk: tampered: another block at one height is told of with both hashes', async () => {
    const { violations } = await audit(async (archives) => {
      const archive = at(archives, second)
      const final = await read(archive, 'final', numberKey(1, 3))
      const other = await read(archive, 'final', numberKey(1, 2))
      const bytes = await read(archive, 'block', await finalKey(archive, 1, 2))
      await put(archive, 'block', blockKey(1, 3, other.slice(0, 32)), bytes)
      await put(archive, 'final', numberKey(1, 3), other)
      expect(final).not.toEqual(other)
    })
    expect(violations).toContain(
      `shard 1, block 3 (node ${second}): the stored block is block 2 of chain 1`,
    )
  })

  test('audit: disk: tampered: a forged certificate is found under the keys of the genesis', async () => {
    const { violations } = await audit(async (archives) => {
      for (const archive of archives) {
        const key = numberKey(0, 3)
        const final = await read(archive, 'final', key)
        final[final.length - 1] = (final[final.length - 1] ?? 0) ^ 1
        await put(archive, 'final', key, final)
      }
    })
    expect(violations).toEqual([
      'beacon, block 3: the signature of its certificate does not verify under the genesis keys',
    ])
  })

  test('audit: disk: tampered: a head without any certificate is found', async () => {
    const { violations } = await audit(async (archives) => {
      for (const archive of archives) {
        const final = await read(archive, 'final', numberKey(0, 3))
        await put(archive, 'final', numberKey(0, 3), final.slice(0, 32))
      }
    })
    expect(violations).toEqual([
      'beacon, blocks 2 to 3: expected a certificate of block 3 or later, found none',
    ])
  })

  test('audit: disk: tampered: a newest shard block without any certificate is found', async () => {
    const { violations } = await audit(async (archives) => {
      for (const node of network.members(1)) {
        const final = await read(at(archives, node), 'final', numberKey(1, 4))
        await put(at(archives, node), 'final', numberKey(1, 4), final.slice(0, 32))
      }
    })
    expect(violations).toEqual([
      'shard 1, block 4: expected a certificate of it or of a later block, found none',
    ])
  })

  test('audit: disk: tampered: a stored beacon state that the blocks do not lead to is found', async () => {
    const { violations } = await audit(async (archives) => {
      const archive = at(archives, outsider)
      const state = decodeBeaconState(await read(archive, 'state', numberKey(0)))
      if (!state.ok) throw new Error(state.reject.detail)
      const shards = state.value.shards.map((record) => ({ ...record, inboxUnits: 7 }))
      await put(archive, 'state', numberKey(0), encodeBeaconState({ ...state.value, shards }))
    })
    expect(violations).toEqual([
      `beacon, block 3, state (node ${outsider}): expected the state that the blocks lead to, found another`,
    ])
  })

  test('audit: disk: tampered: an anchor that is not what the beacon says is found', async () => {
    const { violations } = await audit(async (archives) => {
      const archive = at(archives, outsider)
      await put(archive, 'anchor', numberKey(0, 2), await read(archive, 'anchor', numberKey(0, 1)))
    })
    expect(violations).toEqual([
      `beacon, block 2, anchor (node ${outsider}): expected what the beacon's state gives, found another`,
    ])
  })

  test('audit: disk: tampered: a record that fails its checksum is named with chain and height', async () => {
    const { violations } = await audit((archives) => {
      const archive = at(archives, first)
      const get: NodeArchive['store']['get'] = async (table, key) => {
        const isVictim = table === 'outcome' && key.join() === numberKey(1, 2).join()
        if (isVictim) throw new StoreCorruptionError(table, 'k')
        return archive.store.get(table, key)
      }
      archives[first] = { ...archive, store: { ...archive.store, get } }
    })
    expect(violations).toEqual([
      `shard 1, block 2 (node ${first}): its record in table outcome does not match its checksum`,
    ])
  })

  test('audit: disk: tampered: the words of a failed audit name every violation', async () => {
    const result = await audit((archives) =>
      remove(at(archives, first), 'outcome', numberKey(1, 1)),
    )
    expect(result.ok).toBe(false)
    expect(auditText(result).join('\n')).toContain('The audit FAILED: 1 violation')
  })
})

/** An outcome whose first consumed receipt stands there twice. */
function duplicateConsumed(bytes: Uint8Array): Uint8Array {
  // Empty transactions, then a list of (u32 source, u64 sequence, u8 applied) behind its u32 count.
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const transactions = view.getUint32(0)
  const size = 32 + 20 + 1 + 8 + 1
  const start = 4 + transactions * size
  const count = view.getUint32(start)
  const entry = bytes.slice(start + 4, start + 4 + 13)
  const copy = new Uint8Array(bytes.length + entry.length)
  copy.set(bytes.subarray(0, start + 4))
  copy.set(entry, start + 4)
  copy.set(bytes.subarray(start + 4), start + 4 + entry.length)
  new DataView(copy.buffer).setUint32(start, count + 1)
  return copy
}

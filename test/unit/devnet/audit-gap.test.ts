/** S.8: the audit from disk and a node that took a state from others: what it lacks below is no hole, everything else is. */
import { describe, expect, test } from 'vitest'
import type { NodeArchive } from '../../../devnet/audit/archive.ts'
import { auditDisks } from '../../../devnet/audit/disk-audit.ts'
import { present } from '../../../node/primitives/assert.ts'
import { encodeNumbers, numberKey } from '../../../node/validator/table.ts'
import { createAuditNetwork } from './audit-network.ts'

/** A member of shard 1 that stood at genesis when it took the state of block 2; it lacks block 1 and the results of both. */
async function newcomer() {
  const network = await createAuditNetwork()
  for (let block = 0; block < 3; block++) network.advance(1, network.pay(1))
  network.settle()
  const archives = await network.archives()
  const node = present(network.members(1)[0], 'shard 1 has members')
  const archive = present(archives[node], 'the node exists')
  await drop(archive, 'final', 1)
  await drop(archive, 'outcome', 1)
  await drop(archive, 'outcome', 2)
  return { network, archives, archive, node }
}

async function drop({ store }: NodeArchive, table: string, height: number): Promise<void> {
  await store.write([{ kind: 'delete', table, key: numberKey(1, height) }], { sync: true })
}

async function noteGap({ store }: NodeArchive, height: number): Promise<void> {
  const value = encodeNumbers(0)
  await store.write([{ kind: 'put', table: 'gap', key: numberKey(1, height), value }], {
    sync: true,
  })
}

describe('audit: gap', () => {
  test('audit: gap: S.8: what a node lacks below the state that it took from others is no violation', async () => {
    const { network, archives, archive } = await newcomer()
    await noteGap(archive, 2)
    const result = await auditDisks(network.genesis, { archives, problems: [] })
    expect(result.violations).toEqual([])
    expect(result.ok).toBe(true)
  })

  test('audit: gap: S.8: the same without its record, or beyond it, is', async () => {
    const { network, archives, archive, node } = await newcomer()
    const bare = await auditDisks(network.genesis, { archives, problems: [] })
    expect(bare.violations).toEqual([
      expect.stringContaining(`block 1 (node ${node})`),
      expect.stringContaining(`block 2 (node ${node})`),
    ])
    await noteGap(archive, 1)
    const beyond = await auditDisks(network.genesis, { archives, problems: [] })
    expect(beyond.violations).toEqual([expect.stringContaining(`block 2 (node ${node})`)])
  })
})

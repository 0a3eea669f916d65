import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Genesis } from '../../../node/beacon/genesis.ts'
import { createDevnetGenesis } from '../../../devnet/genesis.ts'
import { ChainFollower } from '../../../devnet/observe/chain-follower.ts'
import { createCutTracker } from '../../../devnet/observe/cut-tracker.ts'
import {
  createLedger,
  receiptCounts,
  type BlockFacts,
  type Ledger,
} from '../../../devnet/observe/ledger.ts'
import type { BeaconCut } from '../../../devnet/observe/read-answer.ts'
import { DEFAULT_PARAMETERS } from '../../../devnet/parameters.ts'
import { auditNetwork } from '../../../devnet/processes/audit-run.ts'
import { startFakeNetwork, type FakeNetwork } from './fake-network.ts'

let network: FakeNetwork
let directory: string

beforeEach(async () => {
  network = await startFakeNetwork(4)
  directory = await mkdtemp(join(tmpdir(), 'weft-follower-test-'))
})

afterEach(async () => {
  await network.close()
  await rm(directory, { recursive: true, force: true })
})

/** A transfer of 5 from shard 1 to shard 2 in three blocks, all under beacon block 2. */
function fillWithTransfer(amountPaid: string): void {
  network.blocks[0]?.push({
    hash: '0x11',
    transactions: ['0xaa'],
    sent: [{ sequence: 0, amount: '5', origin: '0xaa' }],
  })
  network.blocks[1]?.push(
    { hash: '0x21' },
    { hash: '0x22', consumed: [{ sequence: 0, amount: amountPaid, origin: '0xaa' }] },
  )
  for (const node of network.heads.keys()) {
    network.heads[node] = { height: 2, hash: '0xb2', shardHeights: [1, 2] }
  }
}

type Watched = {
  readonly finalized: BlockFacts[]
  readonly settled: string[]
  readonly takenBack: string[]
  readonly violations: string[]
}

/** Follows until a cut at this beacon height is booked. */
async function followUntil(beaconHeight: number, ledger: Ledger): Promise<Watched> {
  const watched: Watched = { finalized: [], settled: [], takenBack: [], violations: [] }
  let booked: () => void = () => {}
  const done = new Promise<void>((resolve) => {
    booked = resolve
  })
  const follower = new ChainFollower({
    endpoints: network.endpoints,
    shardCount: 2,
    beaconFaults: 1,
    ledger,
    pollMs: 5,
    events: {
      onFinalized: (block) => watched.finalized.push(block),
      onSettled: (cut, blocks) => {
        watched.settled.push(...blocks.map(({ shard, height }) => `${shard}/${height}`))
        if (cut.beaconHeight >= beaconHeight) booked()
      },
      onTakenBack: (shard, blocks) => watched.takenBack.push(`${shard}/${blocks.length}`),
      onViolation: (sentence) => {
        watched.violations.push(sentence)
        booked()
      },
    },
  })
  follower.start()
  await done
  await follower.stop()
  return watched
}

describe('devnet: follower', () => {
  test('devnet: follower: every block is read once, in order, and settled with its cut', async () => {
    fillWithTransfer('5')
    network.blocks[1]?.push({ hash: '0x23' })
    const ledger = createLedger(2)
    const { finalized, settled, violations } = await followUntil(2, ledger)
    expect(violations).toEqual([])
    const heights = (shard: number) =>
      finalized.filter((block) => block.shard === shard).map(({ height }) => height)
    expect(heights(1)).toEqual([1])
    expect(heights(2).slice(0, 3)).toEqual([1, 2, 3])
    expect(settled.toSorted()).toEqual(['1/1', '2/1', '2/2'])
    expect(receiptCounts(ledger)).toEqual({ sent: 1, applied: 1, refunded: 0, pending: 0 })
  })

  test('devnet: follower: books that stand somewhere go on from there', async () => {
    fillWithTransfer('5')
    const ledger = createLedger(2)
    await followUntil(2, ledger)
    network.blocks[0]?.push({ hash: '0x12' })
    for (const node of network.heads.keys()) {
      network.heads[node] = { height: 3, hash: '0xb3', shardHeights: [2, 2] }
    }
    const { settled } = await followUntil(3, ledger)
    expect(settled).toEqual(['1/2'])
  })

  test('devnet: follower: a cut of nodes that are behind the books is passed over', async () => {
    fillWithTransfer('5')
    network.blocks[0]?.push({ hash: '0x12' })
    const ledger = createLedger(2)
    const behind = network.heads[1]
    const newest = { height: 3, hash: '0xb3', shardHeights: [2, 2] }
    for (const node of network.heads.keys()) network.heads[node] = newest
    await followUntil(3, ledger)
    network.blocks[0]?.push({ hash: '0x13' })
    for (const node of network.heads.keys()) {
      network.heads[node] = { height: 4, hash: '0xb4', shardHeights: [3, 2] }
    }
    network.heads[1] = behind
    const { settled, violations } = await followUntil(4, ledger)
    expect(violations).toEqual([])
    expect(settled).toEqual(['1/3'])
  })

  test('devnet: follower: members that do not answer are passed over', async () => {
    fillWithTransfer('5')
    network.heads[0] = undefined
    const { settled } = await followUntil(2, createLedger(2))
    expect(settled).toHaveLength(3)
  })

  test('devnet: follower: C.7: what the beacon did not record is taken back and read again from another member', async () => {
    fillWithTransfer('5')
    // Asked first of shard 1: it is on a branch of its own, and one block ahead.
    const rival = [{ hash: '0x91' }, { hash: '0x92' }]
    network.branches.set(0, [rival, network.blocks[1] ?? []])
    const ledger = createLedger(2)
    const { settled, takenBack, violations } = await followUntil(2, ledger)
    expect(violations).toEqual([])
    expect(takenBack).toEqual(['1/2'])
    expect(settled.toSorted()).toEqual(['1/1', '2/1', '2/2'])
    expect(ledger.positions[0]).toEqual({ height: 1, hash: '0x11' })
  })

  test('devnet: follower: blocks of two branches under a recorded one are not taken for one chain', async () => {
    fillWithTransfer('5')
    network.blocks[0]?.push({ hash: '0x12', parentHash: '0x11' })
    const mixed = [{ hash: '0x91' }, { hash: '0x12', parentHash: '0x11' }]
    network.branches.set(0, [mixed, network.blocks[1] ?? []])
    for (const node of network.heads.keys())
      network.heads[node] = { height: 2, hash: '0xb2', shardHeights: [2, 2] }
    const { settled, takenBack, violations } = await followUntil(2, createLedger(2))
    expect(violations).toEqual([])
    expect(takenBack).toEqual(['1/2'])
    expect(settled).toHaveLength(4)
  })

  test('devnet: follower: what is settled is told of every shard while nobody of one answers', async () => {
    fillWithTransfer('5')
    const behind = createLedger(2)
    await followUntil(2, behind)
    network.blocks[1]?.push({ hash: '0x23' })
    // Of shard 1 a block is recorded that nobody shows.
    for (const node of network.heads.keys())
      network.heads[node] = { height: 3, hash: '0xb3', shardHeights: [2, 3] }
    const follower = new ChainFollower({
      endpoints: network.endpoints,
      shardCount: 2,
      beaconFaults: 1,
      ledger: behind,
      pollMs: 5,
      events: { onFinalized() {}, onSettled() {}, onTakenBack() {}, onViolation() {} },
    })
    follower.start()
    await vi.waitFor(() => expect(follower.progress().beaconHeight).toBe(3))
    expect(follower.progress().shards).toEqual([
      { shard: 1, height: 2, settledHeight: 2 },
      { shard: 2, height: 3, settledHeight: 3 },
    ])
    await follower.stop()
    expect(behind.positions.map(({ height }) => height)).toEqual([1, 2])
  })

  test('devnet: follower: a shard whose members all go on showing another chain is a violation', async () => {
    fillWithTransfer('5')
    const rival = [[{ hash: '0x91' }], network.blocks[1] ?? []]
    for (const node of network.heads.keys()) network.branches.set(node, rival)
    const { violations } = await followUntil(2, createLedger(2))
    expect(violations).toContainEqual(
      expect.stringMatching(/records block 1 0x11, the shard shows/),
    )
  })

  test('devnet: follower: another amount than was sent is a violation', async () => {
    fillWithTransfer('6')
    const { violations } = await followUntil(2, createLedger(2))
    expect(violations).toEqual([expect.stringMatching(/6 wei, sent were 5/)])
  })
})

describe('devnet: cut tracker', () => {
  function cut(beaconHeight: number, beaconHash = `0x${beaconHeight}`): BeaconCut {
    const registry = { stake: 0n, burnt: 0n, channels: [] }
    return { beaconHeight, beaconHash, epoch: 0, timestampMs: 0, shards: [], registry }
  }

  test('devnet: cut tracker: a block counts when f + 1 nodes have reached it', () => {
    const tracker = createCutTracker(1)
    tracker.report(0, cut(9))
    expect(tracker.take()).toBeUndefined()
    tracker.report(1, cut(7))
    expect(tracker.take()?.beaconHeight).toBe(7)
    expect(tracker.take()).toBeUndefined()
    tracker.report(2, cut(8))
    expect(tracker.take()?.beaconHeight).toBe(8)
  })

  test('devnet: cut tracker: two finalized blocks at one height are a violation', () => {
    const tracker = createCutTracker(1)
    expect(tracker.report(0, cut(5, '0xaa'))).toEqual([])
    expect(tracker.report(1, cut(5, '0xbb'))).toEqual([expect.stringMatching(/two finalized/)])
  })

  test('devnet: cut tracker: a node whose finality falls is a violation unless it was gone', () => {
    const tracker = createCutTracker(0)
    tracker.report(0, cut(5))
    expect(tracker.report(0, cut(4))).toEqual([expect.stringMatching(/fell from 5 to 4/)])
    tracker.forget(0)
    expect(tracker.report(0, cut(3))).toEqual([])
  })
})

describe('devnet: audit over RPC', () => {
  async function audit(genesis: Genesis) {
    const { endpoints } = network
    const ledgerFile = join(directory, 'ledger.json')
    return auditNetwork({ genesis, endpoints, ledgerFile, timeoutMs: 5000 })
  }

  async function genesisOf100(): Promise<Genesis> {
    const parameters = {
      ...DEFAULT_PARAMETERS,
      shards: 2,
      validators: 8,
      scheme: 'ed25519' as const,
    }
    const { genesis } = await createDevnetGenesis({ ...parameters, loadAccounts: 0 }, 1)
    const allocations = [{ address: new Uint8Array(20), shard: 0, balance: 100n }]
    const registry = { stake: 1n, unbondEpochs: 8 }
    return { ...genesis, registry, validators: genesis.validators.slice(0, 4), allocations }
  }

  test('devnet: audit over RPC: value that moved and value that was burnt add up to genesis', async () => {
    fillWithTransfer('5')
    network.supplies[0] = { balances: 92n, burnt: 3n, genesis: 100n }
    network.supplies[1] = { balances: 105n, burnt: 0n, genesis: 100n }
    const report = await audit(await genesisOf100())
    expect(report).toMatchObject({ ok: true, genesis: 204n, balances: 197n, burnt: 4n, stake: 3n })
    expect(report?.receipts).toEqual({ sent: 1, applied: 1, refunded: 0, pending: 0 })
  })

  test('devnet: audit over RPC: a wei from nowhere fails it', async () => {
    fillWithTransfer('5')
    network.supplies[0] = { balances: 96n, burnt: 0n, genesis: 100n }
    network.supplies[1] = { balances: 105n, burnt: 0n, genesis: 100n }
    const report = await audit(await genesisOf100())
    expect(report?.violations).toEqual(['1 wei were made since genesis'])
  })
})

/** The proofs that the RPC gives, checked by hand: every branch ends at the root in the header that the block's hash names. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { present } from '../../node/primitives/assert.ts'
import { fromHex, toHex } from '../../node/primitives/bytes.ts'
import { merkleRoot, verifyMerkleBranch } from '../../node/primitives/merkle.ts'
import { decodeShardHeader, shardBlockHash } from '../../node/crosslink/header-codec.ts'
import { decodeReceipt, receiptHash } from '../../node/crosslink/receipt-codec.ts'
import { startRpcServer, type RpcServer } from '../../node/rpc/io/server.ts'
import { address, crossPayment, payment } from '../unit/shards/fixture.ts'
import { ADMITTED_MS, createRpcNetwork } from './rpc-network.ts'

const network = createRpcNetwork([])
const config = network.world.config(1)
let server: RpcServer
let hashes: readonly string[]

type Fields = Readonly<Record<string, unknown>>
type BranchFields = {
  readonly index: number
  readonly count: number
  readonly branch: readonly string[]
}

/** Shard 1 pays within and to shard 2; shard 2 takes it. */
beforeAll(async () => {
  server = await startRpcServer({
    backend: network.backend,
    port: 0,
    metricsText: () => Promise.resolve(''),
    onFailure: (method, error) => {
      throw new Error(`${method} failed`, { cause: error })
    },
  })
  const plain = payment(config, { from: 0, nonce: 0 })
  const cross = crossPayment(config, { from: 1, nonce: 0, toShard: 2, to: address(5), value: 77n })
  hashes = [plain, cross].map(({ hash }) => `0x${toHex(hash)}`)
  network.include(1, [plain, cross])
  network.world.crosslink()
  network.mine(2)
})
afterAll(() => server.stop())

async function call(path: string, method: string, ...params: readonly unknown[]): Promise<unknown> {
  const response = await fetch(`${server.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  })
  const reply = (await response.json()) as Fields
  expect(reply['error']).toBeUndefined()
  return reply['result']
}

const bytes = (value: unknown): Uint8Array => present(fromHex(String(value)), 'hexadecimal')

function headerOf(answer: Fields) {
  const header = decodeShardHeader(bytes(answer['header']))
  if (!header.ok) throw new Error(header.reject.detail)
  expect(`0x${toHex(shardBlockHash(header.value))}`).toBe(answer['hash'])
  expect(header.value.height).toBe(answer['height'])
  return header.value
}

function isUnder(root: Uint8Array, leaf: Uint8Array, proof: unknown): boolean {
  const { index, count, branch } = proof as BranchFields
  return verifyMerkleBranch({ root, leaf, index, leafCount: count, branch: branch.map(bytes) })
}

describe('rpc: proofs', () => {
  test('rpc: proofs: a transaction is under the transaction root of its header', async () => {
    for (const hash of hashes) {
      const answer = (await call('/shard/1', 'shard_getTransactionProof', hash)) as Fields
      const { transactionRoot } = headerOf(answer)
      expect(isUnder(transactionRoot, bytes(hash), answer['transaction'])).toBe(true)
      expect(isUnder(transactionRoot, bytes(answer['hash']), answer['transaction'])).toBe(false)
      expect(answer['result']).toMatchObject({ status: 1 })
    }
    expect(await call('/shard/1', 'shard_getTransactionProof', `0x${'00'.repeat(32)}`)).toBeNull()
  })

  test('rpc: proofs: a message is in its batch, and the receipt by number is the same one', async () => {
    const answer = (await call('/shard/1', 'shard_getMessageProof', hashes[1])) as Fields
    const receipt = decodeReceipt(bytes(answer['receipt']))
    if (!receipt.ok) throw new Error(receipt.reject.detail)
    expect(receipt.value).toMatchObject({ source: 1, destination: 2, sequence: 0, amount: 77n })
    const batch = answer['batch'] as Fields
    const leaf = receiptHash(receipt.value)
    expect(`0x${toHex(merkleRoot([leaf]))}`).toBe(batch['root'])
    expect(isUnder(bytes(batch['root']), leaf, batch)).toBe(true)
    headerOf(answer)
    const height = `0x${Number(answer['height']).toString(16)}`
    expect(await call('/shard/1', 'shard_getReceiptProof', height, '0x2', '0x0')).toEqual(answer)
    expect(await call('/shard/1', 'shard_getReceiptProof', height, '0x2', '0x1')).toBeNull()
    expect(await call('/shard/1', 'shard_getMessageProof', hashes[0])).toBeNull()
  })

  test('rpc: proofs: an arrival tells the receipt and its fate', async () => {
    const answer = (await call('/shard/2', 'shard_getArrival', '0x1', '0x0')) as Fields
    expect(answer).toMatchObject({
      source: 1,
      sequence: 0,
      outcome: 'applied',
      originTransaction: hashes[1],
      payload: '0x',
    })
    expect(headerOf(answer).cursors[1]).toBe(1)
    expect(await call('/shard/2', 'shard_getArrival', '0x1', '0x1')).toBeNull()
  })

  test('rpc: proofs: the outcome of a block has its header and what each transaction sent', async () => {
    const height = `0x${network.world.outcomes(1).length.toString(16)}`
    const outcome = (await call('/shard/1', 'shard_getBlockOutcome', height)) as Fields
    const header = decodeShardHeader(bytes(outcome['header']))
    expect(header).toMatchObject({ ok: true, value: { height: outcome['number'] } })
    expect(outcome['transactions']).toMatchObject([
      { hash: hashes[0], sent: null },
      { hash: hashes[1], sent: { destination: 2, sequence: 0 } },
    ])
  })

  test('rpc: proofs: an admission is told by the node that remembers it', async () => {
    expect(await call('/shard/1', 'shard_getAdmission', hashes[0])).toEqual({
      admittedMs: ADMITTED_MS,
    })
    expect(await call('/shard/1', 'shard_getAdmission', `0x${'00'.repeat(32)}`)).toBeNull()
  })
})

/** A stock ethers client against the server, over HTTP and WebSocket. */
import { JsonRpcProvider, Wallet, WebSocketProvider, parseEther } from 'ethers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { present } from '../../node/primitives/assert.ts'
import { startRpcServer, type RpcServer } from '../../node/rpc/io/server.ts'
import { CHAIN_ID_BASE } from '../unit/shards/fixture.ts'
import { createRpcNetwork } from './rpc-network.ts'

const key = `0x${'52'.repeat(32)}`
const wallet = new Wallet(key)
const network = createRpcNetwork([wallet.address as `0x${string}`])
let server: RpcServer
let provider: JsonRpcProvider

beforeAll(async () => {
  server = await startRpcServer({
    backend: network.backend,
    port: 0,
    metricsText: () => Promise.resolve(''),
  })
  provider = new JsonRpcProvider(`${server.url}/shard/1`, undefined, {
    pollingInterval: 20,
    // By default ethers answers the same question from memory for a quarter of a second.
    cacheTimeout: -1,
  })
})
afterAll(async () => {
  provider.destroy()
  await server.stop()
})

describe('rpc: ethers', () => {
  test('rpc: ethers: network, block, balance and fees are read', async () => {
    expect((await provider.getNetwork()).chainId).toBe(BigInt(CHAIN_ID_BASE + 1))
    const block = present(await provider.getBlock('latest', true), 'there is a head')
    expect(block.hash).toMatch(/^0x/)
    expect(await provider.getBalance(wallet.address)).toBe(parseEther('50'))
    expect((await provider.getFeeData()).maxFeePerGas).toBeGreaterThan(0n)
    expect(await provider.getCode(wallet.address)).toBe('0x')
  })

  test('rpc: ethers: a transfer is sent, waited for and found', async () => {
    const signer = wallet.connect(provider)
    const sent = await signer.sendTransaction({ to: `0x${'77'.repeat(20)}`, value: 99n })
    const receipt = present(await sent.wait(), 'the receipt comes')
    expect(receipt.status).toBe(1)
    const found = present(await provider.getTransaction(sent.hash), 'it is included')
    expect(found.blockNumber).toBe(receipt.blockNumber)
    expect(await provider.getBalance(`0x${'77'.repeat(20)}`)).toBe(99n)
  })

  test('rpc: ethers: refusals are recognised by their words', async () => {
    const signer = wallet.connect(provider)
    const fixed = { gasLimit: 21_000, to: wallet.address }
    await expect(signer.sendTransaction({ ...fixed, nonce: 0 })).rejects.toMatchObject({
      code: 'NONCE_EXPIRED',
    })
    await expect(
      signer.sendTransaction({ ...fixed, value: parseEther('1000') }),
    ).rejects.toMatchObject({ code: 'INSUFFICIENT_FUNDS' })
  })

  test('rpc: ethers: a wallet over WebSocket hears of the next block', async () => {
    const socket = new WebSocketProvider(`ws://127.0.0.1:${server.port}/shard/1`)
    const head = Promise.withResolvers<number>()
    await socket.on('block', (height: number) => head.resolve(height))
    // The subscription is under way; the next answer on this connection comes after it stands.
    const height = await socket.getBlockNumber()
    network.mine(1)
    expect(await head.promise).toBe(height + 1)
    await socket.destroy()
  })
})

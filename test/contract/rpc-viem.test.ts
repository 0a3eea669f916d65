/** A stock viem client against the server: what it needs is there, in the form it expects. */
import {
  createPublicClient,
  createWalletClient,
  defineChain,
  getContract,
  keccak256,
  type BaseError,
  http,
  parseEther,
  parseGwei,
  RpcRequestError,
  webSocket,
  type Hash,
} from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { present } from '../../node/primitives/assert.ts'
import { startRpcServer, type RpcServer } from '../../node/rpc/io/server.ts'
import { GATEWAY_ABI } from '../../node/shards/vm/gateway.ts'
import { CHAIN_ID_BASE } from '../unit/shards/fixture.ts'
import { createRpcNetwork } from './rpc-network.ts'

const account = privateKeyToAccount(`0x${'42'.repeat(32)}`)
const other = privateKeyToAccount(`0x${'43'.repeat(32)}`).address
const GATEWAY = '0x0000000000000000000000000000000000007765'
const network = createRpcNetwork([account.address])
let server: RpcServer

beforeAll(async () => {
  server = await startRpcServer({
    backend: network.backend,
    port: 0,
    metricsText: () => Promise.resolve('weft_test 1\n'),
    onFailure: (method, error) => {
      throw new Error(`${method} failed`, { cause: error })
    },
  })
})
afterAll(() => server.stop())

function clients(shard = 1) {
  const url = `${server.url}/shard/${shard}`
  const chain = defineChain({
    id: CHAIN_ID_BASE + shard,
    name: `shard ${shard}`,
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [url] } },
    blockTime: 100,
  })
  const options = { chain, transport: http(url), pollingInterval: 20 }
  return {
    reader: createPublicClient(options),
    wallet: createWalletClient({ ...options, account }),
    listener: createPublicClient({ chain, transport: webSocket(url.replace('http', 'ws')) }),
  }
}

describe('rpc: viem', () => {
  test('rpc: viem: chain id, head, block and balance are read', async () => {
    const { reader } = clients()
    expect(await reader.getChainId()).toBe(CHAIN_ID_BASE + 1)
    const head = await reader.getBlockNumber()
    const block = await reader.getBlock({ blockNumber: head, includeTransactions: true })
    expect(block.number).toBe(head)
    expect(block.baseFeePerGas).toBeGreaterThan(0n)
    expect(await reader.getBlock({ blockHash: block.hash })).toMatchObject({ hash: block.hash })
    for (const blockTag of ['latest', 'pending', 'safe', 'finalized', 'earliest'] as const) {
      expect((await reader.getBlock({ blockTag })).hash).toMatch(/^0x[0-9a-f]{64}$/)
    }
    expect(await reader.getBalance({ address: account.address })).toBe(parseEther('50'))
    expect(await reader.getCode({ address: GATEWAY })).toBe('0xfe')
    expect(await reader.getStorageAt({ address: GATEWAY, slot: '0x0' })).toBe(
      `0x${'00'.repeat(32)}`,
    )
  })

  test('rpc: viem: a transfer is prepared, sent, waited for and found', async () => {
    const { reader, wallet } = clients()
    const before = await reader.getBalance({ address: other })
    const hash = await wallet.sendTransaction({ to: other, value: 12_345n })
    const receipt = await reader.waitForTransactionReceipt({ hash })
    expect(receipt).toMatchObject({ status: 'success', gasUsed: 21_000n, type: 'eip1559' })
    expect(receipt.logs).toEqual([])
    expect(await reader.getBalance({ address: other })).toBe(before + 12_345n)
    const found = await reader.getTransaction({ hash })
    expect(found).toMatchObject({ value: 12_345n, from: account.address.toLowerCase() })
    expect(found.blockHash).toBe(receipt.blockHash)
    const { blockHash } = receipt
    const block = await reader.getBlock({ blockHash, includeTransactions: true })
    expect(block.transactions.map((one) => one.hash)).toContain(hash)
    const index = receipt.transactionIndex
    expect((await reader.getTransaction({ blockHash, index })).hash).toBe(hash)
    expect(await reader.getBlockTransactionCount({ blockHash })).toBe(block.transactions.length)
    const receipts = await reader.request({
      method: 'eth_getBlockReceipts' as never,
      params: [blockHash] as never,
    })
    expect(receipts).toMatchObject([{ transactionHash: hash }])
  })

  test.each(['legacy', 'eip2930'] as const)(
    'rpc: viem: a %s transfer is accepted',
    async (type) => {
      const { reader, wallet } = clients()
      const hash = await wallet.sendTransaction({
        to: other,
        value: 1n,
        type,
        accessList: undefined,
      })
      expect((await reader.waitForTransactionReceipt({ hash })).type).toBe(type)
    },
  )

  test('rpc: viem: a synchronous send answers with the receipt', async () => {
    const { wallet } = clients()
    const receipt = await wallet.sendTransactionSync({ to: other, value: 7n })
    expect(receipt).toMatchObject({ status: 'success', to: other.toLowerCase() })
  })

  test('rpc: viem: a synchronous send that is not finalized in time says which transaction waits', async () => {
    const { reader, wallet } = clients()
    network.setAutomatic(false)
    const request = await wallet.prepareTransactionRequest({ to: other, value: 8n })
    const raw = await wallet.signTransaction(request)
    const params = [raw, '0x14'] as never
    const sending = reader.request({ method: 'eth_sendRawTransactionSync', params })
    const error = await sending.then(
      () => undefined,
      (failure: unknown) => failure,
    )
    expect(error).toMatchObject({ cause: { code: 4, data: keccak256(raw) } })
    network.setAutomatic(true)
    network.mine(1)
    expect((await reader.getTransactionReceipt({ hash: keccak256(raw) })).status).toBe('success')
  })

  test('rpc: viem: a transfer to a congested shard is refused with the time to try again', async () => {
    const { wallet } = clients()
    const args = [BigInt(CHAIN_ID_BASE + 3), other] as const
    const contract = { address: GATEWAY, abi: GATEWAY_ABI, functionName: 'transfer', args } as const
    const error = await wallet
      .writeContract({ ...contract, value: 5n })
      .catch((failure: unknown) => failure)
    const cause = (error as BaseError).walk((step) => step instanceof RpcRequestError)
    expect(cause).toMatchObject({ data: { code: 'shard-congested', retryAfterMs: 2_000 } })
    expect(String(error)).toMatch(/shardCongested/)
  })

  test('rpc: viem: the gateway is simulated, estimated and called as a contract', async () => {
    const { reader, wallet } = clients()
    const client = { public: reader, wallet }
    const gateway = getContract({ address: GATEWAY, abi: GATEWAY_ABI, client })
    const args = [BigInt(CHAIN_ID_BASE + 2), other] as const
    await gateway.simulate.transfer(args, { account, value: 5n })
    expect(await gateway.estimateGas.transfer(args, { account, value: 5n })).toBeGreaterThan(
      36_000n,
    )
    const hash = await gateway.write.transfer(args, { value: 5n })
    expect((await reader.waitForTransactionReceipt({ hash })).status).toBe('success')
    const message = await reader.request({
      method: 'shard_getMessage' as never,
      params: [hash] as never,
    })
    expect(message).toMatchObject({ source: 1, destination: 2, amount: '0x5', outcome: 'pending' })
    const elsewhere = [BigInt(CHAIN_ID_BASE + 9), other] as const
    await expect(gateway.simulate.transfer(elsewhere, { account })).rejects.toThrow(/revert/)
  })

  test('rpc: viem: refusals are recognised by their words', async () => {
    const { reader, wallet } = clients()
    const nonce = await reader.getTransactionCount({ address: account.address })
    const fees = { gas: 21_000n, maxFeePerGas: parseGwei('5'), maxPriorityFeePerGas: 1n }
    const send = (changes: object) =>
      wallet.sendTransaction({ to: other, value: 1n, nonce, ...fees, ...changes })
    const causeOf = async (sending: Promise<Hash>) => {
      const error = await sending.then(
        () => undefined,
        (failure: unknown) => failure,
      )
      return (error as { cause: { name: string } } | undefined)?.cause.name
    }
    expect(await causeOf(send({ nonce: nonce - 1 }))).toBe('NonceTooLowError')
    expect(await causeOf(send({ nonce: nonce + 300 }))).toBe('NonceTooHighError')
    expect(await causeOf(send({ value: parseEther('1000') }))).toBe('InsufficientFundsError')
    expect(await causeOf(send({ gas: 20_000n }))).toBe('IntrinsicGasTooLowError')
    expect(await causeOf(send({ maxFeePerGas: 10n }))).toBe('FeeCapTooLowError')
  })

  test('rpc: viem: fees, history and pending nonce', async () => {
    const { reader, wallet } = clients(2)
    expect(await reader.getGasPrice()).toBeGreaterThan(0n)
    const fees = await reader.estimateFeesPerGas()
    expect(fees.maxFeePerGas).toBeGreaterThan(fees.maxPriorityFeePerGas)
    const history = await reader.getFeeHistory({ blockCount: 4, rewardPercentiles: [25, 75] })
    expect(history.baseFeePerGas).toHaveLength((history.reward?.length ?? 0) + 1)
    network.setAutomatic(false)
    await wallet.sendTransaction({ to: other, value: 1n })
    const { address } = account
    expect(await reader.getTransactionCount({ address })).toBe(0)
    expect(await reader.getTransactionCount({ address, blockTag: 'pending' })).toBe(1)
    network.setAutomatic(true)
    network.mine(2)
    expect(await reader.getTransactionCount({ address })).toBe(1)
  })

  test('rpc: viem: blocks and pending transactions are watched over WebSocket', async () => {
    const { listener, wallet } = clients()
    const heads = Promise.withResolvers<bigint>()
    const pending = Promise.withResolvers<Hash>()
    const stops = [
      listener.watchBlocks({
        onBlock: (block) => heads.resolve(present(block.number, 'it has one')),
      }),
      listener.watchPendingTransactions({
        onTransactions: ([hash]) => hash && pending.resolve(hash),
      }),
    ]
    // One connection answers in order: when these answers are here, both subscriptions stand.
    await listener.getChainId()
    await listener.getChainId()
    const hash = await wallet.sendTransaction({ to: other, value: 3n })
    expect(await pending.promise).toBe(hash)
    expect(await heads.promise).toBeGreaterThan(1n)
    for (const stop of stops) stop()
    const client = await listener.transport.getRpcClient()
    client.close()
  })

  test('rpc: viem: polling filters tell of blocks and pending transactions', async () => {
    const { reader, wallet } = clients()
    const blocks = await reader.createBlockFilter()
    const pending = await reader.createPendingTransactionFilter()
    const logs = await reader.createEventFilter()
    const receipt = await wallet.sendTransactionSync({ to: other, value: 9n })
    expect(await reader.getFilterChanges({ filter: blocks })).toContain(receipt.blockHash)
    expect(await reader.getFilterChanges({ filter: pending })).toEqual([receipt.transactionHash])
    expect(await reader.getFilterChanges({ filter: blocks })).toEqual([])
    expect(await reader.getFilterChanges({ filter: logs })).toEqual([])
    expect(await reader.getLogs({ fromBlock: 1n, toBlock: 2n })).toEqual([])
    expect(await reader.uninstallFilter({ filter: blocks })).toBe(true)
    await expect(reader.getFilterChanges({ filter: blocks })).rejects.toThrow(/filter not found/)
  })
})

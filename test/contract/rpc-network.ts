/**
 * A network behind the RPC server without consensus: real execution and real mempools, a block whenever something waits or
 * somebody asks, every block finalized at once. Shard 3 is not hosted: a stand-in for its member answers what is forwarded.
 */
import type {
  BlockSelector,
  HeadEvent,
  NetworkBackend,
  ShardBackend,
  ShardBlockView,
  TakenBackView,
  TransactionPlace,
} from '../../node/rpc/backend.ts'
import { emptyChannels } from '../../node/crosslink/channel.ts'
import type { ChannelHead } from '../../node/crosslink/receipt.ts'
import { present } from '../../node/primitives/assert.ts'
import { equalBytes, fromHex, toHex } from '../../node/primitives/bytes.ts'
import { recoverAddress } from '../../node/primitives/io/secp256k1.ts'
import type { Address } from '../../node/primitives/identifiers.ts'
import type { BlockOutcome, CheckedTransaction } from '../../node/shards/executor.ts'
import { refusalOfBytes } from '../../node/shards/mempool-admission.ts'
import { createMempool } from '../../node/shards/mempool.ts'
import { decodeTransaction, signingHash } from '../../node/shards/transaction.ts'
import { GATEWAY_ADDRESS } from '../../node/shards/vm/gateway.ts'
import {
  BENEFICIARY,
  CHAIN_ID_BASE,
  ETHER,
  GENESIS_HASH,
  genesisRecord,
  payment,
} from '../unit/shards/fixture.ts'
import { createWorld, type World } from '../unit/shards/world.ts'

const SHARD_COUNT = 3
const HOSTED = [1, 2] as const
/** When every transaction is admitted here. */
export const ADMITTED_MS = 1_700_000_000_000

const TAKEN_BACK: TakenBackView = {
  count: 1,
  last: {
    atMs: ADMITTED_MS,
    because: 'fork',
    epoch: 3,
    from: { height: 9, hash: new Uint8Array(32).fill(9) },
    to: { height: 7, hash: new Uint8Array(32).fill(7) },
    orphans: 4,
  },
}

export type RpcNetwork = {
  readonly backend: NetworkBackend
  readonly world: World
  /** Makes one block of what waits. */
  readonly mine: (shard: number) => void
  /** Makes one block of these, whose signatures nobody checked. */
  readonly include: (shard: number, transactions: readonly CheckedTransaction[]) => void
  /** Blocks come by themselves after each admitted transaction. */
  setAutomatic(value: boolean): void
  readonly forwarded: string[]
  setForwardedReply(reply: string | undefined): void
  readonly emit: (event: HeadEvent) => void
}

export function createRpcNetwork(funded: readonly `0x${string}`[]): RpcNetwork {
  const world = createWorld({ shardCount: SHARD_COUNT })
  const listeners = new Set<(event: HeadEvent) => void>()
  const emit = (event: HeadEvent) => {
    for (const listener of listeners) listener(event)
  }
  const shards = HOSTED.map((shard) => createShard({ world, shard, emit }))
  for (const [index, address] of funded.entries()) {
    for (const { fund } of shards) fund(index, bytesOf(address))
  }
  for (const { mine } of shards) mine()
  const forwarded: string[] = []
  let forwardedReply: string | undefined
  const at = (shard: number) => shards[shard - 1]
  return {
    world,
    mine: (shard) => present(at(shard), 'the shard is hosted').mine(),
    include: (shard, transactions) =>
      present(at(shard), 'the shard is hosted').include(transactions),
    setAutomatic: (value) => shards.forEach((shard) => shard.setAutomatic(value)),
    forwarded,
    setForwardedReply: (reply) => (forwardedReply = reply),
    emit,
    backend: {
      network: () => ({
        clientVersion: 'weft/test',
        networkName: 'test',
        chainIdBase: CHAIN_ID_BASE,
        shardCount: SHARD_COUNT,
        genesisHash: GENESIS_HASH,
        blockIntervalMs: 500,
        certificateScheme: 'mock',
        gatewayAddress: GATEWAY_ADDRESS,
        hostedShards: HOSTED,
      }),
      shard: (shard) => at(shard)?.backend,
      beacon: () => ({
        head: {
          epoch: 0,
          height: 1,
          hash: GENESIS_HASH,
          timestampMs: 1,
          shards: [1, 2, 3].map((shard) => genesisRecord(world.config(shard))),
          stake: 128n,
          burnt: 0n,
          incoming: emptyChannels(3),
          outgoing: emptyChannels(3),
        },
        committees: [
          { chain: 0, epoch: 0, validators: [0, 1, 2, 3], faultsTolerated: 1, quorum: 3 },
        ],
      }),
      registry: () => ({
        epoch: 0,
        height: 1,
        validators: [],
        burnt: 5n,
        committees: [[], [], [], []],
        nextCommittees: undefined,
      }),
      beaconBlock: async () => undefined,
      crosslinkOf: async () => undefined,
      health: () => ({
        ok: true,
        peers: 3,
        chains: [{ chain: 2, height: 5, view: 6, seat: 0, syncing: true, takenBack: 1 }],
      }),
      takenBack: (shard) => (shard === 2 ? TAKEN_BACK : { count: 0, last: undefined }),
      subscribe: (listener) => {
        listeners.add(listener)
        return () => void listeners.delete(listener)
      },
      forward: async (_, request) => {
        forwarded.push(request)
        return forwardedReply
      },
    },
  }
}

type ShardParts = {
  readonly world: World
  readonly shard: number
  readonly emit: (event: HeadEvent) => void
}

function createShard({ world, shard, emit }: ShardParts) {
  const config = world.config(shard)
  const mempool = createMempool({ rules: config })
  const blocks: ShardBlockView[] = []
  const channels: (readonly ChannelHead[])[] = [emptyChannels(SHARD_COUNT)]
  const admitted = new Set<string>()
  const raws = new Map<string, CheckedTransaction>()
  let funding: CheckedTransaction[] = []
  let isAutomatic = true

  function mine(): void {
    const chosen = mempool.select({
      baseFee: 1n,
      gasMax: config.gasLimit,
      bytesMax: 500_000,
      countMax: 1_000,
      changed: [],
    })
    const candidates = [...funding, ...chosen]
    funding = []
    for (const checked of candidates) raws.set(toHex(checked.hash), checked)
    const outcome = world.advance(shard, candidates)
    mempool.finalize(outcome.header.height, outcome.changed)
    const block = viewOf(outcome)
    blocks.push(block)
    channels.push(outcome.channels)
    emit({ kind: 'block', shard, block })
  }

  function viewOf(outcome: BlockOutcome): ShardBlockView {
    return {
      hash: outcome.hash,
      header: outcome.header,
      bytes: 1_000,
      level: 'finalized',
      transactions: outcome.transactionHashes.map((hash) =>
        present(raws.get(toHex(hash)), 'a block holds candidates only'),
      ),
      results: outcome.results,
      consumed: outcome.consumed,
      sent: outcome.sent,
      beneficiary: BENEFICIARY,
    }
  }

  function find(selector: BlockSelector): ShardBlockView | undefined {
    if (selector.kind === 'tag') return selector.tag === 'earliest' ? blocks[0] : blocks.at(-1)
    if (selector.kind === 'height') return blocks[selector.height - 1]
    return blocks.find((block) => equalBytes(block.hash, selector.hash))
  }

  function place(hash: Uint8Array): TransactionPlace | undefined {
    for (const block of blocks) {
      const index = block.transactions.findIndex((one) => equalBytes(one.hash, hash))
      if (index !== -1) return { kind: 'included', block, index }
    }
    const transaction = mempool.get(hash)
    return transaction === undefined ? undefined : { kind: 'pending', transaction }
  }

  function account(address: Address, isPending: boolean) {
    const view = world.account(shard, address)
    return isPending ? { ...view, nonce: mempool.pendingNonce(address, view.nonce) } : view
  }

  const backend: ShardBackend = {
    block: async (selector) => find(selector),
    transaction: async (hash) => place(hash),
    accounts: async (selector, addresses) => {
      if (selector.kind !== 'tag') return undefined
      return addresses.map((address) => account(address, selector.tag === 'pending'))
    },
    submit: async (raw) => {
      const decoded = decodeTransaction(raw)
      if (!decoded.ok) return { ok: false, reject: refusalOfBytes(decoded.reject) }
      const { signature, yParity, hash } = decoded.value
      const sender = recoverAddress(signingHash(decoded.value), signature, yParity)
      if (sender === undefined) return { ok: false, reject: refusalOfBytes(undefined) }
      const known = world.account(shard, sender)
      const congested = (destination: number) => destination === 3
      const result = mempool.admit({ checked: { raw, hash, sender }, account: known, congested })
      if (!result.ok) return result
      emit({ kind: 'pending-transaction', shard, hash })
      admitted.add(toHex(hash))
      if (isAutomatic) setImmediate(mine)
      return result
    },
    message: async (origin) => {
      for (const block of blocks) {
        const receipts = block.sent.flatMap((batch) => batch.receipts)
        const receipt = receipts.find((one) => equalBytes(one.originTransaction, origin))
        if (receipt === undefined) continue
        const { height } = block.header
        const level = block.level
        const sentInHash = block.hash
        return {
          receipt,
          sentInHeight: height,
          sentInHash,
          level,
          outcome: 'pending',
          consumed: false,
        }
      }
      return undefined
    },
    supply: async () => world.supply(shard),
    arrival: async (source, sequence) => {
      for (const block of blocks) {
        const index = block.consumed.findIndex(({ receipt }) => {
          return receipt.source === source && receipt.sequence === sequence
        })
        if (index !== -1) return { block, index }
      }
      return undefined
    },
    channels: async (height) => channels[height],
    admittedAtMs: (hash) => (admitted.has(toHex(hash)) ? ADMITTED_MS : undefined),
  }

  return {
    backend,
    mine,
    include: (transactions: readonly CheckedTransaction[]) => {
      for (const { hash } of transactions) admitted.add(toHex(hash))
      funding.push(...transactions)
      mine()
    },
    setAutomatic: (value: boolean) => (isAutomatic = value),
    fund: (from: number, to: Address) =>
      void funding.push(payment(config, { from, to, value: 50n * ETHER })),
  }
}

function bytesOf(hex: string): Uint8Array {
  return present(fromHex(hex), 'test data is hexadecimal')
}

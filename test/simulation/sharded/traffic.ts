/**
 * Traffic of a trial: transfers between the personal accounts, within and across shards, drawn from a seed; and the ledger
 * of what must come of them. The ledger has its own arithmetic: who should have received how much.
 */
import { personalAccounts } from '../../../devnet/accounts.ts'
import type { Court } from '../../../devnet/simulator/sharded-court.ts'
import type { ShardedWorld } from '../../../devnet/simulator/sharded-world.ts'
import { bigIntToBytes, toHex } from '../../../node/primitives/bytes.ts'
import { hashTagged, keccak256 } from '../../../node/primitives/hash.ts'
import type { Address, ChainNumber } from '../../../node/primitives/identifiers.ts'
import { signDigest } from '../../../node/primitives/io/secp256k1.ts'
import type { Prng } from '../../../node/primitives/prng.ts'
import type { BlockOutcome } from '../../../node/shards/executor.ts'
import {
  encodeSigned,
  signingHash,
  type TransactionFields,
} from '../../../node/shards/transaction.ts'
import { encodeGatewayTransfer, GATEWAY_ADDRESS } from '../../../node/shards/vm/gateway.ts'
import { CHAIN_ID_BASE } from './genesis.ts'

const ACCOUNTS = personalAccounts()
const NATIVE_GAS = 21_000
const GATEWAY_CALL_GAS = 100_000

export type Order = {
  /** Where it is signed, by whom (index of a personal account). */
  readonly shard: ChainNumber
  readonly sender: number
  /** Where it ends. */
  readonly destination: ChainNumber
  /** `bounce`: to an address that cannot receive there; `self`: to the sender's own address there. */
  readonly to: 'account' | 'bounce' | 'self'
  readonly amount: bigint
}

export type Traffic = {
  /** Sends one order through this node. */
  readonly send: (order: Order, node: number) => void
  /** What clients do after a failure: everything that is still open is sent again, through this node. */
  readonly sendAgain: (node: number) => void
  /** Somebody else sends the last order's transaction to another shard, through this node. */
  readonly copyLast: (node: number) => void
  /** A random order. */
  readonly draw: (dice: Prng) => Order
  readonly observe: (shard: ChainNumber, outcome: BlockOutcome) => void
  readonly refusals: () => ReadonlyMap<string, number>
  /** Accepted, and not yet ended. */
  readonly openCount: () => number
  readonly sentCount: () => number
  /** Heights in which everything ended, index = shard - 1; undefined while something is open. */
  readonly lastHeights: () => readonly number[] | undefined
  /** Fresh receivers and what they must hold on a shard. */
  readonly expected: () => ReadonlyMap<
    string,
    { readonly shard: ChainNumber; readonly address: Address; readonly amount: bigint }
  >
}

export type TrafficOptions = {
  readonly world: ShardedWorld
  readonly court: Court
  readonly shardCount: number
  readonly nodeCount: number
}

type OpenOrder = {
  readonly order: Order
  readonly raw: Uint8Array
  /** How many ends it still needs: its block, its arrival, its refund. */
  ends: number
}

type Ledger = TrafficOptions & {
  readonly nonces: Map<string, number>
  readonly open: Map<string, OpenOrder>
  readonly refused: Map<string, number>
  readonly owed: Map<string, { shard: ChainNumber; address: Address; amount: bigint }>
  readonly heights: number[]
  readonly seen: Set<string>
  sent: number
}

export function createTraffic(options: TrafficOptions): Traffic {
  const ledger: Ledger = {
    ...options,
    nonces: new Map(),
    open: new Map(),
    refused: new Map(),
    owed: new Map(),
    heights: Array.from({ length: options.shardCount }, () => 0),
    seen: new Set(),
    sent: 0,
  }
  return {
    send: (order, node) => send(ledger, order, node),
    sendAgain: (node) => {
      for (const { order, raw } of ledger.open.values()) {
        ledger.world.submit(node, order.shard, raw)
      }
    },
    copyLast: (node) => {
      const last = [...ledger.open.values()].at(-1)
      if (last === undefined) return
      const { shard } = last.order
      ledger.world.submit(node, 1 + (shard % options.shardCount), last.raw)
    },
    draw: (dice) => draw(ledger, dice),
    observe: (shard, outcome) => observe(ledger, shard, outcome),
    refusals: () => ledger.refused,
    openCount: () => ledger.open.size,
    sentCount: () => ledger.sent,
    lastHeights: () => (ledger.open.size === 0 ? [...ledger.heights] : undefined),
    expected: () => ledger.owed,
  }
}

function draw({ shardCount }: Ledger, dice: Prng): Order {
  const shard = 1 + dice.below(shardCount)
  const crosses = dice.chance(1, 2)
  const destination = crosses ? 1 + ((shard + dice.below(shardCount - 1)) % shardCount) : shard
  const to = crosses && dice.chance(1, 6) ? 'bounce' : 'account'
  const sender = dice.below(ACCOUNTS.length)
  return { shard, sender, destination, to, amount: BigInt(1 + dice.below(1_000_000)) }
}

/** Nobody signs for them, so what they hold is what they were sent. */
function receiverOf(order: Order): Address {
  const tag = bigIntToBytes(BigInt(order.sender), 8)
  return hashTagged('receiver', tag).slice(0, 20)
}

function targetOf(order: Order): Address {
  if (order.to === 'bounce') return GATEWAY_ADDRESS
  return order.to === 'self' ? accountOf(order.sender).address : receiverOf(order)
}

function send(ledger: Ledger, order: Order, node: number): void {
  const raw = sign(ledger, order)
  const id = toHex(keccak256(raw))
  const crosses = order.destination !== order.shard
  ledger.open.set(id, { order, raw, ends: order.to === 'bounce' ? 3 : crosses ? 2 : 1 })
  ledger.sent++
  if (crosses) ledger.court.conservation.declare(id, order.amount)
  testify(ledger, order, id)
  ledger.world.submit(node, order.shard, raw, (result) => {
    if (result.ok) return ledger.court.testimony.accepted(node, id)
    const { code } = result.reject
    ledger.refused.set(code, (ledger.refused.get(code) ?? 0) + 1)
    ledger.open.delete(id)
    // The refused number is used for the sender's next order, or all of those would wait behind it.
    const { shard, sender } = order
    const key = `${shard}/${sender}`
    ledger.nonces.set(key, (ledger.nonces.get(key) ?? 1) - 1)
  })
}

function testify({ court, nonces }: Ledger, { shard, sender }: Order, hash: string): void {
  const from = toHex(accountOf(sender).address)
  const nonce = (nonces.get(`${shard}/${sender}`) ?? 1) - 1
  court.testimony.offered({ hash, shard, from, nonce })
}

function accountOf(sender: number): (typeof ACCOUNTS)[number] {
  const account = ACCOUNTS[sender]
  if (account === undefined) throw new Error('there are ten accounts')
  return account
}

function owe(ledger: Ledger, order: Order): void {
  const address = receiverOf(order)
  const key = `${order.destination}/${toHex(address)}`
  const known = ledger.owed.get(key)
  const amount = (known?.amount ?? 0n) + order.amount
  ledger.owed.set(key, { shard: order.destination, address, amount })
}

function sign({ nonces }: Ledger, order: Order): Uint8Array {
  const { shard, sender, destination, amount } = order
  const key = `${shard}/${sender}`
  const nonce = nonces.get(key) ?? 0
  nonces.set(key, nonce + 1)
  const crosses = destination !== shard
  const target = targetOf(order)
  const fields: TransactionFields = {
    type: 2,
    chainId: CHAIN_ID_BASE + shard,
    nonce,
    maxPriorityFeePerGas: 10n ** 9n,
    maxFeePerGas: 10n ** 10n,
    gasLimit: crosses ? GATEWAY_CALL_GAS : NATIVE_GAS,
    to: crosses ? GATEWAY_ADDRESS : target,
    value: amount,
    data: crosses ? encodeGatewayTransfer(CHAIN_ID_BASE + destination, target) : new Uint8Array(0),
    accessList: [],
  }
  return encodeSigned(fields, signDigest(signingHash(fields), accountOf(sender).secretKey))
}

/** Each end counts once, whoever executed it first: blocks that were taken back come again as others (B.8). */
function observe(ledger: Ledger, shard: ChainNumber, outcome: BlockOutcome): void {
  for (const hash of outcome.transactionHashes) {
    const key = toHex(hash)
    const order = ledger.open.get(key)?.order
    if (!end(ledger, { shard, outcome }, key, 'block')) continue
    if (order?.to === 'account') owe(ledger, order)
  }
  for (const { receipt } of outcome.consumed) {
    end(ledger, { shard, outcome }, toHex(receipt.originTransaction), receipt.kind)
  }
}

/** True of the first time. */
function end(
  { open, seen, heights }: Ledger,
  { shard, outcome }: { readonly shard: ChainNumber; readonly outcome: BlockOutcome },
  transaction: string,
  kind: string,
): boolean {
  const entry = open.get(transaction)
  const key = `${transaction} ${kind}`
  if (entry === undefined || seen.has(key)) return false
  seen.add(key)
  entry.ends--
  if (entry.ends === 0) open.delete(transaction)
  heights[shard - 1] = outcome.header.height
  return true
}

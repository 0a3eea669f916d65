/**
 * The load of a simulated scenario: the same payments by the same senders as on real processes (load/workload.ts), at even
 * distances, whatever the network does. A client with patience: what a node refuses is offered again later, and what is in
 * no block after a while is sent again through another node.
 */
import { present } from '../../node/primitives/assert.ts'
import { fromHex, toHex } from '../../node/primitives/bytes.ts'
import type { ChainNumber } from '../../node/primitives/identifiers.ts'
import type { BlockOutcome } from '../../node/shards/executor.ts'
import { loadAccount, type DevnetAccount } from '../accounts.ts'
import { OUTSTANDING_PER_SENDER_MAX } from '../load/sender.ts'
import { planPayment, signPayment } from '../load/workload.ts'
import { CHAIN_ID_BASE } from '../parameters.ts'
import type { OfferedTransaction } from '../simulator/checkers/network-observation.ts'
import type { ShardedWorld } from '../simulator/sharded-world.ts'
import type { SendOrder } from './engine.ts'
import { SENDERS_PER_SHARD } from './simulated-genesis.ts'
import { createOrderBook, type Order, type OrderBook } from './simulated-order.ts'

export type SimulatedLoad = {
  readonly setRate: (perSecond: number) => void
  readonly send: (order: SendOrder) => void
  /** What is due by `now`; gives the time of the next arrival. */
  readonly offer: () => number
  readonly block: (shard: ChainNumber, outcome: BlockOutcome) => void
  readonly book: OrderBook
}

export type LoadOptions = {
  readonly world: ShardedWorld
  readonly shardCount: number
  readonly crossShardPerMille: number
  /** Nodes a client may ask for this shard, in order of preference. */
  readonly nodesFor: (shard: ChainNumber) => readonly number[]
  /** A payment that leaves its shard is about to be sent: hash and amount. */
  readonly onCross: (hash: string, amount: bigint) => void
  /** What the clients say to the court: a payment was signed, and a node took it. */
  readonly onOffered: (transaction: OfferedTransaction) => void
  readonly onAccepted: (node: number, hash: string) => void
}

/** After a refusal a sender rests: a refusal for load should not cause load. */
const REST_MS = 1000
/** Some blocks; then the payment was lost with some node's pool. */
const SILENT_MS = 5000
const SWEEP_MS = 1000
/** Bounds the burst after a fault. */
const SENT_AGAIN_MAX = 200
/** What one payment carries, as load/workload.ts signs it. */
const VALUE = 1_000_000_000n

type Sender = {
  readonly shard: ChainNumber
  readonly index: number
  readonly account: DevnetAccount
  next: number
  /** Finalized nonce. */
  included: number
  /** By nonce, from `included` on. */
  readonly orders: Map<number, SentOrder>
  restUntilMs: number
}

type Load = LoadOptions & {
  readonly book: OrderBook
  /** Index = shard - 1. */
  readonly senders: readonly (readonly Sender[])[]
  readonly turns: number[]
  rate: { startMs: number; perSecond: number; done: number }
  arrivals: number
  sweepMs: number
}

export function createSimulatedLoad(options: LoadOptions): SimulatedLoad {
  const shards = Array.from({ length: options.shardCount }, (_, index) => index + 1)
  const load: Load = {
    ...options,
    book: createOrderBook(options.shardCount),
    senders: shards.map((shard) =>
      Array.from({ length: SENDERS_PER_SHARD }, (_, index) => createSender(shard, index)),
    ),
    turns: shards.map(() => 0),
    rate: { startMs: 0, perSecond: 0, done: 0 },
    arrivals: 0,
    sweepMs: 0,
  }
  return {
    book: load.book,
    setRate: (perSecond) => {
      load.rate = { startMs: load.world.now(), perSecond, done: 0 }
    },
    send: ({ count, from, to }) => {
      for (let sent = 0; sent < count; sent++) sendNew(load, from, to)
    },
    offer: () => offer(load),
    block: (shard, outcome) => {
      for (const { sender, nonce } of load.book.block(shard, outcome)) {
        const one = present(load.senders[shard - 1]?.[sender], 'an order has a sender')
        one.included = Math.max(one.included, nonce + 1)
        one.next = Math.max(one.next, one.included)
        one.orders.delete(nonce)
      }
    },
  }
}

function createSender(shard: ChainNumber, index: number): Sender {
  return {
    shard,
    index,
    account: loadAccount(shard, index),
    next: 0,
    included: 0,
    orders: new Map(),
    restUntilMs: 0,
  }
}

function offer(load: Load): number {
  const now = load.world.now()
  if (now >= load.sweepMs) {
    load.sweepMs = now + SWEEP_MS
    sweep(load)
  }
  const { rate } = load
  while (rate.perSecond > 0 && nextArrival(rate) <= now) {
    rate.done++
    sendNew(load, 1 + (load.arrivals++ % load.shardCount), undefined)
  }
  return Math.min(load.sweepMs, nextArrival(rate))
}

function nextArrival({ startMs, perSecond, done }: Load['rate']): number {
  return perSecond === 0 ? Infinity : startMs + Math.ceil((done * 1000) / perSecond)
}

/** By the next sender of the shard that may send; nobody may: the arrival is dropped. */
function sendNew(load: Load, shard: ChainNumber, to: ChainNumber | undefined): void {
  const senders = load.senders[shard - 1] ?? []
  const now = load.world.now()
  for (let tried = 0; tried < senders.length; tried++) {
    const turn = load.turns[shard - 1] ?? 0
    load.turns[shard - 1] = (turn + 1) % senders.length
    const sender = present(senders[turn], 'a shard has senders')
    const isFull = sender.next - sender.included >= OUTSTANDING_PER_SENDER_MAX
    if (!isFull && sender.restUntilMs <= now) return sendNext(load, sender, to)
  }
}

function sendNext(load: Load, sender: Sender, to: ChainNumber | undefined): void {
  const nonce = sender.next++
  const known = sender.orders.get(nonce)
  if (known !== undefined) return submit(load, sender, known)
  const { shard, index, account } = sender
  const { crossShardPerMille, shardCount, book } = load
  const planned = planPayment({ shard, index, nonce }, crossShardPerMille / 1000, shardCount)
  const destination = to ?? planned.destination
  const payee = loadAccount(destination, planned.payeeIndex % SENDERS_PER_SHARD).address
  const facts = { shardCount, chainIdBase: CHAIN_ID_BASE }
  const payment = signPayment({ shard, nonce, destination, payee }, account.secretKey, facts)
  const hash = payment.hash.slice(2)
  const order = {
    hash,
    sender: index,
    nonce,
    shard,
    destination,
    raw: present(fromHex(payment.raw.slice(2)), 'a signed payment is hex'),
    isAccepted: false,
    isIncluded: false,
    sentMs: 0,
    attempts: 0,
  }
  sender.orders.set(nonce, order)
  book.add(hash, order)
  if (destination !== shard) load.onCross(hash, VALUE)
  load.onOffered({ hash, shard, from: toHex(account.address), nonce })
  submit(load, sender, order)
}

type SentOrder = Order & { readonly hash: string; sentMs: number; attempts: number }

function submit(load: Load, sender: Sender, order: SentOrder): void {
  const { world, book } = load
  const nodes = load.nodesFor(sender.shard)
  const node = nodes[(sender.index + order.attempts) % Math.max(1, nodes.length)]
  order.sentMs = world.now()
  order.attempts++
  if (node === undefined) return
  world.submit(node, sender.shard, order.raw, (result) => {
    if (result.ok || result.reject.code === 'already-known') {
      load.onAccepted(node, order.hash)
      return book.accept(order)
    }
    // Included a moment ago, and its block is on its way here.
    if (result.reject.code === 'nonce-too-low') return
    sender.restUntilMs = world.now() + REST_MS
    if (!order.isAccepted)
      sender.next = Math.max(sender.included, Math.min(sender.next, order.nonce))
  })
}

function sweep(load: Load): void {
  const before = load.world.now() - SILENT_MS
  let sent = 0
  for (const sender of load.senders.flat()) {
    const accepted = [...sender.orders.values()].filter(({ isAccepted }) => isAccepted)
    const last = Math.max(-1, ...accepted.map(({ nonce }) => nonce))
    for (let nonce = sender.included; nonce <= last && sent < SENT_AGAIN_MAX; nonce++) {
      const order = sender.orders.get(nonce)
      if (order === undefined || order.sentMs > before) continue
      submit(load, sender, order)
      sent++
    }
  }
}

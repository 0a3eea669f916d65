/**
 * The offering: due arrivals become signed payments, payments leave through outboxes, refused senders go on from what the
 * chain tells, silent payments are sent again. Open loop: nothing here waits for an answer before the next arrival.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { present } from '../../node/primitives/assert.ts'
import type { Committees } from '../observe/read-answer.ts'
import type { RpcClient } from '../observe/rpc-client.ts'
import type { TrafficPlan } from './message.ts'
import { readNonces } from './nonces.ts'
import { Outbox, type SendOutcome } from './outbox.ts'
import {
  createSenderPool,
  payerOf,
  resumeSender,
  signAhead,
  takePayment,
  type Outstanding,
  type Sender,
  type SenderPool,
} from './sender.ts'
import { noteAccepted, noteRefused, noteSent, type Settlement } from './settlement.ts'
import type { Workload } from './workload-contract.ts'
import { arrivalsDue, arrivalTime } from './workload.ts'

/** How often due arrivals are sent: short against block times, long against the cost of a request. */
const ARRIVAL_TICK_MS = 100
/** Waiting before a blocked sender asks the chain for its nonce: a refusal for load should not cause load. */
const RESUME_AFTER_MS = 1000
/** A payment that is in no block after this long has been lost with some node's pool. */
const SILENT_AFTER_MS = 20_000
const SILENT_SWEEP_MS = 5000
/** Payments sent again in one sweep; bounds the burst after a fault. */
const SENT_AGAIN_MAX = 200
/**
 * Senders next to each other that share a node. Arrivals go round the senders, so what is due in one tick enters through few
 * nodes, in batches, as a wallet's server sends it; the nodes take turns.
 */
const NEIGHBOURS = 50
/**
 * Whom a blocked sender asks where it stands: the node that refused has its other payments, and under load the next one may
 * not have them yet; a node that does not answer is no use.
 */
const SAME_NODE = 0
const NEXT_NODE = 1
const OUTBOX_FULL = 'outbox full'
/** Accounts signed between two looks at the event loop. */
const SIGNED_PER_TURN = 20

export type OfferingSurroundings = {
  readonly plan: TrafficPlan
  readonly workload: Workload
  /** Index = validator index. */
  readonly clients: readonly RpcClient[]
  readonly committees: () => Committees
  readonly settlement: Settlement
}

export class Offering {
  readonly #world: OfferingSurroundings
  readonly #pool: SenderPool
  readonly #outboxes = new Map<string, Outbox>()
  /** Who asks which node about which shard next: many are refused at once, and they ask in one batch. */
  readonly #blocked = new Map<string, Sender[]>()
  #timers: NodeJS.Timeout[] = []
  #clock = { startMs: 0, ratePerSecond: 0 }
  /** Arrivals under the present clock, and over all. */
  #done = 0
  #arrivals = 0
  #stopped = false

  constructor(world: OfferingSurroundings) {
    this.#world = world
    this.#pool = createSenderPool(world.plan, world.workload)
  }

  /** Asks where the senders stand, then offers at the plan's rate. */
  async start(): Promise<void> {
    const { plan, clients } = this.#world
    await Promise.all(
      this.#pool.senders.map((senders, index) =>
        this.#resume(index + 1, senders, index % clients.length),
      ),
    )
    this.setRate(plan.ratePerSecond)
    this.#timers = [
      setInterval(() => this.#offer(), ARRIVAL_TICK_MS),
      setInterval(() => this.#sendSilentAgain(), SILENT_SWEEP_MS),
    ]
  }

  setRate(ratePerSecond: number): void {
    this.#clock = { startMs: Date.now(), ratePerSecond }
    this.#done = 0
  }

  /** Signs ahead, so that signing costs nothing while the clock runs. */
  async prepare(payments: number): Promise<void> {
    const senders = this.#pool.senders.flat()
    const perSender = Math.ceil(payments / Math.max(1, senders.length))
    for (const [index, sender] of senders.entries()) {
      signAhead(this.#pool, sender, perSender)
      if (index % SIGNED_PER_TURN === 0) await delay(0)
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true
    for (const timer of this.#timers) clearInterval(timer)
    await Promise.all([...this.#outboxes.values()].map((outbox) => outbox.close()))
  }

  #offer(): void {
    const { settlement } = this.#world
    const nowMs = Date.now()
    const due = arrivalsDue(this.#clock, this.#done, nowMs)
    for (let index = 0; index < due; index++) {
      settlement.counts.offered++
      const sender = payerOf(this.#pool, this.#arrivals++)
      if (sender === undefined) {
        settlement.counts.dropped++
        continue
      }
      if (this.#outboxOf(this.#nodeOf(sender, SAME_NODE), sender.shard).isFull) {
        // Nothing was signed or sent for it, so the sender need not ask where it stands: it is the arrival that is lost.
        settlement.refused[OUTBOX_FULL] = (settlement.refused[OUTBOX_FULL] ?? 0) + 1
        continue
      }
      const intendedMs = arrivalTime(this.#clock, this.#done + index)
      this.#submit(takePayment(this.#pool, sender, { nowMs, intendedMs }), 0)
    }
    this.#done += due
  }

  #submit(outstanding: Outstanding, attempt: number): void {
    const { sender, payment } = outstanding
    const { settlement } = this.#world
    noteSent(settlement, outstanding)
    const outbox = this.#outboxOf(this.#nodeOf(sender, attempt), sender.shard)
    if (outbox.push(outstanding)) return
    sender.outstanding.delete(payment.nonce)
    noteRefused(settlement, outstanding, OUTBOX_FULL)
    this.#block(sender, SAME_NODE)
  }

  /** A sender keeps to one node as long as the committee stands, so that its payments arrive in order. */
  #nodeOf({ shard, index }: Sender, attempt: number): number {
    const { plan, clients, committees } = this.#world
    const members = committees()[shard - 1] ?? []
    const step = Math.floor(index / NEIGHBOURS) + attempt
    const outside = plan.outsiderEvery > 0 && index % plan.outsiderEvery === 0
    const member = members[step % Math.max(1, members.length)]
    // Of a node that has joined since nobody told the address.
    const isKnown = member !== undefined && member < clients.length
    return outside || !isKnown ? step % clients.length : member
  }

  #outboxOf(node: number, shard: number): Outbox {
    const key = `${node}/${shard}`
    const known = this.#outboxes.get(key)
    if (known !== undefined) return known
    const client = present(this.#world.clients[node], 'nodes are counted from the endpoints')
    const outbox = new Outbox(client, shard, (one, outcome) => this.#onOutcome(one, outcome))
    this.#outboxes.set(key, outbox)
    return outbox
  }

  #onOutcome(outstanding: Outstanding, outcome: SendOutcome): void {
    const { settlement } = this.#world
    if (outcome.kind === 'accepted') return noteAccepted(settlement, outstanding)
    if (outcome.kind === 'refused') {
      outstanding.sender.outstanding.delete(outstanding.payment.nonce)
      noteRefused(settlement, outstanding, outcome.reason)
    }
    this.#block(outstanding.sender, outcome.kind === 'unknown' ? NEXT_NODE : SAME_NODE)
  }

  #block(sender: Sender, attempt: number): void {
    if (sender.blocked) return
    sender.blocked = true
    const { shard } = sender
    const node = this.#nodeOf(sender, attempt)
    const key = `${node}/${shard}`
    const others = this.#blocked.get(key)
    if (others !== undefined) return void others.push(sender)
    const senders = [sender]
    this.#blocked.set(key, senders)
    this.#later(() => {
      this.#blocked.delete(key)
      return this.#resume(shard, senders, node)
    })
  }

  async #resume(shard: number, senders: readonly Sender[], node: number): Promise<void> {
    const { clients, settlement } = this.#world
    const client = present(clients[node % clients.length], 'there is at least one node')
    const nonces = await readNonces(client, shard, senders)
    if (nonces === undefined) {
      this.#later(() => this.#resume(shard, senders, node + 1))
      return
    }
    for (const [index, sender] of senders.entries()) {
      for (const lost of resumeSender(sender, nonces[index] ?? 0)) {
        noteRefused(settlement, lost, 'lost')
      }
    }
  }

  #later(work: () => Promise<void>): void {
    setTimeout(() => {
      if (!this.#stopped) void work()
    }, RESUME_AFTER_MS).unref()
  }

  /** The oldest nonces of each sender come first: the later ones cannot be included without them. */
  #sendSilentAgain(): void {
    const nowMs = Date.now()
    const silent = this.#pool.senders.flatMap((senders) =>
      senders.flatMap((sender) =>
        sender.blocked
          ? []
          : [...sender.outstanding.values()].filter(
              ({ sentMs }) => sentMs < nowMs - SILENT_AFTER_MS,
            ),
      ),
    )
    for (const outstanding of silent.slice(0, SENT_AGAIN_MAX)) {
      outstanding.sentMs = nowMs
      this.#submit(outstanding, 1 + Math.floor(nowMs / SILENT_SWEEP_MS))
    }
  }
}

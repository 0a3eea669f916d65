/**
 * Outboxes: one per node and shard, each with one request under way, so that a sender's payments reach its node in nonce
 * order. What waits leaves in batches. A full outbox refuses: a node that does not answer must not fill our memory.
 */
import { present } from '../../node/primitives/assert.ts'
import { RPC_BATCH_MAX, RpcUnreachableError, type RpcClient } from '../observe/rpc-client.ts'
import type { Outstanding } from './sender.ts'

export type SendOutcome =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused'; readonly reason: string }
  /** Nobody answered; the payment may or may not have arrived. */
  | { readonly kind: 'unknown' }

/** Four full batches: more waiting means that the node takes less than is offered, and more waiting would not change it. */
const WAITING_MAX = 4 * RPC_BATCH_MAX

export class Outbox {
  readonly #client: RpcClient
  readonly #path: string
  readonly #onOutcome: (outstanding: Outstanding, outcome: SendOutcome) => void
  #waiting: Outstanding[] = []
  #sending: Promise<void> | undefined
  #closed = false

  constructor(
    client: RpcClient,
    shard: number,
    onOutcome: (outstanding: Outstanding, outcome: SendOutcome) => void,
  ) {
    this.#client = client
    this.#path = `/shard/${shard}`
    this.#onOutcome = onOutcome
  }

  get isFull(): boolean {
    return this.#closed || this.#waiting.length >= WAITING_MAX
  }

  /** False when full. */
  push(outstanding: Outstanding): boolean {
    if (this.isFull) return false
    this.#waiting.push(outstanding)
    // The next turn: what arrives in this one leaves in the same batch.
    setImmediate(() => this.#wake())
    return true
  }

  /** Resolves when nothing is under way; what waits is thrown away. */
  async close(): Promise<void> {
    this.#closed = true
    this.#waiting = []
    await this.#sending
  }

  #wake(): void {
    if (this.#sending !== undefined || this.#waiting.length === 0) return
    const batch = this.#waiting.splice(0, RPC_BATCH_MAX).filter(isWanted)
    this.#sending = this.#send(batch).finally(() => {
      this.#sending = undefined
      this.#wake()
    })
  }

  async #send(batch: readonly Outstanding[]): Promise<void> {
    const calls = batch.map(({ payment }) => ({
      method: 'eth_sendRawTransaction',
      params: [payment.raw],
    }))
    try {
      const answers = await this.#client.batch(this.#path, calls)
      for (const [index, answer] of answers.entries()) {
        const outcome: SendOutcome = answer.ok ? { kind: 'accepted' } : readRefusal(answer.message)
        this.#onOutcome(present(batch[index], 'one answer per call'), outcome)
      }
    } catch (error) {
      if (!(error instanceof RpcUnreachableError)) throw error
      for (const outstanding of batch) this.#onOutcome(outstanding, { kind: 'unknown' })
    }
  }
}

/** What follows a refused payment of its sender would be refused too, for a gap in the nonces. */
function isWanted(outstanding: Outstanding): boolean {
  const { sender, payment } = outstanding
  return !sender.blocked && sender.outstanding.get(payment.nonce) === outstanding
}

/** Pools word a refusal in a sentence; the part before the first colon or number is its kind. */
function readRefusal(message: string): SendOutcome {
  if (/already known/i.test(message)) return { kind: 'accepted' }
  const reason = message.split(/[:,(0-9]/)[0]?.trim() ?? ''
  return { kind: 'refused', reason: reason === '' ? 'unknown' : reason }
}

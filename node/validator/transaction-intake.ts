/**
 * Transactions on their way into the mempools: from clients, from members of the committee, from gossip.
 *
 * A signature is checked once per node, in batches, off the main thread. A member that admits a client's transaction pushes
 * it to the other members; a node outside the committee publishes it on the shard's topic. What peers push is admitted
 * but never pushed on, so a transaction crosses each link once.
 */
import { present } from '../primitives/assert.ts'
import { toHex } from '../primitives/bytes.ts'
import type { Address, ChainNumber, Hash } from '../primitives/identifiers.ts'
import { accepted, rejected, type Result } from '../primitives/result.ts'
import type { AccountView, CheckedTransaction, ShardConfig } from '../shards/executor.ts'
import { checkAdmission, refusalOfBytes } from '../shards/mempool-admission.ts'
import type { Context } from './context.ts'
import type { SubmitCode } from './submit-code.ts'
import type { ShardChain } from './shard-chain.ts'
import { TRANSACTION_BATCH_MAX } from './wire.ts'

/** Transactions waiting for their signature check: a few seconds of what one core can check. Overflow refuses. */
const WAITING_MAX = 20_000

type Arrival = { readonly raw: Uint8Array; readonly request: number | undefined }
type Judged = { readonly arrival: Arrival; readonly checked: CheckedTransaction }

export type TransactionIntake = {
  readonly submit: (request: number, raw: Uint8Array) => void
  /** From a member of the committee or from gossip. */
  readonly relay: (raws: readonly Uint8Array[]) => void
}

export type IntakeOptions = {
  readonly config: ShardConfig
  /** undefined: this node does not hold the shard. */
  readonly shard: ShardChain | undefined
  /** The other members, if this node is one. */
  readonly members: readonly number[]
  readonly topic: string
}

export function createTransactionIntake(
  context: Context,
  options: IntakeOptions,
): TransactionIntake {
  const { config, shard } = options
  let waiting: Arrival[] = []
  let busy = false

  function answer(arrival: Arrival, result: Result<Hash, SubmitCode>): void {
    if (arrival.request === undefined) return
    context.emit({ kind: 'submitted', request: arrival.request, result })
  }

  function add(arrival: Arrival): void {
    if (waiting.length >= WAITING_MAX) {
      const detail = 'too many transactions wait for their signature check; try again shortly'
      return answer(arrival, rejected('pool-full', detail))
    }
    waiting.push(arrival)
  }

  function pump(): void {
    if (busy || waiting.length === 0) return
    busy = true
    const batch = waiting.slice(0, TRANSACTION_BATCH_MAX)
    waiting = waiting.slice(batch.length)
    context.recover(
      batch.map((arrival) => arrival.raw),
      (recovered) => {
        const judged: Judged[] = []
        for (const [index, arrival] of batch.entries()) {
          const checked = recovered[index]
          if (checked !== undefined) judged.push({ arrival, checked })
          else answer(arrival, { ok: false, reject: explain(arrival.raw) })
        }
        if (shard === undefined) publish(judged)
        else admit(shard, judged)
      },
    )
  }

  /** Why a transaction has no sender: it does not decode, or its signature names nobody. */
  function explain(raw: Uint8Array) {
    const decoded = checkAdmission(config, raw, () => false)
    return decoded.ok ? refusalOfBytes(undefined) : decoded.reject
  }

  function next(): void {
    busy = false
    pump()
  }

  /** Not a member: check what needs no state, then hand it to the shard. */
  function publish(judged: readonly Judged[]): void {
    const raws: Uint8Array[] = []
    for (const { arrival, checked } of judged) {
      const admission = checkAdmission(config, checked.raw, () => false)
      if (admission.ok) raws.push(checked.raw)
      answer(arrival, admission.ok ? accepted(checked.hash) : admission)
    }
    if (raws.length > 0) {
      const message = { kind: 'transactions', shard: config.shard, raws } as const
      context.emit({ kind: 'publish', topic: options.topic, message })
    }
    next()
  }

  function admit(into: ShardChain, judged: readonly Judged[]): void {
    const senders = new Map<string, Address>()
    for (const { checked } of judged) senders.set(toHex(checked.sender), checked.sender)
    if (senders.size === 0) return next()
    const addresses = [...senders.values()]
    const request = { kind: 'accounts', at: { kind: 'pending' }, addresses } as const
    context.execute(config.shard, request, (response) => {
      if (response?.kind !== 'accounts') {
        // The executor is being restarted: the batch waits its turn again.
        waiting = [...judged.map(({ arrival }) => arrival), ...waiting]
        return next()
      }
      const accounts = new Map(response.accounts.map((one) => [toHex(one.address), one]))
      const spread: Uint8Array[] = []
      for (const { arrival, checked } of judged) {
        const account = present(accounts.get(toHex(checked.sender)), 'every sender was asked for')
        if (admitOne(into, arrival, checked, account)) spread.push(checked.raw)
      }
      push(spread)
      into.updateWork()
      next()
    })
  }

  /** True if the transaction is new here and came from a client. */
  function admitOne(
    into: ShardChain,
    arrival: Arrival,
    checked: CheckedTransaction,
    account: AccountView,
  ): boolean {
    const result = into.mempool.admit({ checked, account, congested: into.congested })
    answer(arrival, result)
    if (!result.ok) return false
    context.emit({ kind: 'pending-transaction', shard: config.shard, hash: checked.hash })
    return arrival.request !== undefined
  }

  function push(raws: readonly Uint8Array[]): void {
    if (raws.length === 0) return
    const message = { kind: 'transactions', shard: config.shard, raws } as const
    if (options.members.length > 0) {
      context.emit({ kind: 'send', to: options.members, channel: 'relay', message })
    } else context.emit({ kind: 'publish', topic: options.topic, message })
  }

  return {
    submit: (request, raw) => {
      add({ raw, request })
      pump()
    },
    relay: (raws) => {
      for (const raw of raws) add({ raw, request: undefined })
      pump()
    },
  }
}

/** Transactions of a shard this network does not have. */
export function unknownShard(shard: ChainNumber): Result<Hash, SubmitCode> {
  return rejected('unknown-destination', `there is no shard ${shard} in this network`)
}

/**
 * The mempool of one shard: checked transactions that wait for a block, each sender's in order of nonce.
 *
 * A transaction leaves the pool only when its nonce is finalized, when it is replaced, or when the pool is full and it
 * pays least. Inclusion in a block that is not final yet changes nothing here: `select` is told where senders stand on
 * the parent it builds on, so a transaction of an abandoned block is offered again by itself.
 *
 * Invariants: the caps hold after every call; one entry per sender and nonce; entries never share memory with network
 * frames; every operation is O(log n) in the size of the pool (and linear in one sender's queue, which is capped).
 */
import { assert } from '../primitives/assert.ts'
import { toHex } from '../primitives/bytes.ts'
import type { Address, ChainNumber, Hash } from '../primitives/identifiers.ts'
import { accepted, rejected, type Result } from '../primitives/result.ts'
import type { AccountView, CheckedTransaction } from './executor.ts'
import { checkAccount } from './mempool-account.ts'
import { checkAdmission, type AdmissionRules, type MempoolRejectCode } from './mempool-admission.ts'
import { createKnownAccounts, type KnownAccounts } from './mempool-accounts.ts'
import { createMempoolIndex } from './mempool-index.ts'
import { selectTransactions, type SelectRequest } from './mempool-select.ts'
import {
  createSenderQueue,
  entryWithNonce,
  runLength,
  senderKey,
  transactionCost,
  type MempoolEntry,
  type SenderQueue,
} from './mempool-sender.ts'
import type { Transaction } from './transaction.ts'

export type MempoolLimits = {
  /** Transactions in all. */
  readonly countMax: number
  /** Bytes of transactions in all. */
  readonly bytesMax: number
  /** How far ahead of its account one sender may number transactions. */
  readonly perSenderMax: number
  /** Transactions in all that wait behind a missing nonce: they cannot be included, so they get a part of the room. */
  readonly queuedMax: number
}

/** About 16 MiB of plain transfers: over a minute of full blocks of one shard on two cores. */
const MEMPOOL_LIMITS: MempoolLimits = {
  countMax: 40_000,
  bytesMax: 16 * 1024 * 1024,
  perSenderMax: 256,
  queuedMax: 4_096,
}

type AdmitRequest = {
  readonly checked: CheckedTransaction
  /** The hexadecimal digits of its hash, where the caller has them. */
  readonly key?: string
  /** The sender's account on the finalized state, or on a newer one. */
  readonly account: AccountView
  /** Whether new transfers to this shard are refused at the moment (C.6). */
  readonly congested: (destination: ChainNumber) => boolean
}

export type Mempool = {
  readonly admit: (request: AdmitRequest) => Result<Hash, MempoolRejectCode>
  /** Candidates for one block; removes nothing. */
  readonly select: (request: SelectRequest) => readonly CheckedTransaction[]
  /** What is known of senders without asking the executor. */
  readonly accounts: Omit<KnownAccounts, 'update'>
  /** A block became final: its accounts, after it. Entries whose nonce is used are removed. */
  readonly finalize: (height: number, changed: readonly AccountView[]) => void
  /** Removes one transaction for a reason of the caller's. */
  readonly discard: (hash: Hash) => void
  readonly has: (hash: Hash) => boolean
  /** The same by the hexadecimal digits of the hash. */
  readonly holds: (key: string) => boolean
  readonly get: (hash: Hash) => CheckedTransaction | undefined
  readonly senderOf: (hash: Hash) => Address | undefined
  /** The nonce that the sender's next transaction should carry, given the account's own. */
  readonly pendingNonce: (address: Address, accountNonce: number) => number
  /** At most `countMax` transactions, oldest arrivals first. */
  readonly list: (countMax: number) => readonly CheckedTransaction[]
  readonly size: () => { readonly count: number; readonly bytes: number; readonly queued: number }
}

export function createMempool(options: {
  readonly rules: AdmissionRules
  readonly limits?: Partial<MempoolLimits>
}): Mempool {
  const limits = { ...MEMPOOL_LIMITS, ...options.limits }
  assert(limits.countMax > 0 && limits.perSenderMax > 0, 'a pool has room')
  const index = createMempoolIndex()
  const accounts = createKnownAccounts()
  let arrivals = 0
  let finalizedHeight = 0

  /** Overflow policy: the tail of the sender that pays least goes, until the caps hold. */
  function shrink(): void {
    for (;;) {
      const { count, bytes } = index.counts()
      if (count <= limits.countMax && bytes <= limits.bytesMax) return
      index.remove(index.weakestTail())
    }
  }

  function admit(request: AdmitRequest): Result<Hash, MempoolRejectCode> {
    const { checked, account, congested, key = toHex(checked.hash) } = request
    if (index.byHash.has(key)) return rejected('already-known', 'the transaction waits already')
    const admission = checkAdmission(options.rules, checked, congested)
    if (!admission.ok) return admission
    const transaction = admission.value
    const address = senderKey(checked.sender)
    const sender = index.senders.get(address) ?? createSenderQueue(address, account)
    const { perSenderMax } = limits
    const takesGaps = index.counts().queued < limits.queuedMax
    const reject = checkAccount({ queue: sender, transaction, account, perSenderMax, takesGaps })
    if (reject !== undefined) return { ok: false, reject }
    const replaced = entryWithNonce(sender, transaction.nonce)
    if (replaced !== undefined) index.remove(replaced)
    arrivals += 1
    const place = { key, sender, arrival: arrivals, arrivalHeight: finalizedHeight }
    index.insert(createEntry(checked, transaction, place))
    shrink()
    if (index.byHash.has(key)) return accepted(checked.hash)
    return rejected('pool-full', 'the pool is full of transactions that pay more')
  }

  return {
    admit,
    select: (request) => selectTransactions(index, request),
    accounts,
    finalize: (height, changed) => {
      finalizedHeight = height
      for (const account of changed) {
        const address = senderKey(account.address)
        accounts.update(address, account)
        index.settle(address, account, height)
      }
    },
    discard: (hash) => {
      const entry = index.byHash.get(toHex(hash))
      if (entry !== undefined) index.remove(entry)
    },
    has: (hash) => index.byHash.has(toHex(hash)),
    holds: (key) => index.byHash.has(key),
    get: (hash) => index.byHash.get(toHex(hash))?.checked,
    senderOf: (hash) => index.byHash.get(toHex(hash))?.checked.sender,
    pendingNonce: (address, accountNonce) => {
      const queue = index.senders.get(senderKey(address))
      return queue === undefined ? accountNonce : accountNonce + runLength(queue, accountNonce)
    },
    list: (countMax) => listOldest(index.byHash.values(), countMax),
    size: index.counts,
  }
}

function listOldest(
  entries: Iterable<MempoolEntry>,
  countMax: number,
): readonly CheckedTransaction[] {
  const listed: CheckedTransaction[] = []
  for (const { checked } of entries) {
    if (listed.length >= countMax) break
    listed.push(checked)
  }
  return listed
}

/** Bytes that are a view into a frame of many transactions would keep the whole of it in memory. */
function withOwnBytes(checked: CheckedTransaction): CheckedTransaction {
  const { raw } = checked
  return raw.length === raw.buffer.byteLength ? checked : { ...checked, raw: raw.slice() }
}

type EntryPlace = {
  readonly key: string
  readonly sender: SenderQueue
  readonly arrival: number
  readonly arrivalHeight: number
}

function createEntry(
  checked: CheckedTransaction,
  transaction: Transaction,
  place: EntryPlace,
): MempoolEntry {
  return {
    ...place,
    checked: withOwnBytes(checked),
    nonce: transaction.nonce,
    maxFeePerGas: transaction.maxFeePerGas,
    maxPriorityFeePerGas: transaction.maxPriorityFeePerGas,
    gasLimit: transaction.gasLimit,
    cost: transactionCost(transaction),
  }
}

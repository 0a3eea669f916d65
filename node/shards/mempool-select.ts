/**
 * Choosing the transactions of a block: best effective tip first, each sender's in order of nonce.
 *
 * The pool keeps its ready senders in a heap ranked by the head's priority fee, which bounds the effective tip from above
 * at any base fee. Selection walks that heap best-first and stops as soon as no unseen sender can beat the best candidate,
 * so its cost depends on what it takes, not on how much waits.
 */
import { present } from '../primitives/assert.ts'
import type { AccountView, CheckedTransaction } from './executor.ts'
import { createIndexedHeap, type IndexedHeap } from './mempool-heap.ts'
import { entryWithNonce, senderKey, type MempoolEntry, type SenderQueue } from './mempool-sender.ts'

export type SelectRequest = {
  /** Wei per gas of the block to build. */
  readonly baseFee: bigint
  readonly gasMax: number
  readonly bytesMax: number
  readonly countMax: number
  /**
   * Accounts changed by executed but not yet finalized ancestors of the block, oldest block first: where each sender
   * stands on this very parent. Empty when the parent is finalized.
   */
  readonly changed: Iterable<AccountView>
}

/** No transaction needs less gas, so a block with less left is full. */
const TRANSACTION_GAS_MIN = 21_000
/** Candidates in a row that did not fit before the block counts as full. */
const MISSES_MAX = 64
/** Senders looked at beyond the count asked for: bounds the walk over heads that cannot pay or bid below the base fee. */
const SPARE_VISITS_MAX = 1024

type Candidate = {
  readonly entry: MempoolEntry
  readonly tip: bigint
  /** What the sender still has on this parent, before this entry. */
  readonly balance: bigint
}

/** Sender heads by priority fee; arrival makes the order total. */
export function isBetterHead(left: MempoolEntry, right: MempoolEntry): boolean {
  if (left.maxPriorityFeePerGas !== right.maxPriorityFeePerGas) {
    return left.maxPriorityFeePerGas > right.maxPriorityFeePerGas
  }
  return left.arrival < right.arrival
}

export function selectTransactions(
  {
    ready,
    senders,
  }: {
    readonly ready: IndexedHeap<SenderQueue>
    readonly senders: ReadonlyMap<string, SenderQueue>
  },
  request: SelectRequest,
): readonly CheckedTransaction[] {
  const candidates = createIndexedHeap<Candidate>(isBetterCandidate)
  function consider(queue: SenderQueue, nonce: number, balance: bigint): void {
    const entry = entryWithNonce(queue, nonce)
    if (entry === undefined || entry.cost > balance) return
    const tip = effectiveTip(entry, request.baseFee)
    if (tip !== undefined) candidates.add({ entry, tip, balance })
  }

  const moved = sendersMoved(senders, request.changed)
  for (const [queue, account] of moved) consider(queue, account.nonce, account.balance)
  const others = walkBestFirst(ready, request.countMax + SPARE_VISITS_MAX)
  const selected: CheckedTransaction[] = []
  let gasLeft = request.gasMax
  let bytesLeft = request.bytesMax
  let misses = 0
  while (selected.length < request.countMax && gasLeft >= TRANSACTION_GAS_MIN) {
    admitBetterHeads(others, candidates, (queue) => {
      if (!moved.has(queue)) consider(queue, queue.nonce, queue.balance)
    })
    const best = candidates.pop()
    if (best === undefined) break
    const { entry } = best
    if (entry.gasLimit > gasLeft || entry.checked.raw.length > bytesLeft) {
      misses += 1
      if (misses > MISSES_MAX) break
      continue
    }
    misses = 0
    selected.push(entry.checked)
    gasLeft -= entry.gasLimit
    bytesLeft -= entry.checked.raw.length
    consider(entry.sender, entry.nonce + 1, best.balance - entry.cost)
  }
  return selected
}

/** What the proposer earns per gas, or undefined when the transaction does not pay the base fee. */
function effectiveTip(entry: MempoolEntry, baseFee: bigint): bigint | undefined {
  if (entry.maxFeePerGas < baseFee) return undefined
  const spare = entry.maxFeePerGas - baseFee
  return spare < entry.maxPriorityFeePerGas ? spare : entry.maxPriorityFeePerGas
}

function isBetterCandidate(left: Candidate, right: Candidate): boolean {
  if (left.tip !== right.tip) return left.tip > right.tip
  return left.entry.arrival < right.entry.arrival
}

function sendersMoved(
  senders: ReadonlyMap<string, SenderQueue>,
  changed: Iterable<AccountView>,
): ReadonlyMap<SenderQueue, AccountView> {
  const moved = new Map<SenderQueue, AccountView>()
  for (const account of changed) {
    const queue = senders.get(senderKey(account.address))
    if (queue !== undefined) moved.set(queue, account)
  }
  return moved
}

type Walk = {
  /** Head of the best sender not yet taken: no other has a higher priority fee. Undefined when none is left. */
  readonly next: () => MempoolEntry | undefined
  readonly take: () => SenderQueue | undefined
}

/** Visits the heap in rank order without changing it, at most `visitsMax` items. */
function walkBestFirst(ready: IndexedHeap<SenderQueue>, visitsMax: number): Walk {
  let visitsLeft = visitsMax
  const frontier = createIndexedHeap<number>((left, right) =>
    isBetterHead(headAt(ready, left), headAt(ready, right)),
  )
  if (ready.size() > 0) frontier.add(0)
  return {
    next: () => {
      const index = frontier.peek()
      return index === undefined || visitsLeft === 0 ? undefined : headAt(ready, index)
    },
    take: () => {
      const index = frontier.pop()
      if (index === undefined) return undefined
      visitsLeft -= 1
      for (const child of [2 * index + 1, 2 * index + 2]) {
        if (child < ready.size()) frontier.add(child)
      }
      return ready.at(index)
    },
  }
}

function headAt(ready: IndexedHeap<SenderQueue>, index: number): MempoolEntry {
  return present(ready.at(index)?.head, 'a ready sender has a head')
}

/** Looks at unseen senders until the best candidate certainly has the best tip of all; of equals, the first come. */
function admitBetterHeads(
  others: Walk,
  candidates: IndexedHeap<Candidate>,
  consider: (queue: SenderQueue) => void,
): void {
  for (;;) {
    const next = others.next()
    if (next === undefined) return
    const best = candidates.peek()
    if (best !== undefined && isBeyond(best, next)) return
    const queue = others.take()
    if (queue !== undefined) consider(queue)
  }
}

function isBeyond(best: Candidate, next: MempoolEntry): boolean {
  if (best.tip !== next.maxPriorityFeePerGas) return best.tip > next.maxPriorityFeePerGas
  return best.entry.arrival < next.arrival
}

/**
 * Evacuation: a shard that is retired sends every balance home before it ends (docs/protocol/beacon.md B.7). A few accounts
 * per block, in the order of their paths, each as a receipt to the same address on the shard's successor.
 *
 * Invariants: whoever builds and whoever verifies moves the same accounts; a balance leaves as one receipt, so it arrives
 * once; no more is made than the channel has credit for, so nothing waits in the buffer. What is credited behind the place that
 * was reached is moved on the next round: rounds go on until the sum of balances is zero.
 */
import { ZERO_HASH } from '../primitives/hash.ts'
import { outgoingOf, endOf } from './channel-state.ts'
import { inFlightAt, sendableNow } from './flow-control.ts'
import type { InboxRun } from './inbox-execution.ts'
import { isDraining, successorOf } from './layout.ts'
import { enqueueReceipt } from './outbox.ts'
import { addressOfKey, EVACUATION_KEY } from './state-key.ts'
import { leavesFrom } from './state-tree.ts'
import { accountAt, debit, readRecord, writeRecord } from './working-state.ts'

/** Records looked at per block: most hold nothing any more on a second round, and a block has its time. */
const EVACUATION_RECORDS_MAX = 8192

/** Moves what this block may move. After the inbox, which may have brought something back. */
export function evacuate(run: InboxRun): void {
  const { config, state } = run
  if (!isDraining(config) || state.totals.balances === 0n) return
  const from = readRecord(state, EVACUATION_KEY) ?? ZERO_HASH
  let room = roomOf(run)
  let looks = EVACUATION_RECORDS_MAX
  let next: Uint8Array | undefined
  for (const { path, key } of leavesFrom(state.tree, from)) {
    next = path
    if (room <= 0 || looks-- <= 0) break
    next = undefined
    const address = key && addressOfKey(key)
    if (address !== undefined && move(run, address)) room--
  }
  if (next !== undefined || from !== ZERO_HASH) writeRecord(state, EVACUATION_KEY, next)
}

function move({ state, outbox, anchor, config }: InboxRun, address: Uint8Array): boolean {
  const { balance: amount } = accountAt(state, address)
  if (amount === 0n) return false
  debit(state, address, amount)
  enqueueReceipt(outbox, state, {
    destination: successorOf(anchor, config.shard),
    kind: 'move',
    from: address,
    to: address,
    amount,
    gas: 0,
    payload: new Uint8Array(0),
    originTransaction: ZERO_HASH,
  })
  return true
}

/** Receipts that the channel to the successor takes in this block. */
function roomOf({ config, limits, anchor, outbox }: InboxRun): number {
  const destination = successorOf(anchor, config.shard)
  const { nextSequence } = outgoingOf(outbox.channels, destination)
  const inFlight = inFlightAt({ anchor, shard: config.shard, destination, nextSequence })
  const waiting = endOf(outbox.channels, destination) - nextSequence
  return sendableNow(limits, destination, inFlight) - waiting
}

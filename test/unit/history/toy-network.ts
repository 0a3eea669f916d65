/**
 * A toy network that a recorder watches: two shards, random payments, blocks, receipts, cuts. It keeps its own books, so what
 * it says is true by construction; the tests then let it lie.
 */
import type { CutShard } from '../../../devnet/observe/ledger.ts'
import type { ObservedBlock } from '../../../devnet/observe/read-answer.ts'
import {
  createRecorder,
  LOST,
  type Inclusion,
  type RecordedPayment,
  type Recorder,
} from '../../../devnet/history/recorder.ts'
import { present } from '../../../node/primitives/assert.ts'
import { createPrng, type Prng } from '../../../node/primitives/prng.ts'

const SENDERS = 3
const BALANCE = 1_000_000n
const GENESIS = 10_000_000n
const FEE_MAX = 50n
/** Shards stand at these heights when the recording begins. */
const BASE = [7, 11] as const

type ToyShard = {
  readonly shard: number
  height: number
  readonly balances: bigint[]
  readonly nonces: number[]
  readonly pool: RecordedPayment[]
  /** Messages to the other shard that it has not consumed. */
  readonly channel: ObservedBlock['sent'][number][]
  sequence: number
  total: bigint
}

/** What may go wrong on the way to the recorder, or in the network. */
export type Lie = {
  /** Changes what a read of balances shows. */
  readonly balances?: (balances: readonly bigint[]) => readonly bigint[]
  /** Changes a block before it is told. */
  readonly block?: (block: ObservedBlock) => ObservedBlock
}

const address = (shard: number, sender: number) => `0x${shard}${sender}`

/** The lines of a recording of `rounds` rounds. */
export function recordToy(seed: number, rounds: number, lie: Lie = {}): string {
  const dice = createPrng(seed)
  const lines: string[] = []
  let now = 0
  const shards = BASE.map((height, index): ToyShard => ({
    shard: index + 1,
    height,
    balances: Array.from({ length: SENDERS }, () => BALANCE),
    nonces: Array.from({ length: SENDERS }, () => 5),
    pool: [],
    channel: [],
    sequence: 0,
    total: GENESIS,
  }))
  const start = {
    shards: shards.map(({ shard, height, balances, nonces }) => ({
      shard,
      height,
      readHeight: height,
      genesis: GENESIS,
      senders: balances.map((balance, sender) => {
        return { address: address(shard, sender), nonce: nonces[sender] ?? 0, balance }
      }),
    })),
    channels: [],
  }
  const recorder = createRecorder(start, {
    write: (line) => void lines.push(line),
    nowMs: () => (now += dice.below(3)),
  })
  for (let round = 1; round <= rounds; round++) playRound(round, { dice, shards, recorder, lie })
  recorder.close()
  return `${lines.join('\n')}\n`
}

type Round = {
  readonly dice: Prng
  readonly shards: readonly ToyShard[]
  readonly recorder: Recorder
  readonly lie: Lie
}

function playRound(round: number, { dice, shards, recorder, lie }: Round): void {
  for (const shard of shards) offer(round, shard, dice, recorder)
  for (const shard of shards) {
    const other = present(shards[2 - shard.shard], 'there are two shards')
    const { block, inclusions } = makeBlock(shard, other, dice)
    recorder.finalized(lie.block === undefined ? block : lie.block(block))
    // Receipts are asked for when a block has been seen.
    for (const inclusion of inclusions) recorder.included(inclusion)
  }
  const cut: readonly CutShard[] = shards.map(({ shard, height }) => ({
    shard,
    height,
    hash: '0x',
  }))
  recorder.settled(round, cut)
  if (dice.below(3) > 0) return
  const inFlight = shards
    .flatMap(({ channel }) => channel)
    .reduce((total, { amount }) => total + amount, 0n)
  recorder.read(
    round,
    inFlight,
    shards.map(({ shard, height, balances, nonces, total }) => {
      const told = lie.balances?.(balances) ?? balances
      return { shard, height, balances: [...told], nonces: [...nonces], total }
    }),
  )
}

/** Each sender may send one payment a round; some are refused, some are lost and yet included. */
function offer(round: number, shard: ToyShard, dice: Prng, recorder: Recorder): void {
  for (let sender = 0; sender < SENDERS; sender++) {
    if (dice.below(3) === 0) continue
    const destination = dice.below(2) === 0 ? shard.shard : 3 - shard.shard
    const payment: RecordedPayment = {
      hash: `0x${shard.shard}-${sender}-${round}`,
      shard: shard.shard,
      destination,
      nonce: shard.nonces[sender] ?? 0,
      sender: address(shard.shard, sender),
      payee: address(destination, (sender + 1) % SENDERS),
      value: BigInt(1 + dice.below(1000)),
      feeMax: FEE_MAX,
    }
    recorder.sent(payment)
    const fate = dice.below(12)
    if (fate === 0) recorder.refused(payment.hash, 'pool full')
    else shard.pool.push(payment)
    if (fate === 1) recorder.sent(payment)
    if (fate === 2) recorder.refused(payment.hash, LOST)
  }
}

type Made = { readonly block: ObservedBlock; readonly inclusions: readonly Inclusion[] }

function makeBlock(shard: ToyShard, other: ToyShard, dice: Prng): Made {
  shard.height++
  const inclusions: Inclusion[] = []
  const transactions: { hash: string; ok: boolean }[] = []
  const sent: ObservedBlock['sent'][number][] = []
  for (const payment of shard.pool.splice(0)) {
    const ok = dice.below(10) > 0
    transactions.push({ hash: payment.hash, ok })
    const fee = BigInt(dice.below(Number(FEE_MAX)))
    pay(shard, payment, ok, fee)
    if (ok && payment.destination !== shard.shard) sent.push(messageOf(shard, payment))
    inclusions.push({ hash: payment.hash, height: shard.height, ok, fee })
  }
  const consumed = other.channel.splice(0, dice.below(3)).map((message) => {
    // The payee is the next sender of the other shard.
    const origin = Number(message.originTransaction.split('-')[1])
    const payee = (origin + 1) % SENDERS
    shard.balances[payee] = (shard.balances[payee] ?? 0n) + message.amount
    shard.total += message.amount
    return { ...message, source: other.shard, outcome: 'applied' as const }
  })
  shard.channel.push(...sent)
  const { shard: number, height } = shard
  const block = { shard: number, height, hash: '0x', transactions, consumed, sent }
  return { block, inclusions }
}

function pay(shard: ToyShard, payment: RecordedPayment, ok: boolean, fee: bigint): void {
  const sender = Number(payment.sender.slice(3))
  const moved = ok ? payment.value : 0n
  shard.nonces[sender] = (shard.nonces[sender] ?? 0) + 1
  shard.balances[sender] = (shard.balances[sender] ?? 0n) - moved - fee
  if (!ok) return
  if (payment.destination === shard.shard) {
    const payee = Number(payment.payee.slice(3))
    shard.balances[payee] = (shard.balances[payee] ?? 0n) + moved
  } else shard.total -= moved
}

function messageOf(shard: ToyShard, payment: RecordedPayment): ObservedBlock['sent'][number] {
  return {
    destination: payment.destination,
    sequence: shard.sequence++,
    kind: 'transfer',
    amount: payment.value,
    originTransaction: payment.hash,
  }
}

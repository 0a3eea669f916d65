/**
 * The recorder: what the traffic of a devnet asks and is told becomes the lines of a history. Pure; `recording.ts` asks the
 * nodes and owns the file.
 *
 * One payment is up to three operations: a transfer (bank), an append to its sender's list (append), and, when it leaves
 * its shard, a send (receipt). They are acknowledged by the receipts of one node, and compared with blocks, balances and
 * nonces that come from others. What nobody answered stays open and counts as unknown, so a history that ends in the middle
 * is still one.
 *
 * Invariants: every line is valid by construction of line.ts (a test checks a whole recording); a process whose operation
 * ended unknown is never used again.
 */
import type { ObservedBlock } from '../observe/read-answer.ts'
import type { CutShard } from '../observe/ledger.ts'
import { HISTORY_FORMAT } from './line.ts'
import { createProcesses, type EventType, type Processes } from './recorder-process.ts'

/** Where the network stands when the recording begins. */
export type RecordingStart = {
  readonly shards: readonly {
    readonly shard: number
    /** The senders below are as they were at this finalized height. */
    readonly height: number
    /** Blocks are told from the one above this height on. */
    readonly readHeight: number
    /** All wei of this shard at genesis. */
    readonly genesis: bigint
    readonly senders: readonly {
      readonly address: string
      readonly nonce: number
      readonly balance: bigint
    }[]
  }[]
  readonly channels: readonly {
    readonly from: number
    readonly to: number
    readonly sent: number
    readonly consumed: number
  }[]
}

export type RecordedPayment = {
  readonly hash: string
  readonly shard: number
  readonly destination: number
  readonly nonce: number
  readonly sender: string
  readonly payee: string
  readonly value: bigint
  readonly feeMax: bigint
}

/** What a node's receipt says of a transaction. */
export type Inclusion = {
  readonly hash: string
  readonly height: number
  readonly ok: boolean
  readonly fee: bigint
}

export type ShardReading = {
  readonly shard: number
  readonly height: number
  /** In the order of the senders at the start. */
  readonly balances: readonly bigint[]
  readonly nonces: readonly number[]
  /** Accounts, buffers and burnt together. */
  readonly total: bigint
}

export type Recorder = {
  /** A payment leaves, for the first time or again. */
  readonly sent: (payment: RecordedPayment) => void
  /** A node refused it, or nobody knows it any more (`lost`). */
  readonly refused: (hash: string, reason: string) => void
  readonly included: (inclusion: Inclusion) => void
  readonly finalized: (block: ObservedBlock) => void
  readonly settled: (beacon: number, shards: readonly CutShard[]) => void
  /** All shards at one cut, and what was between them. */
  readonly read: (beacon: number, inFlight: bigint, shards: readonly ShardReading[]) => void
  /** Acknowledges what is known to have left its shard and not known to have arrived. */
  readonly close: () => void
  /** Whether a payment of this recording is waiting to hear of its inclusion. */
  readonly isWaiting: (hash: string) => boolean
}

/** The reason of a payment that nobody knows any more. */
export const LOST = 'lost'
/** Others' transactions whose messages may still leave: what waits in the buffers of a shard, with room. */
const FOREIGN_MAX = 100_000

type Place = { readonly shard: number; readonly height: number }

type Entry = {
  readonly payment: RecordedPayment
  readonly transfer: number
  readonly append: number
  readonly send: number | undefined
  sends: number
  ended: boolean
  included: Inclusion | undefined
  credited: Place | undefined
}

type Books = {
  readonly start: RecordingStart
  readonly entries: Map<string, Entry>
  /** Transactions of others that were seen in blocks, until their message was. */
  readonly foreign: Set<string>
  readonly processes: Processes
  /** Length of each list so far, by key. */
  readonly lengths: Map<string, number>
  readonly say: Say
}

type Say = (process: number, type: EventType, f: string, value?: object) => void

export function createRecorder(
  start: RecordingStart,
  output: { readonly write: (line: string) => void; readonly nowMs: () => number },
): Recorder {
  const processes = createProcesses()
  const books: Books = {
    start,
    entries: new Map(),
    foreign: new Set(),
    processes,
    lengths: new Map(),
    say: createVoice(output, processes),
  }
  const { entries } = books
  output.write(jsonOf(headerOf(start)))
  return {
    isWaiting: (hash) => {
      const entry = entries.get(hash)
      return entry !== undefined && !entry.ended && entry.included === undefined
    },
    sent: (payment) => {
      const known = entries.get(payment.hash)
      if (known !== undefined) known.sends++
      else entries.set(payment.hash, begin(payment, processes.take, books.say))
    },
    refused: (hash, reason) => {
      const entry = entries.get(hash)
      if (entry === undefined || entry.ended || entry.included !== undefined) return
      // Whoever sent it twice does not know what became of the first copy.
      end(books, entry, entry.sends === 1 && reason !== LOST ? 'fail' : 'info', reason)
    },
    included: (inclusion) => noteIncluded(books, inclusion),
    finalized: (block) => noteFinalized(books, block),
    settled: (beacon, shards) => {
      const heights = shards.map(({ shard, height }) => ({ shard, height }))
      run(books, 'cut', { f: 'cut', asked: {}, answered: { beacon, shards: heights } })
    },
    read: (cut, inFlight, shards) => {
      const answered = readingOf(start, { cut, inFlight, shards })
      run(books, 'balances', { f: 'balances', asked: {}, answered })
      for (const { key, height, length } of listsOf(start, shards)) {
        // A nonce says how long a list is, and nothing about what stands in it.
        const told = { height, from: length, list: [] }
        run(books, 'nonces', { f: 'list', asked: { key }, answered: told })
      }
    },
    close: () => {
      for (const entry of entries.values()) if (!entry.ended) acknowledge(books, entry)
    },
  }
}

/** Writes events with times that never fall, and frees the processes of those that end. */
function createVoice(
  output: { readonly write: (line: string) => void; readonly nowMs: () => number },
  processes: Processes,
): Say {
  const beganMs = output.nowMs()
  let lastMs = 0
  return (process, type, f, value) => {
    lastMs = Math.max(lastMs, Math.round(output.nowMs() - beganMs))
    output.write(jsonOf({ process, type, f, ms: lastMs, value }))
    if (type === 'ok' || type === 'fail') processes.free(process)
  }
}

type Told = { readonly f: string; readonly asked: object; readonly answered: object }

/** What an observer asked and was told in one moment. */
function run({ say, processes }: Books, observer: string, { f, asked, answered }: Told): void {
  const process = processes.observer(observer)
  say(process, 'invoke', f, asked)
  say(process, 'ok', f, answered)
}

function end({ say }: Books, entry: Entry, type: 'fail' | 'info', reason: string): void {
  entry.ended = true
  say(entry.transfer, type, 'transfer', { reason })
  say(entry.append, type, 'append', { reason })
  // What failed is kept: a block that shows it all the same must be recognized.
  if (entry.send !== undefined) say(entry.send, type, 'send', { reason })
}

function acknowledge({ say, entries }: Books, entry: Entry): void {
  const { payment, included, credited, transfer } = entry
  if (included === undefined) return
  const { height, fee, ok: moved } = included
  say(transfer, 'ok', 'transfer', { height, fee, moved, credited })
  entries.delete(payment.hash)
}

function noteIncluded(books: Books, inclusion: Inclusion): void {
  const entry = books.entries.get(inclusion.hash)
  if (entry === undefined || entry.ended || entry.included !== undefined) return
  const { height, ok } = inclusion
  entry.included = inclusion
  books.say(entry.append, 'ok', 'append', { height })
  if (entry.send !== undefined && ok) books.say(entry.send, 'ok', 'send', { height })
  if (entry.send !== undefined && !ok) books.say(entry.send, 'fail', 'send', {})
  const isOver = entry.send === undefined || !ok || entry.credited !== undefined
  if (isOver) acknowledge(books, entry)
}

function noteFinalized(books: Books, block: ObservedBlock): void {
  lengthenLists(books, block)
  introduceForeign(books, block)
  const { shard, height } = block
  const answered = {
    height,
    sent: block.sent.map(sentOf),
    consumed: block.consumed.map(consumedOf),
  }
  run(books, `block ${shard}`, { f: 'block', asked: { shard }, answered })
  for (const { outcome, originTransaction } of block.consumed) {
    const entry = books.entries.get(originTransaction)
    if (outcome !== 'applied' || entry === undefined || entry.ended) continue
    entry.credited = { shard, height }
    acknowledge(books, entry)
  }
}

function lengthenLists(books: Books, { shard, height, transactions }: ObservedBlock): void {
  const base = books.start.shards.find((one) => one.shard === shard)?.height ?? 0
  if (height <= base) return
  const tails = new Map<string, string[]>()
  for (const { hash } of transactions) {
    const entry = books.entries.get(hash)
    if (entry === undefined) continue
    const key = keyOf(entry.payment.shard, entry.payment.sender)
    tails.set(key, [...(tails.get(key) ?? []), hash])
  }
  for (const [key, list] of tails) {
    const from = books.lengths.get(key) ?? 0
    books.lengths.set(key, from + list.length)
    run(books, `list ${shard}`, { f: 'list', asked: { key }, answered: { height, from, list } })
  }
}

/** Somebody else's message is part of its channel: it is recorded as asked for by whoever signed the transaction. */
function introduceForeign({ entries, foreign, processes, say }: Books, block: ObservedBlock): void {
  for (const { hash } of block.transactions) if (!entries.has(hash)) foreign.add(hash)
  for (const oldest of foreign) {
    if (foreign.size <= FOREIGN_MAX) break
    foreign.delete(oldest)
  }
  for (const { kind, originTransaction: id, destination: to, amount } of block.sent) {
    if (kind !== 'transfer' || !foreign.delete(id)) continue
    const process = processes.take()
    say(process, 'invoke', 'send', { id, from: block.shard, to, amount })
    say(process, 'ok', 'send', { height: block.height })
  }
}

function begin(
  payment: RecordedPayment,
  take: () => number,
  say: (process: number, type: EventType, f: string, value: object) => void,
): Entry {
  const { hash: id, shard, destination, nonce, sender, payee, value: amount, feeMax } = payment
  const transfer = take()
  const from = keyOf(shard, sender)
  const to = keyOf(destination, payee)
  say(transfer, 'invoke', 'transfer', { id, from, to, amount, feeMax })
  const append = take()
  say(append, 'invoke', 'append', { key: from, id, nonce })
  const send = destination === shard ? undefined : take()
  if (send !== undefined) say(send, 'invoke', 'send', { id, from: shard, to: destination, amount })
  const state = { sends: 1, ended: false, included: undefined, credited: undefined }
  return { payment, transfer, append, send, ...state }
}

/** One name for a sender as account and as list: an address means something else on every shard. */
function keyOf(shard: number, address: string): string {
  return `${shard}/${address}`
}

function headerOf({ shards, channels }: RecordingStart): object {
  const senders = shards.flatMap(({ shard, senders: own }) =>
    own.map((sender) => ({ ...sender, shard, key: keyOf(shard, sender.address) })),
  )
  const heights = shards.map(({ shard, height }) => ({ shard, height }))
  return {
    history: HISTORY_FORMAT,
    bank: {
      accounts: senders.map(({ key, shard, balance }) => ({ account: key, shard, balance })),
      // Whatever else there is: in sum what genesis made and the senders do not have.
      outside: shards.map(({ shard, genesis, senders: own }) => {
        return { shard, amount: genesis - sum(own.map(({ balance }) => balance)) }
      }),
      heights,
    },
    append: { keys: senders.map(({ key, nonce }) => ({ key, first: nonce })) },
    receipt: {
      shards: shards.map(({ shard }) => shard),
      heights: shards.map(({ shard, readHeight }) => ({ shard, height: readHeight })),
      channels,
    },
  }
}

function readingOf(
  start: RecordingStart,
  { cut, inFlight, shards }: { cut: number; inFlight: bigint; shards: readonly ShardReading[] },
): object {
  return {
    cut,
    inFlight,
    shards: shards.map(({ shard, height, balances, total }) => {
      const names = sendersOf(start, shard).map(({ address }) => keyOf(shard, address))
      const named = Object.fromEntries(names.map((name, index) => [name, balances[index] ?? 0n]))
      return { shard, height, balances: named, outside: total - sum(balances) }
    }),
  }
}

function sendersOf(start: RecordingStart, number: number) {
  return start.shards.find(({ shard }) => shard === number)?.senders ?? []
}

/** How long the lists were at these heights, by the nonces of their senders; only those that have begun. */
function listsOf(start: RecordingStart, shards: readonly ShardReading[]) {
  return shards.flatMap(({ shard, height, nonces }) =>
    sendersOf(start, shard).flatMap(({ address, nonce: first }, index) => {
      const length = (nonces[index] ?? first) - first
      return length > 0 ? [{ key: keyOf(shard, address), height, length }] : []
    }),
  )
}

function sentOf({
  destination: to,
  sequence,
  originTransaction: id,
  kind,
  amount,
}: ObservedBlock['sent'][number]) {
  return { to, sequence, id, kind, amount }
}

function consumedOf({
  source: from,
  sequence,
  originTransaction: id,
  kind,
  amount,
  outcome,
}: ObservedBlock['consumed'][number]) {
  return { from, sequence, id, kind, amount, outcome }
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, one) => total + one, 0n)
}

function jsonOf(line: object): string {
  return JSON.stringify(line, (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  )
}

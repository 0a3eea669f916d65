/**
 * C1, conservation: at every finalized beacon block, over the shard heads that it has crosslinked,
 *
 *   balances + waiting in outgoing buffers + in flight (sent, not consumed) + burnt + stakes = genesis supply
 *
 * and C2: no shard has consumed more of a channel than its source had sent at that cut. All sums are this file's own: from
 * account changes, values that senders declared, receipts seen and base fees times gas. No total of the node is read.
 */
import type { SeenBlock, SeenCut, SeenReceipt } from './sharded-observation.ts'

export type GenesisBalances = readonly (readonly {
  readonly account: string
  readonly balance: bigint
}[])[]

export type ConservationChecker = {
  /** The value that a transaction to another shard carries, before it can be in a block. */
  readonly declare: (transaction: string, value: bigint) => void
  /** Each shard's blocks in height order, each height once. */
  readonly block: (block: SeenBlock) => void
  /** A sentence if value was made or lost. */
  readonly cut: (cut: SeenCut) => string | undefined
  readonly cutCount: () => number
}

type Sums = {
  balances: bigint
  buffered: bigint
  burnt: bigint
  /** By the other end of the channel, index = shard: count and value since genesis. */
  readonly sent: (Flow | undefined)[]
  readonly consumed: (Flow | undefined)[]
}

/** What is on its way to the beacon, less what shards have consumed of it; values of receipts are those that sources sent. */
function withBeacon(
  shards: readonly Shard[],
  sums: readonly Sums[],
  cursors: readonly number[],
): bigint {
  let value = 0n
  for (const [index, { sent, consumed }] of sums.entries()) {
    const taken = shards[index]?.toBeacon.slice(0, cursors[index + 1] ?? 0) ?? []
    value += (sent[0]?.value ?? 0n) - taken.reduce((sum, amount) => sum + amount, 0n)
    value -= consumed[0]?.value ?? 0n
  }
  return value
}

type Flow = { readonly count: number; readonly value: bigint }

type Shard = {
  readonly accounts: Map<string, bigint>
  /** Sums after each height, index = height. */
  readonly history: Sums[]
  /** Amounts sent to the beacon, by sequence. */
  readonly toBeacon: bigint[]
}

/** `genesis`: funded accounts per shard, index = shard - 1; `stakes`: of all validators. */
export function createConservationChecker(
  genesis: GenesisBalances,
  stakes = 0n,
): ConservationChecker {
  const declared = new Map<string, bigint>()
  const shards = genesis.map(openShard)
  const supply = shards.reduce((sum, { history }) => sum + (history[0]?.balances ?? 0n), stakes)
  const beacon = { sent: 0n, held: stakes }
  let cuts = 0
  return {
    declare: (transaction, value) => void declared.set(transaction, value),
    block: (block) => {
      addBlock(shardAt(shards, block.shard - 1), block, declared)
    },
    cut: ({ beaconHeight, heads, beacon: registry }) => {
      cuts++
      beacon.held = registry?.held ?? beacon.held
      for (const { amount } of registry?.sent ?? []) beacon.sent += amount
      const sums = heads.map(({ height }, index) => shardAt(shards, index).history[height])
      if (sums.some((one) => one === undefined))
        return `beacon block ${beaconHeight} crosslinks a block that nobody has executed`
      const known = sums.filter((one) => one !== undefined)
      const own = withBeacon(shards, known, registry?.cursors ?? [])
      return judge(known, supply - beacon.held - beacon.sent - own, beaconHeight)
    },
    cutCount: () => cuts,
  }
}

/** One that was opened after the genesis begins with nothing (B.7). */
function shardAt(shards: Shard[], index: number): Shard {
  while (shards.length <= index) shards.push(openShard([]))
  const shard = shards[index]
  return shard ?? openShard([])
}

function openShard(accounts: GenesisBalances[number]): Shard {
  const balances = accounts.reduce((sum, { balance }) => sum + balance, 0n)
  return {
    accounts: new Map(accounts.map(({ account, balance }) => [account, balance])),
    history: [{ balances, buffered: 0n, burnt: 0n, sent: [], consumed: [] }],
    toBeacon: [],
  }
}

function addBlock(shard: Shard, block: SeenBlock, declared: ReadonlyMap<string, bigint>): void {
  const before = shard.history[block.height - 1]
  if (before === undefined || shard.history[block.height] !== undefined) return
  const after: Sums = { ...before, sent: [...before.sent], consumed: [...before.consumed] }
  for (const { account, balance } of block.changed) {
    after.balances += balance - (shard.accounts.get(account) ?? 0n)
    shard.accounts.set(account, balance)
  }
  for (const { hash, gasUsed, sentTo } of block.transactions) {
    after.burnt += BigInt(gasUsed) * block.baseFeePerGas
    if (sentTo !== undefined) after.buffered += declared.get(hash) ?? 0n
  }
  for (const { receipt, outcome } of block.consumed) {
    addTo(after.consumed, receipt.source, receipt)
    if (outcome === 'bounced') after.buffered += receipt.amount
  }
  for (const receipt of block.sent) {
    addTo(after.sent, receipt.destination, receipt)
    if (receipt.destination === 0) shard.toBeacon.push(receipt.amount)
    // B.7: the balance of an account that moves was never in a buffer by a transaction's word.
    if (receipt.kind !== 'move') after.buffered -= receipt.amount
  }
  shard.history[block.height] = after
}

function addTo(flows: (Flow | undefined)[], end: number, { amount }: SeenReceipt): void {
  const { count, value } = flows[end] ?? { count: 0, value: 0n }
  flows[end] = { count: count + 1, value: value + amount }
}

function judge(sums: readonly Sums[], supply: bigint, beaconHeight: number): string | undefined {
  let total = 0n
  for (const [index, { balances, buffered, burnt, sent }] of sums.entries()) {
    if (buffered < 0n) return `shard ${index + 1} has sent value that nobody gave it`
    total += balances + buffered + burnt
    for (const [to, flow] of sent.entries()) {
      // The beacon's part was taken out.
      if (flow === undefined || to === 0) continue
      const end = sums[to - 1]?.consumed[index + 1] ?? { count: 0, value: 0n }
      if (end.count > flow.count)
        return `shard ${to} consumed ${end.count} receipts of shard ${index + 1}, which sent ${flow.count}`
      total += flow.value - end.value
    }
  }
  if (total === supply) return undefined
  return `at beacon height ${beaconHeight} there are ${total - supply} wei more than at genesis`
}

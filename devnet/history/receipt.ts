/**
 * The receipt workload: messages between shards, from blocks that observers read and from clients that sent them. Every
 * message is sent once, consumed once and in the order of its channel, unchanged, never at a cut that does not hold its
 * sending; what the destination could not apply comes back to its source exactly once.
 */
import { cutOf, faultsOfCuts, sortCuts, type SeenCut } from './cut-order.ts'
import type { History, Operation } from './history.ts'
import type { ReceiptHeader } from './line.ts'
import { checkConsumed } from './receipt-consumed.ts'
import type { ReceiptWorld, SeenBlock } from './receipt-model.ts'
import { checkSent } from './receipt-sent.ts'
import type { Findings } from './verdict.ts'

export function checkReceipt({ header, operations }: History, findings: Findings): void {
  const receipt = header.receipt
  if (receipt === undefined) return
  const before = findings.count()
  const sends = collectSends(receipt, operations.send, findings)
  const chains = collectChains(receipt, operations.block, findings)
  const { cuts, final } = collectCuts(receipt, operations.cut, findings)
  // Channels cannot be judged from blocks that are missing or told in two ways.
  if (findings.count() > before) return
  const world: ReceiptWorld = { header: receipt, sends, chains, cuts, final }
  const sent = checkSent(world, findings)
  checkConsumed(world, sent, findings)
}

function collectSends(
  header: ReceiptHeader,
  operations: readonly Operation<'send'>[],
  findings: Findings,
): ReadonlyMap<string, Operation<'send'>> {
  const sends = new Map<string, Operation<'send'>>()
  for (const send of operations) {
    const { id, from, to } = send.asked
    const known = sends.get(id)
    if (known !== undefined) {
      const sentence = `${id} is sent twice by the clients themselves`
      findings.contradict('receipt/same-id', [known.invokeLine, send.invokeLine], sentence)
    }
    for (const shard of [from, to]) checkShard(header, shard, send.invokeLine, findings)
    sends.set(id, known ?? send)
  }
  return sends
}

function checkShard(
  header: ReceiptHeader,
  shard: number,
  line: number,
  findings: Findings,
): boolean {
  if (header.shards.includes(shard)) return true
  findings.contradict('receipt/unknown-shard', [line], `the header does not declare shard ${shard}`)
  return false
}

function collectChains(
  header: ReceiptHeader,
  operations: readonly Operation<'block'>[],
  findings: Findings,
): ReadonlyMap<number, readonly SeenBlock[]> {
  const chains = new Map<number, Map<number, SeenBlock>>(
    header.shards.map((shard) => [shard, new Map()]),
  )
  /** Newest height by process and shard. */
  const sessions = new Map<string, SeenBlock>()
  for (const block of endedInOrder(operations)) {
    if (!checkShard(header, block.shard, block.line, findings)) continue
    const session = `${block.process}/${block.shard}`
    const earlier = sessions.get(session)
    if (earlier !== undefined && earlier.height > block.height) {
      const sentence = `process ${block.process} reads block ${block.height} of shard ${block.shard} after block ${earlier.height}`
      findings.contradict('receipt/session', [earlier.line, block.line], sentence)
    }
    sessions.set(session, block)
    const chain = chains.get(block.shard)
    const known = chain?.get(block.height)
    if (known === undefined) chain?.set(block.height, block)
    else if (!sameContents(known, block)) {
      const sentence = `block ${block.height} of shard ${block.shard} is told in two ways`
      findings.contradict('receipt/same-height', [known.line, block.line], sentence)
    }
  }
  return new Map(
    [...chains].map(([shard, blocks]) => [shard, withoutGap(header, shard, blocks, findings)]),
  )
}

function endedInOrder(operations: readonly Operation<'block'>[]): readonly SeenBlock[] {
  return operations
    .flatMap(({ process, asked, end }) =>
      end.kind === 'ok' ? [{ process, line: end.line, shard: asked.shard, ...end.value }] : [],
    )
    .toSorted((left, right) => left.line - right.line)
}

function sameContents(left: SeenBlock, right: SeenBlock): boolean {
  return textOf(left) === textOf(right)
}

function textOf({ sent, consumed }: SeenBlock): string {
  return JSON.stringify([sent, consumed], (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  )
}

function withoutGap(
  header: ReceiptHeader,
  shard: number,
  blocks: ReadonlyMap<number, SeenBlock>,
  findings: Findings,
): readonly SeenBlock[] {
  const chain = [...blocks.values()].toSorted((left, right) => left.height - right.height)
  let next = 1 + (header.heights.find((place) => place.shard === shard)?.height ?? 0)
  for (const { height, line } of chain) {
    if (height !== next) {
      const sentence = `shard ${shard}: block ${height} is told, block ${next} is not`
      findings.contradict('receipt/block-gap', [line], sentence)
      break
    }
    next++
  }
  return chain
}

function collectCuts(
  header: ReceiptHeader,
  operations: readonly Operation<'cut'>[],
  findings: Findings,
) {
  const cuts: SeenCut[] = []
  let final: SeenCut | undefined
  for (const { process, end } of operations) {
    if (end.kind !== 'ok') continue
    const { beacon, shards } = end.value
    const cut = cutOf({ process, line: end.line, beacon }, shards)
    for (const { shard } of shards) checkShard(header, shard, end.line, findings)
    const missing = header.shards.find((shard) => !cut.heights.has(shard))
    if (missing !== undefined || cut.heights.size !== shards.length) {
      const sentence = `the cut of beacon block ${beacon} does not name every shard once`
      findings.contradict('receipt/cut', [end.line], sentence)
    }
    cuts.push(cut)
    if (end.value.final && beacon >= (final?.beacon ?? 0)) final = cut
  }
  const told = cuts.toSorted((left, right) => left.line - right.line)
  for (const { kind, lines, sentence } of faultsOfCuts(told)) {
    findings.contradict(kind === 'session' ? 'receipt/session' : 'receipt/cut', lines, sentence)
  }
  return { cuts: sortCuts(cuts), final }
}

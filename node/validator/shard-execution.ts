/**
 * Execution order: the blocks of one hosted shard on their way through the executor.
 *
 * A block is prepared (the beacon view of its anchor, the senders of its transactions), executed once its parent is, and
 * committed in height order once it is final. Preparation of different blocks overlaps; execution and commits do not.
 * "Don't know yet" is never a failure (R4): a block whose anchor this node has not finalized waits for the beacon.
 *
 * When the executor loses its unfinalized blocks (a worker died) they are executed again; when its disk is behind the
 * finalized chain (after a crash) the missing blocks are replayed from the store.
 */
import type { ChainBlock } from '../consensus/message.ts'
import type { AnchorView } from '../crosslink/crosslink.ts'
import type { ChannelHead } from '../crosslink/receipt.ts'
import { assert, present } from '../primitives/assert.ts'
import { concatBytes, toHex } from '../primitives/bytes.ts'
import { keccak256 } from '../primitives/hash.ts'
import type { Address, ChainNumber, Hash } from '../primitives/identifiers.ts'
import { decodeShardBlock, type ShardBlock } from '../shards/block.ts'
import type { BlockOutcome, ExecutionResponse } from '../shards/executor.ts'
import type { Context } from './context.ts'

type Pending = {
  readonly block: ChainBlock
  readonly decoded: ShardBlock
  certified: boolean
  /** The engine waits for a verdict. */
  asked: boolean
  anchor: AnchorView | undefined
  /** Senders of all transactions, 20 bytes each; undefined until all are known. */
  senders: Uint8Array | undefined
  state: 'preparing' | 'executing' | 'executed' | 'invalid'
  outcome: BlockOutcome | undefined
}

/** A block, what executing it did, and the senders of its transactions (20 bytes each). */
export type CommittedBlock = {
  readonly block: ShardBlock
  readonly outcome: BlockOutcome
  readonly senders: Uint8Array
}

/** Where the committed state stands. */
export type CommittedTip = {
  readonly height: number
  readonly hash: Hash
  readonly cursors: readonly ChannelHead[]
  readonly channels: readonly ChannelHead[]
  readonly buffered: readonly number[]
}

export type ShardExecutionOptions = {
  readonly shard: ChainNumber
  /** The finalized beacon block's view, or undefined if this node does not hold it in memory. */
  readonly anchorOf: (beaconHash: Hash) => AnchorView | undefined
  /** Looks an old anchor up on disk; answers undefined when the beacon is not there yet. */
  readonly loadAnchor: (
    beaconHeight: number,
    beaconHash: Hash,
    answer: (anchor: AnchorView | undefined) => void,
  ) => void
  readonly senderOf: (transactionHash: Hash) => Address | undefined
  readonly beneficiaryOf: (block: ShardBlock) => Address | undefined
  readonly verified: (hash: Hash, valid: boolean) => void
  /** In height order, before the state is committed: what must be on disk once it is. */
  readonly committing: (committed: CommittedBlock) => void
  /** In height order, after the state is committed. `replayed`: the node had told the world before. */
  readonly committed: (block: ShardBlock, outcome: BlockOutcome, replayed: boolean) => void
  /** Loads finalized blocks from the store, ascending from this height, at most a batch. */
  readonly loadFinalized: (
    fromHeight: number,
    answer: (blocks: readonly ChainBlock[]) => void,
  ) => void
  readonly failed: () => void
}

export type ShardExecution = {
  /** Asks the executor where its state stands and replays up to `finalizedHeight`; then `done`. */
  readonly synchronize: (finalizedHeight: number, done: () => void) => void
  readonly verify: (block: ChainBlock, certified: boolean) => void
  readonly finalize: (block: ChainBlock) => void
  /** A block this node built: executed already. */
  readonly built: (block: ChainBlock, committed: CommittedBlock) => void
  /** The beacon moved: blocks that waited for an anchor may go on. */
  readonly anchorsMoved: () => void
  /** Executed and not abandoned: the block may be built upon. */
  readonly outcomeOf: (hash: Hash) => BlockOutcome | undefined
  readonly tip: () => CommittedTip
  /** Executed blocks above the committed tip, in the order they were executed. */
  readonly speculative: () => readonly BlockOutcome[]
  /** The executor answered something that only a lost executor answers. */
  readonly recover: () => void
}

export function createShardExecution(
  context: Context,
  options: ShardExecutionOptions,
): ShardExecution {
  const pending = new Map<string, Pending>()
  /** Final blocks not committed yet, in height order. */
  let finalQueue: { readonly hash: Hash; readonly height: number; readonly replayed: boolean }[] =
    []
  let committing = false
  let recovering = false
  let tip: CommittedTip | undefined

  function tipNow(): CommittedTip {
    return present(tip, 'the executor was asked for its status before it is used')
  }

  function hold(block: ChainBlock): Pending {
    const key = toHex(block.hash)
    const known = pending.get(key)
    if (known !== undefined) return known
    const decoded = decodeShardBlock(block.bytes)
    assert(decoded.ok, 'a block is decoded before it reaches execution')
    const created: Pending = {
      block,
      decoded: decoded.value,
      certified: false,
      asked: false,
      anchor: undefined,
      senders: undefined,
      state: 'preparing',
      outcome: undefined,
    }
    pending.set(key, created)
    findSenders(created)
    findAnchor(created)
    return created
  }

  function findSenders(entry: Pending): void {
    const { transactions } = entry.decoded.body
    const senders = transactions.map((raw) => options.senderOf(keccak256(raw)))
    const unknown = transactions.filter((_, index) => senders[index] === undefined)
    if (unknown.length === 0) {
      entry.senders = concatBytes(...senders.map((sender) => present(sender, 'all are known')))
      return
    }
    context.recover(unknown, (recovered) => {
      let next = 0
      const all = senders.map((sender) => sender ?? recovered[next++]?.sender)
      if (all.some((sender) => sender === undefined)) return judge(entry, false)
      entry.senders = concatBytes(...all.map((sender) => present(sender, 'all were recovered')))
      advance()
    })
  }

  function findAnchor(entry: Pending): void {
    if (entry.anchor !== undefined) return
    const { beaconHeight, beaconHash } = entry.decoded.header.anchor
    entry.anchor = options.anchorOf(beaconHash)
    if (entry.anchor !== undefined) return
    options.loadAnchor(beaconHeight, beaconHash, (anchor) => {
      if (anchor === undefined || entry.anchor !== undefined) return
      entry.anchor = anchor
      advance()
    })
  }

  function judge(entry: Pending, valid: boolean): void {
    entry.state = valid ? 'executed' : 'invalid'
    if (!entry.asked) return
    entry.asked = false
    options.verified(entry.block.hash, valid)
  }

  function isExecuted(hash: Hash): boolean {
    const key = toHex(hash)
    return key === toHex(tipNow().hash) || pending.get(key)?.state === 'executed'
  }

  /** Does everything that has become possible. */
  function advance(): void {
    if (tip === undefined || recovering) return
    for (const entry of pending.values()) {
      if (entry.state === 'preparing' && isExecuted(entry.block.parentHash)) execute(entry)
    }
    commit()
  }

  function execute(entry: Pending): void {
    if (entry.anchor === undefined || entry.senders === undefined) return
    const beneficiary = options.beneficiaryOf(entry.decoded)
    if (beneficiary === undefined) return judge(entry, false)
    entry.state = 'executing'
    const { anchor, senders } = entry
    const request = {
      kind: 'verify',
      block: entry.block.bytes,
      beneficiary,
      anchor,
      senders,
    } as const
    context.execute(options.shard, request, (response) => executed(entry, response))
  }

  function executed(entry: Pending, response: ExecutionResponse | undefined): void {
    if (entry.state !== 'executing') return
    if (response?.kind === 'verified') {
      entry.outcome = response.outcome
      judge(entry, true)
      return advance()
    }
    if (response?.kind === 'refused' && isVerdict(response.code)) {
      const { code, detail } = response
      const fact = { kind: 'refused-block', chain: options.shard, code, detail } as const
      context.emit({ kind: 'report', fact })
      return judge(entry, false)
    }
    recover()
  }

  function commit(): void {
    if (committing || recovering) return
    const next = finalQueue[0]
    if (next === undefined) return
    const entry = pending.get(toHex(next.hash))
    if (entry?.state !== 'executed') return
    committing = true
    options.committing({
      block: entry.decoded,
      outcome: present(entry.outcome, 'an executed block has an outcome'),
      senders: present(entry.senders, 'an executed block has senders'),
    })
    context.execute(options.shard, { kind: 'finalize', hash: next.hash }, (response) => {
      committing = false
      if (response?.kind !== 'finalized') return recover()
      committed(next.hash)
      advance()
    })
  }

  function committed(hash: Hash): void {
    const next = present(finalQueue.shift(), 'a committed block was queued')
    const entry = present(pending.get(toHex(hash)), 'a committed block is held')
    const outcome = present(entry.outcome, 'an executed block has an outcome')
    const { height } = entry.block
    const { cursors, channels, buffered } = outcome
    tip = { height, hash, cursors, channels, buffered }
    for (const [key, other] of pending) if (other.block.height <= height) pending.delete(key)
    options.committed(entry.decoded, outcome, next.replayed)
  }

  /** The executor lost what was not committed: ask where it stands and start again from there. */
  function recover(): void {
    if (recovering) return
    options.failed()
    const last = finalQueue[finalQueue.length - 1]
    const finalizedHeight = last?.height ?? tipNow().height
    readStatus((status) => {
      for (const entry of pending.values()) {
        if (entry.block.height > status.height && entry.state !== 'invalid')
          entry.state = 'preparing'
      }
      replay(status, finalizedHeight, () => undefined)
    })
  }

  function readStatus(answer: (status: CommittedTip) => void): void {
    recovering = true
    context.execute(options.shard, { kind: 'status' }, (response) => {
      if (response?.kind !== 'status') return readStatus(answer)
      recovering = false
      answer(response)
    })
  }

  /** Queues finalized blocks the state does not have yet. What was committed once was told once. */
  function replay(status: CommittedTip, finalizedHeight: number, done: () => void): void {
    const toldUpTo = tip?.height ?? status.height
    tip = status
    finalQueue = finalQueue.filter((entry) => entry.height > status.height)
    const queuedFrom = finalQueue[0]?.height ?? finalizedHeight + 1
    const missing: ChainBlock[] = []
    const finish = (): void => {
      const entries = missing.map(({ hash, height }) => ({
        hash,
        height,
        replayed: height <= toldUpTo,
      }))
      finalQueue = [...entries, ...finalQueue]
      for (const block of missing) hold(block).certified = true
      advance()
      done()
    }
    const load = (fromHeight: number): void => {
      if (fromHeight >= queuedFrom) return finish()
      options.loadFinalized(fromHeight, (blocks) => {
        const wanted = blocks.filter((block) => block.height < queuedFrom)
        missing.push(...wanted)
        const reached = wanted[wanted.length - 1]?.height
        if (reached === undefined) return finish()
        load(reached + 1)
      })
    }
    load(status.height + 1)
  }

  return {
    synchronize: (finalizedHeight, done) =>
      readStatus((status) => replay(status, finalizedHeight, done)),
    verify: (block, certified) => {
      if (tip !== undefined && block.height <= tip.height) return
      const entry = hold(block)
      entry.certified ||= certified
      entry.asked = true
      if (entry.state === 'executed' || entry.state === 'invalid') {
        return judge(entry, entry.state === 'executed')
      }
      advance()
    },
    finalize: (block) => {
      if (tip !== undefined && block.height <= tip.height) return
      if (finalQueue.some((entry) => entry.height === block.height)) return
      hold(block).certified = true
      finalQueue.push({ hash: block.hash, height: block.height, replayed: false })
      advance()
    },
    built: (block, built) => {
      pending.set(toHex(block.hash), {
        block,
        decoded: built.block,
        certified: false,
        asked: false,
        anchor: undefined,
        senders: built.senders,
        state: 'executed',
        outcome: built.outcome,
      })
    },
    anchorsMoved: () => {
      for (const entry of pending.values()) {
        if (entry.state === 'preparing') findAnchor(entry)
      }
      advance()
    },
    outcomeOf: (hash) => {
      const entry = pending.get(toHex(hash))
      return entry?.state === 'executed' ? entry.outcome : undefined
    },
    tip: tipNow,
    speculative: () => {
      const outcomes: BlockOutcome[] = []
      for (const { outcome, state } of pending.values()) {
        if (state === 'executed' && outcome !== undefined) outcomes.push(outcome)
      }
      return outcomes
    },
    recover,
  }
}

/** Verdicts are about the block; the other refusals are about an executor that lost its memory. */
function isVerdict(code: string): boolean {
  return code === 'malformed' || code === 'invalid-block'
}

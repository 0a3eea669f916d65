/**
 * The way from a block that the beacon has recorded down to this node's own chain (docs/protocol/crosslinks.md C.7): block after block
 * by the hash of the parent, out of the own store or from whoever holds the shard. A block's hash says that it is the right
 * one, so nobody is trusted.
 *
 * Bounds: one block is asked for at a time, of one validator, of the next after a timeout; of the way only places are held, the
 * blocks are in the store; a way longer than WAY_MAX is given up.
 */
import type { ChainBlock } from '../consensus/message.ts'
import { equalBytes } from '../primitives/bytes.ts'
import type { ChainNumber, Hash } from '../primitives/identifiers.ts'
import type { Context } from './context.ts'
import { readFinalEntry, serveBlock } from './serve.ts'
import { decodeShardChainBlock } from './shard-block.ts'
import { blockKey, encodeNumbers, hashKey, numberKey, pointRange } from './table.ts'

/** One block of at most a frame. */
const BLOCK_TIMEOUT_MS = 1_000
/** Far more than a shard makes in the epochs in which its fork can go unnoticed; 4 MiB of places. */
const WAY_MAX = 65_536

export type BranchBlock = Pick<
  ChainBlock,
  'hash' | 'parentHash' | 'height' | 'epoch' | 'timestampMs'
>

/** `blocks`: from the recorded one down to the child of the foot, which is on the own chain. */
export type Branch = {
  readonly blocks: readonly BranchBlock[]
  readonly foot: { readonly hash: Hash; readonly height: number }
}

export type BranchOptions = {
  readonly shard: ChainNumber
  /** Who may hold blocks of the shard, in the order in which they are asked. */
  readonly holders: () => readonly number[]
}

/** The recorded block and its epoch. */
export type BranchTip = { readonly hash: Hash; readonly height: number; readonly epoch: number }

export type BranchWalk = {
  readonly begin: (tip: BranchTip, found: (branch: Branch) => void) => void
  /** A block came, from whomever. */
  readonly seen: (block: ChainBlock) => void
  /** Nobody wants to know any more. */
  readonly end: () => void
  readonly deadline: () => number
  readonly tick: () => void
}

type Step = {
  readonly tip: BranchTip
  readonly blocks: BranchBlock[]
  readonly found: (branch: Branch) => void
  /** The block that is looked for. */
  hash: Hash
  height: number
  asks: number
  /** Infinity: it is looked for in the own store. */
  askableAt: number
}

type Walk = {
  readonly context: Context
  readonly options: BranchOptions
  step: Step | undefined
}

export function createBranchWalk(context: Context, options: BranchOptions): BranchWalk {
  const self: Walk = { context, options, step: undefined }
  return {
    begin: (tip, found) => {
      const { hash, height } = tip
      self.step = { tip, blocks: [], found, hash, height, asks: 0, askableAt: Infinity }
      look(self, self.step)
    },
    seen: (block) => {
      const { step } = self
      if (step === undefined || step.askableAt === Infinity) return
      if (!equalBytes(block.hash, step.hash) || block.height !== step.height) return
      keep(self, block)
      take(self, step, block)
    },
    end: () => {
      self.step = undefined
    },
    deadline: () => self.step?.askableAt ?? Infinity,
    tick: () => {
      if (self.step !== undefined && context.now() >= self.step.askableAt) ask(self, self.step)
    },
  }
}

/** Is it on the own chain; else, is it in the own store? */
function look(self: Walk, step: Step): void {
  const { context, options } = self
  const { hash, height } = step
  step.askableAt = Infinity
  if (height === 0) return end(self, step)
  context.load([pointRange('final', numberKey(options.shard, height))], ([finals]) => {
    if (self.step !== step) return
    const own = finals?.[0] && readFinalEntry(finals[0])
    if (own !== undefined && equalBytes(own.hash, hash)) return end(self, step)
    // Should the store not have it, somebody is asked.
    step.askableAt = context.now() + 1
    serveBlock(context, { chain: options.shard }, hash, decodeShardChainBlock, (block) => {
      if (self.step === step && equalBytes(step.hash, hash)) take(self, step, block)
    })
  })
}

function ask({ context, options }: Walk, step: Step): void {
  const holders = options.holders()
  step.askableAt = context.now() + BLOCK_TIMEOUT_MS
  const holder = holders[step.asks % Math.max(1, holders.length)]
  step.asks++
  if (holder === undefined) return
  const message = { kind: 'get-block', hash: step.hash } as const
  const { epoch } = step.tip
  const sealed = { kind: 'consensus', chain: options.shard, epoch, message } as const
  context.emit({ kind: 'send', to: [holder], channel: 'consensus', message: sealed })
}

/** It is durable before anything that names it: the write that makes it final comes in a later turn. */
function keep({ context, options }: Walk, { height, hash, bytes }: ChainBlock): void {
  const { shard } = options
  const block = { kind: 'put', table: 'block', key: blockKey(shard, height, hash) } as const
  const place = { kind: 'put', table: 'height', key: hashKey(shard, hash) } as const
  context.emit({ kind: 'write', write: { ...block, value: bytes }, sync: false })
  context.emit({ kind: 'write', write: { ...place, value: encodeNumbers(height) }, sync: false })
}

function take(self: Walk, step: Step, block: ChainBlock): void {
  const { hash, parentHash, height, epoch, timestampMs } = block
  if (step.blocks.length >= WAY_MAX) {
    self.step = undefined
    return
  }
  step.blocks.push({ hash, parentHash, height, epoch, timestampMs })
  step.hash = parentHash
  step.height = height - 1
  step.asks = 0
  look(self, step)
}

function end(self: Walk, { blocks, hash, height, found }: Step): void {
  self.step = undefined
  found({ blocks, foot: { hash, height } })
}

/**
 * What a validator's application is to the engine when the chain is a toy: it builds blocks on executed parents, executes
 * blocks, and takes finalized ones. What it executed is in memory and lost in a crash; what it took is on disk.
 */
import { present } from '../../node/primitives/assert.ts'
import type { Prng } from '../../node/primitives/prng.ts'
import type { ChainBlock } from '../../node/consensus/message.ts'
import { digestText } from './digest-text.ts'
import type { AppliedBlock } from './validator-disk.ts'
import { isValidOn, makeToyBlock, PAYLOAD_SIZE, TOY_GENESIS, type ToyParent } from './toy-chain.ts'

type BuildOrder = {
  readonly view: number
  readonly epoch: number
  readonly parentHash: Uint8Array
  readonly now: number
}

export type ToyApplication = {
  /** Building executes. Undefined when the parent was not executed here. */
  readonly build: (order: BuildOrder) => ChainBlock | undefined
  /** False when this block's parent was neither executed nor asked for before it. */
  readonly expect: (block: ChainBlock) => boolean
  /** Executes; true when the block is valid on its parent. */
  readonly execute: (block: ChainBlock) => boolean
  /**
   * Starts again with what is on disk. It may be ahead of the engine's floor, whose record can be lost when the applied
   * block is not; then the engine asks to verify applied blocks once more.
   */
  readonly restart: (applied: readonly AppliedBlock[]) => void
}

export function createToyApplication(dice: Prng): ToyApplication {
  const executed = new Map<string, ToyParent>()
  const expected = new Set<string>()

  function keep(block: { readonly hash: Uint8Array } & ToyParent): void {
    executed.set(digestText(block.hash), block)
    expected.add(digestText(block.hash))
  }

  function restart(applied: readonly AppliedBlock[]): void {
    executed.clear()
    expected.clear()
    keep(TOY_GENESIS)
    for (const { block } of applied) keep(block)
  }

  function execute(block: ChainBlock): boolean {
    const parent = executed.get(digestText(block.parentHash))
    if (parent === undefined || !isValidOn(block, parent)) return false
    keep(block)
    return true
  }

  restart([])
  return {
    build: ({ view, epoch, parentHash, now }) => {
      const parent = executed.get(digestText(parentHash))
      if (parent === undefined) return undefined
      const payload = dice.bytes(PAYLOAD_SIZE)
      payload[0] = 0
      const timestampMs = Math.max(now, parent.timestampMs)
      const height = parent.height + 1
      const block = makeToyBlock({ parentHash, height, view, epoch, timestampMs, payload })
      execute(block)
      return block
    },
    expect: (block) => {
      expected.add(digestText(block.hash))
      return expected.has(digestText(block.parentHash))
    },
    execute,
    restart,
  }
}

/** The parent of the next block to apply. */
export function tipOf(applied: readonly { readonly block: ChainBlock }[]): {
  readonly hash: Uint8Array
  readonly height: number
  readonly timestampMs: number
} {
  if (applied.length === 0) return TOY_GENESIS
  return present(applied[applied.length - 1], 'the list is not empty').block
}

/** Execution order of a hosted shard: replay in stretches, lost executors, lost answers, divergence (R4, R8). */
import { unusedBeaconChannels } from '../../../node/crosslink/beacon-channels.ts'
import { describe, expect, it } from 'vitest'
import type { ChainBlock } from '../../../node/consensus/message.ts'
import { emptyChannels } from '../../../node/crosslink/channel.ts'
import { contentsHash } from '../../../node/crosslink/header-codec.ts'
import { present } from '../../../node/primitives/assert.ts'
import { toHex } from '../../../node/primitives/bytes.ts'
import { RANGE_BLOCKS_MAX } from '../../../node/primitives/limits.ts'
import { encodeShardBlock, encodeShardBody } from '../../../node/shards/block.ts'
import type {
  BlockOutcome,
  ExecutionRequest,
  ExecutionResponse,
} from '../../../node/shards/executor.ts'
import { createContext } from '../../../node/validator/context.ts'
import type { ValidatorEffect } from '../../../node/validator/contract.ts'
import { decodeShardChainBlock, shardBlockOf } from '../../../node/validator/shard-block.ts'
import { createShardExecution } from '../../../node/validator/shard-execution.ts'
import { exampleShardHeader, hashOf } from '../crosslink/examples.ts'

const body = encodeShardBody({ transactions: [], inbox: [] })
const genesisHash = hashOf('shard genesis')
const channels = { cursors: emptyChannels(2), channels: emptyChannels(2), buffered: [0, 0, 0] }
const anchor = {
  beaconHeight: 0,
  beaconHash: hashOf('beacon'),
  epoch: 0,
  timestampMs: 0,
  shards: [],
  beacon: unusedBeaconChannels(2),
}

function chainOf(count: number): readonly ChainBlock[] {
  const blocks: ChainBlock[] = []
  let parentHash = genesisHash
  for (let height = 1; height <= count; height++) {
    const header = exampleShardHeader({
      parentHash,
      height,
      view: height,
      contentsHash: contentsHash(body),
    })
    const block = decodeShardChainBlock(encodeShardBlock(header, body))
    if (!block.ok) throw new Error(block.reject.detail)
    blocks.push(block.value)
    parentHash = block.value.hash
  }
  return blocks
}

function outcomeOf(block: ChainBlock): BlockOutcome {
  const { header } = shardBlockOf(block)
  const quiet = { transactionHashes: [], results: [], consumed: [], sent: [], changed: [] }
  return { hash: block.hash, header, ...quiet, ...channels }
}

type Answer = (request: ExecutionRequest) => ExecutionResponse | undefined

/** An executor that agrees with everything, from a height on. */
function agreeable(blocks: readonly ChainBlock[], state: { height: number }): Answer {
  const find = (hash: Uint8Array) =>
    present(
      blocks.find((block) => toHex(block.hash) === toHex(hash)),
      'the block is of the chain',
    )
  return (request) => {
    switch (request.kind) {
      case 'verify': {
        const block = blocks.find(({ bytes }) => toHex(bytes) === toHex(request.block))
        return { kind: 'verified', outcome: outcomeOf(present(block, 'of the chain')) }
      }
      case 'finalize': {
        state.height = find(request.hash).height
        return { kind: 'finalized', height: state.height, hash: request.hash }
      }
      default: {
        const hash = blocks[state.height - 1]?.hash ?? genesisHash
        return { kind: 'status', height: state.height, hash, stateRoot: hash, ...channels }
      }
    }
  }
}

function openExecution(blocks: readonly ChainBlock[], stored: number) {
  const owner = createContext()
  const seen = {
    verdicts: [] as string[],
    committed: [] as { height: number; replayed: boolean; told: boolean }[],
    failures: 0,
    loads: [] as number[],
    facts: [] as ValidatorEffect[],
    requests: [] as string[],
  }
  const execution = createShardExecution(owner.context, {
    shard: 1,
    anchorOf: () => anchor,
    beaconHeight: () => 0,
    loadAnchor: (_height, _hash, answer) => answer(undefined),
    senderOf: () => undefined,
    beneficiaryOf: () => hashOf('payout').slice(0, 20),
    verified: (hash, valid) => void seen.verdicts.push(`${toHex(hash).slice(0, 6)} ${valid}`),
    committing: () => undefined,
    committed: (block, _outcome, history) =>
      void seen.committed.push({ height: block.header.height, ...history }),
    loadFinalized: (fromHeight, answer) => {
      seen.loads.push(fromHeight)
      answer(blocks.slice(fromHeight - 1, Math.min(stored, fromHeight - 1 + RANGE_BLOCKS_MAX)))
    },
    failed: () => void seen.failures++,
  })
  /** One input, and then whatever the executor answers, until nothing is asked. */
  const turn = (now: number, step: () => void, answer: Answer): void => {
    owner.begin({ now: now, wallMs: now })
    step()
    for (let effects = owner.take(); effects.length > 0; effects = owner.take()) {
      for (const effect of effects) {
        if (effect.kind === 'report') seen.facts.push(effect)
        if (effect.kind !== 'execute') continue
        seen.requests.push(effect.request.kind)
        owner.answer('execute', effect.job, answer(effect.request))
      }
    }
  }
  return { execution, seen, turn }
}

const heights = (committed: readonly { readonly height: number }[]): readonly number[] =>
  committed.map(({ height }) => height)

describe('shard execution', () => {
  it('shard execution: a long replay is read in bounded stretches and committed in order', () => {
    const count = 2 * RANGE_BLOCKS_MAX + 20
    const blocks = chainOf(count)
    const { execution, seen, turn } = openExecution(blocks, count)
    let done = 0
    turn(0, () => execution.synchronize(count, () => void done++), agreeable(blocks, { height: 0 }))
    expect(done).toBe(1)
    expect(heights(seen.committed)).toEqual(blocks.map(({ height }) => height))
    expect(seen.loads).toEqual([1, 1 + RANGE_BLOCKS_MAX, 1 + 2 * RANGE_BLOCKS_MAX])
    expect(seen.committed.every(({ replayed }) => replayed)).toBe(true)
  })

  it('shard execution: blocks that become final too fast wait in the store', () => {
    const count = RANGE_BLOCKS_MAX + 30
    const blocks = chainOf(count)
    const { execution, seen, turn } = openExecution(blocks, count)
    const state = { height: 0 }
    turn(0, () => execution.synchronize(0, () => undefined), agreeable(blocks, state))
    const finalizeAll = (): void => {
      for (const block of blocks) execution.finalize(block)
    }
    turn(1, finalizeAll, agreeable(blocks, state))
    expect(heights(seen.committed)).toEqual(blocks.map(({ height }) => height))
    expect(seen.committed.filter(({ replayed }) => replayed)).toHaveLength(30)
  })

  it('shard execution: blocks that a dead worker took along are executed again', () => {
    const blocks = chainOf(3)
    const [first, second] = blocks
    const { execution, seen, turn } = openExecution(blocks, 0)
    const answer = agreeable(blocks, { height: 0 })
    turn(0, () => execution.synchronize(0, () => undefined), answer)
    turn(1, () => execution.verify(present(first, 'three blocks'), false), answer)
    let deaths = 1
    const dying: Answer = (request) =>
      request.kind === 'verify' && deaths-- > 0
        ? { kind: 'refused', code: 'unavailable', detail: 'the worker thread ended' }
        : answer(request)
    turn(2, () => execution.verify(present(second, 'three blocks'), false), dying)
    expect(seen.failures).toBe(1)
    expect(seen.requests).toEqual(['status', 'verify', 'verify', 'status', 'verify', 'verify'])
    expect(seen.verdicts).toHaveLength(2)
    expect(execution.pathTo(present(second, 'three blocks').hash)).toHaveLength(2)
  })

  it('shard execution: a commit whose answer was lost with its worker counts once', () => {
    const blocks = chainOf(2)
    const { execution, seen, turn } = openExecution(blocks, 2)
    const answer = agreeable(blocks, { height: 0 })
    turn(0, () => execution.synchronize(0, () => undefined), answer)
    let losses = 1
    const forgetful: Answer = (request) => {
      const response = answer(request)
      return request.kind === 'finalize' && losses-- > 0 ? undefined : response
    }
    const finalizeAll = (): void => {
      for (const block of blocks) execution.finalize(block)
    }
    turn(1, finalizeAll, forgetful)
    expect(heights(seen.committed)).toEqual([1, 2])
    expect(seen.failures).toBe(1)
  })

  it('shard execution: an executor that does not come back is asked again later, not at once', () => {
    const blocks = chainOf(1)
    const { execution, seen, turn } = openExecution(blocks, 0)
    turn(
      0,
      () => execution.synchronize(0, () => undefined),
      () => undefined,
    )
    expect(seen.requests).toEqual(['status'])
    const at = execution.deadline()
    expect(at).toBeGreaterThan(0)
    expect(at).toBeLessThan(1_000)
    turn(at, () => execution.tick(), agreeable(blocks, { height: 0 }))
    expect(execution.tip().height).toBe(0)
    expect(execution.deadline()).toBe(Infinity)
  })

  it('shard execution: an executor that goes on refusing is asked again later, not in a circle', () => {
    const blocks = chainOf(1)
    const block = present(blocks[0], 'one block')
    const { execution, seen, turn } = openExecution(blocks, 1)
    const answer = agreeable(blocks, { height: 0 })
    turn(0, () => execution.synchronize(0, () => undefined), answer)
    const refusing: Answer = (request) =>
      request.kind === 'finalize'
        ? { kind: 'refused', code: 'unknown-parent', detail: 'it is not held' }
        : answer(request)
    turn(1, () => execution.finalize(block), refusing)
    expect(seen.failures).toBe(2)
    const at = execution.deadline()
    expect(at).toBeGreaterThan(1)
    expect(at).toBeLessThan(1_000)
    turn(at, () => execution.tick(), answer)
    expect(heights(seen.committed)).toEqual([1])
    expect(execution.deadline()).toBe(Infinity)
  })

  it('shard execution: R8: a final block that is not valid here is reported once, and nothing follows it', () => {
    const blocks = chainOf(3)
    const { execution, seen, turn } = openExecution(blocks, 3)
    const answer = agreeable(blocks, { height: 0 })
    turn(0, () => execution.synchronize(0, () => undefined), answer)
    const [, second] = blocks
    const strict: Answer = (request) =>
      request.kind === 'verify' && toHex(request.block) === toHex(second?.bytes ?? body)
        ? { kind: 'refused', code: 'invalid-block', detail: 'state-root: differs' }
        : answer(request)
    const finalizeAll = (): void => {
      for (const block of blocks) execution.finalize(block)
    }
    turn(1, finalizeAll, strict)
    turn(2, finalizeAll, strict)
    expect(heights(seen.committed)).toEqual([1])
    expect(seen.facts.map((effect) => effect.kind === 'report' && effect.fact)).toEqual([
      { kind: 'refused-block', chain: 1, code: 'invalid-block', detail: expect.any(String) },
      { kind: 'divergence', chain: 1, height: 2, detail: expect.stringContaining('state-root') },
    ])
    expect(seen.requests.filter((kind) => kind === 'verify')).toHaveLength(2)
  })

  it('shard execution: R8: a block found invalid as a proposal and final later is a divergence too', () => {
    const blocks = chainOf(1)
    const block = present(blocks[0], 'one block')
    const { execution, seen, turn } = openExecution(blocks, 1)
    const answer = agreeable(blocks, { height: 0 })
    turn(0, () => execution.synchronize(0, () => undefined), answer)
    const strict: Answer = (request) =>
      request.kind === 'verify'
        ? { kind: 'refused', code: 'invalid-block', detail: 'state-root: differs' }
        : answer(request)
    turn(1, () => execution.verify(block, false), strict)
    expect(seen.verdicts).toEqual([expect.stringContaining('false')])
    turn(2, () => execution.finalize(block), strict)
    expect(seen.facts.at(-1)).toMatchObject({ fact: { kind: 'divergence', height: 1 } })
    expect(seen.committed).toEqual([])
  })
})

/** Taking back (B.8, C.7): what becomes of it when the executor dies meanwhile, and how many accounts are asked for at once. */
import { describe, expect, it } from 'vitest'
import { emptyChannels } from '../../../node/crosslink/channel.ts'
import { createWriter } from '../../../node/primitives/codec.ts'
import { hashTagged } from '../../../node/primitives/hash.ts'
import type {
  BlockOutcome,
  ExecutionRequest,
  ExecutionResponse,
} from '../../../node/shards/executor.ts'
import { createContext } from '../../../node/validator/context.ts'
import type { ValidatorEffect } from '../../../node/validator/contract.ts'
import { encodeOutcome } from '../../../node/validator/outcome.ts'
import { numberKey } from '../../../node/validator/table.ts'
import { createTakeBack, type Reached } from '../../../node/validator/take-back.ts'
import { exampleShardHeader, hashOf } from '../crosslink/examples.ts'

const SHARD = 1
const SENDERS = 5_000

function addressAt(index: number): Uint8Array {
  return hashTagged('sender', createWriter().u32(index).finish()).slice(0, 20)
}

/** A block above the foot, with so many transactions, each of another sender. */
function storedOutcome(): Uint8Array {
  const outcome: BlockOutcome = {
    hash: hashOf('block'),
    header: exampleShardHeader(),
    transactionHashes: Array.from({ length: SENDERS }, (_, index) => hashOf(`tx ${index}`)),
    results: Array.from({ length: SENDERS }, () => {
      return { status: 1, gasUsed: 21_000, sent: undefined } as const
    }),
    consumed: [],
    sent: [],
    channels: emptyChannels(2),
    cursors: emptyChannels(2),
    buffered: [0, 0, 0],
    changed: [],
  }
  const senders = new Uint8Array(SENDERS * 20)
  for (let index = 0; index < SENDERS; index++) senders.set(addressAt(index), index * 20)
  return encodeOutcome(outcome, senders)
}

const status = {
  kind: 'status',
  height: 1,
  hash: hashOf('foot'),
  stateRoot: hashOf('root'),
  cursors: [],
  channels: [],
  buffered: [],
} as const

type Asked = { readonly kinds: string[]; readonly sizes: number[] }

/** What the executor says, if it is not broken. */
function answerOf(request: ExecutionRequest, asked: Asked): ExecutionResponse {
  if (request.kind !== 'accounts') return status
  asked.sizes.push(request.addresses.length)
  const accounts = request.addresses.map((address) => {
    return { address, nonce: 7, balance: 1n }
  })
  return { kind: 'accounts', height: 1, accounts }
}

/** Goes back to height 1; the executor answers so, in turn, and afterwards as it should. */
function goBack(broken: readonly (ExecutionResponse | undefined)[]) {
  const owner = createContext()
  const answers = [...broken]
  const asked: Asked = { kinds: [], sizes: [] }
  const results: Reached[] = []
  const back = createTakeBack(owner.context, SHARD)
  const outcome = { key: numberKey(SHARD, 2), value: storedOutcome() }
  const perform = (effect: ValidatorEffect): void => {
    if (effect.kind === 'load') {
      const isOutcomes = effect.request.some(({ table }) => table === 'outcome')
      owner.answer('load', effect.job, isOutcomes ? [[], [outcome], []] : [])
    }
    if (effect.kind !== 'execute') return
    asked.kinds.push(effect.request.kind)
    const isBroken = answers.length > 0
    const wrong = answers.shift()
    owner.answer('execute', effect.job, isBroken ? wrong : answerOf(effect.request, asked))
  }
  owner.begin({ now: 0, wallMs: 0 })
  back.begin({ height: 1, header: undefined }, (result) => results.push(result))
  for (let turn = 1; turn < 100; turn++) {
    const effects = owner.take()
    owner.begin({ now: turn * 100, wallMs: 0 })
    effects.forEach(perform)
    back.tick()
  }
  return { reached: results[0], asked: asked.kinds, sizes: asked.sizes }
}

describe('take back', () => {
  it('take back: the accounts of orphaned transactions are asked for in stretches, and all of them are read', () => {
    const { reached, asked, sizes } = goBack([])
    expect(asked).toEqual(['rewind', 'accounts', 'accounts'])
    expect(Math.max(...sizes)).toBe(4_096)
    expect(reached?.accounts).toHaveLength(SENDERS)
    expect(reached?.orphans.count).toBe(0)
  })

  it('take back: an executor that dies at any question is asked again, and nothing is gone on with meanwhile', () => {
    const lost = { kind: 'refused', code: 'unknown-parent', detail: 'lost' } as const
    expect(goBack([undefined]).asked).toEqual(['rewind', 'rewind', 'accounts', 'accounts'])
    const { reached, asked } = goBack([status, undefined, lost])
    expect(asked).toEqual(['rewind', 'accounts', 'accounts', 'accounts', 'accounts'])
    expect(reached?.accounts).toHaveLength(SENDERS)
  })
})

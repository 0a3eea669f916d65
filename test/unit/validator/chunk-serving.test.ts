/** Who gets chunks of this node's snapshots, and how many at once (S.6). */
import { describe, expect, test } from 'vitest'
import { createChunkServing } from '../../../node/validator/chunk-serving.ts'
import { createContext } from '../../../node/validator/context.ts'
import type { ExecutionResponse } from '../../../node/shards/executor.ts'

const PLACE = { shard: 1, height: 128, stretch: 3, from: new Uint8Array(32) }

function open() {
  const owner = createContext()
  const serving = createChunkServing(owner.context)
  const jobs: number[] = []
  function ask(peer: string): boolean {
    owner.begin({ now: 0, wallMs: 0 })
    serving.serve(peer, PLACE)
    const effects = owner.take()
    for (const effect of effects) if (effect.kind === 'execute') jobs.push(effect.job)
    return effects.length > 0
  }
  function answer(response: ExecutionResponse | undefined) {
    owner.begin({ now: 0, wallMs: 0 })
    owner.answer('execute', jobs.shift() ?? -1, response)
    return owner.take()
  }
  return { ask, answer }
}

const CHUNK: ExecutionResponse = { kind: 'chunk', chunk: Uint8Array.of(1, 2, 3) }

describe('state sync: serving', () => {
  test('state sync: serving: the chunk goes to whoever asked, with its place', () => {
    const { ask, answer } = open()
    expect(ask('a')).toBe(true)
    const message = { kind: 'chunk', ...PLACE, chunk: Uint8Array.of(1, 2, 3) }
    expect(answer(CHUNK)).toEqual([{ kind: 'reply', peer: 'a', channel: 'relay', message }])
  })

  test('state sync: serving: one peer has two at once and all together eight, until they are answered', () => {
    const { ask, answer } = open()
    expect([ask('a'), ask('a'), ask('a')]).toEqual([true, true, false])
    for (const peer of ['b', 'c', 'd']) expect([ask(peer), ask(peer)]).toEqual([true, true])
    expect(ask('e')).toBe(false)
    answer(CHUNK)
    expect([ask('e'), ask('a')]).toEqual([true, false])
  })

  test('state sync: serving: that a snapshot is not kept is said, that the executor failed is not', () => {
    const { ask, answer } = open()
    ask('a')
    const gone = answer({ kind: 'refused', code: 'unknown-state', detail: 'gone' })
    expect(gone).toMatchObject([{ kind: 'reply', message: { kind: 'chunk', chunk: undefined } }])
    ask('a')
    expect(answer({ kind: 'refused', code: 'unavailable', detail: 'dead' })).toEqual([])
    ask('a')
    expect(answer(undefined)).toEqual([])
    expect([ask('a'), ask('a')]).toEqual([true, true])
  })
})

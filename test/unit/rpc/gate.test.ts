import { describe, expect, test } from 'vitest'
import { answer, type RpcOutcome } from '../../../node/rpc/error-code.ts'
import { createGate } from '../../../node/rpc/io/gate.ts'

function codeOf(outcome: RpcOutcome): number | undefined {
  return outcome.ok ? undefined : outcome.error.code
}

/** Work that ends when told to. */
function held() {
  const { promise, resolve } = Promise.withResolvers<RpcOutcome>()
  return { work: () => promise, end: () => resolve(answer(1)) }
}

describe('rpc: gate', () => {
  test('rpc: gate: a hundred run, a thousand wait, the next is turned away', async () => {
    const gate = createGate(60_000)
    const { work, end } = held()
    const all = Array.from({ length: 1_100 }, () => gate.perform(work, undefined))
    expect(gate.counts()).toEqual({ active: 100, waiting: 1_000, long: 0 })
    expect(codeOf(await gate.perform(work, undefined))).toBe(-32005)
    end()
    expect((await Promise.all(all)).every((outcome) => outcome.ok)).toBe(true)
    expect(gate.counts()).toEqual({ active: 0, waiting: 0, long: 0 })
  })

  test('rpc: gate: requests that wait for blocks have a room of their own', async () => {
    const gate = createGate(60_000)
    const { work, end } = held()
    const all = Array.from({ length: 100 }, () => gate.perform(work, 60_000))
    expect(codeOf(await gate.perform(work, 60_000))).toBe(-32005)
    expect(await gate.perform(async () => answer('quick'), undefined)).toEqual(answer('quick'))
    end()
    await Promise.all(all)
    expect(gate.counts().long).toBe(0)
  })

  test('rpc: gate: work that takes too long is answered for, and keeps its place until it ends', async () => {
    const gate = createGate(5)
    const { work, end } = held()
    expect(codeOf(await gate.perform(work, undefined))).toBe(-32002)
    expect(gate.counts().active).toBe(1)
    end()
    await gate.perform(async () => answer(2), undefined)
    expect(gate.counts().active).toBe(0)
  })

  test('rpc: gate: work that throws gives its place back', async () => {
    const gate = createGate(60_000)
    const broken = () => Promise.reject(new Error('a bug'))
    await expect(gate.perform(broken, undefined)).rejects.toThrow('a bug')
    await expect(gate.perform(broken, 1_000)).rejects.toThrow('a bug')
    expect(gate.counts()).toEqual({ active: 0, waiting: 0, long: 0 })
  })
})

/** The runner: time, faults that end by themselves, expectations, and how every run ends. */
import { describe, expect, test } from 'vitest'
import { readScenario } from '../../../devnet/scenario/document.ts'
import type { RunEvent } from '../../../devnet/scenario/run-event.ts'
import { runScenario } from '../../../devnet/scenario/runner.ts'
import { createScriptedEngine, type ScriptedEngine } from './scripted-engine.ts'

async function run(
  engine: ScriptedEngine & { readonly patience?: number },
  ...steps: readonly string[]
): Promise<{ readonly reasons: readonly string[]; readonly events: readonly RunEvent[] }> {
  const lines = steps.map((step) => `  - ${step}\n`).join('')
  const file = readScenario(`name: test\nstory: Something happens.\nsteps:\n${lines}`)
  if (!file.ok) throw new Error(file.problems.map(({ sentence }) => sentence).join())
  const events: RunEvent[] = []
  const reasons = await runScenario(file.scenario, engine, {
    say: (event) => events.push(event),
    patience: engine.patience ?? 1,
  })
  return { reasons, events }
}

const kindsOf = ({ faults }: ScriptedEngine) => faults.map(({ fault }) => fault.kind)

describe('scenario: runner', () => {
  test('scenario: runner: expectations that are met take as long as they need, and no longer', async () => {
    const engine = createScriptedEngine()
    const { reasons, events } = await run(
      engine,
      'within 20s: expect shard 2 advances 3 blocks',
      'at 3s: crash shard:2-leader',
      'within 20s: expect 10 more settled',
    )
    expect(reasons).toEqual([])
    const steps = events.filter((event) => event.event === 'step')
    expect(steps.map(({ atMs, line }) => [atMs, line])).toEqual([
      [1500, 4],
      [3000, 5],
      [4000, 6],
    ])
    expect(engine.faults[0]).toEqual({ atMs: 3000, fault: { kind: 'crash', nodes: [5] } })
  })

  test('scenario: runner: an expectation that is not met in time ends the run and names its line', async () => {
    const engine = createScriptedEngine()
    const { reasons, events } = await run(
      engine,
      'wait 1s',
      'within 2s: expect settled >= 1000',
      'heal',
    )
    expect(reasons).toHaveLength(1)
    expect(reasons[0]).toContain('line 5: within 2s: expect settled >= 1000: not met, 30 settled')
    expect(events.at(-1)).toMatchObject({ event: 'step', ok: false })
    expect(engine.nowMs()).toBe(3000)
    expect(kindsOf(engine)).toEqual([])
  })

  test('scenario: runner: what must hold all the while fails at the first moment it does not', async () => {
    const engine = createScriptedEngine(({ atMs }) => {
      return atMs < 1500 ? {} : { accused: new Set([3]) }
    })
    const { reasons } = await run(engine, 'for 10s: expect no evidence')
    expect(reasons[0]).toContain('evidence against node 3')
    expect(engine.nowMs()).toBe(1500)
  })

  test('scenario: runner: a chain is halted after five seconds without a block, and no sooner', async () => {
    const standing = createScriptedEngine(({ nodes, atMs }) => ({
      nodes: nodes.map((one) => {
        const stuck = new Map([
          ...one.heights,
          [2, Math.min(4, 2 + Math.floor(atMs / 500))] as const,
        ])
        return one.node < 4 ? one : { ...one, heights: stuck }
      }),
    }))
    const { events } = await run(standing, 'within 30s: expect shard 2 halted')
    expect(events.filter(({ event }) => event === 'step')).toMatchObject([{ atMs: 6000, ok: true }])
    const moving = createScriptedEngine()
    expect((await run(moving, 'within 30s: expect shard 2 halted')).reasons).toHaveLength(1)
  })

  test('scenario: runner: a broken rule ends the run at once, whatever was expected', async () => {
    const engine = createScriptedEngine(({ atMs }) => {
      return { violations: atMs < 2000 ? [] : ['S1: two blocks at height 4'] }
    })
    const { reasons } = await run(engine, 'within 60s: expect settled >= 1000', 'heal')
    expect(reasons[0]).toBe('S1: two blocks at height 4')
    expect(engine.nowMs()).toBe(2000)
  })

  test('scenario: runner: on a slow machine the same is awaited longer, and nothing else changes', async () => {
    const engine = createScriptedEngine()
    const steps = ['within 2s: expect settled >= 50', 'for 1s: expect no evidence']
    expect((await run(engine, ...steps)).reasons).toHaveLength(1)
    const patient = createScriptedEngine()
    expect((await run({ ...patient, patience: 3 }, ...steps)).reasons).toEqual([])
  })

  test('scenario: runner: faults end in their time, and one of the links leaves the others', async () => {
    const engine = createScriptedEngine()
    const { events } = await run(
      engine,
      'link node:1 -> node:2 loss 20%',
      'partition node:0 | node:3 for 2s',
      'pause node:4 for 3s',
      'load 100 tps for 1s',
      'wait 4s',
    )
    expect(engine.faults.slice(0, 7).map(({ atMs, fault }) => [atMs, fault.kind])).toEqual([
      [0, 'link'],
      [0, 'cut'],
      [0, 'pause'],
      [2000, 'heal'],
      [2000, 'link'],
      [3000, 'resume'],
      // The end of every scenario.
      [4000, 'heal'],
    ])
    expect(engine.rates.slice(0, 2)).toEqual([100, 20])
    const over = events.filter((event) => event.event === 'over')
    expect(over.map(({ atMs, line }) => [atMs, line])).toEqual([
      [1000, 7],
      [2000, 5],
      [3000, 6],
    ])
  })

  test('scenario: runner: in the end all faults are over, liars stay liars, the load is off and the books are checked', async () => {
    const engine = createScriptedEngine()
    const { reasons, events } = await run(
      engine,
      'disk node:1 full',
      'clock node:2 -1s',
      'pause node:3',
      'byzantine node:5 equivocator',
      'partition node:0 | rest',
      'crash node:7',
    )
    expect(reasons).toEqual([])
    expect(kindsOf(engine).slice(6)).toEqual(['heal', 'resume', 'disk', 'clock', 'start'])
    expect(engine.rates).toEqual([0])
    expect(events.filter(({ event }) => event === 'phase')).toHaveLength(4)
  })

  test('scenario: runner: a network that does not recover is a failure, and so is an audit that does not pass', async () => {
    const dead = createScriptedEngine(({ nodes }) => {
      return { nodes: nodes.map((one) => (one.node === 6 ? { ...one, isUp: false } : one)) }
    })
    const { reasons } = await run(dead, 'heal')
    expect(reasons[0]).toMatch(/^healed: .*down: node 6/)
    const robbed = createScriptedEngine()
    const audit = async () => ({ ok: false, sentence: '5 wei were made' })
    expect((await run({ ...robbed, audit }, 'heal')).reasons[0]).toContain('5 wei were made')
  })

  test('scenario: runner: what a byzantine node says of its height counts for nothing', async () => {
    const engine = createScriptedEngine(({ nodes, atMs }) => ({
      nodes: nodes.map((one) => {
        const liar = { ...one, heights: new Map([[2, atMs === 0 ? 2 : 1_000_000]]) }
        return one.node === 5 ? liar : one
      }),
    }))
    const { reasons } = await run(
      engine,
      'byzantine node:5 spammer',
      'within 3s: expect shard 2 advances 1000 blocks',
    )
    expect(reasons[0]).toContain('shard 2 at 8')
  })
})

/** Who is meant by the words for nodes, and which faults an action becomes. */
import { describe, expect, test } from 'vitest'
import { enact, type FaultAction } from '../../../devnet/scenario/enact.ts'
import { nodesOf, type Surroundings } from '../../../devnet/scenario/lookup.ts'
import { readStep } from '../../../devnet/scenario/sentence.ts'
import { readTargets } from '../../../devnet/scenario/words.ts'
import { present } from '../../../node/primitives/assert.ts'

const around: Surroundings = {
  layout: {
    shards: 2,
    validators: 8,
    committees: [
      [0, 1, 2, 3, 4, 5, 6, 7],
      [1, 3, 5, 7],
      [6, 4, 2, 0],
    ],
  },
  groups: new Map([['friends', present(readTargets('node:1,shard:2/0'), 'these are nodes')]]),
  leader: async (chain) => (chain === 2 ? 4 : undefined),
}

async function nodes(text: string): Promise<readonly number[]> {
  return nodesOf(around, present(readTargets(text), 'these are nodes'))
}

function actionOf(text: string): FaultAction {
  const read = readStep(text, 1)
  if (!read.ok || read.value.kind !== 'do') throw new Error('this is an action')
  return read.value.action as FaultAction
}

describe('scenario: nodes', () => {
  test.each([
    ['node:3', [3]],
    ['shard:2', [0, 2, 4, 6]],
    ['shard:2/1..2', [2, 4]],
    ['shard:2-leader', [4]],
    ['friends,node:1', [1, 6]],
    ['all', [0, 1, 2, 3, 4, 5, 6, 7]],
    ['tolerated', [1, 6]],
  ])('scenario: nodes: %s', async (text, expected) => {
    expect(await nodes(text)).toEqual(expected)
  })

  test('scenario: nodes: a leader that nobody can name is the first seat', async () => {
    expect(await nodes('beacon-leader')).toEqual([0])
    expect(await nodes('shard:1-leader')).toEqual([1])
  })
})

describe('scenario: faults', () => {
  test('scenario: faults: a partition cuts every link between its sides, both ways, and no other', async () => {
    const { faults, opposite } = await enact(around, actionOf('partition friends | node:2,node:6'))
    expect(opposite).toBe('links')
    // Node 6 stands on the first side that names it.
    const links = [
      { from: 1, to: 2 },
      { from: 6, to: 2 },
      { from: 2, to: 1 },
      { from: 2, to: 6 },
    ]
    expect(faults).toEqual([{ kind: 'cut', links }])
  })

  test('scenario: faults: the rest is everybody whom no other side names', async () => {
    const { faults } = await enact(around, actionOf('partition rest | shard:1 | shard:2/0..2'))
    const cut = faults[0]
    if (cut?.kind !== 'cut') throw new Error('a partition cuts')
    expect(cut.links.filter(({ from }) => from === 0).map(({ to }) => to)).toEqual([
      1, 3, 5, 7, 2, 4, 6,
    ])
    expect(cut.links).toHaveLength(2 * (1 * 4 + 1 * 3 + 4 * 3))
  })

  test('scenario: faults: one way is one way, and nobody has a link to itself', async () => {
    const { faults } = await enact(around, actionOf('partition node:1,node:2 -> all'))
    const cut = faults[0]
    if (cut?.kind !== 'cut') throw new Error('a partition cuts')
    expect(cut.links).toHaveLength(14)
    expect(new Set(cut.links.map(({ from }) => from))).toEqual(new Set([1, 2]))
  })

  test('scenario: faults: a link both ways is listed once each way', async () => {
    const { faults } = await enact(around, actionOf('link all <-> all loss 5%'))
    const link = faults[0]
    if (link?.kind !== 'link') throw new Error('a link is made bad')
    expect(link.links).toHaveLength(8 * 7)
    expect(link.quality.lossPerMille).toBe(50)
  })

  test('scenario: faults: what has an end says how it ends', async () => {
    const node = { nodes: [3] }
    const opposites: readonly (readonly [string, readonly object[]])[] = [
      ['crash node:3', [{ kind: 'start', ...node }]],
      ['pause node:3', [{ kind: 'resume', ...node }]],
      ['byzantine node:3 spammer', [{ kind: 'byzantine', vice: undefined, ...node }]],
      ['clock node:3 +1s', [{ kind: 'clock', skewMs: 0, ...node }]],
      [
        'disk node:3 full',
        [
          { kind: 'disk', mode: 'ok', ...node },
          { kind: 'start', ...node },
        ],
      ],
      ['restart node:3', []],
    ]
    for (const [text, opposite] of opposites) {
      expect((await enact(around, actionOf(text))).opposite, text).toEqual(opposite)
    }
    const { faults } = await enact(around, actionOf('restart node:3'))
    expect(faults.map(({ kind }) => kind)).toEqual(['stop', 'start'])
  })
})

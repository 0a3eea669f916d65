/** Sentences of steps: what each means, and that a wrong one is answered with what it could have been. */
import { describe, expect, test } from 'vitest'
import { readStep } from '../../../devnet/scenario/sentence.ts'

function stepOf(text: string): unknown {
  const read = readStep(text, 7)
  if (!read.ok) throw new Error(read.reject.detail)
  const { kind } = read.value
  if (kind === 'do') return { kind, action: read.value.action, forMs: read.value.forMs }
  return { kind, expectation: read.value.expectation, patience: read.value.patience }
}

function refusalOf(text: string): string {
  const read = readStep(text, 7)
  return read.ok ? 'accepted' : read.reject.detail
}

const node = (number: number) => ({ kind: 'node', node: number })
const doing = (action: object, forMs?: number) => ({ kind: 'do', action, forMs })
const expecting = (expectation: object, patience: object = { kind: 'now' }) => {
  return { kind: 'expect', expectation, patience }
}

describe('scenario: sentences: actions', () => {
  const perfect = {
    lossPerMille: 0,
    delayMs: 0,
    jitterMs: 0,
    duplicatePerMille: 0,
    bytesPerSecond: undefined,
  }
  const meanings: readonly (readonly [string, object])[] = [
    ['crash node:3', doing({ kind: 'crash', targets: [node(3)] })],
    [
      'stop node:0,shard:2 for 20s',
      doing({ kind: 'stop', targets: [node(0), { kind: 'shard', shard: 2 }] }, 20_000),
    ],
    ['start all', doing({ kind: 'start', targets: [{ kind: 'all' }] })],
    ['restart beacon-leader', doing({ kind: 'restart', targets: [{ kind: 'leader', chain: 0 }] })],
    [
      'pause shard:2-leader for 1.5s',
      doing({ kind: 'pause', targets: [{ kind: 'leader', chain: 2 }] }, 1500),
    ],
    [
      'resume some-group',
      doing({ kind: 'resume', targets: [{ kind: 'group', name: 'some-group' }] }),
    ],
    [
      'partition shard:2/0..1 | shard:2/2 | rest for 2m',
      doing(
        {
          kind: 'partition',
          sides: [
            [{ kind: 'seats', shard: 2, first: 0, last: 1 }],
            [{ kind: 'seats', shard: 2, first: 2, last: 2 }],
            [{ kind: 'rest' }],
          ],
        },
        120_000,
      ),
    ],
    [
      'partition node:1 -> rest',
      doing({ kind: 'one-way', from: [node(1)], to: [{ kind: 'rest' }] }),
    ],
    ['heal', doing({ kind: 'heal' })],
    [
      'link node:3 -> all loss 20% delay 100ms',
      doing({
        kind: 'link',
        from: [node(3)],
        to: [{ kind: 'all' }],
        bothWays: false,
        quality: { ...perfect, lossPerMille: 200, delayMs: 100 },
      }),
    ],
    [
      'link node:3 <-> node:4 duplicate 0.5% jitter 1s bandwidth 64kB/s',
      doing({
        kind: 'link',
        from: [node(3)],
        to: [node(4)],
        bothWays: true,
        quality: { ...perfect, duplicatePerMille: 5, jitterMs: 1000, bytesPerSecond: 64_000 },
      }),
    ],
    [
      'byzantine tolerated equivocator',
      doing({ kind: 'byzantine', targets: [{ kind: 'tolerated' }], vice: 'equivocator' }),
    ],
    ['honest node:2', doing({ kind: 'honest', targets: [node(2)] })],
    ['disk node:2 full', doing({ kind: 'disk', targets: [node(2)], mode: 'full' })],
    ['clock node:2 +500ms', doing({ kind: 'clock', targets: [node(2)], skewMs: 500 })],
    ['clock node:2 -2s for 5s', doing({ kind: 'clock', targets: [node(2)], skewMs: -2000 }, 5000)],
    ['load 200 tps for 10s', doing({ kind: 'load', perSecond: 200 }, 10_000)],
    [
      'send 20 transfers from shard 1 to shard 2',
      doing({ kind: 'send', count: 20, from: 1, to: 2 }),
    ],
    ['wait 250ms', doing({ kind: 'wait', ms: 250 })],
  ]
  test.each(meanings)('scenario: sentences: actions: %s', (text, meaning) => {
    expect(stepOf(text)).toEqual(meaning)
  })

  test('scenario: sentences: actions: a colon after the verb and wide spaces change nothing', () => {
    expect(stepOf('crash:   node:3')).toEqual(stepOf('crash node:3'))
  })
})

describe('scenario: sentences: expectations', () => {
  const within = { kind: 'within', ms: 20_000 }
  const meanings: readonly (readonly [string, object])[] = [
    [
      'within 20s: expect shard 2 advances 3 blocks',
      expecting({ kind: 'advances', chains: 2, blocks: 3 }, within),
    ],
    [
      'within 20s expect every shard advances 1 block',
      expecting({ kind: 'advances', chains: 'every-shard', blocks: 1 }, within),
    ],
    [
      'for 5s: expect beacon halted',
      expecting({ kind: 'halted', chains: 0 }, { kind: 'throughout', ms: 5000 }),
    ],
    ['expect settled >= 100', expecting({ kind: 'settled', least: 100 })],
    ['within 20s: expect 5 more settled', expecting({ kind: 'more-settled', least: 5 }, within)],
    ['expect nothing pending', expecting({ kind: 'nothing-pending' })],
    ['expect no violation', expecting({ kind: 'no-violation' })],
    ['expect no evidence', expecting({ kind: 'no-evidence' })],
    ['expect node:3 slashed', expecting({ kind: 'slashed', targets: [node(3)] })],
    ['expect nobody slashed', expecting({ kind: 'nobody-slashed' })],
    ['expect shard 2 reorganised', expecting({ kind: 'reorganised', chains: 2 })],
    ['expect evidence against node:5', expecting({ kind: 'evidence', targets: [node(5)] })],
    ['expect node:5 up', expecting({ kind: 'up', targets: [node(5)] })],
    ['expect node:5 down', expecting({ kind: 'down', targets: [node(5)] })],
    ['expect all caught up', expecting({ kind: 'caught-up', targets: [{ kind: 'all' }] })],
  ]
  test.each(meanings)('scenario: sentences: expectations: %s', (text, meaning) => {
    expect(stepOf(text)).toEqual(meaning)
  })

  test('scenario: sentences: expectations: a step may wait for its time', () => {
    const read = readStep('at 5s: crash node:1', 3)
    expect(read).toMatchObject({ ok: true, value: { atMs: 5000, line: 3, kind: 'do' } })
    const both = readStep('at 5s within 2s: expect no evidence', 3)
    expect(both).toMatchObject({ ok: true, value: { atMs: 5000, patience: { ms: 2000 } } })
  })
})

describe('scenario: sentences: refusals', () => {
  const refusals: readonly (readonly [string, string])[] = [
    ['explode node:3', '`explode` is no verb; there are stop, crash'],
    ['crash', 'names no nodes; write node:3'],
    ['crash Node:3', 'names no nodes'],
    ['crash node:999', 'names no nodes'],
    ['crash shard:2/3..1', 'names no nodes'],
    ['crash node:1 for 20', '`20` is no duration; write 500ms, 20s or 2m'],
    ['crash node:1 for 20h', 'is no duration'],
    ['heal for 20s', '`heal` has no opposite'],
    ['heal node:1', 'takes no words'],
    ['partition shard:2', 'a partition has sides'],
    ['link node:1 -> node:2', 'a link is written'],
    ['link node:1 -> node:2 loss 200%', '`loss 200%` says nothing of a link'],
    ['link node:1 -> node:2 loss', 'says nothing of a link'],
    ['byzantine node:1', 'a vice has a name'],
    ['disk node:1 broken', 'a disk is ok, full, slow'],
    ['clock node:1 500ms', 'ahead or behind'],
    ['load 20', 'the load is a rate'],
    ['send 3 from 1 to 2', 'transfers are sent from a shard to a shard'],
    ['wait', 'how long?'],
    ['within 20s: crash node:1', 'after `within` or `for` comes `expect ...`'],
    ['within soon: expect no violation', '`soon` is no duration'],
    ['at noon: heal', '`noon` is no duration'],
    ['expect', 'is not understood; what can be expected: shard 2 advances 3 blocks'],
    ['expect shard 2 advance 3 blocks', 'is not understood'],
    ['expect shard 2 advances 0 blocks', 'is not understood'],
    ['expect evidence against everybody-else-there,', 'names no nodes'],
    ['constructor', 'is no verb'],
  ]
  test.each(refusals)('scenario: sentences: refusals: %s', (text, sentence) => {
    expect(refusalOf(text)).toContain(sentence)
  })
})

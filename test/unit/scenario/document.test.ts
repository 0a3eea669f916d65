/** Scenario files: what they are made into, and that every mistake is told with its line. */
import { describe, expect, test } from 'vitest'
import { readScenario } from '../../../devnet/scenario/document.ts'

function problemsOf(text: string): readonly string[] {
  const file = readScenario(text)
  return file.ok ? [] : file.problems.map(({ line, sentence }) => `${line}: ${sentence}`)
}

const HEAD = 'name: test\nstory: Something happens to somebody.\n'

describe('scenario: files', () => {
  test('scenario: files: a whole file is read, and what it leaves out has a default', () => {
    const file = readScenario(`name: two-halves
story: Shard 2 falls into two halves.
network:
  shards: 3
  validators: 13
  shard-block: 250ms
load:
  tps: 7
  cross-shard: 12.5%
groups:
  left: shard:2/0..1,node:3
steps:
  - partition left | rest
  - within 20s: expect shard 2 halted
  # A comment.
  - crash: node:12
`)
    if (!file.ok) throw new Error('the file is good')
    const { scenario } = file
    expect(scenario).toMatchObject({ name: 'two-halves', story: 'Shard 2 falls into two halves.' })
    expect(scenario.network).toMatchObject({ shards: 3, validators: 13, shardBlockMs: 250 })
    expect(scenario.network.beaconBlockMs).toBe(1000)
    expect(scenario.load).toEqual({ perSecond: 7, crossShardPerMille: 125 })
    expect([...scenario.groups.keys()]).toEqual(['left'])
    expect(scenario.steps.map(({ line }) => line)).toEqual([13, 14, 16])
    expect(scenario.steps.map(({ kind }) => kind)).toEqual(['do', 'expect', 'do'])
  })

  test('scenario: files: every problem is told with its line, all at once', () => {
    const problems = problemsOf(`${HEAD}steps:
  - crash node:1
  - explode node:1
  - heal
  - within 20s: expect the best
`)
    expect(problems).toHaveLength(2)
    expect(problems[0]).toMatch(/^5: `explode` is no verb/)
    expect(problems[1]).toMatch(/^7: `expect the best` is not understood/)
  })

  const mistakes: readonly (readonly [string, string, RegExp])[] = [
    ['no YAML', 'name: [', /^2?1?: /],
    ['nothing', '', /^1: the file: /],
    ['an unknown word', `${HEAD}colour: red\nsteps:\n  - heal\n`, /^3: `colour` is not known here/],
    [
      'an unknown word of the network',
      `${HEAD}network:\n  shards: 2\n  nodes: 8\nsteps:\n  - heal\n`,
      /^5: `nodes` is not known here/,
    ],
    ['a key twice', `${HEAD}story: Again and again.\nsteps:\n  - heal\n`, /^3: .*unique/],
    ['no steps', HEAD, /^1: steps: expected a list/],
    ['no step', `${HEAD}steps: []\n`, /^3: steps: a scenario has steps/],
    [
      'a bad name',
      'name: Two Halves\nstory: Something happens.\nsteps:\n  - heal\n',
      /^1: name: expected a name/,
    ],
    ['no story', 'name: test\nstory: ""\nsteps:\n  - heal\n', /^2: story: expected one sentence/],
    [
      'a bad duration',
      `${HEAD}network:\n  idle: long\nsteps:\n  - heal\n`,
      /^4: network.idle: expected a duration/,
    ],
    [
      'a bad share',
      `${HEAD}load:\n  cross-shard: 0.5\nsteps:\n  - heal\n`,
      /^4: load.cross-shard: expected a share/,
    ],
    [
      'too small a committee',
      `${HEAD}network:\n  shards: 4\nsteps:\n  - heal\n`,
      /^1: network: .*a committee needs 4/,
    ],
    ['a list as a step', `${HEAD}steps:\n  - [heal]\n`, /^4: a step is one sentence/],
    [
      'two keys in a step',
      `${HEAD}steps:\n  - wait: 1s\n    heal: now\n`,
      /^4: a step is one sentence/,
    ],
    ['a missing node', `${HEAD}steps:\n  - heal\n  - crash node:8\n`, /^5: there is no node:8/],
    ['a missing shard', `${HEAD}steps:\n  - crash shard:3\n`, /^4: there is no shard 3/],
    [
      'a missing shard, expected',
      `${HEAD}steps:\n  - expect shard 9 halted\n`,
      /^4: there is no shard 9/,
    ],
    [
      'a missing seat',
      `${HEAD}steps:\n  - crash shard:2/4\n`,
      /^4: shard:2\/4: a committee has 4 seats/,
    ],
    [
      'an unknown group',
      `${HEAD}steps:\n  - crash friends\n`,
      /^4: nobody defined the group `friends`/,
    ],
    [
      'an unknown vice',
      `${HEAD}steps:\n  - byzantine node:1 sloth\n`,
      /^4: there is no vice `sloth`; there are equivocator/,
    ],
    [
      'the rest of nothing',
      `${HEAD}steps:\n  - crash rest\n`,
      /^4: `rest` is what the other side leaves over/,
    ],
    ['two rests', `${HEAD}steps:\n  - partition rest | rest\n`, /^4: only one side/],
    [
      'a group of groups',
      `${HEAD}groups:\n  a: node:1\n  b: a\nsteps:\n  - heal\n`,
      /^5: a group is a list of nodes/,
    ],
    [
      'a group with a reserved name',
      `${HEAD}groups:\n  all: node:1\nsteps:\n  - heal\n`,
      /^4: `all` is no name/,
    ],
    [
      'a transfer from nowhere',
      `${HEAD}steps:\n  - send 1 transfer from shard 3 to shard 1\n`,
      /^4: there is no shard 3/,
    ],
  ]
  test.each(mistakes)('scenario: files: %s', (_name, text, problem) => {
    expect(problemsOf(text).join('\n')).toMatch(problem)
  })

  test('scenario: files: references that would make a small file large are refused', () => {
    const text = `${HEAD}groups: &a\n  x: node:1\nload: *a\nsteps:\n  - heal\n`
    expect(problemsOf(text)).not.toEqual([])
  })

  test('scenario: files: too long a file and too many steps are refused', () => {
    expect(problemsOf(`${HEAD}# ${'x'.repeat(70_000)}`)[0]).toContain('at most 65536 characters')
    const steps = '  - heal\n'.repeat(201)
    expect(problemsOf(`${HEAD}steps:\n${steps}`)[0]).toContain('at most 200 steps')
  })
})

/** The format: what is no history is refused with the number of the line and one sentence. */
import { describe, expect, test } from 'vitest'
import { checkHistoryText } from '../../../devnet/history/check.ts'
import { LINE_CHARACTERS_MAX } from '../../../devnet/history/line.ts'
import { readLines } from '../../../devnet/history/line-reader.ts'

const HEADER = '{"history":"weft-history-1","append":{"keys":[{"key":"k"}]}}'
const asks = (process: number, ms = 1) =>
  `{"process":${process},"type":"invoke","f":"list","ms":${ms},"value":{"key":"k"}}`
const ends = (process: number, type: string, value = '', f = 'list') =>
  `{"process":${process},"type":"${type}","f":"${f}","ms":1${value === '' ? '' : `,"value":${value}`}}`
const READ = '{"height":1,"list":[]}'

const malformed: readonly (readonly [string, readonly string[], number, RegExp])[] = [
  ['nothing at all', [], 1, /header is missing/],
  ['no JSON', [HEADER, 'hello'], 2, /not JSON/],
  ['an empty line', [HEADER, '', asks(1)], 2, /not JSON/],
  ['a header of another format', ['{"history":"other-1"}'], 1, /header: history/],
  ['a header with an unknown field', ['{"history":"weft-history-1","x":1}'], 1, /x/],
  [
    'a header without accounts',
    ['{"history":"weft-history-1","bank":{"accounts":[]}}'],
    1,
    /bank\.accounts/,
  ],
  ['an event before the header', [asks(1)], 1, /the header/],
  ['an unknown operation', [HEADER, ends(1, 'invoke', '{}', 'steal')], 2, /^f: /],
  ['an unknown type', [HEADER, ends(1, 'maybe', '{}')], 2, /^type: /],
  [
    'an unknown field',
    [HEADER, '{"process":1,"type":"invoke","f":"list","ms":1,"value":{"key":"k"},"x":1}'],
    2,
    /x/,
  ],
  [
    'an unknown field of a value',
    [HEADER, asks(1), ends(1, 'ok', '{"height":1,"list":[],"x":1}')],
    3,
    /value of list ok: .*x/,
  ],
  [
    'a height that is not whole',
    [HEADER, asks(1), ends(1, 'ok', '{"height":1.5,"list":[]}')],
    3,
    /height/,
  ],
  ['a height below zero', [HEADER, asks(1), ends(1, 'ok', '{"height":-1,"list":[]}')], 3, /height/],
  ['an answer without value', [HEADER, asks(1), ends(1, 'ok')], 3, /value of list ok/],
  ['an end without beginning', [HEADER, ends(1, 'ok', READ)], 2, /did not begin/],
  [
    'an end of something else',
    [HEADER, asks(1), ends(1, 'ok', '{"height":1}', 'append')],
    3,
    /open operation is list/,
  ],
  ['two operations at once', [HEADER, asks(1), asks(1)], 3, /still|open/],
  [
    'an operation after an unknown one',
    [HEADER, asks(1), ends(1, 'info'), asks(1)],
    4,
    /after an unknown end/,
  ],
  ['two ends', [HEADER, asks(1), ends(1, 'ok', READ), ends(1, 'ok', READ)], 4, /did not begin/],
  [
    'time that runs backwards',
    [HEADER, asks(1, 5), asks(2, 4)],
    3,
    /time runs backwards, from 5 to 4/,
  ],
  [
    'an operation of an undeclared workload',
    [HEADER, ends(1, 'invoke', '{}', 'cut')],
    2,
    /belongs to receipt/,
  ],
]

describe('history: format', () => {
  test.each(malformed)('history: format: %s is named by its line', (_, lines, line, sentence) => {
    const result = checkHistoryText(lines.length === 0 ? '' : `${lines.join('\n')}\n`)
    expect(result.ok).toBe(false)
    if (result.ok) return
    expect(result.problem.line).toBe(line)
    expect(result.problem.sentence).toMatch(sentence)
  })

  test('history: format: amounts are decimal digits and nothing else', () => {
    for (const amount of ['01', '-1', '1.0', '0x1', '', '1e3', '9'.repeat(91)]) {
      const header = {
        history: 'weft-history-1',
        bank: { accounts: [{ account: 'a', shard: 1, balance: amount }] },
      }
      expect(checkHistoryText(JSON.stringify(header)), amount).toMatchObject({
        ok: false,
        problem: { line: 1, sentence: expect.stringMatching(/balance: expected an amount/) },
      })
    }
  })

  test('history: format: a line beyond the limit is refused before it is read', () => {
    const long = `${HEADER}\n${' '.repeat(LINE_CHARACTERS_MAX + 1)}`
    expect(checkHistoryText(long)).toMatchObject({ ok: false, problem: { line: 2 } })
  })

  test('history: format: bytes in any pieces make the same lines', async () => {
    const text = `${HEADER}\nünïcode\nlast`
    for (const size of [1, 2, 7, 1000]) {
      const bytes = Buffer.from(text)
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
        bytes.subarray(index * size, (index + 1) * size),
      )
      const lines: string[] = []
      for await (const line of readLines(streamOf(pieces))) lines.push(line)
      expect(lines).toEqual([HEADER, 'ünïcode', 'last'])
    }
  })

  test('history: format: a file without line ends does not fill the memory', async () => {
    let taken = 0
    async function* endless(): AsyncGenerator<Buffer> {
      for (; taken < 1000; taken++) yield Buffer.alloc(1024 * 1024, 0x61)
    }
    for await (const line of readLines(endless())) expect(line.length).toBeGreaterThan(0)
    expect(taken).toBeLessThan(10)
  })
})

async function* streamOf(pieces: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* pieces
}

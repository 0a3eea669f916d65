/** `weft check` as a person runs it: exit codes and words. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, test, vi } from 'vitest'
import { register } from '../../../devnet/cli/check.ts'
import { runCommandLine } from '../../../node/cli/main.ts'

const directory = mkdtempSync(join(tmpdir(), 'weft-check-test-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))
afterEach(() => vi.restoreAllMocks())

async function check(...words: readonly string[]) {
  let stdout = ''
  let stderr = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    stdout += String(text)
    return true
  })
  const status = await runCommandLine(['check', ...words], [register], {
    writeOut: (text) => (stdout += text),
    writeError: (text) => (stderr += text),
  })
  vi.restoreAllMocks()
  return { status, stdout, stderr }
}

const fixture = (path: string) => join(import.meta.dirname, 'fixtures', path)

test('weft check: accepts a good history with exit code 0', async () => {
  const good = 'good/append-two-senders-one-append-unknown-and-seen.jsonl'
  const { status, stdout } = await check(fixture(good))
  expect(stdout).toMatch(/^accepted: 12 operations in 25 lines/)
  expect(status).toBe(0)
})

test('weft check: names rule and lines of a contradiction, as JSON too', async () => {
  const bad = fixture('bad/bank-a-transfer-happens-twice.jsonl')
  const { status, stdout, stderr } = await check(bad, '--json')
  const [line = ''] = stdout.split('\n')
  expect(JSON.parse(line)).toMatchObject({
    event: 'verdict',
    ok: false,
    kind: 'contradicted',
    contradictions: [{ rule: 'bank/twice', lines: [2, 3, 11, 17] }],
  })
  expect(stderr).toMatch(/contradicts itself/)
  expect(status).toBe(1)
})

test('weft check: tells the line of a file that is no history', async () => {
  const file = join(directory, 'broken.jsonl')
  writeFileSync(file, '{"history":"weft-history-1"}\nnonsense\n')
  const { status, stderr } = await check(file)
  expect(stderr).toContain(`${file}, line 2: not JSON`)
  expect(status).toBe(1)
})

test('weft check: a file that is not there is said in one sentence', async () => {
  const { status, stderr } = await check(join(directory, 'nowhere.jsonl'))
  expect(stderr).toMatch(/^weft: cannot read .*nowhere\.jsonl; give a history file\n$/)
  expect(status).toBe(1)
})

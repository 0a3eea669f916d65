/** Evidence in a node's log: read as the log grows, line by whole line. */
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createEvidenceReader } from '../../../devnet/scenario/process-evidence.ts'

const line = (seat: number) =>
  JSON.stringify({
    level: 40,
    kind: 'evidence',
    evidence: { domain: { chain: 2, epoch: 0 }, seat, first: {}, second: {} },
    msg: 'evidence',
  })

test('scenario: evidence: each proof in a log is read once, also when a line comes in two parts', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'weft-evidence-test-'))
  try {
    const log = join(directory, 'node.log')
    await writeFile(log, `no JSON, "evidence" though: ü\n{"msg":"evidence"}\n${line(1)}\n`)
    const reader = createEvidenceReader()
    expect(await reader.read(log)).toEqual([{ chain: 2, seat: 1 }])
    expect(await reader.read(log)).toEqual([])
    const text = `${line(3)}\n`
    await appendFile(log, text.slice(0, 40))
    expect(await reader.read(log)).toEqual([])
    await appendFile(log, text.slice(40))
    expect(await reader.read(log)).toEqual([{ chain: 2, seat: 3 }])
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})

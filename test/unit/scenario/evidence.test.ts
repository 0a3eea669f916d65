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
    expect(await reader.read(log)).toEqual([{ kind: 'accused', chain: 2, seat: 1 }])
    expect(await reader.read(log)).toEqual([])
    const text = `${line(3)}\n`
    await appendFile(log, text.slice(0, 40))
    expect(await reader.read(log)).toEqual([])
    await appendFile(log, text.slice(40))
    expect(await reader.read(log)).toEqual([{ kind: 'accused', chain: 2, seat: 3 }])
    const moved = { kind: 'reorganised', shard: 2, epoch: 0, height: 7, orphans: 1, taken: 2 }
    // Whoever only caught up with the branch took nothing back.
    const lines = [moved, { ...moved, shard: 3, orphans: 0 }].map((one) => JSON.stringify(one))
    await appendFile(log, `${lines.join('\n')}\n`)
    expect(await reader.read(log)).toEqual([{ kind: 'reorganised', shard: 2 }])
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})

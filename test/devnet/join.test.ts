/** A validator that joins a running devnet, votes, and asks to leave. */
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { useDevnets } from './devnets.ts'
import { startWeft } from './weft-process.ts'

const { up, dataOf } = useDevnets()

/** Small and quick: an epoch is four beacon blocks. */
const SIZE = ['--shards', '1', '--validators', '4', '--load', '2', '--scheme', 'ed25519']
const PACE = ['--epoch-blocks', '4', '--block-time', '250']

async function ask(...words: readonly string[]) {
  const weft = startWeft(...words, '--json', '--data', dataOf())
  const code = await weft.exit
  return { code, lines: weft.lines, said: weft.stderr() }
}

describe('devnet: join', () => {
  test('devnet: join: B.9, B.10: a validator joins with a stake, votes, and asks to leave', async () => {
    const devnet = up(...SIZE, ...PACE)
    await devnet.event('ready')
    const joined = await ask('join')
    expect(joined.code, joined.said).toBe(0)
    expect(joined.lines.map(({ event }) => event)).toEqual(
      expect.arrayContaining(['deposited', 'pending', 'started', 'synced', 'active']),
    )
    const active = joined.lines.find(({ event }) => event === 'active')
    expect(active).toMatchObject({ validator: 4, shards: [1] })
    expect(joined.lines.at(-1)).toMatchObject({ event: 'voting', validator: 4, shard: 1 })
    const left = await ask('exit', '4')
    expect(left.code, left.said).toBe(0)
    expect(left.lines).toMatchObject([{ event: 'exiting', validator: 4 }])
    const nobody = await ask('exit', '5')
    expect([nobody.code, nobody.said]).toEqual([1, expect.stringMatching(/no validator 5/)])
    const node = join(dataOf(), 'nodes', '4')
    expect(JSON.parse(await readFile(join(node, 'config.json'), 'utf8'))).toMatchObject({
      validator: { index: 4 },
    })
    // Every vote is recorded there before it is signed.
    expect((await stat(join(node, 'data', 'vote-guard'))).size).toBeGreaterThan(10_000)
    devnet.child.kill('SIGINT')
    expect(await devnet.exit, devnet.stderr()).toBe(0)
    const summary = devnet.lines.at(-1)?.['summary'] as Record<string, number | string>
    expect(summary['audit']).toBe('ok')
  })
})

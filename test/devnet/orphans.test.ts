/** A devnet whose supervisor dies without a word. */
import { describe, expect, test } from 'vitest'
import { useDevnets } from './devnets.ts'
import { pidsOf, remainsOf, untilGone } from './weft-process.ts'

const { up } = useDevnets()

describe('devnet: orphans', () => {
  test('devnet: orphans: a supervisor that is killed leaves no process and no port', async () => {
    const weft = up('--shards', '1', '--validators', '4')
    await weft.event('tick')
    const pids = pidsOf(weft)
    expect(pids).toHaveLength(5)
    weft.child.kill('SIGKILL')
    expect(await weft.exit).toBe('SIGKILL')
    await untilGone(pids)
    expect(await remainsOf(weft)).toEqual([])
  })
})

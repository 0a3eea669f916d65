import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { resolveUpOptions } from '../../../devnet/cli/options.ts'
import { jsonConsole, wordConsole } from '../../../devnet/display/console.ts'
import { farewell, liveTable, tickLine } from '../../../devnet/display/words.ts'
import type { DevnetEvent, StopSummary, TickEvent } from '../../../devnet/event.ts'
import { createLatencyHistogram } from '../../../devnet/load/latency.ts'
import type { TrafficReport } from '../../../devnet/load/message.ts'
import { movedSeats } from '../../../devnet/processes/seat-watch.ts'
import { TickClock } from '../../../devnet/processes/tick.ts'

const tick: TickEvent = {
  event: 'tick',
  t: 12,
  shards: [
    { shard: 1, height: 31, settledHeight: 29, tps: 5.25, pending: 3 },
    { shard: 2, height: 7, settledHeight: 7, tps: 0, pending: 0 },
  ],
  beaconHeight: 14,
  epoch: 0,
  seatsMoved: 0,
  syncing: 0,
  settledTps: 19.8,
  settled: 238,
  settledAt: 12.3,
  validatorsUp: 15,
}

const summary: StopSummary = {
  settled: 3,
  intra: 2,
  cross: 1,
  failed: 0,
  refused: 0,
  p50Ms: 900,
  p99Ms: 1500,
  pssMiB: 2200,
  cpuSeconds: 31.5,
  audit: 'ok',
}

function capture(isTerminal: boolean, events: readonly DevnetEvent[]): string {
  let text = ''
  const write = (part: string) => {
    text += part
  }
  const show = wordConsole({ isTerminal, write }, 16)
  for (const event of events) show(event)
  return text
}

describe('devnet: display', () => {
  test('devnet: display: the table aligns numbers and tells the lag of each shard', () => {
    expect(liveTable(tick, 16)).toEqual([
      '         height  settled  lag  tps  pending',
      'shard 1      31       29    2  5.3        3',
      'shard 2       7        7    0  0.0        0',
      'beacon 14   settled 19.8 tx/s   validators up 15/16   12 s',
    ])
  })

  test('devnet: display: B.4: where seats rotate, the epoch is told', () => {
    const rotated = { ...tick, epoch: 3 }
    expect(liveTable(rotated, 16).at(-1)).toContain(
      'beacon 14 (epoch 3, 0 seats moved, 0 syncing)   settled',
    )
    expect(tickLine(rotated)).toContain('beacon 14 (epoch 3, 0 seats moved, 0 syncing), shards')
    expect(tickLine(tick)).toContain('beacon 14, shards')
  })

  test('devnet: display: on a terminal the table is drawn over itself and sentences stand above it', () => {
    const text = capture(true, [tick, { event: 'violation', message: 'two blocks' }, tick])
    const parts = text.split('\u001b[4A\u001b[J')
    expect(parts).toHaveLength(2)
    expect(parts[1]).toMatch(/^VIOLATION: two blocks\n {9}height/)
  })

  test('devnet: display: a log gets a line every ten seconds', () => {
    const ticks = Array.from({ length: 25 }, (_, t) => ({ ...tick, t }))
    const lines = capture(false, ticks).trim().split('\n')
    expect(lines).toEqual([0, 10, 20].map((t) => tickLine({ ...tick, t })))
  })

  test('devnet: display: JSON lines are the events and nothing else', () => {
    let text = ''
    const write = (part: string) => {
      text += part
    }
    jsonConsole({ isTerminal: true, write })(tick)
    expect(JSON.parse(text)).toEqual(tick)
  })

  test('devnet: display: without /proc the farewell says so instead of zero', () => {
    expect(farewell(summary).join(' ')).toContain('2200 MiB')
    const blind = farewell({ ...summary, pssMiB: null, cpuSeconds: null })
    expect(blind.join(' ')).toContain('unknown on this system')
  })
})

describe('devnet: seats', () => {
  test('devnet: seats: the table tells the epoch, the seats that moved and who is behind', () => {
    const words = tickLine({ ...tick, epoch: 3, seatsMoved: 4, syncing: 1 })
    expect(words).toContain('beacon 14 (epoch 3, 4 seats moved, 1 syncing)')
    expect(tickLine(tick)).toContain('beacon 14,')
  })

  test('devnet: seats: a seat has moved if somebody sits there who did not before', () => {
    const before = [
      [0, 1],
      [2, 3],
    ]
    expect(movedSeats(before, before)).toBe(0)
    expect(
      movedSeats(before, [
        [0, 3],
        [1, 2],
      ]),
    ).toBe(2)
  })
})

describe('devnet: tick', () => {
  const none = createLatencyHistogram().summary()

  function report(seconds: number, settledIntra: number, settledCross: number): TrafficReport {
    const counts = { offered: 0, accepted: 0, refused: {}, dropped: 0, failed: 0 }
    return {
      kind: 'report',
      atMs: 1000 * seconds,
      settledAtMs: 0,
      beaconHeight: seconds,
      epoch: 3,
      counts: { ...counts, settledIntra, settledCross },
      backlog: 0,
      latency: {
        settled: none,
        intraFinalized: none,
        intraSettled: none,
        crossApplied: none,
        crossSettled: none,
      },
      shards: [
        {
          shard: 1,
          height: 9,
          settledHeight: 8,
          settledTransactions: settledIntra,
          pending: 1,
          latency: none,
        },
      ],
    }
  }

  test('devnet: tick: rates are taken over a window, so bursts do not jump', () => {
    const clock = new TickClock()
    clock.start(0)
    expect(clock.tick(report(1, 0, 0), 4).settledTps).toBe(0)
    expect(clock.tick(report(2, 40, 10), 4).settledTps).toBe(50)
    const third = clock.tick(report(3, 40, 10), 4)
    expect(third.settledTps).toBe(25)
    expect(third.shards[0]?.tps).toBe(20)
    expect(third.t).toBe(3)
    expect(third.epoch).toBe(3)
  })

  test('devnet: tick: what happened before the window is forgotten', () => {
    const clock = new TickClock()
    clock.start(0)
    for (let second = 1; second <= 20; second++) clock.tick(report(second, 600, 0), 4)
    expect(clock.tick(report(21, 600, 0), 4).settledTps).toBe(0)
  })
})

describe('devnet: options', () => {
  let directory: string

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'weft-options-test-'))
  })

  afterAll(async () => {
    await rm(directory, { recursive: true, force: true })
  })

  async function fileWith(content: string): Promise<string> {
    const path = join(directory, 'up.json')
    await writeFile(path, content)
    return path
  }

  test('devnet: options: without words it is four shards of four', async () => {
    const options = await resolveUpOptions({})
    expect(options.parameters).toMatchObject({ shards: 4, validators: 16, scheme: 'by-size' })
    expect(options).toMatchObject({ ratePerSecond: 20, crossShard: 0.25, rpcPort: undefined })
  })

  test('devnet: options: what is typed wins over the file, the file over the default', async () => {
    const config = await fileWith('{"shards":2,"validators":8,"load":5,"blockTime":300}')
    const options = await resolveUpOptions({ config, load: 0 })
    expect(options.parameters).toMatchObject({ shards: 2, validators: 8, shardBlockMs: 300 })
    expect(options.ratePerSecond).toBe(0)
  })

  test('devnet: options: a file with a wrong field is refused by name', async () => {
    const config = await fileWith('{"shard":2}')
    await expect(resolveUpOptions({ config })).rejects.toThrow(/up\.json: .*shard/)
    const bad = await fileWith('{"crossShard":2}')
    await expect(resolveUpOptions({ config: bad })).rejects.toThrow(/crossShard/)
  })

  test('devnet: options: committees below four are refused before anything is written', async () => {
    await expect(resolveUpOptions({ shards: 4, validators: 15 })).rejects.toThrow(
      /needs 4; use --validators 16/,
    )
  })
})

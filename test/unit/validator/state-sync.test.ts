/** A state sync of one shard that is told of a newer snapshot while it fetches one (S.1, S.5); executor and members are the test's. */
import { describe, expect, test } from 'vitest'
import { emptyChannels } from '../../../node/crosslink/channel.ts'
import type { Crosslink } from '../../../node/crosslink/crosslink.ts'
import type { Hash } from '../../../node/primitives/identifiers.ts'
import { createContext } from '../../../node/validator/context.ts'
import { SNAPSHOT_RULES } from '../../../node/validator/snapshot-points.ts'
import { createStateSync } from '../../../node/validator/state-sync.ts'
import { exampleCertificate, exampleShardHeader, hashOf } from '../crosslink/examples.ts'

const STRETCHES = 4
const START = hashOf('start of a stretch')

function pointAt(height: number): Crosslink {
  return {
    shard: 1,
    tip: exampleShardHeader({ chain: 1, height }),
    links: [hashOf('link')],
    certificate: exampleCertificate(),
    channels: emptyChannels(2),
  }
}

type Asked = { readonly peer: number; readonly height: number; readonly stretch: number }

function open(members: readonly number[]) {
  const owner = createContext()
  owner.begin({ now: 0, wallMs: 0 })
  const points = [pointAt(512)]
  const sync = createStateSync(owner.context, {
    shard: 1,
    rules: SNAPSHOT_RULES,
    points: () => points,
    members: () => members,
    committedHeight: () => 0,
    askBlock: () => {},
    suspend: () => {},
    resume: () => {},
  })
  const progress = Array.from({ length: STRETCHES }, (): Hash => START)
  const liars: number[] = []
  /** What was asked of whom since the last time; the executor answers, and finds chunks of one zero wrong. */
  const turn = (): readonly Asked[] => {
    const asked: Asked[] = []
    for (let effects = owner.take(); effects.length > 0; effects = owner.take()) {
      for (const effect of effects) {
        if (effect.kind === 'report' && effect.fact.kind === 'state-sync') {
          if (effect.fact.phase === 'liar') liars.push(effect.fact.peer ?? -1)
        } else if (effect.kind === 'send' && effect.message.kind === 'get-chunk') {
          const { height, stretch } = effect.message
          for (const peer of effect.to) asked.push({ peer, height, stretch })
        } else if (effect.kind === 'execute') {
          const isWrong = effect.request.kind === 'import-chunk' && effect.request.chunk[0] === 0
          const refused = { kind: 'refused', code: 'invalid-chunk', detail: 'wrong' } as const
          owner.answer('execute', effect.job, isWrong ? refused : { kind: 'importing', progress })
        }
      }
    }
    return asked
  }
  const give = ({ peer, height, stretch }: Asked, byte: number): void => {
    const chunk = Uint8Array.of(byte)
    sync.receive({ kind: 'chunk', shard: 1, height, stretch, from: START, chunk }, peer)
  }
  const nameNewer = (): void => {
    points.push(pointAt(768))
    sync.consider()
  }
  return { sync, turn, give, nameNewer, liars }
}

const heightsOf = (asked: readonly Asked[]) => new Set(asked.map(({ height }) => height))
const peersOf = (asked: readonly Asked[]) => new Set(asked.map(({ peer }) => peer))

describe('state sync: one shard', () => {
  test('state sync: one shard: S.1: a newer point takes the place of one that nobody has begun to give', () => {
    const { sync, turn, nameNewer } = open([7, 8])
    sync.consider()
    expect(heightsOf(turn())).toEqual(new Set([512]))
    nameNewer()
    expect(heightsOf(turn())).toEqual(new Set([768]))
  })

  test('state sync: one shard: S.1: a chunk on its way into the state keeps its point', () => {
    const { sync, turn, give, nameNewer } = open([7, 8])
    sync.consider()
    const [first] = turn()
    if (first === undefined) throw new Error('members are asked')
    give(first, 1)
    nameNewer()
    expect(heightsOf(turn())).not.toContain(768)
  })

  test('state sync: one shard: S.1: a chunk that nobody was asked for keeps no point', () => {
    const { sync, turn, give, nameNewer } = open([7, 8])
    sync.consider()
    turn()
    give({ peer: 9, height: 512, stretch: 0 }, 1)
    nameNewer()
    expect(heightsOf(turn())).toEqual(new Set([768]))
  })

  test('state sync: one shard: S.5: whoever lied about one point is named once and not asked for the next', () => {
    const { sync, turn, give, nameNewer, liars } = open([7, 8])
    sync.consider()
    for (const asked of turn()) if (asked.peer === 7) give(asked, 0)
    turn()
    expect(liars).toEqual([7])
    // What the liar sent has not begun anything.
    nameNewer()
    const later = turn()
    expect([...peersOf(later)]).toEqual([8])
    expect(liars).toEqual([7])
  })

  test('state sync: one shard: S.5: where all have lied, they are asked for the next point', () => {
    const { sync, turn, give, nameNewer } = open([7])
    sync.consider()
    for (const asked of turn()) give(asked, 0)
    turn()
    nameNewer()
    expect([...peersOf(turn())]).toEqual([7])
  })
})

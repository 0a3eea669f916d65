/**
 * The plan of a state sync in a world of members that are honest, slow, silent, lying or without the snapshot, in virtual
 * time. A "state" is 16 stretches of a few chunks; a chunk is honest or not (S.4, S.5).
 */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createPrng } from '../../../node/primitives/prng.ts'
import {
  ASKED_MAX,
  CHUNK_TIMEOUT_MS,
  createSyncPlan,
  type SyncEffect,
} from '../../../node/validator/state-sync-plan.ts'

type Kind = 'honest' | 'slow' | 'silent' | 'liar' | 'lacking' | 'half-way' | 'babbler'
type Event = { readonly at: number; readonly run: () => readonly SyncEffect[] }

const CHUNKS_PER_STRETCH = 4

function place(stretch: number, index: number): Uint8Array {
  return Uint8Array.of(stretch, index)
}

/** Runs a plan to its end; `chunk` byte 1 is an honest chunk. */
function play(kinds: readonly Kind[], seed = 'plan') {
  const dice = createPrng(seed)
  const peers = kinds.map((_, index) => index + 10)
  const progress = Array.from({ length: 16 }, (_, stretch) => place(stretch, 0))
  const plan = createSyncPlan(peers, progress)
  const events: Event[] = []
  const seen = { asked: new Map<number, number>(), imports: 0, bans: [] as number[], end: '' }
  const late: number[] = []
  let now = 0
  let held = 0
  let most = 0

  function answer(effect: SyncEffect & { readonly kind: 'ask' }): void {
    const { peer, stretch, from } = effect
    const kind = kinds[peer - 10] ?? 'silent'
    const nth = (seen.asked.get(peer) ?? 0) + 1
    seen.asked.set(peer, nth)
    const at = now + 5 + dice.below(50)
    const send = (chunk: number, when = at): void => {
      const one = { peer, stretch, from, chunk: Uint8Array.of(chunk) }
      events.push({ at: when, run: () => plan.received(when, one) })
    }
    if (kind === 'honest' || (kind === 'half-way' && nth <= 5)) send(1)
    if (kind === 'liar') send(0)
    if (kind === 'slow') send(1, now + CHUNK_TIMEOUT_MS + 200)
    if (kind === 'lacking') events.push({ at, run: () => plan.refused(at, peer) })
    if (kind === 'babbler') {
      send(1)
      send(1)
      const other = { peer, stretch: (stretch + 1) % 16, from, chunk: Uint8Array.of(0) }
      events.push({ at, run: () => plan.received(at, other) })
      events.push({ at, run: () => plan.received(at, { ...other, stretch: 99 }) })
    }
  }

  function perform(effects: readonly SyncEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'ask') {
        held++
        answer(effect)
      } else if (effect.kind === 'import') {
        seen.imports++
        late.push(now)
        const { peer, stretch, from, chunk } = effect
        const index = (from[1] ?? 0) + 1
        const next = index < CHUNKS_PER_STRETCH ? place(stretch, index) : undefined
        const verdict = chunk[0] === 1 ? ({ ok: true, next } as const) : ({ ok: false } as const)
        events.push({ at: now + 3, run: () => plan.imported(now, { stretch, peer, verdict }) })
      } else if (effect.kind === 'ban') seen.bans.push(effect.peer)
      else seen.end = effect.kind
    }
    most = Math.max(most, held)
    held = 0
  }

  perform(plan.advance(0))
  for (let turn = 0; turn < 20_000 && seen.end === ''; turn++) {
    events.sort((left, right) => left.at - right.at)
    const event = events[0]
    const deadline = plan.deadline()
    if (event !== undefined && event.at <= deadline) {
      events.shift()
      now = Math.max(now, event.at)
      perform(event.run())
    } else {
      expect(deadline, 'a plan that has not ended waits for something').toBeLessThan(Infinity)
      now = deadline
      perform(plan.advance(now))
      expect(plan.deadline(), 'a deadline that was kept is not kept again').toBeGreaterThan(now)
    }
  }
  return { ...seen, now, most }
}

describe('state sync: plan', () => {
  test('state sync: plan: honest members are all asked, at once and within the bound', () => {
    const { end, asked, imports, most } = play(['honest', 'honest', 'honest'])
    expect(end).toBe('finish')
    expect(imports).toBe(16 * CHUNKS_PER_STRETCH)
    expect(new Set(asked.keys())).toEqual(new Set([10, 11, 12]))
    expect(most).toBeGreaterThan(3)
    expect(most).toBeLessThanOrEqual(ASKED_MAX)
  })

  test('state sync: plan: a member whose chunk does not verify is banned and never asked again', () => {
    const { end, bans, asked } = play(['liar', 'honest', 'honest'])
    expect(end).toBe('finish')
    expect(bans).toEqual([10])
    expect(asked.get(10)).toBeLessThanOrEqual(2)
  })

  test('state sync: plan: a member with two wrong chunks under way is named once', () => {
    const plan = createSyncPlan([10], [place(0, 0), place(1, 0)])
    const asked = plan.advance(0).filter((effect) => effect.kind === 'ask')
    expect(asked).toHaveLength(2)
    for (const { peer, stretch, from } of asked)
      plan.received(1, { peer, stretch, from, chunk: Uint8Array.of(0) })
    const bans = asked.flatMap(({ peer, stretch }) =>
      plan
        .imported(2, { peer, stretch, verdict: { ok: false } })
        .filter(({ kind }) => kind === 'ban'),
    )
    expect(bans).toEqual([{ kind: 'ban', peer: 10 }])
  })

  test('state sync: plan: a member that stops half way is done without', () => {
    expect(play(['half-way', 'honest']).end).toBe('finish')
  })

  test('state sync: plan: a slow member alone is enough, because late answers count', () => {
    const { end, imports } = play(['slow'])
    expect(end).toBe('finish')
    expect(imports).toBe(16 * CHUNKS_PER_STRETCH)
  })

  test('state sync: plan: answers nobody asked for, twice or for another stretch, are nothing', () => {
    const { end, imports, bans } = play(['babbler'])
    expect(end).toBe('finish')
    expect(imports).toBe(16 * CHUNKS_PER_STRETCH)
    expect(bans).toEqual([])
  })

  test('state sync: plan: it gives up when all lie, lack it or keep silent', () => {
    for (const kinds of [
      ['liar'],
      ['lacking', 'lacking'],
      ['silent'],
      ['liar', 'silent', 'lacking'],
    ]) {
      expect(play(kinds as Kind[]).end).toBe('give-up')
    }
    expect(play([]).end).toBe('give-up')
  })

  test('state sync: plan: what was complete before a restart is not asked for', () => {
    const plan = createSyncPlan([1, 2], [undefined, undefined, place(2, 3), undefined])
    expect(plan.advance(0)).toEqual([{ kind: 'ask', peer: 1, stretch: 2, from: place(2, 3) }])
    expect(createSyncPlan([1], [undefined]).advance(0)).toEqual([{ kind: 'finish' }])
  })

  test('state sync: plan: one honest member is enough, whoever the others are', () => {
    const other = fc.constantFrom<Kind>(
      'honest',
      'slow',
      'silent',
      'liar',
      'lacking',
      'half-way',
      'babbler',
    )
    fc.assert(
      fc.property(fc.array(other, { maxLength: 6 }), fc.nat(), fc.string(), (others, at, seed) => {
        const kinds = others.toSpliced(at % (others.length + 1), 0, 'honest')
        const { end, bans } = play(kinds, seed)
        expect(end).toBe('finish')
        expect(bans.every((peer) => kinds[peer - 10] === 'liar')).toBe(true)
      }),
      { numRuns: 100 },
    )
  })
})

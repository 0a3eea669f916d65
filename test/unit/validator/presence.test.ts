/** An engine is told who of its committee is away, once (R17). */
import { describe, expect, it } from 'vitest'
import { createContext, createScope } from '../../../node/validator/context.ts'
import { createPresence } from '../../../node/validator/presence.ts'

function createTold() {
  const away = new Set<number>()
  const told: string[] = []
  const presence = createPresence(away, [7, 3, 9], (seat, isAway) =>
    told.push(`${seat} ${isAway ? 'away' : 'here'}`),
  )
  return { away, told, presence }
}

describe('validator: presence', () => {
  it('validator: presence: R17 nobody is away at first, and validators without a seat are nobody', () => {
    const { away, told, presence } = createTold()
    presence.review()
    away.add(4)
    presence.review()
    expect(told).toEqual([])
  })

  it('validator: presence: R17 what has changed is told once, and all of it to one who was not asked for a while', () => {
    const { away, told, presence } = createTold()
    away.add(3)
    presence.review()
    presence.review()
    expect(told.splice(0)).toEqual(['1 away'])
    away.delete(3)
    away.add(7).add(9)
    presence.review()
    expect(told).toEqual(['0 away', '1 here', '2 away'])
  })

  it('validator: presence: R17 an engine that starts later finds who is away by then', () => {
    const { away, told } = createTold()
    away.add(9)
    createPresence(away, [9, 1], (seat) => told.push(`${seat}`)).review()
    expect(told).toEqual(['0'])
  })

  it('validator: presence: R17 a context knows who is away, also for shards, and says what is news', () => {
    const owner = createContext()
    const { context } = createScope(owner.context)
    expect([owner.setAway(2, true), owner.setAway(2, true)]).toEqual([true, false])
    expect([...context.away]).toEqual([2])
    expect([owner.setAway(2, false), owner.setAway(2, false)]).toEqual([true, false])
    expect([...context.away]).toEqual([])
  })
})

/** What was caught is told to every member of the beacon once, also to those who come later (docs/protocol/beacon.md B.15). */
import { describe, expect, it } from 'vitest'
import { createContext } from '../../../node/validator/context.ts'
import type { NodeMessage } from '../../../node/validator/message.ts'
import { createTelling } from '../../../node/validator/telling.ts'

const message: NodeMessage = { kind: 'ready', shard: 1, epoch: 3 }

describe('validator: telling', () => {
  it('validator: telling: B.15: new members are told, old ones not again, and what is in a block to nobody', () => {
    const owner = createContext()
    owner.begin({ now: 0, wallMs: 0 })
    let members: readonly number[] = [1, 2]
    const telling = createTelling<string>(owner.context, () => members)
    const told = (): readonly (readonly number[])[] =>
      owner.take().flatMap((effect) => (effect.kind === 'send' ? [effect.to] : []))
    telling.tell('a', message)
    expect(told()).toEqual([[1, 2]])
    members = [2, 3, 4]
    telling.again(() => true)
    expect(told()).toEqual([[3, 4]])
    telling.again(() => true)
    expect(told()).toEqual([])
    members = [5]
    telling.again((key) => key !== 'a')
    expect(told()).toEqual([])
    telling.again(() => true)
    expect(told()).toEqual([])
  })
})

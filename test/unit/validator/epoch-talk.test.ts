/** Nodes in different epochs help each other, and no more often than needed (R13). */
import { describe, expect, it } from 'vitest'
import { hashOf } from '../crosslink/examples.ts'
import { createContext } from '../../../node/validator/context.ts'
import { createEpochTalk } from '../../../node/validator/epoch-talk.ts'

function stage() {
  const owner = createContext()
  const talk = createEpochTalk(owner.context, 2)
  const at = (now: number, act: () => unknown) => {
    owner.begin({ now: now, wallMs: now })
    act()
    return owner.take()
  }
  return { talk, at }
}

const question = (peer: string, epoch: number, view: number) => {
  const message = { kind: 'get-certificate', view } as const
  return {
    kind: 'reply',
    peer,
    channel: 'consensus',
    message: { kind: 'consensus', chain: 2, epoch, message },
  }
}

describe('epoch talk', () => {
  it('epoch talk: R13: whoever speaks of a later epoch is asked how ours ended, now and then', () => {
    const { talk, at } = stage()
    const own = { epoch: 1, view: 7 }
    expect(at(0, () => talk.ahead('a', 3, own))).toEqual([question('a', 1, 7)])
    expect(at(10, () => talk.ahead('b', 3, own))).toEqual([])
    expect(at(1_000, () => talk.ahead('b', 4, own))).toEqual([question('b', 1, 7)])
  })

  it('epoch talk: R13: a node that is still behind after a turn asks on at once', () => {
    const { talk, at } = stage()
    at(0, () => talk.ahead('a', 3, { epoch: 1, view: 7 }))
    expect(at(1, () => talk.entered({ epoch: 2, view: 1 }))).toEqual([question('a', 2, 1)])
    expect(at(2, () => talk.entered({ epoch: 3, view: 1 }))).toEqual([])
  })

  it('epoch talk: R13: a laggard is answered, once in a while, and what needs no answer gets none', () => {
    const { talk, at } = stage()
    const ask = { kind: 'get-certificate', view: 1 } as const
    const answers: boolean[] = []
    const may = (now: number, peer: string) =>
      at(now, () => answers.push(talk.mayAnswer(peer, ask)))
    may(0, 'a')
    may(1, 'a')
    may(1, 'b')
    may(500, 'a')
    expect(answers).toEqual([true, false, true, true])
    at(501, () => {
      const hash = hashOf('block')
      expect(talk.mayAnswer('a', { kind: 'get-block', hash })).toBe(true)
      expect(talk.mayAnswer('a', { kind: 'get-block', hash })).toBe(true)
      const block = {
        hash,
        parentHash: hash,
        height: 1,
        view: 1,
        epoch: 0,
        timestampMs: 0,
        sealing: false,
        bytes: hash,
      }
      expect(talk.mayAnswer('c', { kind: 'block', block })).toBe(false)
    })
  })
})

/** Links of a simulated network: what they lose, delay, double and bring again, and that healing makes them perfect. */
import { describe, expect, test } from 'vitest'
import { linksBetween, PERFECT_LINK } from '../../../devnet/faults/fault.ts'
import { createLinks, type Letter, type Links } from '../../../devnet/simulator/sharded-links.ts'
import { createPrng } from '../../../node/primitives/prng.ts'

type Post = { readonly links: Links; readonly arrived: { letter: Letter; at: number }[] }

function open(): Post {
  const arrived: { letter: Letter; at: number }[] = []
  const links = createLinks({
    nodeCount: 3,
    delayMinMs: 5,
    delayMaxMs: 20,
    dice: createPrng(3),
    now: () => 1000,
    deliver: (letter, at) => void arrived.push({ letter, at }),
  })
  return { links, arrived }
}

function letter(from: number, to: number): Letter {
  const message = { kind: 'get-receipts', source: 1, destination: 2, fromSequence: 0 } as const
  return { from, to, message, gossip: false }
}

function send({ links, arrived }: Post, count: number, from = 0, to = 1): readonly number[] {
  arrived.length = 0
  for (let sent = 0; sent < count; sent++) links.send(letter(from, to))
  return arrived.map(({ at }) => at - 1000)
}

describe('simulated links', () => {
  test('simulated links: a perfect link delays within its bounds and loses nothing', () => {
    const delays = send(open(), 200)
    expect(delays).toHaveLength(200)
    expect([Math.min(...delays), Math.max(...delays)]).toEqual([5, 20])
  })

  test('simulated links: a cut holds one way only, until all is healed', () => {
    const post = open()
    post.links.cut([{ from: 0, to: 1 }])
    expect(send(post, 10)).toEqual([])
    expect(send(post, 10, 1, 0)).toHaveLength(10)
    expect(post.links.isCut(0, 1)).toBe(true)
    post.links.heal()
    expect(send(post, 10)).toHaveLength(10)
  })

  test('simulated links: loss and doubles come as often as they are asked for', () => {
    const post = open()
    const links = linksBetween([[0], [1]])
    post.links.setQuality(links, { ...PERFECT_LINK, lossPerMille: 300 })
    expect(Math.abs(send(post, 1000).length - 700)).toBeLessThan(60)
    post.links.setQuality(links, { ...PERFECT_LINK, duplicatePerMille: 500 })
    expect(Math.abs(send(post, 1000).length - 1500)).toBeLessThan(60)
    post.links.heal()
    post.links.lossPerMille = 1000
    expect(send(post, 10)).toEqual([])
  })

  test('simulated links: delay and jitter are added to the network, and messages overtake each other', () => {
    const post = open()
    post.links.setQuality([{ from: 0, to: 1 }], { ...PERFECT_LINK, delayMs: 100, jitterMs: 50 })
    const delays = send(post, 200)
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(105)
    expect(Math.max(...delays)).toBeLessThanOrEqual(170)
    expect(delays).not.toEqual(delays.toSorted((left, right) => left - right))
  })

  test('simulated links: a slow link sends one message after the other, and drops what waits too long', () => {
    const post = open()
    post.links.setQuality([{ from: 0, to: 1 }], { ...PERFECT_LINK, bytesPerSecond: 100 })
    const delays = send(post, 1000)
    expect(delays[9] ?? 0).toBeGreaterThan(9 * (delays[0] ?? 0) - 200)
    expect(Math.max(...delays)).toBeLessThan(12_000)
    expect(delays.length).toBeLessThan(100)
  })

  test('simulated links: old messages come again, to their old receivers', () => {
    const post = open()
    post.links.replayPerMille = 500
    send(post, 100)
    expect(send(post, 100, 2, 0).length).toBeGreaterThan(120)
    const again = post.arrived.filter(({ letter: { to } }) => to === 1)
    expect(again.length).toBeGreaterThan(0)
  })
})

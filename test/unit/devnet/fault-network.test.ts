/** The shim of the network port: which events and calls pass, over which link they suffer, and that nothing else changes. */
import { describe, expect, test } from 'vitest'
import { PERFECT_LINK } from '../../../devnet/faults/fault.ts'
import type { Clock } from '../../../devnet/faults/line.ts'
import { createLinkTable, type NodeLinks } from '../../../devnet/faults/link-state.ts'
import { createFaultyNetwork } from '../../../devnet/processes/faulty-network.ts'
import type { NetworkOptions } from '../../../node/network/io/options.ts'
import type { Network, NetworkEvents } from '../../../node/network/network.ts'
import { createPrng } from '../../../node/primitives/prng.ts'
import { assert } from '../../../node/primitives/assert.ts'

const LATE = { ...PERFECT_LINK, delayMs: 100 }
const BYTES = Uint8Array.of(1, 2, 3)

type Stage = {
  /** What the real network tells the node. */
  readonly events: NetworkEvents
  /** What the node calls. */
  readonly port: Network
  readonly heard: string[]
  readonly set: (links: Partial<NodeLinks>) => void
  /** Lets all timers fire, in order. */
  readonly settle: () => void
}

async function stage(): Promise<Stage> {
  let timers: (() => void)[] = []
  let now = 0
  const clock: Clock = {
    now: () => now,
    after: (waitMs, act) => {
      const timer = (): void => {
        now += waitMs
        act()
      }
      timers.push(timer)
      return () => {
        timers = timers.filter((other) => other !== timer)
      }
    },
  }
  const heard: string[] = []
  const network: Network = {
    local: () => ({ peer: 'self', addresses: [] }),
    send: (to) => heard.push(`send ${to}`),
    publish: (topic) => heard.push(`publish ${topic}`),
    listen: (topics) => heard.push(...topics.map((topic) => `listen ${topic}`)),
    request: async (to) => {
      heard.push(`asked ${to}`)
      return Uint8Array.of(9)
    },
    stats: () => ({
      peers: 1,
      framesSent: { consensus: 0, relay: 0 },
      bytesSent: { consensus: 0, relay: 0, gossip: 0, request: 0 },
      framesDropped: 0,
      meshes: {},
    }),
    stop: async () => {},
  }
  let wrapped: NetworkEvents | undefined
  const faulty = createFaultyNetwork(clock, createPrng(1))
  const start = faulty.wrap(async ({ events }) => {
    wrapped = events
    return network
  })
  const events: NetworkEvents = {
    onFrame: (from, channel) => heard.push(`frame ${from} ${channel}`),
    onGossip: (from) => {
      heard.push(`gossip ${from}`)
      return 'accept'
    },
    onRequest: async () => undefined,
    onValidator: (_peer, validator) => heard.push(`validator ${validator}`),
    onAway: () => {},
    onPeer: () => {},
  }
  // Only the events are looked at: the network behind is the one above.
  const port = await start({ events } as NetworkOptions)
  assert(wrapped !== undefined, 'the network was started')
  wrapped.onValidator('peer-3', 3)
  heard.length = 0
  return {
    events: wrapped,
    port,
    heard,
    set: (links) => faulty.set({ incoming: [], outgoing: [], ...links }),
    settle: () => {
      for (let next = timers.shift(); next !== undefined; next = timers.shift()) next()
    },
  }
}

describe('devnet: fault network', () => {
  test('devnet: fault network: without a faulty link everything passes in the same turn', async () => {
    const { events, heard, port } = await stage()
    events.onFrame('peer-3', 'consensus', BYTES)
    expect(events.onGossip('peer-3', 'topic', BYTES)).toBe('accept')
    port.send('peer-3', 'relay', BYTES)
    expect(await port.request('peer-3', BYTES, 1000)).toEqual(Uint8Array.of(9))
    expect(heard).toEqual([
      'frame peer-3 consensus',
      'gossip peer-3',
      'send peer-3',
      'asked peer-3',
    ])
  })

  test('devnet: fault network: a cut loses frames and gossip of this validator and of no other', async () => {
    const { events, heard, set } = await stage()
    events.onValidator('peer-4', 4)
    heard.length = 0
    set({ incoming: [[3, 'cut']] })
    events.onFrame('peer-3', 'consensus', BYTES)
    expect(await events.onGossip('peer-3', 'topic', BYTES)).toBe('ignore')
    events.onFrame('peer-4', 'consensus', BYTES)
    events.onFrame('stranger', 'relay', BYTES)
    expect(heard).toEqual(['frame peer-4 consensus', 'frame stranger relay'])
    set({})
    events.onFrame('peer-3', 'consensus', BYTES)
    expect(heard.at(-1)).toBe('frame peer-3 consensus')
  })

  test('devnet: fault network: late gossip is judged when it has come, so it is relayed late too', async () => {
    const { events, heard, set, settle } = await stage()
    set({ incoming: [[3, LATE]] })
    const verdict = events.onGossip('peer-3', 'topic', BYTES)
    expect(heard).toEqual([])
    settle()
    expect(heard).toEqual(['gossip peer-3'])
    expect(await verdict).toBe('accept')
  })

  test('devnet: fault network: a request over a link that is cut there is never asked and ends at its time', async () => {
    const { heard, port, set, settle } = await stage()
    set({ outgoing: [[3, 'cut']] })
    const answer = port.request('peer-3', BYTES, 1000)
    settle()
    await expect(answer).rejects.toMatchObject({ code: 'timeout' })
    expect(heard).toEqual([])
  })

  test('devnet: fault network: a request over a link that is cut back is asked and has no answer', async () => {
    const { heard, port, set, settle } = await stage()
    set({ incoming: [[3, 'cut']] })
    const answer = port.request('peer-3', BYTES, 1000)
    await Promise.resolve()
    settle()
    await expect(answer).rejects.toMatchObject({ code: 'timeout' })
    expect(heard).toEqual(['asked peer-3'])
  })
})

describe('devnet: fault links', () => {
  test('devnet: fault links: each end of a link is told its side, until the link is healed', () => {
    const table = createLinkTable()
    table.apply({ kind: 'cut', links: [{ from: 0, to: 1 }] })
    table.apply({ kind: 'link', links: [{ from: 2, to: 1 }], quality: LATE })
    expect(table.linksOf(1)).toEqual({
      incoming: [
        [0, 'cut'],
        [2, LATE],
      ],
      outgoing: [],
    })
    expect(table.linksOf(0)).toEqual({ incoming: [], outgoing: [[1, 'cut']] })
    table.apply({ kind: 'link', links: [{ from: 0, to: 1 }], quality: PERFECT_LINK })
    expect(table.linksOf(0)).toEqual({ incoming: [], outgoing: [] })
    table.apply({ kind: 'heal' })
    expect(table.linksOf(1)).toEqual({ incoming: [], outgoing: [] })
  })
})

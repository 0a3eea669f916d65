/**
 * A shim of the network port: what reaches a node over a faulty link comes late, twice or not at all. Frames and gossip
 * suffer where they arrive. A request suffers where it is asked, its question by the link there and its answer by the
 * link back, so that whoever answers keeps nothing waiting.
 *
 * Connections stay open and gossipsub goes on talking to its neighbours: a cut here is silence, not a broken wire. A gossip
 * message is known by its content, so one that is lost here does not come again by way of another neighbour.
 */
import { RequestError } from '../../node/network/io/requests.ts'
import type { GossipVerdict, Network, NetworkEvents, PeerName } from '../../node/network/network.ts'
import type { Prng } from '../../node/primitives/prng.ts'
import type { StartNetwork } from '../../node/runtime/seams.ts'
import { PERFECT_LINK } from '../faults/fault.ts'
import { createLine, type Clock, type Line } from '../faults/line.ts'
import type { LinkState, NodeLinks } from '../faults/link-state.ts'

export type FaultyNetwork = {
  readonly wrap: (start: StartNetwork) => StartNetwork
  readonly set: (links: NodeLinks) => void
}

type Lines = {
  /** By the validator at the other end. */
  readonly incoming: Map<number, Line>
  readonly outgoing: Map<number, Line>
  /** Who has proven to be which validator. */
  readonly validators: Map<PeerName, number>
  readonly clock: Clock
}

export function createFaultyNetwork(clock: Clock, dice: Prng): FaultyNetwork {
  const lines: Lines = { incoming: new Map(), outgoing: new Map(), validators: new Map(), clock }
  const change = (
    known: Map<number, Line>,
    faulty: readonly (readonly [number, LinkState])[],
  ): void => {
    const states = new Map(faulty)
    for (const validator of states.keys()) {
      if (!known.has(validator)) known.set(validator, createLine(clock, dice))
    }
    for (const [validator, line] of known) line.change(states.get(validator) ?? PERFECT_LINK)
  }
  return {
    wrap: (start) => async (options) => {
      const network = await start({ ...options, events: faultyEvents(lines, options.events) })
      return faultyPort(lines, network)
    },
    set: ({ incoming, outgoing }) => {
      change(lines.incoming, incoming)
      change(lines.outgoing, outgoing)
    },
  }
}

function lineOf(known: Map<number, Line>, { validators }: Lines, peer: PeerName): Line | undefined {
  const validator = known.size === 0 ? undefined : validators.get(peer)
  return validator === undefined ? undefined : known.get(validator)
}

function faultyEvents(lines: Lines, events: NetworkEvents): NetworkEvents {
  const from = (peer: PeerName): Line | undefined => lineOf(lines.incoming, lines, peer)
  return {
    ...events,
    onFrame: (peer, channel, bytes) => {
      const deliver = (): void => events.onFrame(peer, channel, bytes)
      const line = from(peer)
      if (line === undefined) deliver()
      else line.pass({ size: bytes.length, deliver, lose: () => {} })
    },
    onGossip: (peer, topic, bytes) => {
      const line = from(peer)
      if (line === undefined) return events.onGossip(peer, topic, bytes)
      return new Promise<GossipVerdict>((resolve) => {
        line.pass({
          size: bytes.length,
          deliver: () => resolve(events.onGossip(peer, topic, bytes)),
          lose: () => resolve('ignore'),
        })
      })
    },
    onValidator: (peer, validator) => {
      lines.validators.set(peer, validator)
      events.onValidator(peer, validator)
    },
  }
}

function faultyPort(lines: Lines, network: Network): Network {
  return {
    local: () => network.local(),
    send: (to, channel, bytes) => network.send(to, channel, bytes),
    publish: (topic, bytes) => network.publish(topic, bytes),
    listen: (topics) => network.listen(topics),
    stats: () => network.stats(),
    stop: () => network.stop(),
    request: (to, bytes, timeoutMs) => {
      const there = lineOf(lines.outgoing, lines, to)
      const back = lineOf(lines.incoming, lines, to)
      if (there === undefined && back === undefined) return network.request(to, bytes, timeoutMs)
      return askOver({ there, back, clock: lines.clock, timeoutMs }, bytes.length, () =>
        network.request(to, bytes, timeoutMs),
      )
    },
  }
}

/** Silence until the time is over when the question or its answer is lost; a duplicate is answered and not heard. */
function askOver(
  way: {
    readonly there: Line | undefined
    readonly back: Line | undefined
    readonly clock: Clock
    readonly timeoutMs: number
  },
  size: number,
  ask: () => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
  const cancel = way.clock.after(way.timeoutMs, () =>
    reject(new RequestError('timeout', 'no answer over a faulty link')),
  )
  pass(way.there, size, () => {
    ask().then((answer) => pass(way.back, answer.length, () => resolve(answer)), reject)
  })
  return promise.finally(cancel)
}

function pass(line: Line | undefined, size: number, deliver: () => void): void {
  if (line === undefined) deliver()
  else line.pass({ size, deliver, lose: () => {} })
}

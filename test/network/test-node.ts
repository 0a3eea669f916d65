/**
 * Real nodes' networks on loopback, with everything they saw kept for the tests to look at.
 */
import { onTestFinished } from 'vitest'
import { createIdentity, type Identity } from '../../node/network/io/identity.ts'
import { startNetwork } from '../../node/network/io/libp2p.ts'
import type { NetworkOptions } from '../../node/network/io/options.ts'
import type { Network, PeerName, StreamChannel } from '../../node/network/network.ts'
import { allTopics } from '../../node/network/topic.ts'
import { hashTagged } from '../../node/primitives/hash.ts'
import { asciiBytes, toHex } from '../../node/primitives/bytes.ts'
import { present } from '../../node/primitives/assert.ts'

export const GENESIS = hashTagged('weft-test', asciiBytes('network'))
export const OTHER_GENESIS = hashTagged('weft-test', asciiBytes('other network'))
const TOPICS = allTopics(GENESIS, 2)

type Seen = {
  readonly frames: { from: PeerName; channel: StreamChannel; bytes: Uint8Array }[]
  readonly gossip: { from: PeerName; topic: string; bytes: Uint8Array }[]
  readonly validators: Map<PeerName, number>
  readonly connected: Set<PeerName>
  /** Validators whose connections were lost, in order. */
  readonly away: number[]
  /** Every connection and disconnection, in order. */
  readonly changes: { peer: PeerName; connected: boolean }[]
  readonly logs: { level: string; sentence: string; facts: Readonly<Record<string, unknown>> }[]
}

export type TestNode = {
  readonly network: Network
  readonly identity: Identity
  readonly peer: PeerName
  readonly address: string
  readonly seen: Seen
}

export type TestNodeOptions = Partial<Omit<NetworkOptions, 'events' | 'log'>> & {
  readonly onRequest?: NetworkOptions['events']['onRequest']
  readonly onGossip?: NetworkOptions['events']['onGossip']
}

function createSeen(): Seen {
  return {
    frames: [],
    gossip: [],
    validators: new Map(),
    connected: new Set(),
    away: [],
    changes: [],
    logs: [],
  }
}

/** Runs a function when a test ends; concurrent tests must pass their own. */
export type AtEnd = (end: () => Promise<void>) => void

/** Stopped by itself when the test ends. */
export async function startTestNode(
  options: TestNodeOptions = {},
  atEnd: AtEnd = onTestFinished,
): Promise<TestNode> {
  const identity = options.identity ?? (await createIdentity())
  const seen = createSeen()
  const genesisHash = options.genesisHash ?? GENESIS
  const network = await startNetwork({
    listen: '/ip4/127.0.0.1/tcp/0',
    bootstrap: [],
    subscriptions: [],
    allowedTopics: genesisHash === GENESIS ? TOPICS : allTopics(genesisHash, 2),
    verifyValidator: () => Promise.resolve(false),
    ...options,
    identity,
    genesisHash,
    log: (level, sentence, facts) => seen.logs.push({ level, sentence, facts }),
    events: {
      onFrame: (from, channel, bytes) => seen.frames.push({ from, channel, bytes }),
      onGossip: (from, topic, bytes) => {
        seen.gossip.push({ from, topic, bytes })
        return options.onGossip?.(from, topic, bytes) ?? 'accept'
      },
      onRequest: options.onRequest ?? (() => Promise.resolve(undefined)),
      onValidator: (peer, validator) => seen.validators.set(peer, validator),
      onAway: (_peer, validator) => seen.away.push(validator),
      onPeer: (peer, connected) => {
        seen.changes.push({ peer, connected })
        if (connected) seen.connected.add(peer)
        else seen.connected.delete(peer)
      },
    },
  })
  atEnd(() => network.stop())
  const { peer, addresses } = network.local()
  const address = present(addresses[0], 'a node listens on one address')
  return { network, identity, peer, address, seen }
}

/** Bytes that differ from one another and are recognised in what a node saw. */
export function numbered(index: number, size = 8): Uint8Array {
  const bytes = new Uint8Array(size)
  new DataView(bytes.buffer).setUint32(0, index)
  return bytes
}

export function hexes(items: readonly { readonly bytes: Uint8Array }[]): readonly string[] {
  return items.map((item) => toHex(item.bytes))
}

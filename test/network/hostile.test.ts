/**
 * Peers that break the rules on real sockets: they are sent away, and the node goes on serving others.
 */
import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { expect, test } from 'vitest'
import { encodeFrames } from '../../node/network/frame.ts'
import { encodeQuestion, NONCE_SIZE } from '../../node/network/handshake.ts'
import { HELLO_PROTOCOL } from '../../node/network/io/hello.ts'
import { REQUEST_PROTOCOL } from '../../node/network/io/requests.ts'
import { CHANNEL_STREAMS_MAX, INBOUND_STREAMS_MAX } from '../../node/network/limits.ts'
import { FRAME_BYTES_MAX } from '../../node/primitives/limits.ts'
import { CHANNEL_RATES } from '../../node/network/rate-limit.ts'
import { topicName } from '../../node/network/topic.ts'
import { connectRawPeer, openChannel, type RawPeer } from './raw-peer.ts'
import { GENESIS, numbered, startTestNode, type TestNode } from './test-node.ts'
import { until } from './until.ts'

const CONSENSUS = '/weft/consensus/1'
const FLOOD_FRAMES = 60
const OVERSIZED = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 1, 2, 3)

/** The only proof that a node is well: somebody new connects and is served. */
async function expectServing(node: TestNode): Promise<void> {
  const honest = await startTestNode({ bootstrap: [node.address] })
  await until('an honest peer is admitted', () => honest.seen.connected.has(node.peer))
  const before = node.seen.frames.length
  honest.network.send(node.peer, 'relay', numbered(before))
  await until('its frame is delivered', () => node.seen.frames.length === before + 1)
}

async function untilDismissed(node: TestNode, peer: RawPeer): Promise<void> {
  await until('the node says that the peer misbehaved', () =>
    node.seen.logs.some(
      ({ sentence, facts }) =>
        sentence === 'a peer misbehaved' && facts['peer'] === peer.name && facts['code'],
    ),
  )
  await until('the connection is gone', () => peer.connection.status !== 'open')
}

test('network: hostile: raw bytes on the socket end in a closed socket', async () => {
  const node = await startTestNode()
  const port = Number(node.address.split('/')[4])
  const socket = connect(port, '127.0.0.1')
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.on('error', () => undefined)
  socket.write(randomBytes(100_000))
  await closed
  await expectServing(node)
})

test('network: hostile: a peer without the handshake is refused', async () => {
  const node = await startTestNode()
  const peer = await connectRawPeer(node, { hello: false })
  await until('the connection is gone', () => peer.connection.status !== 'open')
  expect(node.seen.changes).toEqual([])
  expect(node.seen.logs.map(({ facts }) => facts['code'])).toEqual(['no-answer'])
})

test('network: hostile: a peer whose key is not Ed25519 is not let in', async () => {
  const node = await startTestNode()
  const privateKey = await generateKeyPair('secp256k1')
  const peer = await connectRawPeer(node, { hello: true, privateKey })
  await until('the connection is gone', () => peer.connection.status !== 'open')
  expect([node.seen.changes, node.seen.logs]).toEqual([[], []])
})

test('network: hostile: an oversized frame ends the connection and keeps the peer out', async () => {
  const node = await startTestNode()
  const peer = await connectRawPeer(node, { hello: true })
  const stream = await openChannel(peer, CONSENSUS)
  stream.send(encodeFrames([numbered(1)]))
  stream.send(OVERSIZED)
  await untilDismissed(node, peer)
  expect(node.seen.frames.map(({ bytes }) => bytes)).toEqual([numbered(1)])
  expect(await isLetIn(peer)).toBe(false)
  await expectServing(node)
})

/** The dial itself may succeed at the dialer's end; the connection dies once the node knows who it is. */
async function isLetIn(peer: RawPeer): Promise<boolean> {
  try {
    const connection = await peer.libp2p.dial(peer.connection.remoteAddr)
    await connection.newStream(CONSENSUS)
    return true
  } catch {
    return false
  }
}

test('network: hostile: random bytes on any protocol end the connection', async () => {
  const node = await startTestNode()
  for (const protocol of [HELLO_PROTOCOL, REQUEST_PROTOCOL]) {
    const peer = await connectRawPeer(node, { hello: true })
    await until('the peer is admitted', () => node.seen.connected.has(peer.name))
    const stream = await peer.connection.newStream(protocol)
    stream.send(new Uint8Array([0x80, ...randomBytes(1000)]))
    await untilDismissed(node, peer)
  }
  await expectServing(node)
})

test('network: hostile: a malformed question in a well-formed frame ends the connection', async () => {
  const node = await startTestNode()
  const peer = await connectRawPeer(node, { hello: true })
  const stream = await peer.connection.newStream(HELLO_PROTOCOL)
  const question = encodeQuestion({ genesisHash: GENESIS, nonce: randomBytes(NONCE_SIZE) })
  stream.send(encodeFrames([question.subarray(0, 40)]))
  await untilDismissed(node, peer)
})

test('network: hostile: a peer gets one signature per connection', async () => {
  let signatures = 0
  const sign = (): Uint8Array => {
    signatures += 1
    return new Uint8Array(64)
  }
  const node = await startTestNode({ validator: { index: 0, sign } })
  const peer = await connectRawPeer(node, { hello: true })
  const question = encodeQuestion({ genesisHash: GENESIS, nonce: randomBytes(NONCE_SIZE) })
  for (let round = 0; round < 3; round++) {
    const stream = await peer.connection.newStream(HELLO_PROTOCOL)
    try {
      stream.send(encodeFrames([question]))
      await stream.close()
    } catch {
      // Reset before it was written: that is the refusal.
    }
    await until('the stream is closed', () => stream.status !== 'open')
  }
  expect(signatures).toBe(1)
})

test('network: hostile: random bytes on gossip leave the node serving', async () => {
  const topic = topicName(GENESIS, 0, 'fin')
  const node = await startTestNode({ subscriptions: [topic] })
  const peer = await connectRawPeer(node, { hello: true })
  const stream = await peer.connection.newStream('/meshsub/1.2.0')
  // A well-framed RPC of nonsense, then a length beyond every limit.
  stream.send(new Uint8Array([100, ...randomBytes(100)]))
  stream.send(new Uint8Array([0xff, 0xff, 0xff, 0xff, 0x0f, ...randomBytes(1000)]))
  const honest = await startTestNode({ bootstrap: [node.address], subscriptions: [topic] })
  // On both sides: what is published before the publisher's own is there reaches nobody.
  const both = [node, honest]
  await until('the mesh forms', () =>
    both.every(({ network }) => network.stats().meshes[topic] === 1),
  )
  honest.network.publish(topic, numbered(9))
  await until('gossip flows', () => node.seen.gossip.length === 1)
})

test('network: hostile: frames cut into single bytes are delivered', async () => {
  const node = await startTestNode()
  const peer = await connectRawPeer(node, { hello: true })
  const stream = await openChannel(peer, CONSENSUS)
  const bytes = encodeFrames([numbered(1), numbered(2, 300)])
  for (const byte of bytes) stream.send(Uint8Array.of(byte))
  await until('both frames are there', () => node.seen.frames.length === 2)
  expect(node.seen.frames[1]?.bytes).toEqual(numbered(2, 300))
})

test('network: hostile: streams beyond the limits are reset, the oldest duty goes on', async () => {
  const node = await startTestNode()
  const peer = await connectRawPeer(node, { hello: true })
  await until('the peer is admitted', () => node.seen.connected.has(peer.name))
  const attempts = Array.from({ length: INBOUND_STREAMS_MAX * 2 }, () =>
    peer.connection.newStream(CONSENSUS),
  )
  const streams = (await Promise.allSettled(attempts)).flatMap((attempt) =>
    attempt.status === 'fulfilled' ? [attempt.value] : [],
  )
  await until('few streams are left open', () => {
    return streams.filter(({ status }) => status === 'open').length <= CHANNEL_STREAMS_MAX
  })
  await expectServing(node)
})

test('network: hostile: a flood is slowed down, not buffered', async () => {
  const node = await startTestNode()
  const peer = await connectRawPeer(node, { hello: true })
  const stream = await openChannel(peer, CONSENSUS)
  const frame = encodeFrames([new Uint8Array(FRAME_BYTES_MAX)])
  const startedAtMs = Date.now()
  for (let index = 0; index < FLOOD_FRAMES; index++) stream.send(frame)
  await until('the flood is through', () => node.seen.frames.length === FLOOD_FRAMES)
  // The least time that any machine must take: what is beyond the burst comes at the rate.
  const { bytesPerSecond, burstSeconds } = CHANNEL_RATES.consensus
  const leastSeconds = (FLOOD_FRAMES * frame.length) / bytesPerSecond - burstSeconds
  expect((Date.now() - startedAtMs) / 1000).toBeGreaterThanOrEqual(leastSeconds * 0.95)
  await expectServing(node)
})

test('network: hostile: a peer whose messages are rejected loses its place in the mesh', async () => {
  const topic = topicName(GENESIS, 1, 'tx')
  const subscriptions = [topic]
  const node = await startTestNode({
    subscriptions,
    onGossip: (_from, _topic, bytes) => (bytes[3] === 66 ? 'reject' : 'accept'),
  })
  const honest = await startTestNode({ subscriptions, bootstrap: [node.address] })
  const liar = await startTestNode({ subscriptions, bootstrap: [node.address] })
  await until('the mesh has both', () => node.network.stats().meshes[topic] === 2)
  await until('both have it', () =>
    [honest, liar].every(({ network }) => network.stats().meshes[topic] === 1),
  )
  liar.network.publish(topic, numbered(66))
  await until('the liar is out of the mesh', () => node.network.stats().meshes[topic] === 1)
  honest.network.publish(topic, numbered(1))
  await until('the honest message arrives', () =>
    node.seen.gossip.some(({ from, bytes }) => from === honest.peer && bytes[3] === 1),
  )
  expect(honest.seen.gossip.filter(({ bytes }) => bytes[3] === 66)).toEqual([])
})

/**
 * Links that die without a close event: found by the slow checks, given up, so that a new connection can heal them.
 */
import { describe, expect, test } from 'vitest'
import { SEND_QUEUE_BYTES_MAX } from '../../node/network/limits.ts'
import { FRAME_BYTES_MAX } from '../../node/primitives/limits.ts'
import { connectRawPeer, openChannel, type RawPeer } from './raw-peer.ts'
import { startTestNode, type TestNode } from './test-node.ts'
import { until } from './until.ts'

/** The longest of the deadlines (20 s for a full queue), a sweep, and a busy machine. */
const PATIENCE_MS = 50_000

async function complaintAbout(node: TestNode, peer: RawPeer): Promise<unknown> {
  const complaint = await until(
    'the node complains',
    () =>
      node.seen.logs.find(
        ({ sentence, facts }) =>
          sentence === 'a connection is renewed' && facts['peer'] === peer.name,
      )?.facts['complaint'],
    PATIENCE_MS,
  )
  await until('the connection is gone', () => peer.connection.status !== 'open')
  return complaint
}

describe.concurrent('network: sweep', () => {
  test('network: sweep: a peer without gossip is given up', async ({ onTestFinished }) => {
    const node = await startTestNode({}, onTestFinished)
    const peer = await connectRawPeer(node, { hello: true }, onTestFinished)
    expect(await complaintAbout(node, peer)).toBe('gossip has ended')
  })

  test('network: sweep: a peer that takes nothing is given up, its queue bounded', async ({
    onTestFinished,
  }) => {
    const node = await startTestNode({}, onTestFinished)
    const options = { hello: true, gossip: true }
    const peer = await connectRawPeer(node, options, onTestFinished)
    // It accepts the stream and never says that it reads.
    await peer.libp2p.handle('/weft/relay/1', () => undefined)
    await until('the peer is admitted', () => node.seen.connected.has(peer.name))
    const frame = new Uint8Array(FRAME_BYTES_MAX)
    const fitting = Math.floor(SEND_QUEUE_BYTES_MAX / FRAME_BYTES_MAX)
    for (let index = 0; index < 10; index++) node.network.send(peer.name, 'relay', frame)
    expect(node.network.stats().framesDropped).toBe(10 - fitting)
    expect(await complaintAbout(node, peer)).toBe('takes nothing on relay')
    await until('the queue is counted as dropped', () => {
      return node.network.stats().framesDropped === 10
    })
  })

  test('network: sweep: half a frame does not stay for ever', async ({ onTestFinished }) => {
    const node = await startTestNode({}, onTestFinished)
    const options = { hello: true, gossip: true }
    const peer = await connectRawPeer(node, options, onTestFinished)
    const stream = await openChannel(peer, '/weft/consensus/1')
    stream.send(Uint8Array.of(0, 0, 1, 0, 42))
    expect(await complaintAbout(node, peer)).toBe('half a frame on consensus')
  })
})

/**
 * A node that comes back with the same key finds its place again: connection, streams, meshes.
 */
import { expect, test } from 'vitest'
import { topicName } from '../../node/network/topic.ts'
import { GENESIS, hexes, numbered, startTestNode, type TestNode } from './test-node.ts'
import { toHex } from '../../node/primitives/bytes.ts'
import { until } from './until.ts'

const TOPIC = topicName(GENESIS, 0, 'fin')

async function startTriangle(): Promise<readonly [TestNode, TestNode, TestNode]> {
  const subscriptions = [TOPIC]
  const first = await startTestNode({ subscriptions })
  const second = await startTestNode({ subscriptions, bootstrap: [first.address] })
  const bootstrap = [first.address, second.address]
  return [first, second, await startTestNode({ subscriptions, bootstrap })]
}

function meshesAre(nodes: readonly TestNode[], size: number): boolean {
  return nodes.every(({ network }) => network.stats().meshes[TOPIC] === size)
}

test('network: restart: streams and meshes recover when a peer restarts with the same key', async () => {
  const [first, second, third] = await startTriangle()
  await until('all meshes are full', () => meshesAre([first, second, third], 2))
  first.network.send(third.peer, 'consensus', numbered(1))
  await until('the first frame is there', () => third.seen.frames.length === 1)

  await third.network.stop()
  await until('the others noticed', () => {
    return !first.seen.connected.has(third.peer) && !second.seen.connected.has(third.peer)
  })
  first.network.send(third.peer, 'consensus', numbered(2))
  expect(first.network.stats().framesDropped).toBe(1)

  // The same address: the others dial it again by themselves, whoever is faster.
  const again = await startTestNode({
    identity: third.identity,
    listen: third.address.replace(/\/p2p\/.*$/, ''),
    subscriptions: [TOPIC],
    bootstrap: [first.address, second.address],
  })
  await until('all meshes are full again', () => meshesAre([first, second, again], 2))
  await until('the links are back', () => first.seen.connected.has(again.peer))
  first.network.send(again.peer, 'consensus', numbered(3))
  again.network.send(first.peer, 'consensus', numbered(4))
  second.network.publish(TOPIC, numbered(5))
  await until('everything flows again', () => {
    return (
      hexes(again.seen.frames).includes(toHex(numbered(3))) &&
      hexes(first.seen.frames).includes(toHex(numbered(4))) &&
      hexes(again.seen.gossip).includes(toHex(numbered(5))) &&
      hexes(first.seen.gossip).includes(toHex(numbered(5)))
    )
  })
})

test('network: restart: a node dials a bootstrap peer until it appears', async () => {
  const early = await startTestNode()
  const { identity, address } = early
  await early.network.stop()
  const waiting = await startTestNode({ bootstrap: [address] })
  const late = await startTestNode({ identity, listen: address.replace(/\/p2p\/.*$/, '') })
  await until('they found each other', () => {
    return waiting.seen.connected.has(late.peer) && late.seen.connected.has(waiting.peer)
  })
  expect(waiting.seen.changes).toEqual([{ peer: late.peer, connected: true }])
})

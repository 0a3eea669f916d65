/**
 * Sixteen nodes in one process over real TCP: every expected mesh forms, and what one publishes all subscribers get.
 */
import { expect, test } from 'vitest'
import { MESH } from '../../node/network/peer-score.ts'
import { topicName } from '../../node/network/topic.ts'
import { createIdentity } from '../../node/network/io/identity.ts'
import { present } from '../../node/primitives/assert.ts'
import { GENESIS, numbered, startTestNode, type TestNode } from './test-node.ts'
import { until } from './until.ts'

const NODES = 16
const BEACON = topicName(GENESIS, 0, 'fin')
const FIRST_SHARD = topicName(GENESIS, 1, 'blk')
const SECOND_SHARD = topicName(GENESIS, 2, 'blk')
const FIRST_TRANSACTIONS = topicName(GENESIS, 1, 'tx')

/** All listen to the beacon, the first half to shard 1, the others to shard 2. */
function topicsOf(index: number): readonly string[] {
  return [BEACON, ...(index < NODES / 2 ? [FIRST_SHARD, FIRST_TRANSACTIONS] : [SECOND_SHARD])]
}

/** Every node knows the addresses of all that were started before it. */
async function startCluster(): Promise<readonly TestNode[]> {
  const nodes: TestNode[] = []
  for (let index = 0; index < NODES; index++) {
    const bootstrap = nodes.map(({ address }) => address)
    nodes.push(await startTestNode({ bootstrap, subscriptions: topicsOf(index) }))
  }
  await until('everybody is connected to everybody', () => {
    return nodes.every(({ seen }) => seen.connected.size === NODES - 1)
  })
  return nodes
}

function hasMeshes(node: TestNode, subscribersOf: (topic: string) => number): boolean {
  return Object.entries(node.network.stats().meshes).every(
    ([topic, size]) => size >= Math.min(MESH.Dlo, subscribersOf(topic) - 1),
  )
}

test('network: cluster: all meshes form and a message reaches all subscribers', async () => {
  const nodes = await startCluster()
  const subscribersOf = (topic: string): number =>
    nodes.filter((_node, index) => topicsOf(index).includes(topic)).length
  await until('every mesh has enough members', () => {
    return nodes.every((node) => hasMeshes(node, subscribersOf))
  })
  expect(Object.keys(nodes[0]?.network.stats().meshes ?? {})).toEqual(topicsOf(0))

  const first = present(nodes[0], 'there is a first node')
  const last = present(nodes[NODES - 1], 'there is a last node')
  first.network.publish(BEACON, numbered(1))
  // Nobody of the second half subscribes to shard 1: a publisher need not listen.
  last.network.publish(FIRST_TRANSACTIONS, numbered(2))
  last.network.publish(FIRST_SHARD, numbered(3, 200_000))
  first.network.publish(SECOND_SHARD, numbered(4))
  const expected = (index: number): string =>
    index === 0 ? '2,3' : index < NODES / 2 ? '1,2,3' : '1,4'
  const received = (node: TestNode): string =>
    node.seen.gossip
      .map(({ bytes }) => String(bytes[3]))
      .toSorted((left, right) => left.localeCompare(right))
      .join(',')
  await until('every subscriber has what it listens to', () => {
    return nodes.every((node, index) => received(node) === expected(index))
  })
  expect(nodes.every(({ network }) => network.stats().framesDropped === 0)).toBe(true)
})

test('network: cluster: two nodes that dial each other at once keep one connection', async () => {
  const [left, right] = await Promise.all([createIdentity(), createIdentity()])
  const [leftPort, rightPort] = [await freePort(), await freePort()]
  const address = (port: number, peer: string): string => `/ip4/127.0.0.1/tcp/${port}/p2p/${peer}`
  const nodes = await Promise.all([
    startTestNode({
      identity: left,
      listen: `/ip4/127.0.0.1/tcp/${leftPort}`,
      bootstrap: [address(rightPort, right.peer)],
      subscriptions: [BEACON],
    }),
    startTestNode({
      identity: right,
      listen: `/ip4/127.0.0.1/tcp/${rightPort}`,
      bootstrap: [address(leftPort, left.peer)],
      subscriptions: [BEACON],
    }),
  ])
  await until('both have a mesh of one', () => {
    return nodes.every(({ network }) => network.stats().meshes[BEACON] === 1)
  })
  expect(nodes.map(({ seen }) => seen.connected.size)).toEqual([1, 1])
})

/** A port that was free a moment ago: the two nodes must know each other's before they start. */
async function freePort(): Promise<number> {
  const node = await startTestNode()
  const port = Number(node.address.split('/')[4])
  await node.network.stop()
  return port
}

/** Whom a fault is for, from the words on the command line to numbers of nodes. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { checkTargets } from '../../../devnet/cli/fault-order.ts'
import { parseLink, parseSides, parseTargets } from '../../../devnet/cli/fault-target.ts'
import { createDevnetGenesis } from '../../../devnet/genesis.ts'
import { DEFAULT_PARAMETERS } from '../../../devnet/parameters.ts'
import { committeesOf, findLeader } from '../../../devnet/processes/seats.ts'
import { nodesOf, sidesOf, type Surroundings } from '../../../devnet/scenario/lookup.ts'

const SURROUNDINGS: Surroundings = {
  layout: {
    shards: 2,
    validators: 8,
    committees: [
      [0, 1, 2, 3, 4, 5, 6, 7],
      [0, 2, 4, 6],
      [1, 3, 5, 7],
    ],
  },
  groups: new Map(),
  leader: async (chain) => chain + 4,
}

const nodes = (text: string) => nodesOf(SURROUNDINGS, parseTargets(text))
const sides = (text: string) => sidesOf(SURROUNDINGS, parseSides(text))

describe('devnet: fault target', () => {
  test.each([
    ['node:3', [3]],
    ['node:0,1', [0, 1]],
    ['node:0,1,5', [0, 1, 5]],
    ['node:1,node:0', [0, 1]],
    ['shard:2', [1, 3, 5, 7]],
    ['shard:2,node:0', [0, 1, 3, 5, 7]],
    ['beacon-leader', [4]],
    ['shard:2-leader', [6]],
    ['*', [0, 1, 2, 3, 4, 5, 6, 7]],
  ])('devnet: fault target: %s is nodes %j', async (text, expected) => {
    expect(await nodes(text)).toEqual(expected)
  })

  test.each([
    '',
    'node',
    'node:',
    'node:x',
    'shard:0',
    '3',
    'shard:1,3',
    'somebody',
    'rest',
    'node:1,',
  ])('devnet: fault target: %j is refused with examples', (text) => {
    expect(() => parseTargets(text)).toThrow(/write for example node:3/)
  })

  test('devnet: fault target: nodes and shards that this network has not are refused by name', () => {
    expect(() => checkTargets(SURROUNDINGS, parseTargets('node:8'))).toThrow(
      'there is no node 8; the nodes are 0 to 7',
    )
    for (const text of ['shard:3', 'shard:3-leader']) {
      expect(() => checkTargets(SURROUNDINGS, parseTargets(text))).toThrow(
        'there is no shard 3; the shards are 1 to 2',
      )
    }
    checkTargets(SURROUNDINGS, parseTargets('node:7,shard:2,beacon-leader,*'))
  })

  test('devnet: fault target: one side of a partition stands against everybody else', async () => {
    expect(await sides('shard:2')).toEqual([
      [1, 3, 5, 7],
      [0, 2, 4, 6],
    ])
    expect(await sides('node:0,1|node:2,3')).toEqual([
      [0, 1],
      [2, 3],
    ])
  })

  test('devnet: fault target: an arrow is one way, two heads are both ways, anything else is no link', () => {
    expect(parseLink('node:3->*')).toMatchObject({ bothWays: false, from: [{ node: 3 }] })
    expect(parseLink('shard:1<->shard:2')).toMatchObject({ bothWays: true, to: [{ shard: 2 }] })
    for (const text of ['node:3', 'node:3->', '->node:3', 'node:3-node:2']) {
      expect(() => parseLink(text)).toThrow(/write for example/)
    }
  })
})

describe('devnet: seats', () => {
  let servers: Server[] = []

  afterEach(async () => {
    for (const server of servers) server.closeAllConnections()
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
    servers = []
  })

  /** Answers `/metrics` with this view of the beacon. */
  async function nodeInView(view: number): Promise<string> {
    const server = createServer((_request, response) => {
      response.end(
        `weft_view{chain="1"} 900\nweft_view{chain="0"} ${view}\nweft_height{chain="0"} 3\n`,
      )
    })
    servers.push(server)
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  test('devnet: seats: the leader is looked up in the newest view that any node is in', async () => {
    const parameters = { ...DEFAULT_PARAMETERS, shards: 1, validators: 4, loadAccounts: 1 }
    const { genesis } = await createDevnetGenesis({ ...parameters, scheme: 'ed25519' }, 1)
    expect(committeesOf(genesis)).toEqual([
      [0, 1, 2, 3],
      [0, 1, 2, 3],
    ])
    const gone = 'http://127.0.0.1:1'
    const leaders: (number | undefined)[] = []
    for (const view of [5, 6, 7, 8, 9]) {
      const endpoints = [gone, await nodeInView(view), await nodeInView(view - 1), gone]
      leaders.push(await findLeader(genesis, endpoints, 0))
    }
    // Everybody leads once in four views, and then it starts again.
    expect(new Set(leaders.slice(0, 4))).toEqual(new Set([0, 1, 2, 3]))
    expect(leaders[4]).toBe(leaders[0])
    expect(await findLeader(genesis, [gone, gone, gone, gone], 0)).toBeUndefined()
  })
})

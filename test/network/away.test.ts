/**
 * A validator whose connection was lost is told as away (R17), from the sockets alone; one whose connection this node itself
 * ended is not.
 */
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { createIdentity, type Identity } from '../../node/network/io/identity.ts'
import { createTransport } from '../../node/runtime/transport.ts'
import { createWorkCounters } from '../../node/runtime/work-counters.ts'
import type { ValidatorEvent } from '../../node/validator/contract.ts'
import { startTestNode, type TestNode, type TestNodeOptions } from './test-node.ts'
import { until } from './until.ts'

function validator(index: number): TestNodeOptions {
  return {
    validator: { index, sign: (message) => createHash('sha512').update(message).digest() },
    verifyValidator: () => Promise.resolve(true),
  }
}

function listenAgain({ identity, address }: TestNode): TestNodeOptions {
  return { identity, listen: address.replace(/\/p2p\/.*$/, '') }
}

test('network: away: R17 whoever is connected with a validator that stops hears that it is away', async () => {
  const first = await startTestNode(validator(0))
  const second = await startTestNode({ ...validator(1), bootstrap: [first.address] })
  const bootstrap = [first.address, second.address]
  const third = await startTestNode({ ...validator(2), bootstrap })
  await until('everybody knows everybody', () =>
    [first, second, third].every(({ seen }) => seen.validators.size === 2),
  )
  expect([first, second, third].flatMap(({ seen }) => seen.away)).toEqual([])
  await third.network.stop()
  await until('the others heard', () => first.seen.away.length + second.seen.away.length === 2)
  first.seen.validators.clear()
  const again = await startTestNode({ ...validator(2), ...listenAgain(third), bootstrap })
  await until('it is back', () => first.seen.validators.get(again.peer) === 2)
  expect([first.seen.away, second.seen.away]).toEqual([[2], [2]])
  // Whoever stops has ended its connections itself, and tells its machine nothing more.
  expect(third.seen.away).toEqual([])
})

test('network: away: R17 a connection that takes the place of another one tells nothing', async () => {
  const [smaller, greater] = await sortedIdentities()
  const moved = await startTestNode({ ...validator(1), identity: smaller })
  const first = await startTestNode({
    ...validator(0),
    identity: greater,
    // It does not wait for the other one's dial, which never comes.
    rejoins: true,
    bootstrap: [moved.address],
  })
  await until('they know each other', () => moved.seen.validators.get(first.peer) === 0)
  await until('both know it', () => first.seen.validators.get(moved.peer) === 1)
  // The same key from another place, as after a restart of which the first knows nothing yet. Of two dials its own stands.
  const again = await startTestNode({
    ...validator(1),
    identity: smaller,
    bootstrap: [first.address],
  })
  await until('it took the place', () => again.seen.validators.get(first.peer) === 0)
  await until('the old one was ended', () => moved.seen.away.length === 1)
  await until('the first has one', () => first.seen.changes.at(-1)?.connected)
  expect(first.seen.away).toEqual([])
})

async function sortedIdentities(): Promise<readonly [Identity, Identity]> {
  const one = await createIdentity()
  const other = await createIdentity()
  return one.peer < other.peer ? [one, other] : [other, one]
}

test('network: away: R17 the machine gets it as an input, and the connection that ends it too', () => {
  const posted: ValidatorEvent[] = []
  const wire = { seatCountOf: () => 4, decodeBlock: () => undefined, signatureBytesMax: 96 }
  const { events } = createTransport(
    () => [],
    wire,
    (event) => posted.push(event),
    createWorkCounters(),
  )
  events.onValidator('peer-3', 3)
  events.onAway('peer-3', 3)
  events.onPeer('peer-3', false)
  events.onValidator('peer-3', 3)
  expect(posted).toEqual([
    { kind: 'validator-connected', validator: 3 },
    { kind: 'validator-away', validator: 3 },
    { kind: 'validator-connected', validator: 3 },
  ])
})

/**
 * Who is let in: the same network only, and a validator only with its committee key.
 */
import { expect, test } from 'vitest'
import { createHash } from 'node:crypto'
import { equalBytes } from '../../node/primitives/bytes.ts'
import { OTHER_GENESIS, startTestNode, type TestNode } from './test-node.ts'
import { until } from './until.ts'

/** A stand-in for a committee key: what counts here is who checks what, not the curve. */
function signWith(secret: string): (message: Uint8Array) => Uint8Array {
  return (message) => createHash('sha512').update(secret).update(message).digest()
}

const REGISTRY = ['secret of validator 0', 'secret of validator 1']

function verifyValidator(
  index: number,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const secret = REGISTRY[index]
  return Promise.resolve(secret !== undefined && equalBytes(signWith(secret)(message), signature))
}

function refusals(node: TestNode): readonly unknown[] {
  return node.seen.logs
    .filter(({ sentence }) => sentence === 'a peer is refused')
    .map(({ facts }) => facts['code'])
}

test('network: admission: a peer with another genesis hash is refused, and both say why', async () => {
  const ours = await startTestNode()
  const theirs = await startTestNode({ genesisHash: OTHER_GENESIS, bootstrap: [ours.address] })
  await until('both refuse', () => refusals(ours).length > 0 && refusals(theirs).length > 0)
  expect([refusals(ours)[0], refusals(theirs)[0]]).toEqual(['other-network', 'other-network'])
  expect([ours.seen.changes, theirs.seen.changes]).toEqual([[], []])
  expect([ours.network.stats().peers, theirs.network.stats().peers]).toEqual([0, 0])
})

test('network: admission: a validator is bound to its peer on both sides', async () => {
  const options = { verifyValidator }
  const first = await startTestNode({
    ...options,
    validator: { index: 0, sign: signWith('secret of validator 0') },
  })
  const second = await startTestNode({
    ...options,
    validator: { index: 1, sign: signWith('secret of validator 1') },
    bootstrap: [first.address],
  })
  const observer = await startTestNode({ ...options, bootstrap: [first.address, second.address] })
  await until('all bindings are known', () => {
    return (
      first.seen.validators.get(second.peer) === 1 &&
      second.seen.validators.get(first.peer) === 0 &&
      observer.seen.validators.size === 2 &&
      first.seen.connected.has(observer.peer)
    )
  })
  expect(first.seen.validators.has(observer.peer)).toBe(false)
})

test('network: admission: a validator that signs with another key is refused', async () => {
  const honest = await startTestNode({ verifyValidator })
  const impostor = await startTestNode({
    verifyValidator,
    validator: { index: 1, sign: signWith('secret of validator 0') },
    bootstrap: [honest.address],
  })
  await until('the impostor is refused', () => refusals(honest)[0] === 'bad-binding')
  expect(honest.seen.validators.size).toBe(0)
  expect(honest.seen.changes).toEqual([])
  await until('the impostor is gone', () => impostor.seen.connected.size === 0)
})

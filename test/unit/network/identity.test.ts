import { expect, test } from 'vitest'
import {
  createIdentity,
  hostOf,
  identityFromHex,
  identityFromSeed,
  identityToHex,
  parsePeerAddress,
} from '../../../node/network/io/identity.ts'

test('network: identity: the file form reads back, blanks around it included', async () => {
  const identity = await createIdentity()
  const read = identityFromHex(` ${identityToHex(identity)}\n`)
  expect(read.ok && read.value.peer).toBe(identity.peer)
})

test('network: identity: a seed always gives the same peer', async () => {
  const first = await identityFromSeed(new Uint8Array(32).fill(1))
  const second = await identityFromSeed(new Uint8Array(32).fill(1))
  const other = await identityFromSeed(new Uint8Array(32).fill(2))
  expect(first.peer).toBe(second.peer)
  expect(first.peer).not.toBe(other.peer)
})

test('network: identity: what is not an Ed25519 key is refused', async () => {
  const identity = await createIdentity()
  const text = identityToHex(identity)
  for (const bad of ['', 'zz', '00', text.slice(0, -2), `0802${text.slice(4)}`]) {
    expect(identityFromHex(bad).ok, bad).toBe(false)
  }
})

test('network: identity: a bootstrap address names its peer', async () => {
  const { peer } = await createIdentity()
  const address = `/ip4/192.0.2.7/tcp/9000/p2p/${peer}`
  expect(parsePeerAddress(address)).toEqual({ ok: true, value: { peer, address } })
  expect(hostOf(address)).toBe('192.0.2.7')
  for (const bad of ['', 'localhost:9000', '/ip4/192.0.2.7/tcp/9000', '/ip4/300.0.0.1/tcp/1']) {
    expect(parsePeerAddress(bad).ok, bad).toBe(false)
  }
})

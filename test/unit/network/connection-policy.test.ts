import { expect, test } from 'vitest'
import {
  banMs,
  chooseConnection,
  firstDialDelayMs,
  isLoopbackHost,
  isWithinAddressShare,
  redialDelayMs,
  type Direction,
} from '../../../node/network/connection-policy.ts'

type Side = { readonly self: string; readonly remote: string }
const SMALL: Side = { self: 'aaa', remote: 'bbb' }
const LARGE: Side = { self: 'bbb', remote: 'aaa' }

/** What one side keeps, having seen its own dial and the other's in the given order. */
function keptDialer(side: Side, order: readonly [Direction, Direction]): string {
  const dialerOf = (direction: Direction): string =>
    direction === 'outbound' ? side.self : side.remote
  const [existing, incoming] = order
  const choice = chooseConnection(side, { direction: existing, ageMs: 10 }, incoming)
  return dialerOf(choice === 'keep-existing' ? existing : incoming)
}

test('network: connection-policy: crossing dials leave the same connection on both sides', () => {
  const orders: readonly (readonly [Direction, Direction])[] = [
    ['inbound', 'outbound'],
    ['outbound', 'inbound'],
  ]
  for (const side of [SMALL, LARGE]) {
    for (const order of orders) expect(keptDialer(side, order), order.join()).toBe('aaa')
  }
})

test('network: connection-policy: a peer that dials again has lost the old connection', () => {
  const old = { direction: 'inbound', ageMs: 1 } as const
  expect(chooseConnection(SMALL, old, 'inbound')).toBe('replace-existing')
  const stale = { direction: 'outbound', ageMs: 60_000 } as const
  expect(chooseConnection(SMALL, stale, 'inbound')).toBe('replace-existing')
  expect(chooseConnection(SMALL, { ...stale, ageMs: 10 }, 'inbound')).toBe('keep-existing')
  expect(chooseConnection(SMALL, stale, 'outbound')).toBe('keep-existing')
})

test('network: connection-policy: of two nodes that start together one dials at once, and one that comes back waits for nobody', () => {
  expect(firstDialDelayMs(SMALL, false)).toBe(0)
  expect(firstDialDelayMs(SMALL, true)).toBe(0)
  const together = firstDialDelayMs(LARGE, false)
  const again = firstDialDelayMs(LARGE, true)
  expect(again).toBeGreaterThan(0)
  // Shorter than what others may have backed off to while it was away.
  expect(again).toBeLessThan(redialDelayMs(2, 0) + 1)
  expect(together).toBeGreaterThan(again)
})

test('network: connection-policy: redials back off, with jitter, up to ten seconds', () => {
  expect([0, 1, 2, 5, 6, 1000].map((failures) => redialDelayMs(failures, 0))).toEqual([
    125, 250, 500, 4000, 5000, 5000,
  ])
  expect(redialDelayMs(1000, 0.999_999)).toBe(10_000)
})

test('network: connection-policy: misbehaviour costs more, and more again', () => {
  expect([banMs('refused', 9), banMs('misbehaved', 0), banMs('misbehaved', 1)]).toEqual([
    10_000, 300_000, 3_600_000,
  ])
})

test('network: connection-policy: an address and its neighbours have a share, loopback none', () => {
  const four = Array.from({ length: 4 }, () => '192.0.2.1')
  expect(isWithinAddressShare('192.0.2.1', four.slice(1))).toBe(true)
  expect(isWithinAddressShare('192.0.2.1', four)).toBe(false)
  const neighbours = Array.from({ length: 16 }, (_, index) => `192.0.2.${index + 10}`)
  expect(isWithinAddressShare('192.0.2.1', neighbours)).toBe(false)
  expect(isWithinAddressShare('192.0.3.1', neighbours)).toBe(true)
  expect(
    isWithinAddressShare(
      '127.0.0.1',
      Array.from({ length: 99 }, () => '127.0.0.1'),
    ),
  ).toBe(true)
  expect(['127.0.0.1', '127.9.9.9', '::1'].every(isLoopbackHost)).toBe(true)
  expect(['0.0.0.0', '127.0.0.1.example.com', '10.0.0.1', ''].some(isLoopbackHost)).toBe(false)
})

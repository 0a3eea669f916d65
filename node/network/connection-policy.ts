/**
 * Which connections to keep: one per peer, bans, shares per address, and when to dial again. Pure decisions; the gater
 * and the dialer of `io/connections.ts` ask here.
 */
import { assert } from '../primitives/assert.ts'
import type { PeerName } from './network.ts'
import { CONNECTIONS_PER_ADDRESS_MAX, CONNECTIONS_PER_SUBNET_MAX } from './limits.ts'

export type Direction = 'inbound' | 'outbound'

/** Two dials that cross on the wire meet within this time; a connection older than this was up before. */
const SIMULTANEOUS_DIAL_MS = 5_000

/**
 * Both sides dialed: both must keep the same one. It is the one that the peer with the smaller name dialed. A second
 * connection in the same direction, or long after the first, means that the other side has lost the first.
 */
export function chooseConnection(
  pair: { readonly self: PeerName; readonly remote: PeerName },
  existing: { readonly direction: Direction; readonly ageMs: number },
  incoming: Direction,
): 'keep-existing' | 'replace-existing' {
  if (incoming === existing.direction) {
    return incoming === 'inbound' ? 'replace-existing' : 'keep-existing'
  }
  const dialer = incoming === 'outbound' ? pair.self : pair.remote
  const other = incoming === 'outbound' ? pair.remote : pair.self
  if (dialer < other) return 'replace-existing'
  return existing.ageMs < SIMULTANEOUS_DIAL_MS ? 'keep-existing' : 'replace-existing'
}

/**
 * The side with the larger name waits before its first dial, which avoids double connections: longer than a handshake
 * takes on a machine where a whole network starts at once (with 300 ms, 60 of 180 connections there were made twice).
 */
const SECOND_DIALER_DELAY_MS = 3_000
/**
 * The same for a node that comes back. The others of its network are up, most likely, and dial it again with a backoff that
 * may have grown to seconds, so it does not wait for them; only a dial that is on its way already is let through.
 */
const REJOINER_DELAY_MS = 300

/** Before the first dial of a bootstrap peer. */
export function firstDialDelayMs(
  pair: { readonly self: PeerName; readonly remote: PeerName },
  rejoins: boolean,
): number {
  if (pair.self < pair.remote) return 0
  return rejoins ? REJOINER_DELAY_MS : SECOND_DIALER_DELAY_MS
}

const REDIAL_MIN_MS = 250
const REDIAL_MAX_MS = 10_000

/** Exponential backoff with jitter: `dice` in [0, 1) spreads the delay over its upper half. */
export function redialDelayMs(failures: number, dice: number): number {
  assert(failures >= 0, 'failures are counted')
  const delay = Math.min(REDIAL_MAX_MS, REDIAL_MIN_MS * 2 ** Math.min(failures, 16))
  return Math.round(delay * (0.5 + dice / 2))
}

/**
 * Why a peer was sent away. `refused` peers are not hostile (another network, another version, a key we do not know
 * yet); `misbehaved` ones broke the protocol in a way no honest node can.
 */
export type Dismissal = 'refused' | 'misbehaved'

const REFUSED_MS = 10_000
const MISBEHAVED_MS = 300_000
const MISBEHAVED_AGAIN_MS = 3_600_000

/** How long the peer stays out. `offences` counts earlier misbehaviour that is still remembered. */
export function banMs(dismissal: Dismissal, offences: number): number {
  if (dismissal === 'refused') return REFUSED_MS
  return offences === 0 ? MISBEHAVED_MS : MISBEHAVED_AGAIN_MS
}

export function isLoopbackHost(host: string): boolean {
  return host === '::1' || host === 'localhost' || /^127\.\d+\.\d+\.\d+$/.test(host)
}

/** Whether one more connection from `host` is within its share. Loopback is one machine and has no share. */
export function isWithinAddressShare(host: string, connectedHosts: readonly string[]): boolean {
  if (isLoopbackHost(host)) return true
  const subnet = (address: string): string => address.split('.').slice(0, 3).join('.')
  const sameHost = connectedHosts.filter((connected) => connected === host).length
  const sameSubnet = connectedHosts.filter((connected) => subnet(connected) === subnet(host)).length
  return sameHost < CONNECTIONS_PER_ADDRESS_MAX && sameSubnet < CONNECTIONS_PER_SUBNET_MAX
}

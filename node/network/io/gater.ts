/**
 * The gate of connections: banned peers, shares per address, and one connection per peer. libp2p asks at each step of a
 * connection's upgrade; the decisions are `connection-policy.ts`.
 */
import { chooseConnection, isWithinAddressShare, type Direction } from '../connection-policy.ts'
import type { PeerName } from '../network.ts'
import type { Bans } from './bans.ts'
import { hostOf } from './identity.ts'
import type { Connection, Multiaddr, PeerId } from './libp2p-types.ts'

export type GaterOptions = {
  readonly self: PeerName
  readonly bans: Bans
  readonly connections: () => readonly Connection[]
  /** This connection is about to be ended, for another one to the same peer. */
  readonly letGo: (connection: Connection) => void
}

type RawConnection = { readonly remoteAddr: Multiaddr }

export type Gater = {
  readonly denyDialPeer: (peer: PeerId) => boolean
  readonly denyInboundConnection: (raw: RawConnection) => boolean
  readonly denyInboundEncryptedConnection: (peer: PeerId) => boolean
  readonly denyOutboundEncryptedConnection: (peer: PeerId) => boolean
  readonly denyInboundUpgradedConnection: (peer: PeerId) => boolean
  readonly denyOutboundUpgradedConnection: (peer: PeerId) => boolean
}

/** Peers are Ed25519 keys; RSA ones cost milliseconds to verify (CVE-2023-39533) and nobody of ours has one. */
function isForeignKey(peer: PeerId): boolean {
  return peer.type !== 'Ed25519'
}

export function createGater(options: GaterOptions): Gater {
  function isBanned(peer: PeerId): boolean {
    return options.bans.has(peer.toString())
  }

  function exceedsShare(raw: RawConnection): boolean {
    const host = hostOf(raw.remoteAddr.toString())
    if (host === undefined) return false
    const hosts = options.connections().map(({ remoteAddr }) => hostOf(remoteAddr.toString()) ?? '')
    return !isWithinAddressShare(host, hosts)
  }

  /**
   * Replacing happens here, before the new connection is announced: gossip keeps one stream per peer and would stay with
   * the dead one if the old connection ended after the new one had begun.
   */
  function isSuperfluous(peer: PeerId, incoming: Direction): boolean {
    const pair = { self: options.self, remote: peer.toString() }
    for (const connection of options.connections()) {
      if (connection.status !== 'open' || !connection.remotePeer.equals(peer)) continue
      const ageMs = Date.now() - connection.timeline.open
      const choice = chooseConnection(pair, { direction: connection.direction, ageMs }, incoming)
      if (choice === 'keep-existing') return true
      options.letGo(connection)
      connection.abort(new Error('a newer connection to the same peer took over'))
    }
    return false
  }

  return {
    denyDialPeer: isBanned,
    denyInboundConnection: exceedsShare,
    denyInboundEncryptedConnection: (peer) => isForeignKey(peer) || isBanned(peer),
    denyOutboundEncryptedConnection: isForeignKey,
    denyInboundUpgradedConnection: (peer) => isSuperfluous(peer, 'inbound'),
    denyOutboundUpgradedConnection: (peer) => isSuperfluous(peer, 'outbound'),
  }
}

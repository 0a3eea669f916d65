/**
 * The few libp2p types used inside `node/network/io`, named once. They do not leave this folder.
 */
import type { generateKeyPair } from '@libp2p/crypto/keys'
import type { Libp2p } from 'libp2p'

export type PrivateKey = Awaited<ReturnType<typeof generateKeyPair>>
export type Connection = ReturnType<Libp2p['getConnections']>[number]
export type Stream = Awaited<ReturnType<Connection['newStream']>>
export type PeerId = Connection['remotePeer']
export type Multiaddr = Connection['remoteAddr']

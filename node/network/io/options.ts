/**
 * What a host gives to `startNetwork`.
 */
import type { Hash } from '../../primitives/identifiers.ts'
import type { NetworkEvents, NetworkLog } from '../network.ts'
import type { ValidatorIdentity, VerifyValidator } from './hello.ts'
import type { Identity } from './identity.ts'

export type NetworkOptions = {
  readonly identity: Identity
  /** Multiaddr text, for example /ip4/127.0.0.1/tcp/0. */
  readonly listen: string
  /** Multiaddrs with /p2p/ ids of peers to stay connected to; one's own is skipped. */
  readonly bootstrap: readonly string[]
  /** The node was on this network before, so its peers are up and it dials them without waiting for their dials. */
  readonly rejoins?: boolean
  readonly genesisHash: Hash
  readonly events: NetworkEvents
  readonly subscriptions: readonly string[]
  /** All topics of the network (topic.ts, `allTopics`): nothing else is carried. */
  readonly allowedTopics: readonly string[]
  readonly validator?: ValidatorIdentity
  readonly verifyValidator: VerifyValidator
  /** Whether this validator has no part in the network any more: its connection ends, and it may come back as an observer. */
  readonly hasLeft?: (validator: number) => boolean
  /** Default: CONNECTIONS_MAX, or twice the bootstrap list. Each costs up to 15 MiB under attack (docs/security.md). */
  readonly connectionsMax?: number
  readonly log: NetworkLog
}

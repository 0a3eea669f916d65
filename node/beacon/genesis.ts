/**
 * Genesis: everything that all nodes of one network must agree on before the first block. Its hash is the network's name
 * in every signature, so two networks never share one (docs/protocol/beacon.md B.1).
 */
import type { Address, Hash } from '../primitives/identifiers.ts'
import type { CertificateSchemeName } from '../primitives/signature.ts'

export type GenesisValidator = {
  /** Committee public key in the certificate scheme (BLS: 48 bytes, Ed25519: 32). */
  readonly publicKey: Uint8Array
  /** Proof of possession: the scheme's signature over the tagged public key. Checked when the genesis is loaded. */
  readonly possession: Uint8Array
  /** libp2p peer id, text form. */
  readonly peer: string
  /** Receives tips and rewards, on the shard where they arise. */
  readonly payout: Address
}

export type ChainTiming = {
  readonly blockIntervalMs: number
  readonly idleIntervalMs: number
  readonly deltaMs: number
}

export type Genesis = {
  readonly version: 1
  readonly networkName: string
  /** Ethereum chain id of shard k is chainIdBase + k. */
  readonly chainIdBase: number
  readonly shardCount: number
  readonly certificateScheme: CertificateSchemeName
  readonly timestampMs: number
  /** 32 bytes: draws the committees and leader orders of epoch 0. */
  readonly seed: Hash
  readonly shardTiming: ChainTiming
  readonly beaconTiming: ChainTiming
  readonly gasLimit: number
  readonly initialBaseFee: bigint
  readonly validators: readonly GenesisValidator[]
  /** Funded on the named shards (shard 0 means every shard), sorted by address. */
  readonly allocations: readonly {
    readonly address: Address
    readonly shard: number
    readonly balance: bigint
  }[]
}

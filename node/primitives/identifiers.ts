/**
 * Identifiers: the plain types that name things across the whole node.
 */

/** 32 bytes of SHA-256 or keccak-256. */
export type Hash = Uint8Array
/** 20 bytes: an Ethereum account address. */
export type Address = Uint8Array
/** 0 is the beacon, 1..S are the shards. */
export type ChainNumber = number
/** Position in a committee, 0..n-1. */
export type Seat = number

export const BEACON_CHAIN: ChainNumber = 0
export const ADDRESS_SIZE = 20
/** An observer's seat: it follows, serves and never votes. */
export const OBSERVER_SEAT: Seat = -1

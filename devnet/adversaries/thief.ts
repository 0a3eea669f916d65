/**
 * The account behind the vices that are after money: one key per network and purpose, derived from the genesis, so that all
 * corrupted members of a shard agree about it without talking. It is funded nowhere.
 */
import { hashTagged } from '../../node/primitives/hash.ts'
import type { Address, ChainNumber } from '../../node/primitives/identifiers.ts'
import { addressOf, signDigest } from '../../node/primitives/io/secp256k1.ts'
import { encodeSigned, signingHash, type TransactionFields } from '../../node/shards/transaction.ts'
import { encodeGatewayTransfer, GATEWAY_ADDRESS } from '../../node/shards/vm/gateway.ts'

export type Thief = { readonly secretKey: Uint8Array; readonly address: Address }

/** A call of the gateway; a native transfer takes less. */
const GAS_LIMIT = 100_000
/** Far above what anybody else pays, so that it is chosen first. */
const PRIORITY_FEE = 10n ** 11n
const MAX_FEE = 2n * PRIORITY_FEE
/** What the gas of one transfer costs at most. */
export const THEFT_FEE_MAX = MAX_FEE * BigInt(GAS_LIMIT)

/** `purpose`: anything that tells one thief from another. */
export function thiefOf(genesisHash: Uint8Array, purpose: Uint8Array): Thief {
  const secretKey = hashTagged('adversary thief', genesisHash, purpose)
  return { secretKey, address: addressOf(secretKey) }
}

export type Errand = {
  readonly chainIdBase: number
  readonly shardCount: number
  readonly shard: ChainNumber
  readonly nonce: number
  readonly amount: bigint
}

/** To the thief's own address on the next shard, or to itself where there is only one. */
export function signedErrand(thief: Thief, errand: Errand): Uint8Array {
  const { chainIdBase, shardCount, shard, nonce, amount } = errand
  const crosses = shardCount > 1
  const destination = (shard % shardCount) + 1
  const fields: TransactionFields = {
    type: 2,
    chainId: chainIdBase + shard,
    nonce,
    maxPriorityFeePerGas: PRIORITY_FEE,
    maxFeePerGas: MAX_FEE,
    gasLimit: GAS_LIMIT,
    to: crosses ? GATEWAY_ADDRESS : thief.address,
    value: amount,
    data: crosses
      ? encodeGatewayTransfer(chainIdBase + destination, thief.address)
      : new Uint8Array(0),
    accessList: [],
  }
  return encodeSigned(fields, signDigest(signingHash(fields), thief.secretKey))
}

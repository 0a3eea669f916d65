/**
 * RANDAO: the beacon's randomness, a hash chain over one signature per block (docs/protocol/beacon.md B.2).
 *
 * The reveal signs genesis, epoch and view: a validator that proposes twice reveals two different values, and none can be
 * used again elsewhere. The proposer's only choice is to withhold its block. That holds for schemes with one valid signature
 * per key and message (BLS); with Ed25519 a cheating proposer can choose among many, so committees are then only as
 * random as the proposers are honest.
 */
import { createWriter } from '../primitives/codec.ts'
import { HASH_SIZE, hashTagged } from '../primitives/hash.ts'
import type { Hash } from '../primitives/identifiers.ts'

/** The 32 bytes that the proposer of this view signs as its reveal. */
export function revealRoot(genesisHash: Hash, epoch: number, view: number): Hash {
  return hashTagged(
    'randao',
    createWriter().fixed(genesisHash, HASH_SIZE).u64(epoch).u64(view).finish(),
  )
}

/** H("mix", mix, H("reveal", reveal)). */
export function mixIn(mix: Hash, reveal: Uint8Array): Hash {
  return hashTagged(
    'mix',
    createWriter().fixed(mix, HASH_SIZE).fixed(hashTagged('reveal', reveal), HASH_SIZE).finish(),
  )
}

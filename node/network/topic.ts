/**
 * Gossip topics (A.8): `/weft/<first 8 hex digits of the genesis hash>/<chain>/<plane>`. The genesis hash keeps two
 * networks apart even when they share peers. Shards have transactions, blocks, finalizations and receipts; the beacon
 * has blocks, finalizations, crosslinks and evidence.
 */
import { assert } from '../primitives/assert.ts'
import { toHex } from '../primitives/bytes.ts'
import { HASH_SIZE } from '../primitives/hash.ts'
import { BEACON_CHAIN, type ChainNumber, type Hash } from '../primitives/identifiers.ts'
import { SHARDS_MAX } from '../primitives/limits.ts'
import { accepted, rejected, type Result } from '../primitives/result.ts'

const SHARD_PLANES = ['tx', 'blk', 'fin', 'receipts'] as const
const BEACON_PLANES = ['blk', 'fin', 'xlink', 'evidence'] as const

type ShardPlane = (typeof SHARD_PLANES)[number]
type BeaconPlane = (typeof BEACON_PLANES)[number]
export type Plane = ShardPlane | BeaconPlane

export type Topic = { readonly network: string; readonly chain: ChainNumber; readonly plane: Plane }

const TOPIC_PATTERN = /^\/weft\/([0-9a-f]{8})\/(0|[1-9][0-9]?)\/([a-z]{2,8})$/

/** The 8 hexadecimal digits that stand for a network in its topics. */
function networkLabel(genesisHash: Hash): string {
  assert(genesisHash.length === HASH_SIZE, 'a genesis hash has 32 bytes')
  return toHex(genesisHash.subarray(0, 4))
}

function planesOf(chain: ChainNumber): readonly Plane[] {
  return chain === BEACON_CHAIN ? BEACON_PLANES : SHARD_PLANES
}

/** Names a topic; asserts that the chain has this plane. */
export function topicName(genesisHash: Hash, chain: ChainNumber, plane: Plane): string {
  assert(
    Number.isInteger(chain) && chain >= 0 && chain <= SHARDS_MAX,
    'a chain number is 0 to the most shards',
  )
  assert(planesOf(chain).includes(plane), 'the chain has this plane')
  return `/weft/${networkLabel(genesisHash)}/${chain}/${plane}`
}

/** Reads a foreign topic name; refuses anything that `topicName` could not have made. */
export function parseTopic(name: string): Result<Topic, 'malformed-topic'> {
  const parts = TOPIC_PATTERN.exec(name)
  const network = parts?.[1]
  const chain = Number(parts?.[2])
  if (network === undefined || chain > SHARDS_MAX) {
    return rejected('malformed-topic', 'the name is not /weft/<network>/<chain>/<plane>')
  }
  const plane = planesOf(chain).find((known) => known === parts?.[3])
  if (plane === undefined) return rejected('malformed-topic', 'the chain has no such plane')
  return accepted({ network, chain, plane })
}

/** All topics of a network, beacon first: the fixed list that gossip may carry at all. */
export function allTopics(genesisHash: Hash, shardCount: number): readonly string[] {
  assert(shardCount >= 0 && shardCount <= SHARDS_MAX, 'a network has at most the most shards')
  const chains = Array.from({ length: shardCount + 1 }, (_, chain) => chain)
  return chains.flatMap((chain) =>
    planesOf(chain).map((plane) => topicName(genesisHash, chain, plane)),
  )
}

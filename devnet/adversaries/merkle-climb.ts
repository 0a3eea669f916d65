/** The root that a leaf and its branch lead to: what a verifier would have to believe (node/primitives/merkle.ts). */
import { bigIntToBytes, concatBytes } from '../../node/primitives/bytes.ts'
import { hashPair, hashTagged } from '../../node/primitives/hash.ts'
import type { MerkleProof } from '../../node/primitives/merkle.ts'

export function climbedRoot({
  leaf,
  leafCount,
  index,
  branch,
}: Omit<MerkleProof, 'root'>): Uint8Array {
  let node = leaf
  let position = index
  for (const sibling of branch) {
    node = hashPair(position % 2 === 0 ? concatBytes(node, sibling) : concatBytes(sibling, node))
    position >>>= 1
  }
  return hashTagged('merkle', bigIntToBytes(BigInt(leafCount), 4), node)
}

/**
 * Announcing: what a proposer tells those who follow its chain without a seat (docs/protocol/consensus.md A.8), and what they
 * keep of it: the body comes before the certificate that says that it is wanted, and to ask for it again would be a question of
 * every follower to the same few seats.
 */
import type { ChainBlock, ConsensusMessage } from '../consensus/message.ts'
import type { Certificate } from '../crosslink/certificate.ts'
import { toHex } from '../primitives/bytes.ts'
import type { Hash } from '../primitives/identifiers.ts'

/** A block and those that overtake it. They may be lies of 1 MiB each; whoever misses one asks for it. */
const HEARD_BLOCKS_MAX = 4

export type HeardBlocks = {
  readonly add: (block: ChainBlock) => void
  /** Its bytes have this hash, whoever said them. */
  readonly get: (hash: Hash) => ChainBlock | undefined
}

export function createHeardBlocks(): HeardBlocks {
  const heard = new Map<string, ChainBlock>()
  return {
    add: (block) => {
      heard.set(toHex(block.hash), block)
      for (const oldest of heard.keys()) {
        if (heard.size <= HEARD_BLOCKS_MAX) return
        heard.delete(oldest)
      }
    },
    get: (hash) => heard.get(toHex(hash)),
  }
}

/** A.8: the proposer tells observers. */
export function announce(
  publish: (topic: string, message: ConsensusMessage) => void,
  { finality, body }: { readonly finality: string; readonly body: string },
  { block, certificate }: { readonly block: ChainBlock; readonly certificate: Certificate },
): void {
  publish(body, { kind: 'block', block })
  publish(finality, { kind: 'certificate', certificate })
}

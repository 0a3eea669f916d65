/** Wrong-state-root proposer: its blocks claim a state that nobody gets who executes them. */
import type { ChainBlock } from '../../node/consensus/message.ts'
import { BEACON_CHAIN, type ChainNumber } from '../../node/primitives/identifiers.ts'
import type { Adversary } from './adversary.ts'
import { createTamperer } from './tampered-proposal.ts'
import { flipped, rebuildBeaconBlock, rebuildShardBlock } from './rebuilt-block.ts'

export const wrongStateRoot: Adversary = {
  name: 'wrong-state-root',
  description: 'proposes blocks whose header names another state than the one they lead to',
  corrupt: createTamperer((_powers, { chain, proposal }) => withWrongRoot(chain, proposal.block)),
}

function withWrongRoot(chain: ChainNumber, block: ChainBlock): ChainBlock {
  return chain === BEACON_CHAIN
    ? rebuildBeaconBlock(block, ({ header }) => ({
        header: { ...header, stateRoot: flipped(header.stateRoot) },
      }))
    : rebuildShardBlock(block, ({ header }) => ({
        header: { stateRoot: flipped(header.stateRoot) },
      }))
}

/**
 * What a chain is made of: its engine's configuration, its members, and the application that builds, verifies and takes
 * what is finalized (chain.ts).
 */
import type { EngineConfig } from '../consensus/engine-contract.ts'
import type { ChainBlock } from '../consensus/message.ts'
import type { Certificate } from '../crosslink/certificate.ts'
import type { Hash } from '../primitives/identifiers.ts'
import type { Result } from '../primitives/result.ts'
import type { HeardBlocks } from './announcing.ts'

/** What a chain's application does for its engine. Each call is answered, now or later, through the chain. */
export type ChainApplication = {
  readonly decodeBlock: (bytes: Uint8Array) => Result<ChainBlock>
  /** Answered by `Chain.built`. */
  readonly build: (view: number, parentHash: Hash, parent: ChainBlock | undefined) => void
  /** Answered by `Chain.verified`, when it is known. */
  readonly verify: (block: ChainBlock, certified: boolean) => void
  readonly finalized: (block: ChainBlock, certificate: Certificate | undefined) => void
}

export type ChainOptions = {
  readonly engine: EngineConfig
  /** Validator index per seat. */
  readonly committee: readonly number[]
  readonly application: ChainApplication
  /** Topics on which the proposer of a finalized block tells observers. */
  readonly topics: { readonly finality: string; readonly body: string }
  /** This block ended the epoch (R14): the engine signs nothing more. */
  readonly sealed: (block: ChainBlock) => void
  /** While true, missing blocks are not asked for: a snapshot may be the shorter way (S.1). */
  readonly holdsBlocks?: () => boolean
  /** Blocks that need not be asked for. */
  readonly heard?: Pick<HeardBlocks, 'get'>
}

/**
 * What a simulated sharded network is made of, and what is told about it while it runs.
 */
import type { Genesis } from '../../node/beacon/genesis.ts'
import type { UnsignedVote } from '../../node/consensus/vote.ts'
import type { ChainNumber } from '../../node/primitives/identifiers.ts'
import type { CertificateScheme } from '../../node/primitives/signature.ts'
import type { BlockOutcome } from '../../node/shards/executor.ts'
import type { NodeRestore, ValidatorFact } from '../../node/validator/contract.ts'
import type { NodeMessage } from '../../node/validator/message.ts'
import type { Validator } from '../../node/validator/validator.ts'

export type ShardedPlan = {
  readonly genesis: Genesis
  /** Index = validator index. */
  readonly secretKeys: readonly Uint8Array[]
  readonly scheme: CertificateScheme
  readonly seed: number
  readonly delayMinMs: number
  readonly delayMaxMs: number
}

export type WorldEvents = {
  /** A node starts from what it read on its disk. */
  readonly onStarted?: (node: number, restore: NodeRestore) => void
  readonly onFact?: (node: number, fact: ValidatorFact) => void
  readonly onOutcome?: (node: number, shard: ChainNumber, outcome: BlockOutcome) => void
  readonly onBeacon?: (node: number, validator: Validator) => void
  /** A key made a signature, whether or not anybody hears of it. */
  readonly onSigned?: (node: number, chain: ChainNumber, vote: UnsignedVote) => void
  /** A message leaves; false: it is lost. Asked before the dice. */
  readonly passes?: (from: number, to: number, message: NodeMessage) => boolean
}

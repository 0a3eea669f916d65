/**
 * What a simulated sharded network is made of, and what is told about it while it runs.
 */
import type { BeaconState } from '../../node/beacon/state.ts'
import type { Genesis } from '../../node/beacon/genesis.ts'
import type { UnsignedVote } from '../../node/consensus/vote.ts'
import type { ChainNumber, Hash } from '../../node/primitives/identifiers.ts'
import type { CertificateScheme } from '../../node/primitives/signature.ts'
import type { BlockOutcome } from '../../node/shards/executor.ts'
import type { StoreWrite } from '../../node/storage/store.ts'
import type {
  ChainRestore,
  NodeRestore,
  ValidatorEffect,
  ValidatorEvent,
  ValidatorFact,
} from '../../node/validator/contract.ts'
import type { NodeMessage } from '../../node/validator/message.ts'
import type { SnapshotRules } from '../../node/validator/snapshot-points.ts'
import type { Validator } from '../../node/validator/validator.ts'
import type { AdversarySeat } from '../adversaries/adversary.ts'
import type { Trouble } from './sharded-trouble.ts'

/** The machine that stands in for an honest one with this vice. */
export type Corrupt = (vice: string, honest: Validator, seat: AdversarySeat) => Validator

export type ShardedPlan = {
  readonly genesis: Genesis
  /** Index = validator index. */
  readonly secretKeys: readonly Uint8Array[]
  readonly scheme: CertificateScheme
  readonly seed: number
  readonly delayMinMs: number
  readonly delayMaxMs: number
  /** For chains that are shorter than those of a real network: when states are kept and fetched (S.1). */
  readonly snapshotRules?: SnapshotRules
  /** How long the processors need for a turn, from now on; absent: no time. What arrives meanwhile waits for it. */
  readonly turnMs?: (node: number, turn: TurnWork) => number
  /** Needed as soon as a node is made byzantine. */
  readonly corrupt?: Corrupt
  /** For planted bugs: what every honest node becomes. */
  readonly replaced?: (honest: Validator, node: number) => Validator
  /** Every receiver reads a message from its bytes, by itself; else all of them get the sender's object. */
  readonly isWired?: boolean
}

/** What a turn consisted of. */
export type TurnWork = {
  readonly nowMs: number
  readonly inputs: readonly ValidatorEvent[]
  readonly effects: readonly ValidatorEffect[]
}

/** Why a node ended between two troubles. */
export type NodeEnd =
  /** A crash that was armed to fall into the middle of a turn. */
  | { readonly kind: 'crash' }
  /** Its disk failed: as it must. */
  | { readonly kind: 'disk'; readonly detail: string }
  /** Its machine threw. On a damaged disk a refusal, else a bug. */
  | { readonly kind: 'machine'; readonly detail: string; readonly isDamaged: boolean }

/** The engine that a vote belongs to. */
export type SignedPlace = { readonly chain: ChainNumber; readonly epoch: number }

export type WorldEvents = {
  /** A node starts from what it read on its disk. */
  readonly onStarted?: (node: number, restore: NodeRestore) => void
  /** A node takes up a shard while it runs, from what it read on its disk. */
  readonly onOpened?: (node: number, restore: ChainRestore) => void
  readonly onFact?: (node: number, fact: ValidatorFact) => void
  readonly onOutcome?: (node: number, shard: ChainNumber, outcome: BlockOutcome) => void
  /** After every beacon block that becomes final, also where several do at once. */
  readonly onBeacon?: (node: number, state: BeaconState) => void
  /** A key made a signature, whether or not anybody hears of it. */
  readonly onSigned?: (node: number, place: SignedPlace, vote: UnsignedVote, root: Hash) => void
  /** A node hands these writes to its disk. */
  readonly onWritten?: (node: number, writes: readonly StoreWrite[]) => void
  /** A message leaves; false: it is lost. Asked before the dice. */
  readonly passes?: (from: number, to: number, message: NodeMessage) => boolean
  /** The guard refused to let an honest node sign. */
  readonly onRefused?: (node: number, chain: ChainNumber, vote: UnsignedVote) => void
  /** A node ended; whoever wants it back starts it. */
  readonly onEnded?: (node: number, end: NodeEnd) => void
  /** Trouble is about to happen. */
  readonly onTrouble?: (trouble: Trouble) => void
}

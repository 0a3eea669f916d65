/**
 * Epochs (docs/protocol/beacon.md B.4): a fixed number of beacon blocks, in which nobody's seat changes. Which epoch a
 * height lies in is arithmetic, so that every node and every shard finds it without asking anybody.
 */
import type { Reader, Writer } from '../primitives/codec.ts'
import { HASH_SIZE } from '../primitives/hash.ts'
import type { Hash } from '../primitives/identifiers.ts'
import { ANCHOR_LAG_MAX, COMMITTEE_SEATS_MAX, SHARDS_MAX } from '../primitives/limits.ts'

export type EpochRules = {
  /** Beacon blocks per epoch; 0: the network has one epoch, which does not end. */
  readonly blocks: number
  /** Of every shard's seats, how many thousandths change with an epoch; 1000: a full shuffle. */
  readonly rotationPermille: number
  /** 1: every validator sits on one shard (partitioned); the number of shards: on every one (replicated). */
  readonly shardsPerValidator: number
}

/** One epoch for ever, every validator on one shard: what a genesis without epochs means. */
export const ONE_EPOCH: EpochRules = { blocks: 0, rotationPermille: 250, shardsPerValidator: 1 }

/** Fewer blocks would let a network turn epochs for nothing but the crosslinks of the last turn. */
export const EPOCH_BLOCKS_MIN = 4
/** A year of blocks of half a second: an epoch that is to end at all. */
const EPOCH_BLOCKS_LIMIT = 2 ** 26

/**
 * B.4: what is wrong with these rules: epochs of a few blocks at least, a rotation of at most everybody, seats on 1 to all shards.
 * B.14: a seal that waits for newcomers still leads into the epoch after its own, as a shard's recovery expects (B.8).
 */
export function epochRulesProblem(
  { blocks, rotationPermille, shardsPerValidator }: EpochRules,
  shardCount: number,
  isReadinessAsked: boolean,
): string | undefined {
  if (blocks !== 0 && !isWithin(blocks, EPOCH_BLOCKS_MIN, EPOCH_BLOCKS_LIMIT))
    return `an epoch has at least ${EPOCH_BLOCKS_MIN} beacon blocks`
  if (isReadinessAsked && blocks <= ANCHOR_LAG_MAX)
    return `shards that wait for their newcomers need epochs of more than ${ANCHOR_LAG_MAX} beacon blocks`
  if (!isWithin(rotationPermille, 0, 1000)) return 'the share that rotates is 0 to 1000 thousandths'
  if (!isWithin(shardsPerValidator, 1, shardCount)) return 'a validator sits on 1 to all shards'
  return undefined
}

function isWithin(value: number, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && value >= least && value <= most
}

/** Who sits where in one epoch, and what draws its leaders. */
export type EpochPlan = {
  readonly epoch: number
  readonly seed: Hash
  /** Validator indices by chain and seat; index 0 is the beacon's own committee. */
  readonly committees: readonly (readonly number[])[]
}

/** The epoch in which the chain continues after the beacon block of this height. */
export function epochAfter({ blocks }: EpochRules, height: number): number {
  return blocks === 0 ? 0 : Math.floor(height / blocks)
}

/** Whether the beacon block of this height is the last of its epoch. */
export function isSealingHeight(rules: EpochRules, height: number): boolean {
  return height > 0 && epochAfter(rules, height) > epochAfter(rules, height - 1)
}

export function writeEpochRules(writer: Writer, rules: EpochRules): void {
  writer.u64(rules.blocks).u32(rules.rotationPermille).u32(rules.shardsPerValidator)
}

export function readEpochRules(reader: Reader): EpochRules {
  return {
    blocks: reader.u64(),
    rotationPermille: reader.u32(),
    shardsPerValidator: reader.u32(),
  }
}

export function writeCommittees(
  writer: Writer,
  committees: readonly (readonly number[])[],
): Writer {
  return writer.list(committees, (into, seats) =>
    into.list(seats, (inner, validator) => inner.u16(validator)),
  )
}

export function readCommittees(reader: Reader): readonly (readonly number[])[] {
  return reader.list(SHARDS_MAX + 1, (from) =>
    from.list(COMMITTEE_SEATS_MAX, (inner) => inner.u16()),
  )
}

export function writeEpochPlan(writer: Writer, plan: EpochPlan): void {
  writeCommittees(writer.u64(plan.epoch).fixed(plan.seed, HASH_SIZE), plan.committees)
}

export function readEpochPlan(reader: Reader): EpochPlan {
  return {
    epoch: reader.u64(),
    seed: reader.fixed(HASH_SIZE),
    committees: readCommittees(reader),
  }
}

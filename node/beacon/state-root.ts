/**
 * The beacon's state root and proofs under it (docs/protocol/beacon.md B.1): a Merkle tree over the fields in fixed order,
 * where `shards` is a tree of its own, so that one shard's record is proved by a short branch.
 */
import { outRootOf } from '../crosslink/channel.ts'
import { encodeShardRecord } from '../crosslink/crosslink-codec.ts'
import type { ShardRecord } from '../crosslink/crosslink.ts'
import { present } from '../primitives/assert.ts'
import { createWriter, type Writer } from '../primitives/codec.ts'
import { HASH_SIZE, hashTagged } from '../primitives/hash.ts'
import type { ChainNumber, Hash } from '../primitives/identifiers.ts'
import { merkleBranch, merkleRoot, verifyMerkleBranch } from '../primitives/merkle.ts'
import { writeActivity } from './activity.ts'
import { writeEpochPlan, writeEpochRules } from './epoch.ts'
import { writeRegistryRules, writeValidator } from './registry.ts'
import { writeChangeTally } from './shard-change.ts'
import type { BeaconState } from './state.ts'

/** Everything under the root: all but the head's own hash, which depends on the root, and batches, which channels commit to. */
export type RootedState = Omit<BeaconState, 'headHash' | 'sent'>

const FIELD_COUNT = 12
const SHARDS_FIELD = 8

/** The root that a block's header carries: the state after it, without the hash of that block itself. */
export function beaconStateRoot(state: RootedState): Hash {
  return merkleRoot(fieldLeaves(state))
}

function fieldLeaves(state: RootedState): readonly Hash[] {
  const fields = [
    hashTagged('genesis-hash', state.genesisHash),
    u64Hash('epoch', state.epoch),
    u64Hash('height', state.height),
    u64Hash('timestamp', state.timestampMs),
    merkleRoot(state.blockHashes),
    hashTagged('randomness', state.mix, state.seed),
    listRoot('validator', state.validators, writeValidator),
    listRoot('committee', state.committees, (writer, seats) =>
      writer.list(seats, (inner, validator) => inner.u16(validator)),
    ),
    merkleRoot(recordLeaves(state.shards)),
    epochsHash(state),
    registryHash(state),
    channelsHash(state),
  ]
  return fields.map(fieldLeaf)
}

/** The index is hashed with the field, so that no field is taken for another of equal content. */
function fieldLeaf(field: Hash, index: number): Hash {
  return hashTagged('field', Uint8Array.of(index), field)
}

/** B.4, B.15: the rules, and every plan but the one in force, which stands in fields of its own; B.7: what this epoch asks for. */
function epochsHash({ epochRules, beaconSeats, plans, changes }: RootedState): Hash {
  const rules = createWriter()
  writeEpochRules(rules, epochRules)
  if (beaconSeats !== undefined) rules.u32(beaconSeats)
  return hashTagged(
    'epochs',
    rules.finish(),
    listRoot('epoch-plan', plans, writeEpochPlan),
    listRoot('shard-change', changes, writeChangeTally),
  )
}

/** B.6: the rules by which validators come and go, and what stakes have lost; B.13: who was heard of, where that is asked. */
function registryHash({ registryRules, burnt, activity }: RootedState): Hash {
  const writer = createWriter()
  writeRegistryRules(writer, registryRules)
  writer.u256(burnt)
  if (activity !== undefined) writeActivity(writer, activity)
  return hashTagged('registry', writer.finish())
}

/** C.9: how far the beacon has consumed, and what it has sent: where it stands in every channel is every node's to see. */
function channelsHash({ incoming, outgoing }: RootedState): Hash {
  return hashTagged('channels', outRootOf(incoming), outRootOf(outgoing))
}

function u64Hash(tag: string, value: number): Hash {
  return hashTagged(tag, createWriter().u64(value).finish())
}

/** Validators and committees stay the same lists for a whole epoch. */
const listRoots = new WeakMap<readonly unknown[], Hash>()

/** A list stands in one field only, under one tag. */
function listRoot<T>(
  tag: string,
  items: readonly T[],
  write: (writer: Writer, item: T) => unknown,
): Hash {
  const known = listRoots.get(items)
  if (known !== undefined) return known
  const root = merkleRoot(
    items.map((item) => {
      const writer = createWriter()
      write(writer, item)
      return hashTagged(tag, writer.finish())
    }),
  )
  listRoots.set(items, root)
  return root
}

function recordLeaves(shards: readonly ShardRecord[]): readonly Hash[] {
  return shards.map(recordLeaf)
}

/** A shard's record stays the same until its next crosslink. */
const recordLeafOf = new WeakMap<ShardRecord, Hash>()

function recordLeaf(record: ShardRecord): Hash {
  const known = recordLeafOf.get(record)
  if (known !== undefined) return known
  const leaf = hashTagged('shard-record', encodeShardRecord(record))
  recordLeafOf.set(record, leaf)
  return leaf
}

/** One shard's record under a beacon state root, for light clients. */
export type ShardRecordProof = {
  readonly record: ShardRecord
  readonly shardCount: number
  /** From the record to the root of all records, bottom up. */
  readonly recordBranch: readonly Hash[]
  readonly recordsRoot: Hash
  /** From the root of all records to the state root, bottom up. */
  readonly fieldBranch: readonly Hash[]
}

export function shardRecordProof(state: BeaconState, shard: ChainNumber): ShardRecordProof {
  const leaves = recordLeaves(state.shards)
  return {
    record: present(state.shards[shard - 1], 'the network has this shard'),
    shardCount: state.shards.length,
    recordBranch: merkleBranch(leaves, shard - 1),
    recordsRoot: merkleRoot(leaves),
    fieldBranch: merkleBranch(fieldLeaves(state), SHARDS_FIELD),
  }
}

/** True only if `record` is that of its shard in the one state under `stateRoot`. Total on foreign proofs. */
export function verifyShardRecord(stateRoot: Hash, proof: ShardRecordProof): boolean {
  if (proof.recordsRoot.length !== HASH_SIZE) return false
  const inRecords = verifyMerkleBranch({
    root: proof.recordsRoot,
    leafCount: proof.shardCount,
    index: proof.record.shard - 1,
    leaf: recordLeaf(proof.record),
    branch: proof.recordBranch,
  })
  return (
    inRecords &&
    verifyMerkleBranch({
      root: stateRoot,
      leafCount: FIELD_COUNT,
      index: SHARDS_FIELD,
      leaf: fieldLeaf(proof.recordsRoot, SHARDS_FIELD),
      branch: proof.fieldBranch,
    })
  )
}

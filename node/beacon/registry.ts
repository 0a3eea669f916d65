/**
 * The registry: who validates, with what stake, from which epoch to which (docs/protocol/beacon.md B.6).
 *
 * A validator's index is its name for ever: records are added at the end and never removed, so that seats, votes and
 * evidence of any epoch still say whom they mean. Who gets seats in an epoch is a question of epochs alone, not of status:
 * plans are drawn ahead, and what changes now concerns the first plan that is not drawn yet.
 */
import { asciiBytes } from '../primitives/bytes.ts'
import { DecodeError, type Reader, type Writer } from '../primitives/codec.ts'
import { ADDRESS_SIZE, type Address, type ChainNumber } from '../primitives/identifiers.ts'
import { PEER_ID_SIZE_MAX } from '../crosslink/registration.ts'
import { KEY_PAIR_SIZE } from '../primitives/key-use.ts'
import { SHARDS_MAX } from '../primitives/limits.ts'

/** In the order of a validator's life; the index is the byte that is encoded. */
const STATUSES = ['pending', 'active', 'exiting', 'exited', 'slashed'] as const
export type ValidatorStatus = (typeof STATUSES)[number]

export type BeaconValidator = {
  readonly publicKey: Uint8Array
  readonly peer: string
  /** Gets tips where they arise, and the stake back on its own shard. */
  readonly payout: Address
  readonly payoutShard: ChainNumber
  /** Wei that is locked up now. */
  readonly stake: bigint
  /** Wei that was locked up when the validator was slashed; 0 if it never was. */
  readonly slashedStake: bigint
  readonly status: ValidatorStatus
  /** It has seats from this epoch on, */
  readonly activationEpoch: number
  /** before this one, */
  readonly exitEpoch: number
  /** and gets its stake back when this one begins. */
  readonly withdrawableEpoch: number
}

export type RegistryRules = {
  /** Wei that every validator of the genesis has at stake, and the least that a newcomer deposits. */
  readonly stake: bigint
  /** Epochs from a validator's last seat until its stake is free, and for which evidence against it counts. */
  readonly unbondEpochs: number
}

/** What a genesis without rules of its own means: Ethereum's stake, and the delay of a devnet. */
export const DEFAULT_REGISTRY: RegistryRules = { stake: 32n * 10n ** 18n, unbondEpochs: 8 }

/** Records there can be in all, also of validators that left: an index is a u16, and the list is hashed. */
export const REGISTRY_MAX = 1024
/** An epoch that does not come: nobody has asked to leave. */
export const NEVER = Number.MAX_SAFE_INTEGER
/** Two keys in one record are the largest of the schemes. */
const PUBLIC_KEY_SIZE_MAX = KEY_PAIR_SIZE

/** The validators of a genesis sit from epoch 0 on. Stake that comes free is spread over the shards. */
export function genesisValidators(
  validators: readonly Pick<BeaconValidator, 'publicKey' | 'peer' | 'payout'>[],
  { stake }: RegistryRules,
  shardCount: number,
): readonly BeaconValidator[] {
  return validators.map(({ publicKey, peer, payout }, index) => ({
    publicKey,
    peer,
    payout,
    payoutShard: (index % shardCount) + 1,
    stake,
    slashedStake: 0n,
    status: 'active',
    activationEpoch: 0,
    exitEpoch: NEVER,
    withdrawableEpoch: NEVER,
  }))
}

type Term = Pick<BeaconValidator, 'activationEpoch' | 'exitEpoch'>

/** Indices of those who get seats in the epoch, ascending. */
export function activeIn(validators: readonly Term[], epoch: number): readonly number[] {
  return [...validators.keys()].filter((index) => {
    const validator = validators[index]
    return (
      validator !== undefined && validator.activationEpoch <= epoch && epoch < validator.exitEpoch
    )
  })
}

/** The registry when the epoch begins: those whose term begins or ends change their status. */
export function turnRegistry(
  validators: readonly BeaconValidator[],
  epoch: number,
): readonly BeaconValidator[] {
  const turned = validators.map((validator) => {
    const status = statusIn(validator, epoch)
    return status === validator.status ? validator : { ...validator, status }
  })
  // Hashes of lists are kept by list.
  return turned.some((validator, index) => validator !== validators[index]) ? turned : validators
}

function statusIn(validator: BeaconValidator, epoch: number): ValidatorStatus {
  const { status, activationEpoch, exitEpoch } = validator
  if (status === 'pending' && activationEpoch <= epoch) return 'active'
  if (status === 'exiting' && exitEpoch <= epoch) return 'exited'
  return status
}

export function writeValidator(writer: Writer, validator: BeaconValidator): void {
  writer
    .variable(validator.publicKey)
    .variable(asciiBytes(validator.peer))
    .fixed(validator.payout, ADDRESS_SIZE)
    .u32(validator.payoutShard)
    .u256(validator.stake)
    .u256(validator.slashedStake)
    .u8(STATUSES.indexOf(validator.status))
    .u64(validator.activationEpoch)
    .u64(validator.exitEpoch)
    .u64(validator.withdrawableEpoch)
}

/** Reads in the order of writing: the order of these properties is the format. */
export function readValidator(reader: Reader): BeaconValidator {
  return {
    publicKey: reader.variable(PUBLIC_KEY_SIZE_MAX),
    peer: readAscii(reader, PEER_ID_SIZE_MAX),
    payout: reader.fixed(ADDRESS_SIZE),
    payoutShard: readShard(reader),
    stake: reader.u256(),
    slashedStake: reader.u256(),
    status: readStatus(reader),
    activationEpoch: reader.u64(),
    exitEpoch: reader.u64(),
    withdrawableEpoch: reader.u64(),
  }
}

function readStatus(reader: Reader): ValidatorStatus {
  const status = STATUSES[reader.u8()]
  if (status === undefined) throw new DecodeError('a validator status is unknown')
  return status
}

function readShard(reader: Reader): ChainNumber {
  const shard = reader.u32()
  if (shard < 1 || shard > SHARDS_MAX) throw new DecodeError('a payout names no shard')
  return shard
}

function readAscii(reader: Reader, sizeMax: number): string {
  const bytes = reader.variable(sizeMax)
  if (bytes.some((byte) => byte > 127)) throw new DecodeError('a label is not ASCII')
  return String.fromCharCode(...bytes)
}

export function writeRegistryRules(writer: Writer, rules: RegistryRules): void {
  writer.u256(rules.stake).u32(rules.unbondEpochs)
}

export function readRegistryRules(reader: Reader): RegistryRules {
  return { stake: reader.u256(), unbondEpochs: reader.u32() }
}

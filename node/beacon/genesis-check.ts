/**
 * Which genesis is refused (docs/protocol/beacon.md B.1): everything but the proofs of possession, which need the signature
 * scheme and are checked by the host, and the accounts that stand apart, which whoever reads them checks against their root.
 */
import { PEER_ID_SIZE_MAX } from '../crosslink/registration.ts'
import { compareBytes, toHex } from '../primitives/bytes.ts'
import { HASH_SIZE } from '../primitives/hash.ts'
import { ADDRESS_SIZE } from '../primitives/identifiers.ts'
import { KEY_PAIR_SIZE } from '../primitives/key-use.ts'
import { COMMITTEE_SEATS_MAX, SHARDS_MAX } from '../primitives/limits.ts'
import { accepted, type Reject, type Result } from '../primitives/result.ts'
import type { CertificateSchemeName } from '../primitives/signature.ts'
import { inactivityProblem } from './activity.ts'
import { COMMITTEE_SEATS_MIN, fitsShards } from './committee.ts'
import { epochRulesProblem, ONE_EPOCH } from './epoch.ts'
import type { Genesis, GenesisAllocation } from './genesis.ts'
import { DEFAULT_REGISTRY, REGISTRY_MAX } from './registry.ts'

/** Public key and possession sizes by scheme, in bytes. */
const KEY_SIZES: Readonly<
  Record<CertificateSchemeName, { readonly publicKey: number; readonly possession: number }>
> = {
  'by-size': { publicKey: KEY_PAIR_SIZE, possession: 64 + 96 },
  bls: { publicKey: 48, possession: 96 },
  ed25519: { publicKey: 32, possession: 64 },
  mock: { publicKey: 32, possession: 32 },
}

const NETWORK_NAME_SIZE_MAX = 64
/** All money there is, over all shards: far below 2^256, so that no sum of balances can overflow. */
export const SUPPLY_LIMIT = 1n << 200n

const TOO_MUCH = 'all balances together are below 2^200 wei'
/** As the state of a shard has it (genesis-state.ts): no honest balance comes near 2^256. */
const SHARD_SUPPLY_LIMIT = 1n << 128n

/** Ethereum libraries read chain ids as 32-bit or 53-bit numbers; the base leaves room for the shards. */
const CHAIN_ID_BASE_MAX = 0x7fffffff - SHARDS_MAX
const TIMING_MS_MAX = 86_400_000
/** Longer, and a stake would be locked up for years even where epochs are short. */
const UNBOND_EPOCHS_MAX = 65_536
/** gas times base fee of a whole block stays far below 2^256. */
const GAS_LIMIT_MAX = 0xffffffff
const BASE_FEE_LIMIT = 1n << 128n

export type GenesisReject =
  | 'bad-name'
  | 'bad-shard-count'
  | 'bad-timing'
  | 'bad-epochs'
  | 'bad-registry'
  | 'bad-inactivity'
  | 'bad-beacon-seats'
  | 'bad-gas'
  | 'bad-chain-id'
  | 'bad-seed'
  | 'too-few-validators'
  | 'too-many-validators'
  | 'bad-key-size'
  | 'bad-peer'
  | 'bad-payout'
  | 'duplicate-key'
  | 'duplicate-peer'
  | 'bad-allocation'
  | 'unsorted-allocations'
  | 'too-much-supply'
  | 'bad-accounts'

/** Everything but the proofs of possession, which need the signature scheme and are checked by the host (B.1). */
export function checkGenesis(genesis: Genesis): Result<Genesis, GenesisReject> {
  const reject =
    checkParameters(genesis) ??
    checkEpochs(genesis) ??
    checkRegistry(genesis) ??
    checkInactivity(genesis) ??
    checkBeaconSeats(genesis) ??
    checkCommitteeSizes(genesis) ??
    checkValidators(genesis) ??
    checkAllocations(genesis) ??
    checkShardAccounts(genesis)
  return reject === undefined ? accepted(genesis) : { ok: false, reject }
}

type Problem = Reject<GenesisReject> | undefined

function problem(code: GenesisReject, detail: string): Problem {
  return { code, detail }
}

function checkParameters(genesis: Genesis): Problem {
  if (!isLabel(genesis.networkName, NETWORK_NAME_SIZE_MAX))
    return problem('bad-name', 'the network name is 1 to 64 printable ASCII characters')
  if (!isWithin(genesis.shardCount, 1, SHARDS_MAX))
    return problem('bad-shard-count', `a network has 1 to ${SHARDS_MAX} shards`)
  if (!isWithin(genesis.chainIdBase, 1, CHAIN_ID_BASE_MAX))
    return problem('bad-chain-id', 'chain ids are positive 32-bit numbers')
  if (genesis.seed.length !== HASH_SIZE) return problem('bad-seed', 'the seed has 32 bytes')
  if (!isWithin(genesis.timestampMs, 0, Number.MAX_SAFE_INTEGER))
    return problem('bad-timing', 'the timestamp is in whole milliseconds')
  for (const timing of [genesis.shardTiming, genesis.beaconTiming]) {
    if (!isWithin(timing.blockIntervalMs, 1, TIMING_MS_MAX))
      return problem('bad-timing', 'a block interval is 1 ms to 1 day')
    if (!isWithin(timing.idleIntervalMs, 0, TIMING_MS_MAX))
      return problem('bad-timing', 'an idle interval is at most 1 day')
    if (!isWithin(timing.deltaMs, 1, TIMING_MS_MAX))
      return problem('bad-timing', 'delta is 1 ms to 1 day')
  }
  // One plain transfer must fit a block (21000 gas, Ethereum's intrinsic cost).
  if (!isWithin(genesis.gasLimit, 21_000, GAS_LIMIT_MAX))
    return problem('bad-gas', 'the gas limit holds at least one transfer')
  if (genesis.initialBaseFee < 0n || genesis.initialBaseFee >= BASE_FEE_LIMIT)
    return problem('bad-gas', 'the base fee is a sane amount of wei')
  return undefined
}

function isWithin(value: number, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && value >= least && value <= most
}

function isLabel(text: string, sizeMax: number): boolean {
  return text.length <= sizeMax && /^[\x21-\x7e]+$/.test(text)
}

function checkEpochs({ epochs = ONE_EPOCH, shardCount, readiness }: Genesis): Problem {
  const detail = epochRulesProblem(epochs, shardCount, readiness === true)
  return detail === undefined ? undefined : problem('bad-epochs', detail)
}

/** B.6: somebody has something to lose, for at least as long as evidence may take. */
function checkRegistry({ registry = DEFAULT_REGISTRY, validators }: Genesis): Problem {
  const { stake, unbondEpochs } = registry
  if (stake < 1n || stake * BigInt(validators.length) >= SUPPLY_LIMIT)
    return problem('bad-registry', 'all stakes together are 1 wei to 2^200 wei')
  if (!isWithin(unbondEpochs, 1, UNBOND_EPOCHS_MAX))
    return problem('bad-registry', `a stake is bound for 1 to ${UNBOND_EPOCHS_MAX} epochs`)
  return undefined
}

function checkInactivity({ inactivityEpochs, epochs = ONE_EPOCH, ...rest }: Genesis): Problem {
  const count = rest.validators.length
  const seats = Math.min(count, rest.beaconSeats ?? count)
  const detail = inactivityProblem(inactivityEpochs, epochs.blocks, seats)
  return detail === undefined ? undefined : problem('bad-inactivity', detail)
}

function checkBeaconSeats({ beaconSeats }: Genesis): Problem {
  if (beaconSeats === undefined) return undefined
  if (isWithin(beaconSeats, COMMITTEE_SEATS_MIN, COMMITTEE_SEATS_MAX)) return undefined
  const detail = `the beacon has ${COMMITTEE_SEATS_MIN} to ${COMMITTEE_SEATS_MAX} seats`
  return problem('bad-beacon-seats', detail)
}

/** B.3: committees of at least 4 seats; one validator with one shard is the development mode. */
function checkCommitteeSizes(genesis: Genesis): Problem {
  const { shardCount, epochs = ONE_EPOCH } = genesis
  const count = genesis.validators.length
  const detail = crowdProblem(genesis)
  if (detail !== undefined) return problem('too-many-validators', detail)
  const development = count === 1 && shardCount === 1
  const seats = Math.floor((count * epochs.shardsPerValidator) / shardCount)
  if (!development && (seats < COMMITTEE_SEATS_MIN || count < COMMITTEE_SEATS_MIN))
    return problem(
      'too-few-validators',
      `${shardCount} shards need ${COMMITTEE_SEATS_MIN * shardCount} validators, there are ${count}`,
    )
  return undefined
}

/** B.15: the beacon seats everybody unless it draws, and a shard has no more seats than a committee can have. */
function crowdProblem({
  validators,
  shardCount,
  beaconSeats,
  epochs = ONE_EPOCH,
}: Genesis): string | undefined {
  const count = validators.length
  if (beaconSeats === undefined && count > COMMITTEE_SEATS_MAX)
    return `the beacon seats ${COMMITTEE_SEATS_MAX} validators; where there are more, it draws among them`
  if (count > REGISTRY_MAX) return `a registry has ${REGISTRY_MAX} validators at most`
  const { shardsPerValidator } = epochs
  if (fitsShards({ validatorCount: count, shardCount, shardsPerValidator })) return undefined
  return `a shard has ${COMMITTEE_SEATS_MAX} seats at most; ${count} validators need more shards than ${shardCount}`
}

function checkValidators(genesis: Genesis): Problem {
  const sizes = KEY_SIZES[genesis.certificateScheme]
  const keys = new Set<string>()
  const peers = new Set<string>()
  for (const [index, validator] of genesis.validators.entries()) {
    if (validator.publicKey.length !== sizes.publicKey)
      return problem('bad-key-size', `validator ${index} has a key of another scheme`)
    if (validator.possession.length !== sizes.possession)
      return problem('bad-key-size', `validator ${index} has a possession of another scheme`)
    if (!isLabel(validator.peer, PEER_ID_SIZE_MAX))
      return problem('bad-peer', `validator ${index} has no readable peer id`)
    if (validator.payout.length !== ADDRESS_SIZE)
      return problem('bad-payout', `validator ${index} has no payout address`)
    keys.add(toHex(validator.publicKey))
    peers.add(validator.peer)
    if (keys.size !== index + 1)
      return problem('duplicate-key', `validator ${index} repeats the key of another`)
    if (peers.size !== index + 1)
      return problem('duplicate-peer', `validator ${index} repeats the peer id of another`)
  }
  return undefined
}

function checkAllocations(genesis: Genesis): Problem {
  let supply = 0n
  for (const [index, allocation] of genesis.allocations.entries()) {
    const { address, shard, balance } = allocation
    if (address.length !== ADDRESS_SIZE || !isWithin(shard, 0, genesis.shardCount) || balance < 0n)
      return problem('bad-allocation', `allocation ${index} names no account of this network`)
    const before = genesis.allocations[index - 1]
    if (before !== undefined && compareAllocations(before, allocation) >= 0)
      return problem('unsorted-allocations', `allocation ${index} is out of order or repeated`)
    supply += shard === 0 ? balance * BigInt(genesis.shardCount) : balance
    if (supply >= SUPPLY_LIMIT) return problem('too-much-supply', TOO_MUCH)
  }
  return undefined
}

/** B.1: every shard's or none's, and then no list beside them. */
function checkShardAccounts({ shardAccounts, allocations, shardCount }: Genesis): Problem {
  if (shardAccounts === undefined) return undefined
  if (allocations.length > 0 || shardAccounts.length !== shardCount)
    return problem('bad-accounts', 'shardAccounts name those of every shard, and no allocations')
  let total = 0n
  for (const { stateRoot, supply } of shardAccounts) {
    if (stateRoot.length !== HASH_SIZE || supply < 0n || supply >= SHARD_SUPPLY_LIMIT)
      return problem('bad-accounts', 'a shard has a root of 32 bytes and below 2^128 wei')
    total += supply
  }
  return total < SUPPLY_LIMIT ? undefined : problem('too-much-supply', TOO_MUCH)
}

/** By address, then by shard. */
export function compareAllocations(left: GenesisAllocation, right: GenesisAllocation): number {
  return compareBytes(left.address, right.address) || left.shard - right.shard
}

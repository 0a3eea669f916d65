/**
 * What a devnet is made of, and which wishes are refused. The parameters below decide the genesis: a data directory made
 * with others is another network.
 *
 * Invariant: every committee has at least four seats, because with fewer one fault stops or forges everything (3f + 1
 * with f = 1 is 4). The one exception is one validator with one shard, a development mode that is labelled as such.
 */
import { REGISTRY_MAX } from '../node/beacon/registry.ts'
import { ANCHOR_LAG_MAX, COMMITTEE_SEATS_MAX, SHARDS_MAX } from '../node/primitives/limits.ts'
import { accepted, rejected, type Result } from '../node/primitives/result.ts'
import type { CertificateSchemeName } from '../node/primitives/signature.ts'

export type DevnetParameters = {
  readonly shards: number
  readonly validators: number
  readonly scheme: CertificateSchemeName
  readonly shardBlockMs: number
  readonly beaconBlockMs: number
  /** Silence of a chain without work, shard or beacon, between heartbeats. */
  readonly idleMs: number
  /** Delta: the assumed bound on message delay (consensus A.7). */
  readonly deltaMs: number
  readonly gasLimit: number
  /** Senders of the traffic generator per shard, funded at genesis. */
  readonly loadAccounts: number
  /** Accounts per shard, besides those, that hold money and do nothing: a large state. */
  readonly idleAccounts: number
  /** Beacon blocks per epoch, after which seats rotate; 0: never. */
  readonly epochBlocks: number
  /** Epochs after which a validator that nobody hears of leaves (beacon.md B.13); 0: never. */
  readonly inactivityEpochs: number
  /** Whether shards wait for their newcomers before they end an epoch (beacon.md B.14). */
  readonly readiness: boolean
  /** Most seats of the beacon's committee, which is drawn where there are more validators (beacon.md B.15); 0: it seats everybody. */
  readonly beaconSeats: number
}

export const COMMITTEE_SIZE_MIN = 4
/** A genesis file holds half a million; the rest is for people. */
const ACCOUNTS_MAX = 499_000
export const CHAIN_ID_BASE = 713_000

/** Sized for 16 processes on 2 cores; see docs/devnet.md. */
export const DEFAULT_PARAMETERS: DevnetParameters = {
  shards: 4,
  validators: 16,
  scheme: 'by-size',
  shardBlockMs: 500,
  beaconBlockMs: 1000,
  idleMs: 10_000,
  deltaMs: 400,
  // 1714 plain transfers; half of it is the target above which the base fee climbs, so a shard takes 1714 per second for as
  // long as it likes. A full block takes a member of this machine's slowest committee about 40 ms to execute.
  gasLimit: 36_000_000,
  loadAccounts: 200,
  idleAccounts: 0,
  epochBlocks: 0,
  inactivityEpochs: 0,
  readiness: false,
  beaconSeats: 0,
}

export type ParameterRejectCode =
  | 'too-many-shards'
  | 'too-many-validators'
  | 'too-many-accounts'
  | 'committee-too-small'
  | 'bad-beacon-seats'
  | 'epochs-too-short'

/** The parameters, or one sentence that says what to change. */
export function checkParameters(
  parameters: DevnetParameters,
): Result<DevnetParameters, ParameterRejectCode> {
  const { shards, validators, beaconSeats } = parameters
  if (shards > SHARDS_MAX) {
    return rejected('too-many-shards', `${shards} shards are too many; use at most ${SHARDS_MAX}`)
  }
  const crowd = crowdSentence(parameters)
  if (crowd !== undefined) return rejected('too-many-validators', crowd)
  if (
    beaconSeats !== 0 &&
    (beaconSeats < COMMITTEE_SIZE_MIN || beaconSeats > COMMITTEE_SEATS_MAX)
  ) {
    return rejected(
      'bad-beacon-seats',
      `the beacon has ${COMMITTEE_SIZE_MIN} to ${COMMITTEE_SEATS_MAX} seats; use --beacon-seats with such a number, or without it seat everybody`,
    )
  }
  const accounts = shards * (parameters.loadAccounts + parameters.idleAccounts)
  if (accounts > ACCOUNTS_MAX) {
    return rejected(
      'too-many-accounts',
      `${accounts} accounts over ${shards} shards are too many for one genesis; use at most ${ACCOUNTS_MAX} in all`,
    )
  }
  const proposers = beaconSeatsOf(parameters)
  if (parameters.inactivityEpochs > 0 && parameters.epochBlocks < proposers) {
    return rejected(
      'epochs-too-short',
      `whoever may be told to leave must have had a block to propose in each epoch; use --epoch-blocks ${proposers} or more`,
    )
  }
  if (parameters.readiness && parameters.epochBlocks <= ANCHOR_LAG_MAX) {
    return rejected(
      'epochs-too-short',
      `shards wait for newcomers only in epochs that are long enough; use --epoch-blocks ${ANCHOR_LAG_MAX + 1} or more with --readiness`,
    )
  }
  if (isDevelopmentMode(parameters)) return accepted(parameters)
  if (committeeSizeOf(parameters) < COMMITTEE_SIZE_MIN) {
    const needed = COMMITTEE_SIZE_MIN * shards
    return rejected(
      'committee-too-small',
      `${validators} validators over ${shards} shards leave committees of ${committeeSizeOf(parameters)}, and a committee ` +
        `needs ${COMMITTEE_SIZE_MIN}; use --validators ${needed}, or --shards 1 --validators 1 for development`,
    )
  }
  return accepted(parameters)
}

/** Too many for one committee of the beacon, for the registry, or for the committees of so few shards. */
function crowdSentence({ shards, validators, beaconSeats }: DevnetParameters): string | undefined {
  const most = Math.min(REGISTRY_MAX, COMMITTEE_SEATS_MAX * shards)
  if (beaconSeats === 0 && validators > COMMITTEE_SEATS_MAX)
    return `${validators} validators are too many for one beacon committee; use at most ${COMMITTEE_SEATS_MAX}, or --beacon-seats`
  if (validators > most)
    return `${validators} validators are too many for ${shards} shards; use at most ${most}`
  return undefined
}

/** Seats of the beacon's committee. */
function beaconSeatsOf({
  validators,
  beaconSeats,
}: Pick<DevnetParameters, 'validators' | 'beaconSeats'>): number {
  return beaconSeats === 0 ? validators : Math.min(validators, beaconSeats)
}

/** One process, no fault tolerated, blocks at once. */
function isDevelopmentMode({ shards, validators }: DevnetParameters): boolean {
  return shards === 1 && validators === 1
}

/** Seats of the smallest shard committee: validators are partitioned over the shards. */
export function committeeSizeOf({
  shards,
  validators,
}: Pick<DevnetParameters, 'shards' | 'validators'>): number {
  return Math.floor(validators / shards)
}

/** Faults a committee of `size` tolerates. */
export function faultsTolerated(size: number): number {
  return Math.floor((size - 1) / 3)
}

/** Signatures that decide: never 2f + 1, which forks when size is not 3f + 1 (consensus A.2). */
export function quorumOf(size: number): number {
  return size - faultsTolerated(size)
}

/** Names of the parameters in which two devnets differ, with both values, for the sentence of a refusal. */
export function differencesOf(stored: DevnetParameters, wanted: DevnetParameters): string[] {
  const names = Object.keys(DEFAULT_PARAMETERS) as (keyof DevnetParameters)[]
  return names
    .filter((name) => stored[name] !== wanted[name])
    .map((name) => `${name} ${stored[name]} instead of ${wanted[name]}`)
}

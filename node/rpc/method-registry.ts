/**
 * `beacon_getValidators`: the registry as the beacon's newest finalized block leaves it, and who sits where in this epoch and
 * in the next one (docs/protocol/beacon.md B.6).
 */
import { NEVER, type BeaconValidator } from '../beacon/registry.ts'
import { BEACON_CHAIN } from '../primitives/identifiers.ts'
import type { RegistryView } from './backend.ts'
import { answer } from './error-code.ts'
import { formatData, formatQuantity } from './hexadecimal.ts'
import { networkMethod, type Method } from './method.ts'

export const REGISTRY_METHODS: readonly Method[] = [
  networkMethod({
    name: 'beacon_getValidators',
    summary:
      'Every validator there ever was: status, stake, term, shards now and in the next epoch.',
    cost: 5,
    parameters: [],
    run: ({ backend }) => answer(formatRegistry(backend.registry())),
  }),
]

function formatRegistry(view: RegistryView): object {
  return {
    epoch: view.epoch,
    height: view.height,
    burnt: formatQuantity(view.burnt),
    validators: view.validators.map((validator, index) => ({
      index,
      ...formatValidator(validator),
      beacon: isOnBeacon(view.committees, index),
      nextBeacon: view.nextCommittees === undefined ? null : isOnBeacon(view.nextCommittees, index),
      shards: shardsOf(view.committees, index),
      nextShards: view.nextCommittees === undefined ? null : shardsOf(view.nextCommittees, index),
    })),
  }
}

function formatValidator(validator: BeaconValidator): object {
  return {
    status: validator.status,
    stake: formatQuantity(validator.stake),
    slashedStake: formatQuantity(validator.slashedStake),
    activationEpoch: validator.activationEpoch,
    exitEpoch: formatEpoch(validator.exitEpoch),
    withdrawableEpoch: formatEpoch(validator.withdrawableEpoch),
    peer: validator.peer,
    publicKey: formatData(validator.publicKey),
    payout: { shard: validator.payoutShard, account: formatData(validator.payout) },
  }
}

function formatEpoch(epoch: number): number | null {
  return epoch === NEVER ? null : epoch
}

/** B.15: where the beacon draws its committee, not everybody is. */
function isOnBeacon(committees: RegistryView['committees'], index: number): boolean {
  return committees[BEACON_CHAIN]?.includes(index) === true
}

function shardsOf(committees: RegistryView['committees'], index: number): readonly number[] {
  return [...committees.keys()].filter(
    (chain) => chain !== BEACON_CHAIN && committees[chain]?.includes(index),
  )
}

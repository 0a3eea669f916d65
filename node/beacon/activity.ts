/**
 * Signs of life, as the beacon's state keeps them where the genesis asks for it (docs/protocol/beacon.md B.13). What becomes of those
 * who give none: inactivity.ts.
 */
import type { Reader, Writer } from '../primitives/codec.ts'
import { SHARDS_MAX } from '../primitives/limits.ts'
import { REGISTRY_MAX } from './registry.ts'

export type Activity = {
  /** Epochs in a row without a sign of life after which a validator leaves: the rule of the genesis. */
  readonly epochs: number
  /** Crosslinks of this epoch's committees that blocks of this epoch carry, index = shard - 1. */
  readonly recorded: readonly number[]
  /** Validators that gave a sign of life in this epoch, ascending. */
  readonly seen: readonly number[]
  /** Epochs in a row in which a validator was absent, by index; who joined since has none. */
  readonly absences: readonly number[]
}

export function openActivity(epochs: number): Activity {
  return { epochs, recorded: [], seen: [], absences: [] }
}

/** As long as a stake can be bound. */
const INACTIVITY_EPOCHS_MAX = 65_536

/** One silent epoch may be a restart; and in each that counts everybody must have had a block of the beacon to propose. */
export function inactivityProblem(
  epochs: number | undefined,
  epochBlocks: number,
  beaconSeats: number,
): string | undefined {
  if (epochs === undefined) return undefined
  if (!Number.isSafeInteger(epochs) || epochs < 2 || epochs > INACTIVITY_EPOCHS_MAX)
    return `a validator may be silent for 2 to ${INACTIVITY_EPOCHS_MAX} epochs`
  if (epochBlocks >= beaconSeats) return undefined
  return 'an epoch has as many beacon blocks as the beacon has seats'
}

export function writeActivity(writer: Writer, activity: Activity): void {
  const { epochs, recorded, seen, absences } = activity
  writer
    .u32(epochs)
    .list(recorded, (into, count) => into.u64(count))
    .list(seen, (into, validator) => into.u16(validator))
    .list(absences, (into, count) => into.u32(count))
}

export function readActivity(reader: Reader): Activity {
  return {
    epochs: reader.u32(),
    recorded: reader.list(SHARDS_MAX, (from) => from.u64()),
    seen: reader.list(REGISTRY_MAX, (from) => from.u16()),
    absences: reader.list(REGISTRY_MAX, (from) => from.u32()),
  }
}

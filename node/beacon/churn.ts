/**
 * Churn (docs/protocol/beacon.md B.9, B.10): how many validators may come, and how many may go, with one epoch. A committee that
 * changed all at once would be one that nobody knows.
 */
import { activeIn, type BeaconValidator } from './registry.ts'

/** One in so many of those who have seats. */
const CHURN_QUOTIENT = 16
/** Plans are drawn an epoch ahead (B.4): what happens now is seen first in the one after the next. */
const EPOCHS_AHEAD = 2

/** Of those who have seats in the epoch, at least one. */
function churnLimit(validators: readonly BeaconValidator[], epoch: number): number {
  return Math.max(1, Math.floor(activeIn(validators, epoch).length / CHURN_QUOTIENT))
}

/** The first epoch that has room for one more, and none before those that were given already: who came first goes first. */
export function nextTurn(
  validators: readonly BeaconValidator[],
  epoch: number,
  given: readonly number[],
): number {
  const last = given.reduce((latest, one) => Math.max(latest, one), epoch + EPOCHS_AHEAD)
  const sharing = given.filter((one) => one === last).length
  return sharing < churnLimit(validators, epoch) ? last : last + 1
}

/** Of everybody who ever came. */
export function activationsOf(validators: readonly BeaconValidator[]): readonly number[] {
  return validators.map(({ activationEpoch }) => activationEpoch)
}

/** Of those who asked to leave. */
export function exitsOf(validators: readonly BeaconValidator[]): readonly number[] {
  return validators
    .filter(({ status }) => status === 'exiting' || status === 'exited')
    .map(({ exitEpoch }) => exitEpoch)
}

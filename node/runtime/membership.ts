/**
 * Who of the registry a peer may act for, by this node's own beacon (docs/protocol/beacon.md B.9, B.10). Whoever has deposited is let
 * in before it has seats, to catch up; whoever has left and is paid has nothing more to say as a validator.
 */
import type { BeaconValidator } from '../beacon/registry.ts'
import type { BeaconState } from '../beacon/state.ts'

type Registry = Pick<BeaconState, 'epoch' | 'validators'>

/** The record of this validator, if this peer stands in it and still has a part. */
export function actingFor(
  { epoch, validators }: Registry,
  index: number,
  peer: string,
): BeaconValidator | undefined {
  const registered = validators[index]
  if (registered === undefined || registered.peer !== peer) return undefined
  return hasLeft({ epoch, validators }, index) ? undefined : registered
}

/** Its term is over, and nothing that it voted counts any more. */
export function hasLeft({ epoch, validators }: Registry, index: number): boolean {
  return (validators[index]?.withdrawableEpoch ?? Infinity) <= epoch
}

/** Silent: follows everything, says nothing. */
import { admitsAll, type Adversary } from './adversary.ts'

export function createSilent(): Adversary {
  return { outgoing: () => [], admits: admitsAll }
}

/** Adversaries by name, as plans name them. */
import { unreachable } from '../../../node/primitives/assert.ts'
import type { Adversary, AdversaryPorts } from './adversary.ts'
import { createEquivocatingLeader } from './equivocating-leader.ts'
import { createForger } from './forger.ts'
import { createSelectiveSender } from './selective-sender.ts'
import { createSilent } from './silent.ts'
import { createTwin } from './twin.ts'
import { createVoteForEverything } from './vote-for-everything.ts'

export type Vice =
  | 'silent'
  | 'twins'
  | 'vote-for-everything'
  | 'equivocating-leader'
  | 'selective-sender'
  | 'forger'

export function createAdversary(vice: Vice, ports: AdversaryPorts): Adversary {
  switch (vice) {
    case 'silent':
      return createSilent()
    case 'twins':
      return createTwin(ports)
    case 'vote-for-everything':
      return createVoteForEverything(ports)
    case 'equivocating-leader':
      return createEquivocatingLeader(ports)
    case 'selective-sender':
      return createSelectiveSender(ports)
    case 'forger':
      return createForger(ports)
    default:
      return unreachable(vice)
  }
}

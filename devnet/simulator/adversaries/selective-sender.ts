/** Selective sender: everything it says is correct, but each message reaches only a random half of the committee. */
import { admitsAll, someOf, toAll, type Adversary, type AdversaryPorts } from './adversary.ts'

export function createSelectiveSender(ports: AdversaryPorts): Adversary {
  return {
    admits: admitsAll,
    outgoing: (message, recipients) => toAll(message, someOf(recipients, ports.dice)),
  }
}

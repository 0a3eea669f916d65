/**
 * Byzantine seats. An adversary stands between a correct engine and the network: the engine runs as always, and the
 * adversary decides what really leaves and what is let in. It holds the seat's key, so it can sign anything, but it can
 * forge nobody else's signature.
 */
import type { Prng } from '../../../node/primitives/prng.ts'
import type { Seat } from '../../../node/primitives/identifiers.ts'
import type { ConsensusMessage } from '../../../node/consensus/message.ts'
import type { UnsignedVote, Vote } from '../../../node/consensus/vote.ts'

export type Letter = { readonly to: Seat; readonly message: ConsensusMessage }

export type Adversary = {
  /** What is sent in place of one message to these seats. */
  readonly outgoing: (message: ConsensusMessage, recipients: readonly Seat[]) => readonly Letter[]
  /** False: the engine never sees this message. */
  readonly admits: (from: Seat | undefined, message: ConsensusMessage) => boolean
}

export type AdversaryPorts = {
  readonly seat: Seat
  readonly seatCount: number
  readonly dice: Prng
  /** Signs anything with the seat's key. */
  readonly sign: (vote: UnsignedVote) => Vote
}

export function toAll(message: ConsensusMessage, recipients: readonly Seat[]): readonly Letter[] {
  return recipients.map((to) => ({ to, message }))
}

export function admitsAll(): boolean {
  return true
}

/** Each seat with probability one half. */
export function someOf(recipients: readonly Seat[], dice: Prng): readonly Seat[] {
  return recipients.filter(() => dice.chance(1, 2))
}

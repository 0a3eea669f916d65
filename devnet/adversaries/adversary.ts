/**
 * The contract of an adversary: a validator machine in place of an honest one, with the same inputs and effects, so that
 * the simulator and a real process run it alike. It usually keeps an honest machine inside and changes what goes in and out.
 *
 * Pure and synchronous like the machine it stands for: dice come from `random`, time from the inputs.
 */
import type { Genesis } from '../../node/beacon/genesis.ts'
import type { Prng } from '../../node/primitives/prng.ts'
import type { CertificateScheme } from '../../node/primitives/signature.ts'
import type { Validator } from '../../node/validator/validator.ts'

export type AdversarySeat = {
  readonly genesis: Genesis
  /** Index in the registry. */
  readonly validator: number
  readonly scheme: CertificateScheme
  readonly secretKey: Uint8Array
  readonly random: Prng
}

export type Adversary = {
  /** Kebab-case, named after the vice. */
  readonly name: string
  /** One sentence for people: what it does. */
  readonly description: string
  readonly corrupt: (honest: Validator, seat: AdversarySeat) => Validator
}

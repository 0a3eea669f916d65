/**
 * Keys, signatures and engine configuration of a simulated committee. The mock scheme is the default: one hash instead of
 * a pairing. Real schemes are put in from outside (`SimulatedCryptography`), because they live under `io/`.
 */
import { asciiBytes } from '../../node/primitives/bytes.ts'
import { hashTagged } from '../../node/primitives/hash.ts'
import { BEACON_CHAIN, type Seat } from '../../node/primitives/identifiers.ts'
import { present } from '../../node/primitives/assert.ts'
import { createMockScheme, mockKeyFromSeed } from '../../node/primitives/mock-signature.ts'
import { createPrng } from '../../node/primitives/prng.ts'
import type { CertificateScheme } from '../../node/primitives/signature.ts'
import type { EngineConfig } from '../../node/consensus/engine-contract.ts'
import type { UnsignedVote, Vote } from '../../node/consensus/vote.ts'
import { signingRoot } from '../../node/crosslink/certificate.ts'
import type { ConsensusPlan } from './consensus-plan.ts'
import { TOY_GENESIS } from './toy-chain.ts'

export type SimulatedCryptography = {
  readonly scheme: CertificateScheme
  readonly keyFromSeed: (seed: Uint8Array) => {
    readonly secretKey: Uint8Array
    readonly publicKey: Uint8Array
  }
}

export const MOCK_CRYPTOGRAPHY: SimulatedCryptography = {
  scheme: createMockScheme(),
  keyFromSeed: mockKeyFromSeed,
}

export type CommitteeKeys = {
  /** For this seat, or an observer. */
  readonly configOf: (seat: Seat) => EngineConfig
  readonly sign: (vote: UnsignedVote) => Vote
}

/** Chain 0, epoch 0 of a network that exists for one plan. */
export function createCommitteeKeys(
  plan: ConsensusPlan,
  cryptography: SimulatedCryptography,
): CommitteeKeys {
  const seats = Array.from({ length: plan.seatCount }, (_, seat) => seat)
  const keys = seats.map((seat) =>
    cryptography.keyFromSeed(hashTagged('simulator/key', asciiBytes(`${plan.seed}/${seat}`))),
  )
  const domain = {
    genesisHash: hashTagged('simulator/genesis', asciiBytes(`${plan.campaign}/${plan.seed}`)),
    chain: BEACON_CHAIN,
    epoch: 0,
  }
  const shared = {
    domain,
    committee: keys.map(({ publicKey }) => publicKey),
    leaderOrder: createPrng(plan.seed).stream('leaders').shuffle(seats),
    genesis: TOY_GENESIS,
    timing: plan.timing,
  }
  return {
    configOf: (seat) => ({ ...shared, seat }),
    sign: (vote) => {
      const { kind, view, proposal, seat } = vote
      const root = signingRoot(domain, kind, view, proposal)
      const { secretKey } = present(keys[seat], 'only seats sign')
      return { ...vote, signature: cryptography.scheme.sign(secretKey, root) }
    },
  }
}

/**
 * What a court knows of epochs: who sat where, and from which block each one began. Told by honest nodes, which must all say
 * the same; the seats are checked against what every other node computes.
 *
 * X4: every honest node computes the same seats for an epoch; a committee of a shard has at least four, none twice.
 * S10: an epoch of a chain begins from one block only, that of its sealing, and later than the one before.
 */
import type { EpochPlan } from '../../node/beacon/epoch.ts'
import type { BeaconState } from '../../node/beacon/state.ts'
import type { ChainNumber } from '../../node/primitives/identifiers.ts'

export type EpochBeginning = { readonly digest: string; readonly height: number }

export type EpochRegister = {
  /** An honest node's beacon stands here. A sentence if it contradicts another one's. */
  readonly planned: (node: number, state: BeaconState) => string | undefined
  /** An honest node started this epoch of the chain. */
  readonly began: (
    node: number,
    engine: { readonly chain: ChainNumber; readonly epoch: number },
    from: EpochBeginning,
  ) => string | undefined
  readonly seatsOf: (chain: ChainNumber, epoch: number) => readonly number[] | undefined
  readonly beginningOf: (chain: ChainNumber, epoch: number) => EpochBeginning | undefined
}

/** Fewest seats that tolerate a fault; the development network has one validator. */
const SEATS_MIN = 4

export function createEpochRegister(genesis: BeaconState): EpochRegister {
  const plans = new Map<number, EpochPlan>()
  const beginnings = new Map<string, EpochBeginning>()

  function plan(node: number, planned: EpochPlan, state: BeaconState): string | undefined {
    const known = plans.get(planned.epoch)
    if (known === undefined) {
      plans.set(planned.epoch, planned)
      return oddSeats(planned, state)
    }
    if (known.committees === planned.committees || textOf(known) === textOf(planned))
      return undefined
    return `node ${node} seats epoch ${planned.epoch} as ${textOf(planned)}, others as ${textOf(known)}`
  }

  const register: EpochRegister = {
    planned: (node, state) => {
      const { epoch, seed, committees } = state
      for (const one of [{ epoch, seed, committees }, ...state.plans]) {
        const sentence = plan(node, one, state)
        if (sentence !== undefined) return sentence
      }
      return undefined
    },
    began: (node, { chain, epoch }, from) => {
      const key = `${chain}/${epoch}`
      const known = beginnings.get(key) ?? from
      beginnings.set(key, known)
      if (known.digest === from.digest && known.height === from.height) return undefined
      return `node ${node} began epoch ${epoch} of chain ${chain} from ${from.digest} at ${from.height}, others from ${known.digest} at ${known.height}`
    },
    seatsOf: (chain, epoch) => plans.get(epoch)?.committees[chain],
    beginningOf: (chain, epoch) => beginnings.get(`${chain}/${epoch}`),
  }
  register.planned(-1, genesis)
  return register
}

function oddSeats({ epoch, committees }: EpochPlan, state: BeaconState): string | undefined {
  // The beacon seats everybody that is left.
  const least = Math.min(SEATS_MIN, committees[0]?.length ?? 0)
  for (const [chain, seats] of committees.entries()) {
    // B.7: the only chain without seats is one that is gone.
    if (seats.length === 0 && state.shards[chain - 1]?.stage === 'retired') continue
    if (new Set(seats).size !== seats.length)
      return `epoch ${epoch} seats a validator twice on chain ${chain}`
    if (seats.length < least) return `epoch ${epoch} leaves ${seats.length} seats on chain ${chain}`
  }
  return undefined
}

function textOf({ committees }: EpochPlan): string {
  return JSON.stringify(committees)
}

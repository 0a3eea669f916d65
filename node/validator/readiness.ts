/**
 * Readiness (B.14), an option of the genesis: whoever gets a seat on a shard with the next epoch and has its state says so to
 * those who sit there now, and their leaders put the seal off while no quorum of the next committee is there.
 *
 * Invariants: only leaders act on it, within what followers accept anyway (C.2), so nothing is valid or invalid because of it;
 * of one shard and epoch at most a word per seat is kept, and nothing of epochs that are over.
 */
import { epochAfter, type EpochRules } from '../beacon/epoch.ts'
import { quorumOf } from '../crosslink/certificate.ts'
import type { ChainNumber } from '../primitives/identifiers.ts'
import { ANCHOR_LAG_MAX } from '../primitives/limits.ts'
import type { Context } from './context.ts'
import type { EpochPlans } from './epoch-plans.ts'

export type ReadinessOptions = {
  /** The genesis asks for it. */
  readonly isAsked: boolean
  /** Own index in the registry; undefined: an observer. */
  readonly validator: number | undefined
  readonly epochRules: EpochRules
  readonly plans: Pick<EpochPlans, 'of'>
  readonly beaconHeight: () => number
  /** Shards whose state this node has, and the epoch that each of them is in. */
  readonly served: () => readonly ServedShard[]
}

export type ServedShard = { readonly shard: ChainNumber; readonly epoch: number }

export type Readiness = {
  /** The beacon has another block: says that this node is there, where that is news to somebody. */
  readonly tell: () => void
  /** This validator says that it has the state of a shard in whose committee of this epoch it will sit. */
  readonly hear: (shard: ChainNumber, epoch: number, validator: number) => void
  /** Whether a shard that is in `epoch` need not wait for the committee of `next`. */
  readonly isReady: (shard: ChainNumber, epoch: number, next: number) => boolean
}

export function createReadiness(
  context: Pick<Context, 'emit'>,
  options: ReadinessOptions,
): Readiness {
  const { isAsked, validator, plans } = options
  /** Shard -> epoch -> who has said so. */
  const heard = new Map<ChainNumber, Map<number, Set<number>>>()
  const seatsOf = (shard: ChainNumber, epoch: number): readonly number[] =>
    plans.of(epoch)?.committees[shard] ?? []

  function tell(): void {
    if (!isAsked) return
    const served = options.served()
    forget(heard, served)
    for (const { shard, epoch } of served) {
      if (!isNear(options, epoch) || validator === undefined) continue
      const members = seatsOf(shard, epoch)
      if (members.includes(validator) || !seatsOf(shard, epoch + 1).includes(validator)) continue
      const message = { kind: 'ready', shard, epoch: epoch + 1 } as const
      context.emit({ kind: 'send', to: members, channel: 'relay', message })
    }
  }

  function hear(shard: ChainNumber, epoch: number, from: number): void {
    if (!isAsked || !seatsOf(shard, epoch).includes(from)) return
    const byEpoch = heard.get(shard) ?? new Map<number, Set<number>>()
    heard.set(shard, byEpoch)
    byEpoch.set(epoch, (byEpoch.get(epoch) ?? new Set()).add(from))
  }

  return {
    tell,
    hear,
    isReady: (shard, epoch, next) => {
      const seats = seatsOf(shard, next)
      if (!isAsked || seats.length === 0) return true
      const members = seatsOf(shard, epoch)
      const said = heard.get(shard)?.get(next)
      const there = seats.filter((seat) => members.includes(seat) || said?.has(seat) === true)
      return there.length >= quorumOf(seats.length)
    },
  }
}

/** The end of the epoch is as near as the seal may be late: earlier nobody has to know. */
function isNear({ epochRules, beaconHeight }: ReadinessOptions, epoch: number): boolean {
  return epochAfter(epochRules, beaconHeight() + ANCHOR_LAG_MAX) > epoch
}

function forget(
  heard: Map<ChainNumber, Map<number, Set<number>>>,
  served: readonly ServedShard[],
): void {
  for (const [shard, byEpoch] of heard) {
    const current = served.find((one) => one.shard === shard)?.epoch ?? Infinity
    for (const epoch of byEpoch.keys()) if (epoch <= current) byEpoch.delete(epoch)
    if (byEpoch.size === 0) heard.delete(shard)
  }
}

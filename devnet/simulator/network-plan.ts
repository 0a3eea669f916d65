/**
 * One seed is one plan: everything that will be done to a whole network, as plain JSON, before the run begins. Running it
 * needs no further decision, so a plan can be stored, edited, shortened and run again.
 */
import { z } from 'zod'
import { EPOCH_BLOCKS_MIN } from '../../node/beacon/epoch.ts'
import type { CertificateSchemeName } from '../../node/primitives/signature.ts'
import type { Trouble } from './sharded-trouble.ts'

/** An order that brings stake to the beacon, or asks for it back; `validator`: index in the registry. */
export type StakeOrder =
  | { readonly kind: 'deposit'; readonly validator: number; readonly isProved: boolean }
  | { readonly kind: 'exit'; readonly validator: number }

export type NetworkOrder = {
  readonly atMs: number
  /** Where it is signed, and by whom (index of a personal account). */
  readonly shard: number
  readonly sender: number
  /** Where it ends; the same shard for a local transfer, 0 for stake. */
  readonly destination: number
  /** `bounce`: to an address that cannot receive there; `self`: to the sender's own address there. */
  readonly to: 'account' | 'bounce' | 'self'
  readonly amount: number
  /** The node that the client asks first. */
  readonly node: number
  readonly stake?: StakeOrder
}

export type ChurnPlan = {
  /** Of all nodes, how many thousandths are away at once, where committees can spare them. */
  readonly awayPermille: number
  /** How often somebody leaves. */
  readonly everyMs: number
}

export type NetworkPlan = {
  readonly kind: 'network'
  readonly seed: number
  readonly scheme: CertificateSchemeName
  readonly shardCount: number
  readonly validatorCount: number
  readonly delayMinMs: number
  readonly delayMaxMs: number
  readonly deltaMs: number
  readonly shardIntervalMs: number
  readonly beaconIntervalMs: number
  readonly idleIntervalMs: number
  readonly gasLimit: number
  /** Beacon blocks per epoch; absent: one epoch for ever. */
  readonly epochBlocks?: number
  /** Of every shard's seats, how many thousandths change with an epoch; absent: as in a genesis that says nothing of it. */
  readonly rotationPermille?: number
  /** Most seats of the beacon's committee, which is drawn (B.15); absent: it seats everybody. */
  readonly beaconSeats?: number
  /** Nodes leave and come back until healing; who, is drawn as the run goes, from the plan's seed. */
  readonly churn?: ChurnPlan
  /** Validators that may join: nodes beyond those of the genesis. */
  readonly joiners?: number
  /** All operators want a shard more (B.7). */
  readonly opens?: boolean
  /** Byzantine from the beginning to the end. */
  readonly vices: readonly { readonly node: number; readonly vice: string }[]
  readonly troubles: readonly { readonly atMs: number; readonly trouble: Trouble }[]
  readonly orders: readonly NetworkOrder[]
  /** Faults end here: everybody honest is up, links are perfect, disks and clocks are right. */
  readonly healMs: number
  /** How long after that everything may take to be as it should. */
  readonly patienceMs: number
}

const node = z.int().min(0)
const time = z.int().min(0)
const nodes = z.array(node)
const links = z.array(z.strictObject({ from: node, to: node }))
const retention = z.enum(['none', 'prefix', 'subset'])

const troubleSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.enum(['stop', 'crash', 'start', 'pause', 'resume']), nodes }),
  z.strictObject({ kind: z.enum(['executor-loss', 'read-error', 'wipe']), nodes }),
  z.strictObject({ kind: z.enum(['bit-flips', 'lost-records']), nodes, records: z.int().min(1) }),
  z.strictObject({ kind: z.literal('cut'), links }),
  z.strictObject({
    kind: z.literal('link'),
    links,
    quality: z.strictObject({
      lossPerMille: z.int(),
      delayMs: z.int(),
      jitterMs: z.int(),
      duplicatePerMille: z.int(),
      bytesPerSecond: z.int().min(1).optional(),
    }),
  }),
  z.strictObject({ kind: z.literal('heal') }),
  z.strictObject({ kind: z.literal('byzantine'), nodes, vice: z.string().optional() }),
  z.strictObject({ kind: z.literal('disk'), nodes, mode: z.enum(['ok', 'full', 'slow']) }),
  z.strictObject({ kind: z.literal('clock'), nodes, skewMs: z.int() }),
  z.strictObject({ kind: z.literal('crash-amid'), node, stepsLater: z.int().min(0), retention }),
  z.strictObject({ kind: z.enum(['replay', 'loss']), perMille: z.int().min(0).max(1000) }),
])

const stakeSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('deposit'), validator: node, isProved: z.boolean() }),
  z.strictObject({ kind: z.literal('exit'), validator: node }),
])

const planSchema = z.strictObject({
  kind: z.literal('network'),
  seed: z.int().min(0),
  scheme: z.enum(['by-size', 'bls', 'ed25519', 'mock']),
  shardCount: z.int().min(1),
  validatorCount: z.int().min(4),
  delayMinMs: time,
  delayMaxMs: time,
  deltaMs: time,
  shardIntervalMs: time,
  beaconIntervalMs: time,
  idleIntervalMs: time,
  gasLimit: z.int().min(1),
  epochBlocks: z.int().min(EPOCH_BLOCKS_MIN).optional(),
  rotationPermille: z.int().min(0).max(1000).optional(),
  beaconSeats: z.int().min(4).max(128).optional(),
  churn: z.strictObject({ awayPermille: z.int().min(0).max(1000), everyMs: time }).optional(),
  joiners: z.int().min(1).optional(),
  opens: z.boolean().optional(),
  vices: z.array(z.strictObject({ node, vice: z.string() })),
  troubles: z.array(z.strictObject({ atMs: time, trouble: troubleSchema })),
  orders: z.array(
    z.strictObject({
      atMs: time,
      shard: z.int().min(1),
      sender: z.int().min(0).max(9),
      destination: z.int().min(0),
      to: z.enum(['account', 'bounce', 'self']),
      amount: z.int().min(0),
      node,
      stake: stakeSchema.optional(),
    }),
  ),
  healMs: time,
  patienceMs: time,
})

/** A plan from a file; throws ZodError for anything else. */
export function parseNetworkPlan(text: string): NetworkPlan {
  return planSchema.parse(JSON.parse(text)) as NetworkPlan
}

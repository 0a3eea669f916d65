/**
 * Stake in plans of whole networks: validators that join and leave while committees rotate (docs/protocol/beacon.md B.9, B.10). Nodes
 * of those who will join run from the beginning, as observers, and take their seats when the plan of an epoch has them.
 *
 * A node's number is its validator's index in the registry, so whoever joins waits until the one before it is there.
 */
import type { Genesis } from '../../node/beacon/genesis.ts'
import { genesisHash } from '../../node/beacon/genesis.ts'
import { encodeRegistration, registrationRoot } from '../../node/crosslink/registration.ts'
import { concatBytes } from '../../node/primitives/bytes.ts'
import { present } from '../../node/primitives/assert.ts'
import type { Address } from '../../node/primitives/identifiers.ts'
import type { CommitteeKey } from '../../node/primitives/io/schemes.ts'
import { schemeByName } from '../../node/primitives/io/schemes.ts'
import type { Prng } from '../../node/primitives/prng.ts'
import { encodeGatewayDeposit, encodeGatewayExit } from '../../node/shards/vm/gateway-stake.ts'
import { personalAccounts } from '../accounts.ts'
import type { NetworkOrder, NetworkPlan } from './network-plan.ts'

/** So small that amounts of plans are numbers. */
export const SIMULATED_STAKE = 1_000_000
const ACCOUNTS = personalAccounts()
const JOINERS_MAX = 3

/** Paid to an account that a plan's wallets sign for. */
export function stakePayout(validator: number): Address {
  return present(ACCOUNTS[validator % ACCOUNTS.length], 'there are ten accounts').address
}

/** As the genesis spreads its own. */
function payoutShardOf(validator: number, shardCount: number): number {
  return (validator % shardCount) + 1
}

/** Adds validators that come and go to a plan with epochs. */
export function withStakes(plan: NetworkPlan, dice: Prng): NetworkPlan {
  const joiners = 1 + dice.below(JOINERS_MAX)
  const orders: NetworkOrder[] = []
  for (let joiner = 0; joiner < joiners; joiner++) {
    const validator = plan.validatorCount + joiner
    const atMs = 300 + dice.below(plan.healMs >> 1)
    if (dice.chance(1, 3))
      orders.push(deposit(plan, dice, { validator, atMs, amount: SIMULATED_STAKE - 1 }))
    if (dice.chance(1, 3))
      orders.push({
        ...deposit(plan, dice, { validator, atMs }),
        stake: { kind: 'deposit', validator, isProved: false },
      })
    orders.push(deposit(plan, dice, { validator, atMs: atMs + 1 }))
    if (dice.chance(1, 2))
      orders.push(deposit(plan, dice, { validator, atMs: atMs + 2, amount: 5 }))
    if (dice.chance(1, 2))
      orders.push(exit(plan, dice, { validator, atMs: plan.healMs - dice.below(plan.healMs >> 2) }))
  }
  const leavers = dice.below(3)
  for (let count = 0; count < leavers; count++) {
    const validator = dice.below(plan.validatorCount)
    orders.push(exit(plan, dice, { validator, atMs: 300 + dice.below(plan.healMs) }))
  }
  const all = [...plan.orders, ...orders].toSorted((left, right) => left.atMs - right.atMs)
  return { ...plan, joiners, orders: all }
}

type Draw = { readonly validator: number; readonly atMs: number; readonly amount?: number }

function deposit(plan: NetworkPlan, dice: Prng, { validator, atMs, amount }: Draw): NetworkOrder {
  return {
    atMs,
    shard: 1 + dice.below(plan.shardCount),
    sender: dice.below(ACCOUNTS.length),
    destination: 0,
    to: 'account',
    amount: amount ?? SIMULATED_STAKE + dice.below(SIMULATED_STAKE),
    node: dice.below(plan.validatorCount),
    stake: { kind: 'deposit', validator, isProved: true },
  }
}

/** One in five is asked for by somebody else. */
function exit(plan: NetworkPlan, dice: Prng, { validator, atMs }: Draw): NetworkOrder {
  const stranger = dice.chance(1, 5) ? 1 : 0
  return {
    atMs,
    shard: payoutShardOf(validator, plan.shardCount),
    sender: (validator + stranger) % ACCOUNTS.length,
    destination: 0,
    to: 'account',
    amount: 0,
    node: dice.below(plan.validatorCount),
    stake: { kind: 'exit', validator },
  }
}

/** Calldata of an order that moves stake. */
export function stakeCall(
  genesis: Genesis,
  keys: readonly CommitteeKey[],
  stake: NonNullable<NetworkOrder['stake']>,
): Uint8Array {
  if (stake.kind === 'exit') return encodeGatewayExit(stake.validator)
  const { publicKey, secretKey } = present(
    keys[stake.validator],
    'a plan has keys for whoever joins',
  )
  const terms = {
    publicKey,
    peer: `peer-${stake.validator}`,
    payout: stakePayout(stake.validator),
    payoutShard: payoutShardOf(stake.validator, genesis.shardCount),
  }
  const root = registrationRoot(genesisHash(genesis), terms)
  const signed = stake.isProved ? root : genesisHash(genesis)
  const scheme = schemeByName(genesis.certificateScheme)
  const possession =
    genesis.certificateScheme === 'by-size'
      ? concatBytes(
          scheme.sign(secretKey, signed, 'list'),
          scheme.sign(secretKey, signed, 'aggregate'),
        )
      : scheme.sign(secretKey, signed)
  return encodeGatewayDeposit(encodeRegistration({ ...terms, possession }))
}

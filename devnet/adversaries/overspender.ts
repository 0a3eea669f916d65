/**
 * Overspender: gets transfers into its blocks which their signer cannot pay, because it has nothing. To its own machine it
 * says that a rich account signed them, so that the machine builds a block that is consistent in every other way; whoever
 * recovers the signer finds an empty account.
 *
 * All overspenders of a shard tell their machines the same, so a whole committee of them agrees: then the rich account is
 * robbed, and the shard goes on (control runs with a captured shard).
 */
import { toHex } from '../../node/primitives/bytes.ts'
import type { Address, ChainNumber } from '../../node/primitives/identifiers.ts'
import type { ValidatorEffect, ValidatorInput } from '../../node/validator/contract.ts'
import type { Validator } from '../../node/validator/validator.ts'
import type { Adversary, AdversarySeat } from './adversary.ts'
import type { Input } from './corruption.ts'
import { createKnownAccounts, type KnownAccount, type KnownAccounts } from './known-accounts.ts'
import { signedErrand, THEFT_FEE_MAX, thiefOf, type Thief } from './thief.ts'

/** Rich accounts to choose from, the first of the genesis: a devnet funds thousands. */
const VICTIMS_MAX = 16
/** A transfer that was not included is not signed again before. */
const RETRY_MS = 1_000
/** Requests of clients are numbered from below. */
const REQUEST = Number.MAX_SAFE_INTEGER - 1

type Robbery = { readonly thief: Thief; readonly victim: Address }

type Overspending = {
  readonly seat: AdversarySeat
  readonly honest: Validator
  /** By the thief's address: who is said to have signed. */
  readonly robberies: ReadonlyMap<string, Robbery>
  readonly accounts: ReadonlyMap<ChainNumber, KnownAccounts>
  readonly triedAt: Map<ChainNumber, number>
}

export const overspender: Adversary = {
  name: 'overspender',
  description: 'puts transfers into its blocks whose signer has no money',
  corrupt: (honest, seat) => {
    const self = prepare(honest, seat)
    return {
      ...honest,
      handle: (input) => {
        const effects = [...honest.handle(told(self, input))]
        for (const effect of effects) learn(self, effect)
        for (const shard of ledShards(self, effects)) {
          const submission = theft(self, shard, input)
          if (submission !== undefined) effects.push(...honest.handle(submission))
        }
        return effects.filter((effect) => !isOwnAnswer(effect))
      },
    }
  },
}

function prepare(honest: Validator, seat: AdversarySeat): Overspending {
  const { genesis } = seat
  const { genesisHash } = honest.beacon.head()
  const robberies = new Map<string, Robbery>()
  for (const { address: victim } of genesis.allocations.slice(0, VICTIMS_MAX)) {
    const thief = thiefOf(genesisHash, victim)
    robberies.set(toHex(thief.address), { thief, victim })
  }
  const victims = [...robberies.values()].map(({ victim }) => victim)
  const accounts = new Map(
    [...honest.shards.keys()].map((shard) => {
      return [shard, createKnownAccounts(shard, victims, genesis.allocations)] as const
    }),
  )
  return { seat, honest, robberies, accounts, triedAt: new Map() }
}

/** The lie: the victim is the signer. */
function told({ robberies }: Overspending, input: ValidatorInput): ValidatorInput {
  if (input.kind !== 'recovered') return input
  const transactions = input.transactions.map((one) => {
    const robbery = one && robberies.get(toHex(one.sender))
    return one === undefined || robbery === undefined ? one : { ...one, sender: robbery.victim }
  })
  return { ...input, transactions }
}

function learn({ accounts }: Overspending, effect: ValidatorEffect): void {
  if (effect.kind === 'shard-head') accounts.get(effect.shard)?.observe(effect.outcome)
}

/** Shards in which this seat leads the view just entered. */
function ledShards(
  { honest, seat, accounts }: Overspending,
  effects: readonly ValidatorEffect[],
): readonly ChainNumber[] {
  const led = new Set<ChainNumber>()
  for (const effect of effects) {
    if (effect.kind !== 'report' || effect.fact.kind !== 'engine') continue
    const { chain, fact } = effect.fact
    if (fact.kind !== 'view-entered' || !accounts.has(chain)) continue
    if (honest.chains.get(chain)?.leader(fact.view) === seat.validator) led.add(chain)
  }
  return [...led]
}

/** Submitted to its own machine as if a client had; undefined where there is nothing to steal. */
function theft(
  self: Overspending,
  shard: ChainNumber,
  { now, wallMs }: ValidatorInput,
): Input<'submit'> | undefined {
  const { seat, robberies, accounts, triedAt } = self
  const { genesis } = seat
  const victim = softest(accounts.get(shard)?.all() ?? [])
  const robbery = [...robberies.values()].find((one) => one.victim === victim?.address)
  const isEarly = now < (triedAt.get(shard) ?? -Infinity) + RETRY_MS
  if (victim === undefined || robbery === undefined || isEarly) return undefined
  triedAt.set(shard, now)
  const raw = signedErrand(robbery.thief, {
    chainIdBase: genesis.chainIdBase,
    shardCount: genesis.shardCount,
    shard,
    nonce: victim.nonce,
    amount: victim.balance / 2n,
  })
  return { kind: 'submit', now, wallMs, request: REQUEST, shard, raw }
}

/** Whoever sends least: its nonce is still the same when the transfer is executed. */
function softest(victims: readonly KnownAccount[]): KnownAccount | undefined {
  return victims
    .filter(({ balance }) => balance > 4n * THEFT_FEE_MAX)
    .reduce<KnownAccount | undefined>(
      (best, one) => (best === undefined || one.nonce < best.nonce ? one : best),
      undefined,
    )
}

function isOwnAnswer(effect: ValidatorEffect): boolean {
  return effect.kind === 'submitted' && effect.request === REQUEST
}

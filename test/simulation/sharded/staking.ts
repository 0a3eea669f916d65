/** Stake in a trial: gateway calls signed by personal accounts, and what the beacon of a node says of validators. */
import { personalAccounts } from '../../../devnet/accounts.ts'
import { ONE_EPOCH } from '../../../node/beacon/epoch.ts'
import type { BeaconValidator } from '../../../node/beacon/registry.ts'
import type { BeaconState } from '../../../node/beacon/state.ts'
import { encodeRegistration, registrationRoot } from '../../../node/crosslink/registration.ts'
import { present } from '../../../node/primitives/assert.ts'
import { toHex } from '../../../node/primitives/bytes.ts'
import { keccak256 } from '../../../node/primitives/hash.ts'
import { signDigest } from '../../../node/primitives/io/secp256k1.ts'
import { createMockScheme } from '../../../node/primitives/mock-signature.ts'
import {
  encodeSigned,
  signingHash,
  type TransactionFields,
} from '../../../node/shards/transaction.ts'
import { GATEWAY_ADDRESS } from '../../../node/shards/vm/gateway.ts'
import { encodeGatewayDeposit, encodeGatewayExit } from '../../../node/shards/vm/gateway-stake.ts'
import { CHAIN_ID_BASE, keyOf } from './genesis.ts'
import { createTrial, type Trial } from './trial.ts'

/** Nodes and validators at genesis: the next one to join has this index. */
export const NODES = 8
export const STAKE = 32n * 10n ** 18n

const scheme = createMockScheme()

/** Two shards, short epochs, stakes that are free an epoch after an exit. */
export function openStaking(seed: number): Trial {
  const trial = createTrial({
    shardCount: 2,
    nodeCount: NODES,
    seed,
    genesis: {
      epochs: { ...ONE_EPOCH, blocks: 4 },
      registry: { stake: STAKE, unbondEpochs: 1 },
    },
  })
  trial.startAll()
  trial.world.run(2_000)
  return trial
}

export function headOf({ world }: Trial): BeaconState {
  return world.validator(0).beacon.head()
}

export function newcomer(trial: Trial): BeaconValidator | undefined {
  return headOf(trial).validators[NODES]
}

export type StakeCall = {
  readonly shard: number
  /** Index of a personal account. */
  readonly account: number
  readonly nonce: number
  readonly data: Uint8Array
  readonly value: bigint
}

/** What became of it at the pool: `ok`, or a code. */
export function call(trial: Trial, { shard, account, nonce, data, value }: StakeCall): string {
  const fields: TransactionFields = {
    type: 2,
    chainId: CHAIN_ID_BASE + shard,
    nonce,
    maxPriorityFeePerGas: 10n ** 9n,
    maxFeePerGas: 10n ** 10n,
    gasLimit: 200_000,
    to: GATEWAY_ADDRESS,
    value,
    data,
    accessList: [],
  }
  const raw = encodeSigned(fields, signDigest(signingHash(fields), accountOf(account).secretKey))
  trial.court.conservation.declare(toHex(keccak256(raw)), value)
  let code = ''
  trial.world.submit(0, shard, raw, (result) => {
    code = result.ok ? 'ok' : result.reject.code
  })
  trial.world.run(trial.world.now() + 2_000, () => code !== '')
  return code
}

/** Account 1 gets the stake back, on shard 2. */
export const PAYOUT = 1

export function depositFor(trial: Trial, key: number, isProved = true): Uint8Array {
  const { publicKey, secretKey } = keyOf(key)
  const terms = {
    publicKey,
    peer: `peer-${key}`,
    payout: accountOf(PAYOUT).address,
    payoutShard: 2,
  }
  const root = registrationRoot(headOf(trial).genesisHash, terms)
  const possession = isProved ? scheme.sign(secretKey, root) : new Uint8Array(32)
  return encodeGatewayDeposit(encodeRegistration({ ...terms, possession }))
}

export function leave(trial: Trial): string {
  const data = encodeGatewayExit(NODES)
  return call(trial, { shard: 2, account: PAYOUT, nonce: 0, data, value: 0n })
}

export function balanceOf(trial: Trial, shard: number, account: number): bigint {
  // Of those that hold the shard the one that has executed most of it.
  const heightOf = (node: number): number =>
    trial.world.validator(node).shards.get(shard)?.committedHeight() ?? -1
  const nodes = Array.from({ length: NODES }, (_, node) => node).filter(trial.world.isUp)
  const [member = 0] = nodes.toSorted((left, right) => heightOf(right) - heightOf(left))
  const addresses = [accountOf(account).address]
  const read = { kind: 'accounts', at: { kind: 'finalized' }, addresses } as const
  const answer = trial.world.executor(member, shard).runNow(read)
  return answer.kind === 'accounts' ? (answer.accounts[0]?.balance ?? 0n) : -1n
}

/** Until it is so, or something is broken, or it takes too long; whether it is so and nothing is broken. */
export function waitFor(trial: Trial, isThere: () => boolean, withinMs: number): boolean {
  const isBroken = (): boolean => trial.court.violation() !== undefined
  trial.world.run(trial.world.now() + withinMs, () => isBroken() || isThere())
  return isThere() && !isBroken()
}

function accountOf(index: number) {
  return present(personalAccounts()[index], 'there are ten accounts')
}

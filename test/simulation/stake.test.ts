/**
 * Stake that comes and goes in a whole network, in virtual time: a deposit on one shard makes a validator of the beacon, its payout
 * on another shard makes it leave, and the stake comes back. The court counts all money at every beacon block.
 */
import { describe, expect, test } from 'vitest'
import { personalAccounts } from '../../devnet/accounts.ts'
import { ONE_EPOCH } from '../../node/beacon/epoch.ts'
import type { BeaconState } from '../../node/beacon/state.ts'
import { encodeRegistration, registrationRoot } from '../../node/crosslink/registration.ts'
import { present } from '../../node/primitives/assert.ts'
import { toHex } from '../../node/primitives/bytes.ts'
import { keccak256 } from '../../node/primitives/hash.ts'
import { signDigest } from '../../node/primitives/io/secp256k1.ts'
import { createMockScheme } from '../../node/primitives/mock-signature.ts'
import { encodeSigned, signingHash, type TransactionFields } from '../../node/shards/transaction.ts'
import { GATEWAY_ADDRESS } from '../../node/shards/vm/gateway.ts'
import { encodeGatewayDeposit, encodeGatewayExit } from '../../node/shards/vm/gateway-stake.ts'
import { CHAIN_ID_BASE, keyOf } from './sharded/genesis.ts'
import { createTrial, type Trial } from './sharded/trial.ts'

const NODES = 8
const STAKE = 32n * 10n ** 18n
const [FUNDER, PAYOUT] = personalAccounts()
const scheme = createMockScheme()

function open(seed: number): Trial {
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

const headOf = ({ world }: Trial): BeaconState => world.validator(0).beacon.head()

type Call = {
  readonly shard: number
  readonly account: typeof FUNDER | undefined
  readonly nonce: number
  readonly data: Uint8Array
  readonly value: bigint
}

function call(trial: Trial, { shard, account, nonce, data, value }: Call): void {
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
  const { secretKey } = present(account, 'there are ten accounts')
  const raw = encodeSigned(fields, signDigest(signingHash(fields), secretKey))
  trial.court.conservation.declare(toHex(keccak256(raw)), value)
  const codes: string[] = []
  trial.world.submit(0, shard, raw, (result) => codes.push(result.ok ? 'ok' : result.reject.code))
  trial.world.run(trial.world.now() + 2_000, () => codes.length > 0)
  expect(codes).toEqual(['ok'])
}

function registration(trial: Trial, key: number, isProved = true): Uint8Array {
  const { publicKey, secretKey } = keyOf(key)
  const payout = present(PAYOUT, 'there are ten accounts').address
  const terms = { publicKey, peer: `peer-${key}`, payout, payoutShard: 2 }
  const root = registrationRoot(headOf(trial).genesisHash, terms)
  const possession = isProved ? scheme.sign(secretKey, root) : new Uint8Array(32)
  return encodeGatewayDeposit(encodeRegistration({ ...terms, possession }))
}

function runUntil(trial: Trial, isThere: () => boolean, withinMs: number): void {
  trial.world.run(
    trial.world.now() + withinMs,
    () => trial.court.violation() !== undefined || isThere(),
  )
  expect(trial.court.violation()).toBeUndefined()
  expect(isThere()).toBe(true)
}

function balanceOf(trial: Trial, shard: number, account: typeof FUNDER): bigint {
  const member = present(headOf(trial).committees[shard]?.[0], 'a shard has members')
  const { address } = present(account, 'there are ten accounts')
  const read = { kind: 'accounts', at: { kind: 'finalized' }, addresses: [address] } as const
  const answer = trial.world.executor(member % NODES, shard).runNow(read)
  return answer.kind === 'accounts' ? (answer.accounts[0]?.balance ?? 0n) : -1n
}

describe('stake', () => {
  test('stake: B.9, B.10, C.9: a deposit makes a validator, its payout makes it leave, and the stake comes back', () => {
    const trial = open(1)
    const newcomer = () => headOf(trial).validators[NODES]
    call(trial, {
      shard: 1,
      account: FUNDER,
      nonce: 0,
      data: registration(trial, NODES),
      value: STAKE,
    })
    runUntil(trial, () => newcomer()?.status === 'pending', 60_000)
    const { activationEpoch } = present(newcomer(), 'it is pending')
    runUntil(trial, () => headOf(trial).epoch >= activationEpoch, 200_000)
    expect(headOf(trial).committees[0]).toContain(NODES)
    const before = balanceOf(trial, 2, PAYOUT)
    call(trial, { shard: 2, account: PAYOUT, nonce: 0, data: encodeGatewayExit(NODES), value: 0n })
    runUntil(trial, () => newcomer()?.status === 'exiting', 60_000)
    runUntil(trial, () => newcomer()?.stake === 0n, 400_000)
    runUntil(trial, () => trial.court.receipts.finish() === undefined, 60_000)
    const fee = before + STAKE - balanceOf(trial, 2, PAYOUT)
    expect(fee).toBeGreaterThan(0n)
    expect(fee).toBeLessThan(10n ** 16n)
  })

  test('stake: B.9: a deposit without proof, and one that is too small, come back', () => {
    const trial = open(2)
    const before = balanceOf(trial, 1, FUNDER)
    call(trial, {
      shard: 1,
      account: FUNDER,
      nonce: 0,
      data: registration(trial, NODES, false),
      value: STAKE,
    })
    call(trial, {
      shard: 1,
      account: FUNDER,
      nonce: 1,
      data: registration(trial, NODES),
      value: 1n,
    })
    runUntil(trial, () => headOf(trial).outgoing[1]?.nextSequence === 2, 60_000)
    runUntil(trial, () => trial.court.receipts.finish() === undefined, 60_000)
    expect(before - balanceOf(trial, 1, FUNDER)).toBeLessThan(10n ** 16n)
    expect(headOf(trial).validators).toHaveLength(NODES)
  })
})

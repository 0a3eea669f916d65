/** Fuzz targets of what brings stake to the beacon: registrations, exits, and the gateway's calls. */
import * as fc from 'fast-check'
import {
  decodeExit,
  decodeRegistration,
  encodeExit,
  encodeRegistration,
  type Registration,
} from '../../node/crosslink/registration.ts'
import { accepted, rejected } from '../../node/primitives/result.ts'
import type { ReceiptOrder } from '../../node/shards/vm/call.ts'
import {
  decodeStakeCall,
  encodeGatewayDeposit,
  encodeGatewayExit,
} from '../../node/shards/vm/gateway-stake.ts'
import { decodeGatewayCall } from '../../node/shards/vm/gateway.ts'
import { target, type FuzzTarget } from './fuzz-target.ts'

const registration: fc.Arbitrary<Registration> = fc.record({
  publicKey: fc.uint8Array({ maxLength: 80 }),
  peer: fc.stringMatching(/^[a-zA-Z0-9]{1,60}$/),
  payout: fc.uint8Array({ minLength: 20, maxLength: 20 }),
  payoutShard: fc.integer({ min: 1, max: 64 }),
  possession: fc.uint8Array({ maxLength: 160 }),
})

const order: fc.Arbitrary<ReceiptOrder> = fc.oneof(
  registration.map((value) => ({
    destination: 0,
    kind: 'deposit' as const,
    to: value.payout,
    payload: encodeRegistration(value),
  })),
  fc.nat(0xffff).map((index) => ({
    destination: 0,
    kind: 'exit' as const,
    to: new Uint8Array(20),
    payload: encodeExit(index),
  })),
)

function encodeOrder({ kind, payload }: ReceiptOrder): Uint8Array {
  if (kind === 'deposit') return encodeGatewayDeposit(payload)
  const index = decodeExit(payload)
  return encodeGatewayExit(index.ok ? index.value : 0)
}

function answerOf(found: ReceiptOrder | undefined) {
  return found === undefined ? rejected('no-order', 'no call') : accepted(found)
}

const CONFIG = { shard: 1, shardCount: 1, chainIdBase: 713_000 }

export const stakeTargets: readonly FuzzTarget[] = [
  target({
    covers: ['node/crosslink/registration.ts#decodeRegistration'],
    valid: registration,
    encode: encodeRegistration,
    decode: decodeRegistration,
    codes: ['malformed'],
  }),
  target({
    covers: ['node/crosslink/registration.ts#decodeExit'],
    valid: fc.nat(0xffff),
    encode: encodeExit,
    decode: decodeExit,
    codes: ['malformed'],
  }),
  target({
    covers: ['node/shards/vm/gateway-stake.ts#decodeStakeCall'],
    valid: order,
    encode: encodeOrder,
    decode: (bytes) => answerOf(decodeStakeCall(bytes)),
    codes: ['no-order'],
  }),
  // One shard knows no other, so what it is left with is stake.
  target({
    covers: ['node/shards/vm/gateway.ts#decodeGatewayCall'],
    valid: order,
    encode: encodeOrder,
    decode: (data) => answerOf(decodeGatewayCall(CONFIG, { data, value: 0n })),
    codes: ['no-order'],
  }),
]

import { encodeFunctionData, toFunctionSelector } from 'viem'
import { describe, expect, test } from 'vitest'
import { toHex } from '../../../node/primitives/bytes.ts'
import { RECEIPT_GAS } from '../../../node/shards/flow-control.ts'
import {
  decodeGatewayTransfer,
  destinationOfGatewayCall,
  encodeGatewayTransfer,
  executeGatewayCall,
  GATEWAY_ABI,
  GATEWAY_ADDRESS,
  GATEWAY_GAS,
  GATEWAY_TRANSFER_GAS,
  GATEWAY_TRANSFER_SELECTOR,
} from '../../../node/shards/vm/gateway.ts'
import { isPrecompile } from '../../../node/shards/vm/transfer.ts'
import { address, CHAIN_ID_BASE, shardConfig } from './fixture.ts'

const CONFIG = shardConfig(1)
const TO = address(0xff)

function call(data: Uint8Array, gas = 100_000) {
  return { sender: address(0), to: GATEWAY_ADDRESS, value: 1n, data, gas }
}

describe('shards: gateway', () => {
  test('shards: gateway: its address ends in 7765', () => {
    expect(toHex(GATEWAY_ADDRESS)).toBe('0000000000000000000000000000000000007765')
    expect(isPrecompile(GATEWAY_ADDRESS)).toBe(false)
  })

  test('shards: gateway: wallets and we encode a transfer alike', () => {
    const theirs = encodeFunctionData({
      abi: GATEWAY_ABI,
      functionName: 'transfer',
      args: [BigInt(CHAIN_ID_BASE + 2), `0x${toHex(TO)}`],
    })
    expect(`0x${toHex(encodeGatewayTransfer(CHAIN_ID_BASE + 2, TO))}`).toBe(theirs)
    expect(`0x${toHex(GATEWAY_TRANSFER_SELECTOR)}`).toBe(
      toFunctionSelector('transfer(uint256,address)'),
    )
  })

  test('shards: gateway: a transfer to another shard is understood', () => {
    const data = encodeGatewayTransfer(CHAIN_ID_BASE + 3, TO)
    expect(decodeGatewayTransfer(CONFIG, data)).toEqual({
      destination: 3,
      kind: 'transfer',
      to: TO,
      payload: new Uint8Array(0),
    })
    expect(destinationOfGatewayCall(CONFIG, { to: GATEWAY_ADDRESS, data, value: 1n })).toBe(3)
    expect(destinationOfGatewayCall(CONFIG, { to: address(1), data, value: 1n })).toBeUndefined()
    expect(destinationOfGatewayCall(CONFIG, { to: undefined, data, value: 1n })).toBeUndefined()
  })

  test('shards: gateway: our own shard, the beacon and shards that are not there are no destination', () => {
    for (const chain of [0, 1, 4, 2 ** 52]) {
      const data = encodeGatewayTransfer(CHAIN_ID_BASE + chain, TO)
      expect(decodeGatewayTransfer(CONFIG, data)).toBeUndefined()
    }
    expect(decodeGatewayTransfer(CONFIG, encodeGatewayTransfer(2, TO))).toBeUndefined()
    const wrapped = encodeGatewayTransfer(CHAIN_ID_BASE + 2, TO)
    wrapped[4] = 1
    expect(decodeGatewayTransfer(CONFIG, wrapped)).toBeUndefined()
  })

  test('shards: gateway: calldata that is cut, stretched, padded or of another function is not understood', () => {
    const data = encodeGatewayTransfer(CHAIN_ID_BASE + 2, TO)
    const dirty = data.slice()
    dirty[36] = 1
    const other = data.slice()
    other[0] = 0
    for (const bad of [data.subarray(1), Uint8Array.of(...data, 0), dirty, other, data.slice(0, 4)])
      expect(decodeGatewayTransfer(CONFIG, bad)).toBeUndefined()
  })

  test('shards: gateway: a transfer pays for its receipt in advance', () => {
    const data = encodeGatewayTransfer(CHAIN_ID_BASE + 2, TO)
    const result = executeGatewayCall(CONFIG, call(data))
    expect(result).toEqual({
      status: 1,
      gasUsed: GATEWAY_GAS + RECEIPT_GAS,
      order: { destination: 2, kind: 'transfer', to: TO, payload: new Uint8Array(0) },
    })
  })

  test('shards: gateway: a transfer short of gas fails and loses all of it', () => {
    const data = encodeGatewayTransfer(CHAIN_ID_BASE + 2, TO)
    const gas = GATEWAY_TRANSFER_GAS - 1
    expect(executeGatewayCall(CONFIG, call(data, gas))).toEqual({
      status: 0,
      gasUsed: gas,
      order: undefined,
    })
  })

  test('shards: gateway: a call it does not understand fails and keeps the rest of its gas', () => {
    const failed = { status: 0, gasUsed: GATEWAY_GAS, order: undefined }
    expect(executeGatewayCall(CONFIG, call(new Uint8Array(0)))).toEqual(failed)
    expect(executeGatewayCall(CONFIG, call(new Uint8Array(0), 7))).toEqual({
      ...failed,
      gasUsed: 7,
    })
  })
})

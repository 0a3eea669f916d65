import { describe, expect, test } from 'vitest'
import { readAmount, readData, readFixed, readInteger } from '../../../node/rpc/hexadecimal.ts'
import { readParameters } from '../../../node/rpc/method.ts'
import { methodByName, METHODS } from '../../../node/rpc/method-table.ts'
import { blockParameter, slotParameter } from '../../../node/rpc/parameter.ts'
import { present } from '../../../node/primitives/assert.ts'

const ADDRESS = `0x${'ab'.repeat(20)}`

function complaintOf(name: string, params: readonly unknown[]): string | undefined {
  const read = readParameters(present(methodByName(name), 'the method exists'), params)
  return read.ok || read.outcome.ok ? undefined : read.outcome.error.message
}

describe('rpc: hexadecimal', () => {
  test('rpc: hexadecimal: integers are hexadecimal or plain numbers up to 2^53 - 1', () => {
    expect(readInteger('0x0')).toBe(0)
    expect(readInteger('0x1fffffffffffff')).toBe(Number.MAX_SAFE_INTEGER)
    expect(readInteger('0x20000000000000')).toBeUndefined()
    expect(readInteger(7)).toBe(7)
    for (const bad of [
      '',
      '0x',
      '7',
      '0xg',
      '-0x1',
      -1,
      1.5,
      NaN,
      null,
      {},
      '0x00000000000000001',
    ]) {
      expect(readInteger(bad)).toBeUndefined()
    }
  })

  test('rpc: hexadecimal: amounts are capped before they are parsed', () => {
    expect(readAmount(`0x${'f'.repeat(64)}`)).toBe((1n << 256n) - 1n)
    expect(readAmount(`0x1${'0'.repeat(64)}`)).toBeUndefined()
    expect(readAmount(`0x${'9'.repeat(5_000_000)}`)).toBeUndefined()
    expect(readAmount('12')).toBeUndefined()
  })

  test('rpc: hexadecimal: data has whole bytes, a prefix and a bound', () => {
    expect(readData('0x', 0)).toEqual(new Uint8Array(0))
    expect(readData('0xAb', 1)).toEqual(Uint8Array.of(0xab))
    for (const bad of ['0xabc', 'ab', '0xzz', '0xabcd', 5]) expect(readData(bad, 1)).toBeUndefined()
    expect(readFixed('0xab', 2)).toBeUndefined()
  })
})

describe('rpc: parameters', () => {
  test('rpc: parameters: blocks are named by number, tag, hash or object', () => {
    const { read } = blockParameter('block')
    const hash = `0x${'cd'.repeat(32)}`
    expect(read('latest')).toEqual({ kind: 'tag', tag: 'latest' })
    expect(read('0x10')).toEqual({ kind: 'height', height: 16 })
    expect(read(hash)).toMatchObject({ kind: 'hash' })
    expect(read({ blockHash: hash, requireCanonical: true })).toMatchObject({ kind: 'hash' })
    expect(read({ blockNumber: '0x1' })).toEqual({ kind: 'height', height: 1 })
    for (const bad of ['newest', '', {}, [], { blockHash: '0x1' }, true])
      expect(read(bad)).toBeUndefined()
  })

  test('rpc: parameters: storage slots are quantities or data', () => {
    const { read } = slotParameter('slot')
    expect(read('0x0')).toBe('0x0')
    expect(read(`0x${'0'.repeat(65)}`)).toBeUndefined()
  })

  test('rpc: parameters: the complaint names the parameter', () => {
    expect(complaintOf('eth_getBalance', [])).toMatch(/missing value .* 0: address/)
    expect(complaintOf('eth_getBalance', ['0x12'])).toMatch(/argument 0: address must be/)
    expect(complaintOf('eth_getBalance', [ADDRESS, 'soon'])).toMatch(/argument 1: block must be/)
    expect(complaintOf('eth_getBalance', [ADDRESS, 'latest', 1])).toMatch(/at most 2 parameters/)
    expect(complaintOf('eth_getBalance', [ADDRESS, null])).toBeUndefined()
    expect(complaintOf('eth_call', [{ to: ADDRESS, value: 'lots' }])).toMatch(/call must be/)
    expect(complaintOf('eth_feeHistory', ['0x1', 'latest', [50, 20]])).toMatch(/rising/)
    expect(complaintOf('eth_subscribe', ['weather'])).toMatch(/newHeads/)
    expect(complaintOf('eth_getLogs', [{ topics: [null, ['0x1']] }])).toMatch(/filter must be/)
  })

  test('rpc: parameters: every method is documented and costs something', () => {
    for (const method of METHODS) {
      expect(method.summary, method.name).toMatch(/\.$/)
      expect(method.cost, method.name).toBeGreaterThan(0)
      const firstOptional = method.parameters.findIndex((one) => one.absent !== undefined)
      const rest = firstOptional === -1 ? [] : method.parameters.slice(firstOptional)
      expect(
        rest.every((one) => one.absent !== undefined),
        method.name,
      ).toBe(true)
    }
  })
})

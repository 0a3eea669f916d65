import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  BATCH_MAX,
  DEPTH_MAX,
  formatReply,
  parseEnvelope,
  parseReply,
} from '../../../node/rpc/envelope.ts'
import { answer, failure } from '../../../node/rpc/error-code.ts'

function errorOf(text: string): number | undefined {
  const envelope = parseEnvelope(text)
  if (envelope.kind === 'batch' || envelope.entry.ok) return undefined
  return envelope.entry.error.code
}

function nested(depth: number): string {
  return `{"jsonrpc":"2.0","id":1,"method":"m","params":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`
}

describe('rpc: envelope', () => {
  test('rpc: envelope: a request is read with its id, a notification without', () => {
    const text = '{"jsonrpc":"2.0","id":"a","method":"m","params":[1]}'
    expect(parseEnvelope(text)).toEqual({
      kind: 'single',
      entry: {
        ok: true,
        request: { id: 'a', isNotification: false, method: 'm', params: [1] },
      },
    })
    const notification = parseEnvelope('{"jsonrpc":"2.0","method":"m"}')
    expect(notification).toMatchObject({ entry: { request: { isNotification: true, params: [] } } })
  })

  test.each([
    ['', -32700],
    ['{', -32700],
    ['{"jsonrpc":"2.0","id":1,"method":"m"}x', -32700],
    ['1', -32600],
    ['null', -32600],
    ['[]', -32600],
    ['{}', -32600],
    ['{"jsonrpc":"1.0","id":1,"method":"m"}', -32600],
    ['{"jsonrpc":"2.0","id":1,"method":7}', -32600],
    ['{"jsonrpc":"2.0","id":{},"method":"m"}', -32600],
    ['{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":1}}', -32600],
    [`{"jsonrpc":"2.0","id":"${'x'.repeat(257)}","method":"m"}`, -32600],
  ])('rpc: envelope: %s is refused with its code', (text, code) => {
    expect(errorOf(text)).toBe(code)
  })

  test('rpc: envelope: nesting is bounded, and brackets in strings do not nest', () => {
    expect(errorOf(nested(DEPTH_MAX))).toBeUndefined()
    expect(errorOf(nested(DEPTH_MAX + 1))).toBe(-32600)
    expect(errorOf('['.repeat(500_000))).toBe(-32600)
    const text = JSON.stringify({ jsonrpc: '2.0', id: 1, method: '"[{'.repeat(50), params: [] })
    expect(errorOf(text)).toBeUndefined()
  })

  test('rpc: envelope: a batch is bounded and may mix good and bad', () => {
    const one = { jsonrpc: '2.0', id: 1, method: 'm' }
    const batch = parseEnvelope(JSON.stringify([one, 5, one]))
    expect(batch).toMatchObject({
      kind: 'batch',
      entries: [{ ok: true }, { ok: false }, { ok: true }],
    })
    const full = Array.from({ length: BATCH_MAX }, () => one)
    expect(parseEnvelope(JSON.stringify(full)).kind).toBe('batch')
    expect(errorOf(JSON.stringify([...full, one]))).toBe(-32600)
  })

  test('rpc: envelope: names of the prototype are only names', () => {
    const text = '{"__proto__":{"method":"m"},"jsonrpc":"2.0","id":1}'
    expect(errorOf(text)).toBe(-32600)
    expect(Object.hasOwn(Object.prototype, 'method')).toBe(false)
  })

  test('rpc: envelope: any text gives an envelope', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(['single', 'batch']).toContain(parseEnvelope(text).kind)
      }),
      { numRuns: 2_000, seed: 5 },
    )
  })
})

describe('rpc: replies', () => {
  test('rpc: replies: what another node wrote is read as it was meant', () => {
    for (const outcome of [answer('0x1'), answer(null), failure(-32000, 'no', { code: 'x' })]) {
      expect(parseReply(formatReply(1, outcome))).toEqual(outcome)
    }
  })

  test.each([
    '',
    'x',
    '[]',
    '1',
    'null',
    '{}',
    '{"error":1}',
    '{"error":{"code":"a","message":1}}',
  ])('rpc: replies: %s is no reply', (text) => {
    expect(parseReply(text)).toBeUndefined()
  })
})

import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { submitFailure } from '../../../node/rpc/error-code.ts'
import { METHODS } from '../../../node/rpc/method-table.ts'

const page = await readFile(new URL('../../../docs/rpc.md', import.meta.url), 'utf8')

/** Cells of the table rows whose first cell is a name in backquotes. */
const rows = new Map(
  page
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map(([, name = '', ...cells]) => [name.replaceAll('`', ''), cells] as const),
)

describe('rpc: documentation', () => {
  test('rpc: documentation: the method table says what the code says', () => {
    for (const { name, parameters, cost, summary } of METHODS) {
      const words = parameters.map((one) => (one.absent === undefined ? one.name : `[${one.name}]`))
      const cells = [words.join(', ') || '-', String(cost), summary, '']
      expect(rows.get(name), name).toEqual(cells)
    }
  })

  test('rpc: documentation: no method is documented that does not exist', () => {
    const names = new Set(METHODS.map((method) => method.name))
    const documented = [...rows.keys()].filter((name) => /^(eth|net|web3|shard|beacon)_/.test(name))
    expect(documented.filter((name) => !names.has(name))).toEqual([])
  })

  test('rpc: documentation: every refusal of a transaction is documented by its words', () => {
    const codes = [
      'malformed',
      'wrong-chain',
      'invalid-signature',
      'nonce-too-low',
      'nonce-too-high',
      'insufficient-funds',
      'intrinsic-gas-too-low',
      'fee-too-low',
      'gas-limit-exceeded',
      'replacement-underpriced',
      'already-known',
      'unsupported-call',
      'unknown-destination',
      'shard-congested',
      'pool-full',
    ] as const
    for (const code of codes) {
      const outcome = submitFailure({ code, detail: 'why' })
      const message = outcome.ok ? '' : outcome.error.message
      expect(rows.get(code)?.[0], code).toBe(message.replace(': why', ''))
    }
  })
})

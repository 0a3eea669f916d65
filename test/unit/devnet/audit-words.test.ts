import { describe, expect, test } from 'vitest'
import { auditText, type NetworkAudit } from '../../../devnet/audit/report.ts'
import { collectNodeUrls } from '../../../devnet/cli/node-url.ts'

const audit: NetworkAudit = {
  ok: true,
  genesis: 2_000_000_000_000_000_001n,
  balances: 1_999_999_999_999_999_990n,
  buffered: 3n,
  burnt: 4n,
  inFlight: 4n,
  stake: 0n,
  receipts: { sent: 3, applied: 2, refunded: 1, pending: 1 },
  heights: [7],
  settledHeights: [6],
  violations: [],
  from: 'rpc',
  nodes: 1,
  beaconHeight: 5,
  counts: {
    beaconBlocks: 5,
    crosslinks: 4,
    shardBlocks: 6,
    certificates: 9,
    stateRoots: 0,
    recounts: 0,
  },
  supplies: [
    {
      shard: 1,
      height: 7,
      balances: 1_999_999_999_999_999_990n,
      buffered: 3n,
      burnt: 4n,
      genesis: 2_000_000_000_000_000_001n,
    },
  ],
}

describe('audit: words', () => {
  test('audit: words: every wei is shown, and the sum is said to be the same', () => {
    const lines = auditText(audit).map((line) => line.trim().replaceAll(/ +/g, ' '))
    expect(lines[0]).toBe('Audit of 1 node over RPC, at beacon block 5')
    expect(lines).toContain('in accounts 1.999999999999999990 ether on 1 shard')
    expect(lines).toContain('together 2.000000000000000001 ether')
    expect(lines).toContain('at genesis 2.000000000000000001 ether the same')
    expect(lines.at(-1)).toBe('Nothing was lost, made or applied twice.')
    expect(lines.join('\n')).not.toContain('state roots 0')
  })

  test('audit: words: money that was lost or made stands out in wei', () => {
    expect(auditText({ ...audit, balances: audit.balances - 2n }).join('\n')).toContain(
      'LOST 2 wei',
    )
    expect(auditText({ ...audit, inFlight: 10n }).join('\n')).toContain('MADE 6 wei')
  })

  test('audit: words: a node is named by any address on it, and once', () => {
    const first = collectNodeUrls('http://127.0.0.1:8545/shard/2')
    expect(first).toEqual(['http://127.0.0.1:8545'])
    expect(collectNodeUrls('http://127.0.0.1:8545/', first)).toEqual(first)
    expect(collectNodeUrls('https://node.example', first)).toHaveLength(2)
    expect(() => collectNodeUrls('127.0.0.1:8545')).toThrow('Expected an address')
    expect(() => collectNodeUrls('nonsense')).toThrow('Expected an address')
  })
})

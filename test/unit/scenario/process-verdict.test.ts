import { describe, expect, test } from 'vitest'
import type { NetworkAudit } from '../../../devnet/audit/report.ts'
import { problemsOf } from '../../../devnet/scenario/process-verdict.ts'

function found(from: NetworkAudit['from'], changed: Partial<NetworkAudit> = {}): NetworkAudit {
  return {
    ok: true,
    genesis: 100n,
    balances: 90n,
    buffered: 0n,
    burnt: 4n,
    inFlight: 6n,
    stake: 0n,
    receipts: { sent: 5, applied: 4, refunded: 0, pending: 1 },
    heights: [7, 8],
    violations: [],
    from,
    nodes: 8,
    beaconHeight: 3,
    settledHeights: [7, 8],
    counts: {
      beaconBlocks: 3,
      crosslinks: 6,
      shardBlocks: 15,
      certificates: 18,
      stateRoots: 0,
      recounts: 0,
    },
    supplies: [],
    ...changed,
  }
}

describe('scenario: process-verdict', () => {
  test('scenario: process-verdict: disks that hold the same or more agree with what nodes told', () => {
    expect(problemsOf(found('rpc'), found('disk'))).toEqual([])
    const later = found('disk', { heights: [9, 8], beaconHeight: 4, balances: 96n, inFlight: 0n })
    expect(problemsOf(found('rpc'), later)).toEqual([])
  })

  test('scenario: process-verdict: what either audit found is told with its place', () => {
    const broken = found('disk', { ok: false, violations: ['1 wei was lost'] })
    expect(problemsOf(found('rpc'), broken)).toEqual(['on disk: 1 wei was lost'])
    expect(problemsOf('no node answers', found('disk'))).toEqual(['over RPC: no node answers'])
  })

  test('scenario: process-verdict: a disk behind what its nodes told is no agreement', () => {
    expect(problemsOf(found('rpc'), found('disk', { heights: [7, 6] }))).toEqual([
      'blocks of shard 2: 8 over RPC and only 6 on disk',
    ])
    expect(problemsOf(found('rpc'), found('disk', { balances: 91n }))).toEqual([
      '100 wei over RPC and 101 wei on disk',
    ])
  })
})

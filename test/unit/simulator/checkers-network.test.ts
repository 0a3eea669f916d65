/** The safety checkers of a network are alive: each is shown histories that break its rule, and one that does not. */
import { describe, expect, test } from 'vitest'
import { createAccountChecker } from '../../../devnet/simulator/checkers/accounts.ts'
import { createAnchorChecker } from '../../../devnet/simulator/checkers/anchors.ts'
import { createBoundsChecker } from '../../../devnet/simulator/checkers/bounds.ts'
import { createCursorChecker } from '../../../devnet/simulator/checkers/cursors.ts'
import { createDurabilityChecker } from '../../../devnet/simulator/checkers/durability.ts'
import { createExecutionChecker } from '../../../devnet/simulator/checkers/execution.ts'
import { createFlowChecker } from '../../../devnet/simulator/checkers/flow.ts'
import type { NetworkChecker } from '../../../devnet/simulator/checkers/network-observation.ts'
import { createRpcTruthChecker } from '../../../devnet/simulator/checkers/rpc-truth.ts'
import { createShardSupplyChecker } from '../../../devnet/simulator/checkers/shard-supply.ts'
import { createSigningRootChecker } from '../../../devnet/simulator/checkers/signing-roots.ts'
import { createTimestampChecker } from '../../../devnet/simulator/checkers/timestamps.ts'
import {
  atOnce,
  commits,
  executed,
  judged,
  NETWORK,
  offers,
  receipt,
  seenBlock,
  takes,
  type History,
} from './checkers-histories.ts'

type Trial = {
  readonly rule: string
  readonly make: () => NetworkChecker
  readonly clean: History
  readonly broken: Readonly<Record<string, History>>
}

const alice = (nonce: number, balance: bigint) => ({ account: 'alice', nonce, balance })
const first = seenBlock(1, 1, { transactions: executed('a'), changed: [alice(1, 99n)] })
const second = seenBlock(1, 2, { transactions: executed('b'), changed: [alice(2, 98n)] })
const beacon = (height: number, head: number, cursors = [0, 0, 0]) =>
  ({
    kind: 'cut',
    cut: {
      beaconHeight: height,
      heads: [
        { height: 0, hash: '1/0', cursors: [0, 0, 0] },
        { height: head, hash: `2/${head}`, cursors },
      ],
    },
  }) as const
const sending = (height: number, from: number, count: number, anchorHeight = 0) =>
  commits(
    seenBlock(1, height, {
      anchor: { height: anchorHeight, hash: `beacon ${anchorHeight}` },
      sent: Array.from({ length: count }, (_, index) => receipt(from + index)),
    }),
  )
const consuming = (height: number, count: number, cursors: readonly number[]) =>
  commits(
    seenBlock(2, height, {
      cursors,
      consumed: Array.from({ length: count }, (_, index) => {
        return { receipt: receipt(index), outcome: 'applied' as const }
      }),
    }),
  )
const reads = (height: number, nonce: number, balance: bigint) =>
  ({ kind: 'read', node: 0, shard: 1, height, account: 'alice', nonce, balance }) as const
const startsAt = (height: number) =>
  ({ kind: 'started', node: 0, heads: [{ chain: 1, height }] }) as const
const signs = (chain: number, root: string, statement: string) =>
  ({ kind: 'signed-root', chain, root, statement }) as const

const TRIALS: readonly Trial[] = [
  {
    rule: 'S10 accounts',
    make: createAccountChecker,
    clean: atOnce(offers('a', 0), offers('b', 1), commits(first), commits(second)),
    broken: {
      'a transaction executed twice': atOnce(
        commits(first),
        commits(seenBlock(1, 2, { transactions: executed('a') })),
      ),
      'a transaction on a shard it was not signed for': atOnce(
        offers('a', 0),
        commits(seenBlock(2, 1, { transactions: executed('a') })),
      ),
      'a nonce before its turn': atOnce(offers('a', 1), commits(first)),
      'a nonce that does not move': atOnce(
        offers('a', 0),
        commits(seenBlock(1, 1, { transactions: executed('a'), changed: [alice(0, 99n)] })),
      ),
      'a negative balance': atOnce(commits(seenBlock(1, 1, { changed: [alice(0, -1n)] }))),
    },
  },
  {
    rule: 'S10 supply',
    make: () => createShardSupplyChecker(NETWORK),
    clean: atOnce(
      commits({ ...first, sent: [receipt(0)], changed: [alice(1, 89n)] }),
      commits(
        seenBlock(2, 1, {
          consumed: [{ receipt: receipt(0), outcome: 'applied' }],
          changed: [{ account: 'bob', nonce: 0, balance: 10n }],
        }),
      ),
    ),
    broken: {
      'money out of nothing': atOnce(commits(seenBlock(1, 1, { changed: [alice(0, 101n)] }))),
      'a fee that was burnt and kept': atOnce(commits({ ...first, changed: [alice(1, 100n)] })),
      'a shard that sends what it never had': atOnce(
        commits(seenBlock(1, 1, { sent: [receipt(0, { amount: 101n })] })),
      ),
    },
  },
  {
    rule: 'S11 durability',
    make: createDurabilityChecker,
    clean: atOnce(
      commits(first),
      commits(first, { node: 1, isFirst: false }),
      startsAt(1),
      { kind: 'disk-lost', node: 0 },
      startsAt(0),
    ),
    broken: {
      'a node that comes back below what it told': atOnce(
        commits(first),
        commits(second),
        startsAt(1),
      ),
      'a transaction that moved': atOnce(
        commits(first),
        commits({ ...second, transactions: executed('a') }, { node: 1 }),
      ),
      'a transaction at another place in its block': atOnce(
        commits({ ...first, transactions: executed('a', 'b') }),
        commits({ ...first, transactions: executed('b', 'a') }, { node: 1, isFirst: false }),
      ),
    },
  },
  {
    rule: 'S13 bounds',
    make: createBoundsChecker,
    clean: atOnce(
      { kind: 'load', node: 0, what: 'pool', count: 40_000 },
      { kind: 'load', node: 0, what: 'rounds', count: 70 },
    ),
    broken: {
      'a pool beyond its cap': atOnce({ kind: 'load', node: 0, what: 'pool', count: 40_001 }),
      'a message beyond a frame': atOnce({
        kind: 'load',
        node: 0,
        what: 'message-bytes',
        count: 2_000_000,
      }),
    },
  },
  {
    rule: 'C5 window',
    make: () => createFlowChecker(NETWORK),
    clean: atOnce(
      sending(1, 0, 65),
      consuming(1, 40, [0, 40, 0]),
      beacon(1, 1, [0, 40, 0]),
      sending(2, 65, 40, 1),
    ),
    broken: {
      'more in flight than the window': atOnce(sending(1, 0, 66)),
      'credit for what the anchor does not know to be consumed': atOnce(
        sending(1, 0, 65),
        consuming(1, 40, [0, 40, 0]),
        beacon(1, 1, [0, 40, 0]),
        sending(2, 65, 1, 0),
      ),
    },
  },
  {
    rule: 'X5 anchors',
    make: () => createAnchorChecker('beacon 0'),
    clean: atOnce(
      commits(first),
      takes(0, 0, 1, 'beacon 1'),
      commits({ ...second, anchor: { height: 1, hash: 'beacon 1' } }),
    ),
    broken: {
      'an anchor that is not final': atOnce(
        commits({ ...first, anchor: { height: 1, hash: 'beacon 1' } }),
      ),
      'an anchor of another chain': atOnce(
        takes(0, 0, 1, 'beacon 1'),
        commits({ ...first, anchor: { height: 1, hash: 'other' } }),
      ),
      'an anchor older than the one of the parent': atOnce(
        takes(0, 0, 1, 'beacon 1'),
        commits({ ...first, anchor: { height: 1, hash: 'beacon 1' } }),
        commits(second),
      ),
    },
  },
  {
    rule: 'C2 cursors',
    make: () => createCursorChecker(),
    clean: atOnce(consuming(1, 2, [0, 2, 0]), beacon(1, 1, [0, 2, 0])),
    broken: {
      'a header that claims more': atOnce(consuming(1, 2, [0, 3, 0])),
      'a header that claims less': atOnce(consuming(1, 2, [0, 0, 0])),
      'a record that is behind its block': atOnce(
        consuming(1, 2, [0, 2, 0]),
        beacon(1, 1, [0, 1, 0]),
      ),
    },
  },
  {
    rule: 'S3 time',
    make: () => createTimestampChecker(() => 500),
    clean: [
      [0, commits(first)],
      [10, commits({ ...second, timestampMs: 5_500 })],
    ],
    broken: {
      'time that goes backwards': atOnce(
        commits({ ...first, timestampMs: 9 }),
        commits({ ...second, timestampMs: 8 }),
      ),
      'a stamp far ahead': atOnce(commits({ ...first, timestampMs: 5_501 })),
    },
  },
  {
    rule: 'S6 execution',
    make: createExecutionChecker,
    clean: atOnce(takes(0, 1, 1), commits(first), takes(0, 1, 2), commits(second)),
    broken: {
      'a committed block that was not finalized': atOnce(commits(first)),
      'a committed block in place of the final one': atOnce(
        takes(0, 1, 1),
        commits({ ...first, hash: 'other' }),
      ),
      'a block beside its chain': atOnce(
        takes(0, 1, 1),
        commits(first),
        takes(0, 1, 2),
        commits({ ...second, parentHash: 'other' }),
      ),
    },
  },
  {
    rule: 'S14 RPC truth',
    make: () => createRpcTruthChecker(NETWORK),
    clean: atOnce(
      reads(0, 0, 100n),
      takes(0, 1, 1),
      commits(first),
      reads(1, 1, 99n),
      startsAt(0),
      reads(0, 0, 100n),
    ),
    broken: {
      'a height that is not final': atOnce(reads(1, 1, 99n)),
      'a state of another height': atOnce(takes(0, 1, 1), commits(first), reads(0, 1, 99n)),
      'a wrong nonce': atOnce(takes(0, 1, 1), commits(first), reads(1, 0, 99n)),
      'a read that goes back': atOnce(
        takes(0, 1, 1),
        commits(first),
        reads(1, 1, 99n),
        reads(0, 0, 100n),
      ),
    },
  },
  {
    rule: 'A3 signing roots',
    make: createSigningRootChecker,
    clean: atOnce(signs(1, 'r', 'nullify v1'), signs(1, 'r', 'nullify v1'), signs(2, 's', 'x')),
    broken: {
      'one root on two chains': atOnce(signs(1, 'r', 'nullify v1'), signs(2, 'r', 'nullify v1')),
      'one root for two statements': atOnce(signs(1, 'r', 'a'), signs(1, 'r', 'b')),
    },
  },
]

describe('network checkers', () => {
  for (const { rule, make, clean, broken } of TRIALS) {
    test(`network checkers: ${rule}: an orderly history is accepted`, () => {
      expect(judged(make(), clean)).toBeUndefined()
    })
    for (const [name, history] of Object.entries(broken)) {
      test(`network checkers: ${rule}: ${name} is refused`, () => {
        expect(judged(make(), history)).toBeTypeOf('string')
      })
    }
  }
})

/** The liveness checkers are alive: each is shown a network that is late, and one that is just in time. */
import { describe, expect, test } from 'vitest'
import { createAccountabilityChecker } from '../../../devnet/simulator/checkers/accountability.ts'
import { createCatchUpChecker } from '../../../devnet/simulator/checkers/liveness-catch-up.ts'
import { createFinalityReturnChecker } from '../../../devnet/simulator/checkers/liveness-finality.ts'
import { createInclusionChecker } from '../../../devnet/simulator/checkers/liveness-inclusion.ts'
import { createIsolationChecker } from '../../../devnet/simulator/checkers/liveness-isolation.ts'
import { createQuietChecker } from '../../../devnet/simulator/checkers/liveness-quiet.ts'
import { createReceiptLivenessChecker } from '../../../devnet/simulator/checkers/liveness-receipts.ts'
import { createViewChecker } from '../../../devnet/simulator/checkers/liveness-views.ts'
import type {
  NetworkChecker,
  NetworkObservation,
} from '../../../devnet/simulator/checkers/network-observation.ts'
import type {
  CheckedCommittee,
  Observation,
  Statement,
} from '../../../devnet/simulator/checkers/observation.ts'
import {
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
  /** A history, and when the run ends. */
  readonly clean: readonly [History, number]
  readonly broken: Readonly<Record<string, readonly [History, number]>>
}

const HEALED: NetworkObservation = { kind: 'healed' }
const including = (hash: string, height = 1) =>
  commits(seenBlock(1, height, { transactions: executed(hash) }))
const accepts = (transaction: string) => ({ kind: 'accepted', node: 0, transaction }) as const
const sends = commits(seenBlock(1, 1, { sent: [receipt(0)] }))
const consumes = commits(
  seenBlock(2, 1, { consumed: [{ receipt: receipt(0), outcome: 'applied' }] }),
)
const starts = (node: number) => ({ kind: 'started', node, heads: [] }) as const
const gaveUp = (view: number, leader = 0, node = 1, epoch = 0) =>
  ({ kind: 'nullified', node, chain: 1, epoch, view, leader }) as const
const everybodyTakes = (now: number, height: number): History =>
  NETWORK.committees.flatMap((committee, chain) =>
    committee
      .filter((node) => node !== 3)
      .map((node) => [now, takes(node, chain, height)] as const),
  )

const TRIALS: readonly Trial[] = [
  {
    rule: 'L1 finality',
    make: () => createFinalityReturnChecker(NETWORK, 100),
    clean: [[[0, HEALED], ...everybodyTakes(100, 1)], 500],
    broken: {
      'a chain that stands still': [[[0, HEALED]], 101],
      'one node that takes nothing': [
        [[0, HEALED], ...everybodyTakes(100, 1).filter(([, one]) => !takenBy(one, 2))],
        101,
      ],
      'a chain that is late': [[[0, HEALED], ...everybodyTakes(101, 1)], 101],
    },
  },
  {
    rule: 'L2 inclusion',
    make: () => createInclusionChecker(100),
    clean: [
      [
        [0, HEALED],
        [0, offers('a', 0)],
        [0, offers('b', 1)],
        [10, accepts('a')],
        [20, accepts('b')],
        [110, including('a')],
        [210, including('b', 2)],
        // Nobody took it, and the one before it is not there.
        [220, offers('d', 3)],
      ],
      900,
    ],
    broken: {
      'a transaction that is never included': [
        [
          [0, HEALED],
          [0, offers('a', 0)],
          [10, accepts('a')],
        ],
        111,
      ],
      'a transaction that is late': [
        [
          [0, HEALED],
          [0, offers('a', 0)],
          [10, accepts('a')],
          [111, including('a')],
        ],
        111,
      ],
    },
  },
  {
    rule: 'L3 receipts',
    make: () => createReceiptLivenessChecker(100),
    clean: [
      [
        [0, sends],
        [50, HEALED],
        [150, consumes],
      ],
      900,
    ],
    broken: {
      'a receipt that is never consumed': [
        [
          [0, HEALED],
          [0, sends],
        ],
        101,
      ],
      'a receipt that is late': [
        [
          [0, HEALED],
          [0, sends],
          [101, consumes],
        ],
        101,
      ],
    },
  },
  {
    rule: 'L4 catching up',
    make: () => createCatchUpChecker(NETWORK, { fixedMs: 100, intervalMs: 20 }),
    clean: [
      [
        [0, takes(0, 1, 40)],
        [0, HEALED],
        [10, starts(1)],
        [150, takes(1, 1, 40)],
      ],
      900,
    ],
    broken: {
      'a node that stays behind': [
        [
          [0, takes(0, 1, 40)],
          [0, HEALED],
          [10, starts(1)],
          [50, takes(1, 1, 39)],
        ],
        151,
      ],
      'a node that is slow': [
        [
          [0, takes(0, 1, 40)],
          [0, HEALED],
          [10, starts(1)],
          [151, takes(1, 1, 40)],
        ],
        151,
      ],
    },
  },
  {
    rule: 'L5 isolation',
    make: () => createIsolationChecker(NETWORK, 100),
    clean: [
      [
        [0, { kind: 'stalled', shard: 2 }],
        [90, takes(0, 0, 1)],
        [90, takes(0, 1, 1)],
        [180, { kind: 'resumed', shard: 2 }],
      ],
      900,
    ],
    broken: {
      'a beacon that stops with a shard': [
        [
          [0, { kind: 'stalled', shard: 2 }],
          [90, takes(0, 1, 1)],
          [101, { kind: 'resumed', shard: 2 }],
        ],
        101,
      ],
      'another shard that waits': [
        [
          [0, { kind: 'stalled', shard: 2 }],
          [90, takes(0, 0, 1)],
          [101, takes(0, 1, 1)],
        ],
        101,
      ],
    },
  },
  {
    rule: 'L6 quiet',
    make: () => createQuietChecker(NETWORK, 1),
    clean: [
      [
        [0, { kind: 'idle', isIdle: true }],
        ...spoken(80),
        [20_000, { kind: 'idle', isIdle: false }],
      ],
      20_000,
    ],
    broken: {
      'chatter without work': [[[0, { kind: 'idle', isIdle: true }], ...spoken(81)], 20_000],
    },
  },
  {
    rule: 'L7 views',
    make: () => createViewChecker(NETWORK),
    clean: [
      [
        [0, { kind: 'view-entered', node: 0, chain: 1, epoch: 0, view: 9 }],
        [0, HEALED],
        [0, gaveUp(8)],
        [0, gaveUp(9)],
        [0, gaveUp(10)],
        [0, gaveUp(10, 0, 0)],
        [0, gaveUp(11)],
        [0, gaveUp(12, 3)],
      ],
      0,
    ],
    broken: {
      'honest leaders given up again and again': [
        [
          [0, HEALED],
          [0, gaveUp(1)],
          [0, gaveUp(2, 1)],
          [0, gaveUp(3)],
        ],
        0,
      ],
      'honest leaders given up in later epochs, whose views begin at one again': [
        [
          [0, { kind: 'view-entered', node: 0, chain: 1, epoch: 0, view: 9 }],
          [0, HEALED],
          [0, gaveUp(10)],
          [0, gaveUp(2, 0, 0, 1)],
          [0, gaveUp(2, 0, 0, 2)],
        ],
        0,
      ],
    },
  },
]

function takenBy(seen: NetworkObservation, node: number): boolean {
  return seen.kind === 'final' && seen.node === node
}

function spoken(count: number): History {
  return Array.from({ length: count }, () => [1, { kind: 'spoken', node: 0 }] as const)
}

describe('liveness checkers', () => {
  for (const { rule, make, clean, broken } of TRIALS) {
    test(`liveness checkers: ${rule}: a network in time is accepted`, () => {
      expect(judged(make(), ...clean)).toBeUndefined()
    })
    for (const [name, history] of Object.entries(broken)) {
      test(`liveness checkers: ${rule}: ${name} is refused`, () => {
        expect(judged(make(), ...history)).toBeTypeOf('string')
      })
    }
  }
})

const COMMITTEE: CheckedCommittee = {
  seatCount: 4,
  byzantineSeats: new Set([3]),
  byzantineNodes: new Set([3]),
  genesis: { digest: 'g', height: 0 },
}
const FORK: readonly Observation[] = ['x', 'y'].map((digest, node) => {
  return { kind: 'delivered', node, height: 1, digest, parentDigest: 'g' }
})

function signed(seat: number, kind: Statement['kind'], digest: string): Observation {
  const statement = { kind, view: 1, parentView: 0, parentDigest: 'g', digest }
  return { kind: 'signed', seat, statement }
}

function accountable(history: readonly Observation[]): string | undefined {
  const checker = createAccountabilityChecker(COMMITTEE)
  const sentences = history.map(checker.observe).filter((one) => one !== undefined)
  return sentences[0] ?? checker.finish?.()
}

describe('network checkers: S12 evidence', () => {
  test('network checkers: S12 evidence: a fork by f + 1 seats that contradicted themselves has its guilty', () => {
    const votes = [2, 3].flatMap((seat) => [
      signed(seat, 'notarize', 'x'),
      signed(seat, 'notarize', 'y'),
    ])
    expect(accountable([...votes, ...FORK])).toBeUndefined()
    expect(accountable([{ kind: 'blamed', node: 0, seat: 3 }])).toBeUndefined()
  })

  test('network checkers: S12 evidence: a fork without enough guilty seats is refused', () => {
    const votes = [signed(3, 'nullify', ''), signed(3, 'finalize', 'x'), signed(2, 'notarize', 'x')]
    expect(accountable([...votes, ...FORK])).toBeTypeOf('string')
  })

  test('network checkers: S12 evidence: blame for an honest seat is refused', () => {
    expect(accountable([{ kind: 'blamed', node: 0, seat: 1 }])).toBeTypeOf('string')
  })
})

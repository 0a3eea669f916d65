/** The checkers must see what they are for: every rule gets a history that breaks it, next to one that does not. */
import { describe, expect, test } from 'vitest'
import type {
  CheckedCommittee,
  Observation,
  Statement,
} from '../../../devnet/simulator/checkers/observation.ts'
import { createLivenessWatch } from '../../../devnet/simulator/checkers/liveness.ts'
import { createReferee } from '../../../devnet/simulator/checkers/referee.ts'

/** Seat 3 and node 3 are byzantine; three signers make a certificate. */
const COMMITTEE: CheckedCommittee = {
  seatCount: 4,
  byzantineSeats: new Set([3]),
  byzantineNodes: new Set([3]),
  genesis: { digest: 'g', height: 0 },
}

function notarize(view: number, digest: string, parentView: number, parent: string): Statement {
  return { kind: 'notarize', view, parentView, parentDigest: parent, digest }
}

function finalize(statement: Statement): Statement {
  return { ...statement, kind: 'finalize' }
}

function nullify(view: number): Statement {
  return { kind: 'nullify', view, parentView: -1, parentDigest: '', digest: '' }
}

function signed(seat: number, statement: Statement): Observation {
  return { kind: 'signed', seat, statement }
}

/** The signatures of these seats, and the certificate made of them. */
function certified(statement: Statement, seats: readonly number[] = [0, 1, 2]): Observation[] {
  const bitmap = seats.reduce((bits, seat) => bits | (1 << seat), 0)
  return [...seats.map((seat) => signed(seat, statement)), shown(statement, bitmap)]
}

function shown(statement: Statement, bitmap: number, node = 0): Observation {
  const certificate = { ...statement, signers: Uint8Array.of(bitmap) }
  return { kind: 'certificate', node, certificate }
}

function taken(node: number, height: number, digest: string, parentDigest: string): Observation {
  return { kind: 'delivered', node, height, digest, parentDigest }
}

function evidence(seat: number, first: Statement, second: Statement, node = 0): Observation {
  return { kind: 'evidence', node, seat, first, second }
}

function verdict(history: readonly Observation[]): string | undefined {
  const referee = createReferee(COMMITTEE)
  history.forEach((observation, now) => referee.observe(now, observation))
  referee.finish(history.length)
  const violation = referee.violation()
  return violation && `${violation.rule}: ${violation.sentence}`
}

const A = notarize(1, 'a', 0, 'g')
const B = notarize(2, 'b', 1, 'a')
const C_AFTER_A = notarize(3, 'c', 1, 'a')

type Case = { readonly name: string; readonly history: readonly Observation[] }

const CLEAN: readonly Case[] = [
  { name: 'nothing happens', history: [] },
  {
    name: 'two views are finalized',
    history: [
      ...certified(A),
      ...certified(finalize(A)),
      ...certified(B),
      ...certified(finalize(B)),
      taken(0, 1, 'a', 'g'),
      taken(0, 2, 'b', 'a'),
      taken(1, 1, 'a', 'g'),
    ],
  },
  {
    name: 'a nullified view is skipped',
    history: [
      ...certified(A),
      ...certified(nullify(2), [1, 2, 3]),
      ...certified(C_AFTER_A),
      ...certified(finalize(C_AFTER_A)),
    ],
  },
  {
    name: 'a view is notarized and nullified',
    history: [...certified(A), ...certified(nullify(1))],
  },
  {
    name: 'a byzantine seat contradicts itself and is named',
    history: [
      signed(3, A),
      signed(3, notarize(1, 'z', 0, 'g')),
      evidence(3, A, notarize(1, 'z', 0, 'g')),
    ],
  },
  {
    name: 'a byzantine node says nonsense about others',
    history: [evidence(0, A, B, 3), shown(A, 0b1111, 3)],
  },
  {
    name: 'a restart loses unsynced heights and takes them again',
    history: [
      taken(0, 1, 'a', 'g'),
      taken(0, 2, 'b', 'a'),
      { kind: 'restarted', node: 0, appliedHeight: 1 },
      taken(0, 1, 'a', 'g'),
      taken(0, 2, 'b', 'a'),
    ],
  },
]

const BROKEN: readonly (Case & { readonly rule: string })[] = [
  {
    rule: 'S1',
    name: 'two nodes take different blocks at a height',
    history: [taken(0, 1, 'a', 'g'), taken(1, 1, 'z', 'g')],
  },
  {
    rule: 'S2',
    name: 'two blocks are notarized in a view',
    history: [...certified(A), shown(notarize(1, 'z', 0, 'g'), 0b0111, 1)],
  },
  {
    rule: 'S2',
    name: 'one block is notarized in a view on two parents',
    history: [...certified(B), shown(notarize(2, 'b', 0, 'a'), 0b0111, 1)],
  },
  {
    rule: 'S3',
    name: 'a finalized view is nullified',
    history: [...certified(A), ...certified(finalize(A)), shown(nullify(1), 0b0111)],
  },
  {
    rule: 'S3',
    name: 'a nullified view is finalized',
    history: [...certified(A), ...certified(nullify(1)), shown(finalize(A), 0b0111)],
  },
  {
    rule: 'S4',
    name: 'a view is skipped that nobody nullified',
    history: [...certified(A), ...certified(C_AFTER_A), ...certified(finalize(C_AFTER_A))],
  },
  {
    rule: 'S4',
    name: 'a finalized view is skipped',
    history: [
      ...certified(A),
      ...certified(B),
      ...certified(finalize(B)),
      ...certified(C_AFTER_A),
      ...certified(finalize(C_AFTER_A)),
    ],
  },
  {
    rule: 'S4',
    name: 'the parent is not what its view notarized',
    history: (() => {
      const stray = notarize(2, 'b', 1, 'other')
      return [...certified(A), ...certified(stray), ...certified(finalize(stray))]
    })(),
  },
  {
    rule: 'S4',
    name: 'the fault is two ancestors below what is finalized',
    history: (() => {
      const stray = notarize(1, 'a', 0, 'not the genesis')
      return [...certified(stray), ...certified(B), ...certified(finalize(B))]
    })(),
  },
  {
    rule: 'S5',
    name: 'a block is finalized that was never notarized',
    history: certified(finalize(A)),
  },
  {
    rule: 'S6',
    name: 'a certificate has too few signers',
    history: certified(A, [0, 1]),
  },
  {
    rule: 'S6',
    name: 'a certificate names a seat that did not sign',
    history: [signed(0, A), signed(1, A), shown(A, 0b0111)],
  },
  {
    rule: 'S6',
    name: 'a certificate names a seat beyond the committee',
    history: [...certified(A), shown(A, 0b10111, 1)],
  },
  {
    rule: 'S6',
    name: 'signatures for a nullification are shown as a notarization',
    history: [signed(0, nullify(1)), signed(1, nullify(1)), signed(2, nullify(1)), shown(A, 7)],
  },
  {
    rule: 'S7',
    name: 'an honest seat notarizes two blocks in a view',
    history: [signed(0, A), signed(0, notarize(1, 'z', 0, 'g'))],
  },
  {
    rule: 'S7',
    name: 'an honest seat finalizes what it gave up',
    history: [signed(0, nullify(1)), signed(0, finalize(A))],
  },
  {
    rule: 'S7',
    name: 'an honest seat is accused',
    history: [evidence(0, A, notarize(1, 'z', 0, 'g'))],
  },
  {
    rule: 'S7',
    name: 'evidence shows no contradiction',
    history: [signed(3, A), signed(3, nullify(1)), evidence(3, A, nullify(1))],
  },
  {
    rule: 'S7',
    name: 'evidence shows a signature that was never made',
    history: [signed(3, A), evidence(3, A, notarize(1, 'z', 0, 'g'))],
  },
  {
    rule: 'S8',
    name: 'a height is left out',
    history: [taken(0, 1, 'a', 'g'), taken(0, 3, 'c', 'b')],
  },
  {
    rule: 'S8',
    name: 'a height is left out after a restart',
    history: [
      taken(0, 1, 'a', 'g'),
      taken(0, 2, 'b', 'a'),
      { kind: 'restarted', node: 0, appliedHeight: 0 },
      taken(0, 2, 'b', 'a'),
    ],
  },
  {
    rule: 'S1',
    name: 'a height changes over a restart',
    history: [
      taken(0, 1, 'a', 'g'),
      { kind: 'restarted', node: 0, appliedHeight: 0 },
      taken(0, 1, 'z', 'g'),
    ],
  },
  {
    rule: 'S8',
    name: 'a block is taken on a parent that was never taken',
    history: [taken(0, 1, 'a', 'g'), taken(0, 2, 'b', 'x')],
  },
  {
    rule: 'S8',
    name: 'a node restarts above everything it took',
    history: [taken(0, 1, 'a', 'g'), { kind: 'restarted', node: 0, appliedHeight: 2 }],
  },
]

describe('simulator: checkers', () => {
  for (const { name, history } of CLEAN) {
    test(`simulator: checkers: no rule is broken when ${name}`, () => {
      expect(verdict(history)).toBeUndefined()
    })
  }

  for (const { rule, name, history } of BROKEN) {
    test(`simulator: checkers: ${rule} is broken when ${name}`, () => {
      expect(verdict(history)).toMatch(new RegExp(`^${rule}: `))
    })
  }

  test('simulator: checkers: every safety rule has a history that breaks it', () => {
    const rules = new Set(BROKEN.map(({ rule }) => rule))
    expect([...rules].toSorted()).toEqual(['S1', 'S2', 'S3', 'S4', 'S5', 'S6', 'S7', 'S8'])
  })

  test('simulator: checkers: the first violation is kept with its time', () => {
    const referee = createReferee(COMMITTEE)
    referee.report({ rule: 'host', sentence: 'first', atMs: 3 })
    referee.observe(9, evidence(0, A, B))
    expect(referee.violation()).toEqual({ rule: 'host', sentence: 'first', atMs: 3 })
  })
})

describe('simulator: liveness', () => {
  function watch(): ReturnType<typeof createLivenessWatch> {
    return createLivenessWatch({ committee: COMMITTEE, nodeCount: 4, heightsWanted: 2 })
  }

  function take(node: number, height: number): Observation {
    return taken(node, height, `${height}`, `${height - 1}`)
  }

  test('simulator: liveness: done when every honest node took the wanted heights', () => {
    const liveness = watch()
    liveness.observe(1, take(0, 1))
    liveness.stabilized(10)
    for (const node of [0, 1]) for (const height of [2, 3]) liveness.observe(20, take(node, height))
    expect(liveness.isDone()).toBe(false)
    liveness.observe(25, take(2, 2))
    expect(liveness.recoveryMs()).toBe(15)
    expect(liveness.isDone()).toBe(false)
    liveness.observe(30, take(2, 3))
    expect(liveness.isDone()).toBe(true)
    expect(liveness.heights()).toEqual([3, 3, 3, 0])
  })

  test('simulator: liveness: heights before stabilization are no recovery', () => {
    const liveness = watch()
    for (const node of [0, 1, 2]) liveness.observe(5, take(node, 5))
    liveness.stabilized(10)
    for (const node of [0, 1, 2]) liveness.observe(15, take(node, 5))
    expect(liveness.isDone()).toBe(false)
    expect(liveness.recoveryMs()).toBeUndefined()
  })
})

/**
 * Twins (Bano et al.), exhaustively: four seats, one of which is on two machines that know nothing of each other; three
 * views, in each of which any seat may lead and the five machines may be split in two in any way. That is 4 x 16 choices
 * per view and 64^3 = 262,144 cases, none of them drawn. Afterwards the network is whole: no fork, and the chain goes on.
 *
 * A case is a number; its digits in base 64, the first view's first, are 16 x leader + split.
 */
import type { ConsensusMessage } from '../../node/consensus/message.ts'
import { assert } from '../../node/primitives/assert.ts'
import type { Seat } from '../../node/primitives/identifiers.ts'
import type { ConsensusPlan } from './consensus-plan.ts'
import { viewOf } from './consensus-seen.ts'
import {
  runConsensus,
  type ConsensusOutcome,
  type ConsensusRunOptions,
  type ConsensusScenario,
} from './consensus-world.ts'
import type { LinkQuality } from './network.ts'

const SEATS = 4
const SPLITS = 16
const VIEWS = 3
const CHOICES = SEATS * SPLITS
export const TWINS_CASES = CHOICES ** VIEWS

/** The seat on two machines: nodes 0 and 4. Nodes 1 to 3 are honest. */
const TWIN_SEAT: Seat = 0
const DELAY_MS = 10
const DELTA_MS = 2 * DELAY_MS
/** Three views that all have to be given up, with their retries, are over by then. */
const WHOLE_AT_MS = 20 * DELTA_MS
/** Hundred times what recovery takes on average. */
const PATIENCE_MS = 20_000

export type TwinsView = {
  readonly leader: Seat
  /** Bit i: node i is not on the side of node 4. */
  readonly split: number
}

export function twinsViews(index: number): readonly TwinsView[] {
  assert(Number.isSafeInteger(index) && index >= 0 && index < TWINS_CASES, 'the case exists')
  const views: TwinsView[] = []
  for (let rest = index; views.length < VIEWS; rest = Math.floor(rest / CHOICES)) {
    const digit = rest % CHOICES
    views.unshift({ leader: Math.floor(digit / SPLITS), split: digit % SPLITS })
  }
  return views
}

export function twinsIndex(views: readonly TwinsView[]): number {
  return views.reduce((sum, { leader, split }) => sum * CHOICES + leader * SPLITS + split, 0)
}

/** For people: `leader 2: 0 1 | 2 3 4`, a view each. */
export function twinsText(index: number): string {
  const lines = twinsViews(index).map(({ leader, split }) => {
    const sides = [0, 1].map((side) =>
      [0, 1, 2, 3, 4].filter((node) => sideOf(split, node) === side),
    )
    const [near = [], far = []] = sides
    return `leader ${leader}: ${near.join(' ')}${far.length > 0 ? ` | ${far.join(' ')}` : ''}`
  })
  return lines.join('; ')
}

function sideOf(split: number, node: number): number {
  return node === SEATS ? 0 : (split >> node) & 1
}

export function runTwins(
  index: number,
  rules: Pick<ConsensusRunOptions, 'rules'> = {},
): ConsensusOutcome {
  return runConsensus(planOf(index), { ...rules, scenario: scenarioOf(index) })
}

/** The chosen leaders first, then everybody in turn. */
function scenarioOf(index: number): ConsensusScenario {
  const views = twinsViews(index)
  /** The newest view each node has spoken of: where it stands when it asks for something. */
  const standing = [1, 1, 1, 1, 1]
  const viewSpokenOf = (from: number, message: ConsensusMessage): number => {
    const view = viewOf(message)
    if (view > (standing[from] ?? 0)) standing[from] = view
    return view === 0 ? (standing[from] ?? 1) : view
  }
  return {
    leaderOrder: [...views.map(({ leader }) => leader), 1, 2, 3, 0],
    passes: (from, to, message, now) => {
      const spokenOf = viewSpokenOf(from, message)
      const split = views[spokenOf - 1]?.split
      if (now >= WHOLE_AT_MS || split === undefined) return true
      return sideOf(split, from) === sideOf(split, to)
    },
  }
}

const LINK: LinkQuality = {
  delayMinMs: DELAY_MS,
  delayHalfLifeMs: 0,
  delayMaxMs: DELAY_MS,
  dropPerMyriad: 0,
  duplicatePerMyriad: 0,
  replayPerMyriad: 0,
}

function planOf(index: number): ConsensusPlan {
  const nodeCount = SEATS + 1
  return {
    campaign: 'twins-exhaustive',
    seed: index,
    seatCount: SEATS,
    observerCount: 0,
    adversaries: [{ seat: TWIN_SEAT, vice: 'twins' }],
    timing: { deltaMs: DELTA_MS, blockIntervalMs: 0, idleIntervalMs: 0, backoffMax: 8 },
    latencies: {
      syncMs: [0, 0],
      signMs: [0, 0],
      checkMs: [0, 0],
      buildMs: [0, 0],
      verifyMs: [0, 0],
    },
    network: { nodeCount, stableAtMs: WHOLE_AT_MS, unstable: LINK, stable: LINK, partitions: [] },
    crashes: [],
    heightsWanted: 1,
    patienceMs: PATIENCE_MS,
    work: 'always',
    journalIsPruned: false,
    clockSkewsMs: Array.from({ length: nodeCount }, () => 0),
    slowness: Array.from({ length: nodeCount }, () => 1),
    messagesAreEncoded: false,
    disksHonourSync: true,
    votesGuarded: true,
  }
}

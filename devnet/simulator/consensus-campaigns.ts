/**
 * The campaigns every consensus change must survive, as data (docs/protocol A.13), and what they have in common.
 * A campaign is a shape; a seed makes it a plan.
 */
import { MYRIAD } from './network.ts'
import type { CampaignShape } from './campaign-shape.ts'

const DELTA_MS = 100
const BACKOFF_MAX = 8

/** All the trouble stays within the model; campaigns add to it. */
export const QUIET: CampaignShape = {
  name: 'quiet',
  title: 'nothing goes wrong, n=4',
  isSwarm: false,
  seatCount: 4,
  observerCount: 0,
  vices: [],
  stableAtMs: 1000,
  dropPerMyriad: 0,
  partitions: false,
  crashes: 0,
  downDeltasMax: 10,
  clockSkewMaxMs: 0,
  slowOneIn: 0,
  heightsWanted: 10,
  deltaMs: DELTA_MS,
  stable: {
    delayMinMs: 20,
    delayHalfLifeMs: 20,
    delayMaxMs: DELTA_MS,
    dropPerMyriad: 0,
    duplicatePerMyriad: 0,
    replayPerMyriad: 0,
  },
  backoffMax: BACKOFF_MAX,
  blockIntervalMs: 0,
  idleIntervalMs: 0,
  work: 'always',
  patienceMs: 60_000,
  disksHonourSync: true,
  votesGuarded: true,
}

const STORM_MS = 8000

function percent(share: number): number {
  return (share * MYRIAD) / 100
}

export const CAMPAIGNS: readonly CampaignShape[] = [
  QUIET,
  {
    ...QUIET,
    name: 'drop',
    title: '30 % drop and heavy delay until stable, n=4',
    observerCount: 1,
    stableAtMs: STORM_MS,
    dropPerMyriad: percent(30),
  },
  {
    ...QUIET,
    name: 'partitions',
    title: 'partitions and 15 % drop, n=7',
    seatCount: 7,
    stableAtMs: STORM_MS,
    dropPerMyriad: percent(15),
    partitions: true,
  },
  {
    ...QUIET,
    name: 'crash',
    title: 'crash and restart from the journal, 15 % drop, partitions, n=4',
    observerCount: 1,
    stableAtMs: STORM_MS,
    dropPerMyriad: percent(15),
    partitions: true,
    crashes: 3,
  },
  {
    ...QUIET,
    name: 'absence',
    title: 'nodes are away for up to 20 s and have 100 blocks to catch up, n=4',
    observerCount: 1,
    stableAtMs: 2 * STORM_MS,
    dropPerMyriad: percent(5),
    crashes: 1,
    downDeltasMax: 200,
  },
  {
    ...QUIET,
    name: 'silent',
    title: 'one seat silent, 10 % drop, crashes, n=4',
    vices: ['silent'],
    stableAtMs: STORM_MS / 2,
    dropPerMyriad: percent(10),
    crashes: 1,
  },
  {
    ...QUIET,
    name: 'vote-for-everything',
    title: 'one seat votes for everything, 10 % drop, crashes, n=4',
    vices: ['vote-for-everything'],
    stableAtMs: STORM_MS,
    dropPerMyriad: percent(10),
    crashes: 2,
  },
  {
    ...QUIET,
    name: 'equivocating-leader',
    title: 'one leader shows two blocks, 10 % drop, crashes, n=4',
    vices: ['equivocating-leader'],
    stableAtMs: STORM_MS,
    dropPerMyriad: percent(10),
    crashes: 2,
  },
  {
    ...QUIET,
    name: 'twins',
    title: 'one seat on two machines, 10 % drop, n=4',
    vices: ['twins'],
    stableAtMs: STORM_MS,
    dropPerMyriad: percent(10),
  },
  {
    ...QUIET,
    name: 'twins-7',
    title: 'two seats on two machines each, 10 % drop, crashes, partitions, n=7',
    seatCount: 7,
    vices: ['twins', 'twins'],
    stableAtMs: STORM_MS,
    dropPerMyriad: percent(10),
    partitions: true,
    crashes: 1,
  },
  {
    ...QUIET,
    name: 'liars',
    title: 'one seat forges, one sends to some only, 10 % drop, partitions, n=7',
    seatCount: 7,
    observerCount: 1,
    vices: ['forger', 'selective-sender'],
    stableAtMs: STORM_MS,
    dropPerMyriad: percent(10),
    partitions: true,
  },
  {
    ...QUIET,
    name: 'collected',
    title:
      'votes go to one seat first; one is silent, one sends to some only, 10 % drop, crashes, n=8',
    seatCount: 8,
    vices: ['silent', 'selective-sender'],
    stableAtMs: STORM_MS,
    dropPerMyriad: percent(10),
    crashes: 1,
  },
  {
    ...QUIET,
    name: 'swarm',
    title: 'another mixture of size, vices and faults for every seed, n=4..10',
    isSwarm: true,
    stableAtMs: STORM_MS,
  },
]

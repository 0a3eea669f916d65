/**
 * Planted faults: campaigns in which one rule is taken away, so that the checkers must find something. Each comes with
 * its control: the same campaign with the rule in force, which must be clean. A checker that misses a planted fault is
 * dead, and so is everything it has ever called clean.
 */
import { QUIET } from '../../../devnet/simulator/consensus-campaigns.ts'
import type { CampaignShape } from '../../../devnet/simulator/campaign-shape.ts'
import { STANDARD_RULES, type EngineRules } from '../../../node/consensus/rules.ts'

/** How a planted fault shows itself: one of these rules is broken, or the committee is stuck. */
export type Symptom = { readonly rules: readonly string[] } | 'stuck'

/** Two histories: what must never happen, whatever else does. */
const FORK: Symptom = { rules: ['S1', 'S2', 'S3'] }
/** An honest seat can be slashed. */
const SLASHABLE: Symptom = { rules: ['S7'] }

export type PlantedFault = {
  readonly name: string
  /** The rule of docs/protocol that is taken away. */
  readonly rule: string
  readonly shape: CampaignShape
  readonly rules: EngineRules
  readonly control: { readonly shape: CampaignShape; readonly rules: EngineRules }
  /** Rules that would be broken first and hide the symptom. */
  readonly ignoredRules?: readonly string[]
  readonly symptom: Symptom
  /** Within this many seeds one must show the symptom; the control runs as many. */
  readonly seedsMax: number
}

const STORM: CampaignShape = {
  ...QUIET,
  stableAtMs: 8000,
  dropPerMyriad: 1500,
  partitions: true,
}

/** Off the true bound by three: everything arrives, but too late for timeouts that never grow. */
const SLOW: CampaignShape = {
  ...QUIET,
  name: 'slow',
  stableAtMs: 0,
  stable: { ...QUIET.stable, delayMinMs: 270, delayHalfLifeMs: 30, delayMaxMs: 330 },
  patienceMs: 60_000,
}

const FIVE: CampaignShape = { ...STORM, name: 'five', seatCount: 5, vices: ['twins'] }
const LOSSY: CampaignShape = { ...STORM, name: 'lossy', dropPerMyriad: 3000 }
const CRASHING: CampaignShape = { ...STORM, name: 'crashing', crashes: 4 }
/** The guard would refuse what these faults make a node sign; it is off to see the checkers see it. */
const UNGUARDED: CampaignShape = { ...CRASHING, name: 'unguarded', votesGuarded: false }
const SILENT: CampaignShape = { ...CRASHING, name: 'silent', vices: ['silent'] }

function without(change: Partial<EngineRules>): EngineRules {
  return { ...STANDARD_RULES, ...change }
}

function planted(
  fault: Omit<PlantedFault, 'control' | 'rules'> & {
    readonly rules?: EngineRules
    readonly controlShape?: CampaignShape
  },
): PlantedFault {
  const { controlShape, rules, ...rest } = fault
  const control = { shape: controlShape ?? fault.shape, rules: STANDARD_RULES }
  return { ...rest, rules: rules ?? STANDARD_RULES, control }
}

export const PLANTED_FAULTS: readonly PlantedFault[] = [
  planted({
    name: 'a quorum of 2f + 1 among five seats',
    rule: 'A.2',
    shape: FIVE,
    rules: without({ quorum: (seatCount) => 2 * Math.floor((seatCount - 1) / 3) + 1 }),
    ignoredRules: ['S6'],
    symptom: FORK,
    seedsMax: 30,
  }),
  planted({
    name: 'timeouts that do not grow while messages take three times delta',
    rule: 'R1',
    shape: SLOW,
    rules: without({ backoff: () => 1 }),
    symptom: 'stuck',
    seedsMax: 5,
  }),
  planted({
    name: 'no entry certificate on retry and no answer to laggards',
    rule: 'R11, R12',
    shape: LOSSY,
    rules: without({ entryCertificateOnRetry: false, laggardReply: false }),
    symptom: 'stuck',
    seedsMax: 30,
  }),
  planted({
    name: 'finalizing what was given up',
    rule: 'R8',
    shape: UNGUARDED,
    rules: without({ finalizeAfterNullify: true }),
    symptom: SLASHABLE,
    seedsMax: 20,
  }),
  planted({
    name: 'a guard refuses to finalize what was given up',
    rule: 'R8',
    shape: CRASHING,
    rules: without({ finalizeAfterNullify: true }),
    symptom: { rules: ['host'] },
    seedsMax: 20,
  }),
  planted({
    name: 'a journal that is not synced before a vote leaves',
    rule: 'A.10.1',
    shape: { ...UNGUARDED, disksHonourSync: false },
    controlShape: UNGUARDED,
    symptom: SLASHABLE,
    seedsMax: 20,
  }),
  planted({
    name: 'own votes that stay out of the tally after a restart',
    rule: 'A.10.2',
    shape: SILENT,
    rules: without({ ownVotesRestored: false }),
    symptom: 'stuck',
    seedsMax: 60,
  }),
  planted({
    name: 'two twins among four seats',
    rule: 'A.2',
    shape: { ...STORM, name: 'two-twins', vices: ['twins', 'twins'] },
    controlShape: { ...STORM, name: 'one-twin', vices: ['twins'] },
    symptom: FORK,
    seedsMax: 60,
  }),
]

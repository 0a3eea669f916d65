/** Scenes by name, and one seed of one of them. */
import type { CampaignShape } from '../../../devnet/simulator/campaign-shape.ts'
import { runCampaign } from '../../../devnet/simulator/campaign.ts'
import { QUIET } from '../../../devnet/simulator/consensus-campaigns.ts'
import { ONE_EPOCH } from '../../../node/beacon/epoch.ts'
import { runBout, type BoutEnd, type Scene } from './bout.ts'
import { runCapturedBout } from './captured-bout.ts'
import { runForcedBout } from './forced-bout.ts'
import { runForkBout } from './fork-bout.ts'
import { runOpenBout } from './open-bout.ts'
import { runPassingBout } from './passing-bout.ts'
import type { SceneName } from './planted-bug.ts'
import { runSampledBout } from './sampled-bout.ts'
import { runSilentBout } from './silent-bout.ts'
import { runStakeBout } from './stake-bout.ts'
import { runStateSyncBout } from './state-sync-bout.ts'

/** With so little gas a channel's window is 120 receipts. */
const SMALL_BLOCKS = { gasLimit: 400_000 }

const SHORT_EPOCHS = { epochs: { ...ONE_EPOCH, blocks: 4 } }

const SCENES: readonly Scene[] = [
  { name: 'calm', orders: 30 },
  { name: 'restarts', orders: 40, restarts: 'some' },
  { name: 'restarted', orders: 120, restarted: true, local: true },
  { name: 'crashes', orders: 40, restarts: 'crashes' },
  { name: 'blackouts', orders: 40, restarts: 'all' },
  { name: 'losses', orders: 40, lossPerMille: 150, replayPerMille: 50 },
  { name: 'lost-pushes', orders: 30, pushesLost: true },
  { name: 'stalled-shard', orders: 300, stalled: true, genesis: SMALL_BLOCKS },
  { name: 'vice: stale-anchor', orders: 30, vice: 'stale-anchor', local: true },
  // What crosses would tell an old crosslink from a new one by its value (C.3 (8)).
  { name: 'vice: stale-crosslink', orders: 30, vice: 'stale-crosslink', local: true },
  { name: 'vice: bad-signer', orders: 30, vice: 'bad-signer', blamed: true },
  { name: 'copied-transactions', orders: 30, copied: true },
  { name: 'epochs', orders: 60, genesis: SHORT_EPOCHS },
  { name: 'epochs: restarts', orders: 80, restarts: 'some', genesis: SHORT_EPOCHS },
  {
    name: 'epochs: losses',
    orders: 60,
    lossPerMille: 250,
    replayPerMille: 0,
    genesis: SHORT_EPOCHS,
  },
  { name: 'retire', orders: 20, genesis: SHORT_EPOCHS, retires: 2 },
]

/** All of one committee has the vice. */
const CAPTURED = 'captured: '

const STORM: CampaignShape = {
  ...QUIET,
  stableAtMs: 8_000,
  dropPerMyriad: 1_500,
  partitions: true,
}
const COMMITTEES: Readonly<Record<string, CampaignShape>> = {
  /** The guard would refuse; it is off to see the checkers see it. */
  'committee: crashing': { ...STORM, name: 'crashing', crashes: 4, votesGuarded: false },
  'committee: forger': { ...STORM, name: 'forger', vices: ['forger'] },
}

export function runScene(name: SceneName, seed: number): BoutEnd {
  const shape = COMMITTEES[name]
  if (shape !== undefined) return runCommittee(shape, seed)
  if (name.startsWith(CAPTURED)) return runCapturedBout(name.slice(CAPTURED.length), seed)
  if (name === 'forced') return runForcedBout(seed)
  if (name === 'forked') return runForkBout(seed)
  if (name === 'open') return runOpenBout(seed)
  if (name === 'stake') return runStakeBout(seed)
  if (name === 'sampled') return runSampledBout(seed)
  if (name === 'silent') return runSilentBout(seed)
  if (name === 'passers') return runPassingBout(seed)
  if (name === 'wrong chunks') return runStateSyncBout(seed)
  const scene = SCENES.find((one) => one.name === name) ?? viceScene(name)
  return runBout(scene, seed)
}

function viceScene(name: SceneName): Scene {
  return { name, orders: 30, vice: name.slice('vice: '.length) }
}

function runCommittee(shape: CampaignShape, seed: number): BoutEnd {
  const { firstFailure } = runCampaign(shape, { first: seed, count: 1 })
  const { violation, isStuck } = firstFailure ?? {}
  const broken = violation && `${violation.rule} at ${violation.atMs} ms: ${violation.sentence}`
  return { verdict: broken ?? (isStuck === true ? 'stuck' : undefined), virtualMs: 0 }
}

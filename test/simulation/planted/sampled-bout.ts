/**
 * A bout of a beacon that draws its committee (B.15): of eight nodes four sit there, and of those who sit in epoch 0 none sits in
 * epoch 1. What those say of the beacon who know how epoch 0 ended is lost until somebody asks; then the network goes on, from draw to draw.
 */
import { drawCommittees, epochSeed } from '../../../node/beacon/committee.ts'
import { ONE_EPOCH } from '../../../node/beacon/epoch.ts'
import { bigIntToBytes } from '../../../node/primitives/bytes.ts'
import { hashTagged } from '../../../node/primitives/hash.ts'
import type { Hash } from '../../../node/primitives/identifiers.ts'
import { createPrng } from '../../../node/primitives/prng.ts'
import type { NodeMessage } from '../../../node/validator/message.ts'
import { createTrial, type Trial } from '../sharded/trial.ts'
import type { BoutEnd } from './bout.ts'

const NODES = 8
const SHARDS = 2
const BEACON_SEATS = 4
const EPOCH_BLOCKS = 4
const EPOCHS = 2
const SOON_MS = 40_000

export function runSampledBout(seed: number): BoutEnd {
  let isAsked = false
  const trial: Trial = createTrial({
    shardCount: SHARDS,
    nodeCount: NODES,
    seed,
    genesis: {
      seed: disjointSeed(seed),
      epochs: { ...ONE_EPOCH, blocks: EPOCH_BLOCKS },
      beaconSeats: BEACON_SEATS,
    },
    events: {
      passes: (from, _to, message) => {
        if (isAsked || message.kind !== 'consensus' || message.chain !== 0) return true
        isAsked = isQuestion(message) && someEnded(trial)
        return trial.world.validator(from).beacon.head().epoch === 0
      },
    },
  })
  let verdict: string | undefined
  try {
    verdict = watch(trial, seed) ?? trial.court.violation() ?? trial.court.receipts.finish()
  } catch (error) {
    verdict = `thrown at ${trial.world.now()} ms: ${String(error)}`
  }
  return { verdict, virtualMs: trial.world.now() }
}

/** How did the beacon's epoch 0 end? */
function isQuestion(message: NodeMessage): boolean {
  if (message.kind !== 'consensus') return false
  return message.epoch === 0 && message.message.kind === 'get-certificate'
}

function someEnded({ world, nodeCount }: Trial): boolean {
  const nodes = Array.from({ length: nodeCount }, (_, node) => node)
  return nodes.some((node) => world.isUp(node) && world.validator(node).beacon.head().epoch > 0)
}

/** Epochs 0 and 1 are both drawn from it (B.4). */
function disjointSeed(from: number): Hash {
  for (let attempt = 0; ; attempt++) {
    const seed = hashTagged('sampled bout', bigIntToBytes(BigInt(from), 8), Uint8Array.of(attempt))
    const seatsIn = (epoch: number) =>
      drawCommittees({
        seed: epochSeed(seed, epoch),
        validatorCount: NODES,
        shardCount: SHARDS,
        beaconSeats: BEACON_SEATS,
      })[0] ?? []
    const before = seatsIn(0)
    if (seatsIn(1).every((node) => !before.includes(node))) return seed
    if (attempt === 255) return disjointSeed(from + 1_000)
  }
}

function watch(trial: Trial, seed: number): string | undefined {
  const { world, traffic } = trial
  const dice = createPrng(seed).stream('traffic')
  trial.startAll()
  const epochsOf = (): readonly number[] =>
    Array.from({ length: NODES }, (_, node) => world.validator(node).beacon.head().epoch)
  while (Math.min(...epochsOf()) < EPOCHS && world.now() < SOON_MS) {
    if (trial.court.violation() !== undefined) return undefined
    world.run(world.now() + 250)
    traffic.send(traffic.draw(dice), dice.below(NODES))
  }
  if (Math.min(...epochsOf()) < EPOCHS) return `stuck: beacons are in epochs ${epochsOf().join()}`
  return trial.settle(SOON_MS) ? undefined : 'stuck: what was sent does not settle'
}

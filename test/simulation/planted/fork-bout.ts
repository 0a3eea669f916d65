/**
 * A bout in which a captured shard forks (C.7): afterwards honest nodes hold what the beacon recorded, the gang is slashed (B.12)
 * and nobody else is.
 */
import { holdersOf, openFork, stateOf, type ForkScene } from '../sharded/fork-scene.ts'
import type { BoutEnd } from './bout.ts'

/** The fork, the record of one branch, the way over to it and a block with the proof. */
const WITHIN_MS = 25_000

export function runForkBout(seed: number): BoutEnd {
  const scene = openFork(seed)
  const { world } = scene.trial
  let verdict: string | undefined
  try {
    scene.send(10)
    world.run(world.now() + WITHIN_MS)
    verdict = elsewhere(scene) ?? wronglyJudged(scene)
  } catch (error) {
    verdict = `thrown at ${world.now()} ms: ${String(error)}`
  }
  return { verdict, virtualMs: world.now() }
}

function elsewhere(scene: ForkScene): string | undefined {
  for (const shard of [1, 2]) {
    for (const node of holdersOf(scene, shard)) {
      const { height, hash } = stateOf(scene, node, shard)
      const known = scene.recorded.get(`${shard}/${height}`)
      if (known?.has(hash) === false)
        return `C7: node ${node} holds another block ${height} of shard ${shard}`
    }
  }
  return undefined
}

function wronglyJudged({ trial, gang, honest }: ForkScene): string | undefined {
  const { validators } = trial.world.validator(honest[0] ?? 0).beacon.head()
  for (const [index, { status }] of validators.entries()) {
    const isSlashed = status === 'slashed'
    if (isSlashed !== gang.includes(index))
      return `S12: validator ${index} is ${isSlashed ? '' : 'not '}slashed`
  }
  return undefined
}

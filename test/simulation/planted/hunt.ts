/** The hunt for one planted bug, or for none: seeds from 1 on until one fails. */
import process from 'node:process'
import type { BoutEnd } from './bout.ts'
import { importPatched } from './patched-modules.ts'
import { SEEDS_MAX, type PlantedBug, type SceneName } from './planted-bug.ts'

export type Catch = {
  /** Seeds run; the last one failed, if `verdict` is there. */
  readonly seeds: number
  /** Processor time of this thread, in milliseconds: the machine may be busy with something else. */
  readonly cpuMs: number
  /** What the simulator said; undefined: nothing in all these seeds. */
  readonly verdict: string | undefined
}

type Scenes = { readonly runScene: (name: SceneName, seed: number) => BoutEnd }

const SCENES_FILE = 'test/simulation/planted/scenes.ts'

export async function hunt({ name, patches, scene }: PlantedBug): Promise<Catch> {
  return searched(await importPatched(name, patches, SCENES_FILE), scene, SEEDS_MAX)
}

/** The same seeds without a bug. */
export async function control(scene: SceneName, seeds: number): Promise<Catch> {
  return searched(await importPatched('control', [], SCENES_FILE), scene, seeds)
}

function searched(module: unknown, scene: SceneName, seedsMax: number): Catch {
  const { runScene } = module as Scenes
  const before = process.threadCpuUsage()
  for (let seed = 1; ; seed++) {
    const { verdict } = runScene(scene, seed)
    if (verdict === undefined && seed < seedsMax) continue
    const { user, system } = process.threadCpuUsage(before)
    return { seeds: seed, cpuMs: Math.round((user + system) / 1000), verdict }
  }
}

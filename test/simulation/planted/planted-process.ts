/** Hunts in a process of its own: a test runner loads modules its own way, and only plain Node lets them be patched. */
import process from 'node:process'
import { control, hunt, type Catch } from './hunt.ts'
import type { PlantedBug, SceneName } from './planted-bug.ts'

export type HuntRequest =
  | { readonly kind: 'bug'; readonly bug: PlantedBug }
  | { readonly kind: 'control'; readonly scene: SceneName; readonly seeds: number }

export type HuntAnswer =
  | { readonly kind: 'caught'; readonly caught: Catch }
  | { readonly kind: 'failed'; readonly error: string }

async function answer(request: HuntRequest): Promise<HuntAnswer> {
  try {
    const caught =
      request.kind === 'bug' ? await hunt(request.bug) : await control(request.scene, request.seeds)
    return { kind: 'caught', caught }
  } catch (error) {
    return { kind: 'failed', error: String(error) }
  }
}

async function reply(request: HuntRequest): Promise<void> {
  process.send?.(await answer(request))
}

/** One request at a time; it ends when whoever started it does. */
process.on('message', (request: HuntRequest) => void reply(request))
process.on('disconnect', () => process.exit())

/** Hunts in a thread of its own: a test runner loads modules its own way, and only plain Node lets them be patched. */
import { parentPort } from 'node:worker_threads'
import { present } from '../../../node/primitives/assert.ts'
import { control, hunt, type Catch } from './hunt.ts'
import type { PlantedBug, SceneName } from './planted-bug.ts'

export type HuntRequest =
  | { readonly kind: 'bug'; readonly bug: PlantedBug }
  | { readonly kind: 'control'; readonly scene: SceneName; readonly seedsMax: number }

/** One request at a time. */
export type HuntAnswer = { readonly caught: Catch } | { readonly error: string }

const port = present(parentPort, 'this module is the entry of a thread')

async function answer(request: HuntRequest): Promise<HuntAnswer> {
  try {
    const { kind } = request
    const caught =
      kind === 'bug' ? await hunt(request.bug) : await control(request.scene, request.seedsMax)
    return { caught }
  } catch (error) {
    return { error: String(error) }
  }
}

port.on('message', (request: HuntRequest) => {
  void answer(request).then((found) => {
    port.postMessage(found)
    return undefined
  })
})

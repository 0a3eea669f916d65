/**
 * Saturation: the highest rate that the network sustains, found by a search and then measured over a long window.
 */
import { decide, isSustained, type SearchStart, type Step } from './search.ts'
import { drain, measureWindow, warmUp, type Load, type Window } from './window.ts'

const SEARCH_WINDOW_MS = 6000
/** The long window may fail where the short one held; then a lower rate is measured. */
const FINAL_ATTEMPTS = 4
const FINAL_BACKOFF = 0.94
/** Of the signature bound: where a search begins that knows nothing. Overload leaves a backlog, so it climbs. */
const BLIND_SHARE = 0.15
const WARM_SHARE = 0.6

type Saturated = Load & {
  readonly signatureBoundTps: number
  readonly onProgress: (sentence: string) => void
}

export type Saturation = {
  readonly window: Window
  /** Every rate that was tried on the way. */
  readonly curve: readonly Step[]
}

/** `known`: what an earlier run of the same point, or of a similar one, has sustained. */
export async function saturate(
  network: Saturated,
  {
    windowSeconds,
    known = {
      rateTps: Math.ceil(network.signatureBoundTps * BLIND_SHARE),
      known: 'nothing',
    },
  }: { readonly windowSeconds: number; readonly known?: SearchStart | undefined },
): Promise<Saturation> {
  await warmUp(network, known.rateTps * WARM_SHARE)
  const curve: Step[] = []
  const rateTps = await search(network, known, curve)
  const window = await measureSustained(network, { rateTps, windowSeconds }, curve)
  return { window, curve }
}

async function search(network: Saturated, start: SearchStart, curve: Step[]): Promise<number> {
  let decision = decide(start, curve)
  while (decision.kind === 'try') {
    const { offeredTps, settledTps, backlogGrowthTps } = await measureWindow(
      network,
      decision.rateTps,
      SEARCH_WINDOW_MS,
    )
    const step = { offeredTps, settledTps, backlogGrowthTps }
    curve.push(step)
    network.onProgress(sentenceOf(step))
    if (!isSustained(step)) await drain(network)
    decision = decide(start, curve)
  }
  return Math.max(1, decision.rateTps)
}

async function measureSustained(
  network: Saturated,
  wish: { readonly rateTps: number; readonly windowSeconds: number },
  curve: Step[],
): Promise<Window> {
  let { rateTps } = wish
  for (let attempt = 1; ; attempt++) {
    const window = await measureWindow(network, rateTps, wish.windowSeconds * 1000)
    const { offeredTps, settledTps, backlogGrowthTps } = window
    curve.push({ offeredTps, settledTps, backlogGrowthTps })
    network.onProgress(sentenceOf(window))
    if (isSustained(window) || attempt === FINAL_ATTEMPTS) return window
    await drain(network)
    rateTps *= FINAL_BACKOFF
  }
}

function sentenceOf(step: Step): string {
  const verdict = isSustained(step) ? 'sustained' : 'too much'
  return `offered ${step.offeredTps.toFixed(0)} tx/s, settled ${step.settledTps.toFixed(0)} tx/s: ${verdict}`
}

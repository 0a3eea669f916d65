/**
 * Looks into one running node of a measured network for a few seconds, with V8's sampling profiler over its inspector, all
 * threads. It happens after the measured window, under the same load, so that the figures are those of an unwatched node.
 */
import { readFile } from 'node:fs/promises'
import { SourceMap, type SourceMapPayload } from 'node:module'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { filesOf } from '../../devnet/processes/data-directory.ts'
import { sharesOf, timeByComponent, type Profile, type ProfileNode } from './components.ts'
import { openInspector, type Inspector } from './inspector.ts'
import type { MeasuredNetwork } from './measured-network.ts'

const SAMPLED_NODE = 0
const SAMPLE_MS = 6000
const INTERVAL_US = 500
const ANSWER_WITHIN_MS = 5000

/** Shares of one node's busy time; undefined, with a sentence, where it cannot be looked into. */
export async function sampleComponents({
  supervisor,
  dataDirectory,
  onProgress,
}: MeasuredNetwork): Promise<Readonly<Record<string, number>> | undefined> {
  const pid = supervisor.nodePids[SAMPLED_NODE]
  if (pid === undefined) return undefined
  const { log } = filesOf(dataDirectory).node(SAMPLED_NODE)
  try {
    const inspector = await openInspector(await wakeInspector(pid, log))
    try {
      const profiles = await sampleThreads(inspector)
      const sources = await readSources(profiles)
      return sharesOf(profiles.map((profile) => timeByComponent(profile, sources)))
    } finally {
      inspector.close()
    }
  } catch (error) {
    onProgress(`the node cannot be looked into: ${(error as Error).message}`)
    return undefined
  }
}

/** Node opens its inspector on this signal and says where in its log. */
async function wakeInspector(pid: number, log: string): Promise<string> {
  process.kill(pid, 'SIGUSR1')
  const deadlineMs = Date.now() + ANSWER_WITHIN_MS
  while (Date.now() < deadlineMs) {
    const text = await readFile(log, 'utf8').catch(() => '')
    const url = [...text.matchAll(/^Debugger listening on (ws:\S+)$/gm)].at(-1)?.[1]
    if (url !== undefined) return url
    await delay(50)
  }
  throw new Error('its inspector does not open')
}

async function sampleThreads(inspector: Inspector): Promise<readonly Profile[]> {
  const threads = [inspector.main, ...(await inspector.workers())]
  for (const call of threads) {
    await call('Profiler.enable')
    await call('Profiler.setSamplingInterval', { interval: INTERVAL_US })
    await call('Profiler.start')
  }
  await delay(SAMPLE_MS)
  return Promise.all(
    threads.map(async (call) => ((await call('Profiler.stop')) as { profile: Profile }).profile),
  )
}

/** Places in the bundle to source files, by the maps that lie beside it. */
async function readSources(
  profiles: readonly Profile[],
): Promise<(node: ProfileNode) => string | undefined> {
  const urls = new Set(profiles.flatMap(({ nodes }) => nodes.map((node) => node.callFrame.url)))
  const maps = new Map<string, SourceMap>()
  for (const url of urls) {
    if (!url.startsWith('file:')) continue
    const text = await readFile(`${fileURLToPath(url)}.map`, 'utf8').catch(() => undefined)
    if (text !== undefined) maps.set(url, new SourceMap(JSON.parse(text) as SourceMapPayload))
  }
  return ({ callFrame }) => {
    const entry = maps.get(callFrame.url)?.findEntry(callFrame.lineNumber, callFrame.columnNumber)
    // What the bundler made itself has a place and no source.
    const source: unknown = entry !== undefined && 'originalSource' in entry && entry.originalSource
    return typeof source === 'string' ? join('/', source) : undefined
  }
}

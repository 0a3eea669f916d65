/**
 * The compile cache: many processes run the same bundle, and without a cache each of them compiles it again, threads
 * included. One short-lived process does it once before the others start; a stored devnet has it already.
 */
import { spawn } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import type { BundleFiles } from './bundle.ts'
import { NODE_FLAGS } from './node-flags.ts'

/** Fills the cache anew. A failure costs time later and nothing else, so it is not reported. */
export async function warmUp(
  cacheDirectory: string,
  files: BundleFiles,
  cancel: AbortSignal,
): Promise<void> {
  await rm(cacheDirectory, { recursive: true, force: true })
  const urls = Object.values(files).map((path) => pathToFileURL(path).href)
  // A worker's module refuses to run outside its thread, but what it imports is compiled by then.
  const program = `await Promise.allSettled(${JSON.stringify(urls)}.map((url) => import(url)))`
  const child = spawn(process.execPath, [...NODE_FLAGS, '--input-type=module', '--eval', program], {
    stdio: 'ignore',
    env: { ...process.env, NODE_COMPILE_CACHE: cacheDirectory },
    signal: cancel,
    killSignal: 'SIGKILL',
  })
  const complete = await new Promise<boolean>((resolve) => {
    child.once('exit', (code) => resolve(code === 0))
    // Cancelled: its exit follows. Never started: nothing follows.
    child.once('error', () => {
      if (child.pid === undefined) resolve(false)
    })
  })
  // Half a cache would be taken for a whole one by the next start.
  if (!complete) await rm(cacheDirectory, { recursive: true, force: true })
}

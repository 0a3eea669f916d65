/**
 * One supervisor per data directory: a second one is refused, and the nodes of one that was killed are waited for.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { CommandError } from '../../node/cli/command-error.ts'
import { isAlive, readRunFile } from './run-file.ts'

/** Nodes give themselves ten seconds to end. */
const ORPHANS_END_WITHIN_MS = 15_000
const ORPHANS_POLL_MS = 100

/** Throws `CommandError` when a devnet runs in this directory. */
export async function refuseSecond(dataDirectory: string): Promise<void> {
  const run = await readRunFile(dataDirectory)
  if (run === undefined) return
  if (await isAlive(run.supervisor)) {
    throw new CommandError(
      `a devnet already runs in ${dataDirectory} (process ${run.supervisor.pid}); stop it with \`weft devnet stop\` or choose another --data`,
    )
  }
  // The supervisor was killed a moment ago; its nodes notice and end by themselves.
  const deadlineMs = Date.now() + ORPHANS_END_WITHIN_MS
  for (const node of run.nodes) {
    while ((await isAlive(node.process)) && Date.now() < deadlineMs) await delay(ORPHANS_POLL_MS)
  }
}

/**
 * The idle check before each point: a machine that is busy with something else measures that as well. It is given a while
 * to become quiet; what it did before the run stands in the row in any case.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { readMachineTicks } from '../../devnet/processes/process-figures.ts'

const SAMPLE_MS = 2000
const WAIT_MAX_MS = 30_000
/** A quiet machine with an editor and a browser open does less than this. */
const BUSY_SHARE_MAX = 0.1

/** The busy share of the last sample; 0 where it cannot be known. */
export async function awaitQuietMachine(onWait: (sentence: string) => void): Promise<number> {
  const deadlineMs = Date.now() + WAIT_MAX_MS
  let told = false
  for (;;) {
    const share = await sampleBusyShare()
    if (share <= BUSY_SHARE_MAX) return share
    const percent = (share * 100).toFixed(0)
    if (Date.now() >= deadlineMs) {
      onWait(`the machine is still ${percent} % busy with something else; the run says so`)
      return share
    }
    if (!told) onWait(`the machine is ${percent} % busy with something else: waiting`)
    told = true
  }
}

async function sampleBusyShare(): Promise<number> {
  const before = await readMachineTicks()
  await delay(SAMPLE_MS)
  const after = await readMachineTicks()
  if (before === undefined || after === undefined) return 0
  // What yields is not in the way.
  const free = after.idle - before.idle + after.nice - before.nice
  return 1 - free / Math.max(1, after.total - before.total)
}

/**
 * Killing a validator at a fail point: which one, and how it is brought there.
 */
import { FAIL_POINTS, type FailPoint } from '../../node/runtime/fail-point.ts'
import type { MortalRun } from './mortal-run.ts'

/** Reached in every start and hardly ever again. */
const OF_A_START: readonly FailPoint[] = ['guard-open', 'restored', 'after-load']
/** Reached when another node has to catch up, by whichever node it asks. */
const OF_A_HELPER: readonly FailPoint[] = ['before-reply']
/** Reached while another node is down: views that it leads are given up. */
const OF_A_SURVIVOR: readonly FailPoint[] = ['after-lazy-write']
/** Reached where clients send their payments, which is at one node at a time. */
const OF_AN_ENTRANCE: readonly FailPoint[] = ['before-submit-answer']
const USUAL_COUNT = 3
/** Blocks that a node misses before it has to ask for them. */
const BLOCKS_BEHIND = 5

/**
 * Resolves with the node that killed itself at the step. `round` spreads the kills over the nodes. Rejects when a node ends
 * otherwise; waits for as long as the step is not reached.
 */
export async function killAt(run: MortalRun, step: FailPoint, round = 0): Promise<number> {
  const { network, nodes } = run
  if (OF_A_HELPER.includes(step)) return killHelper(run, step)
  if (OF_A_SURVIVOR.includes(step)) return killSurvivor(run, step)
  if (OF_AN_ENTRANCE.includes(step)) return killFirst(run, step)
  const victim = (FAIL_POINTS.indexOf(step) + round) % nodes.length
  if (OF_A_START.includes(step)) {
    await network.crash(victim)
    await network.start(victim, { step, count: 1 })
    await network.killed(victim)
  } else {
    await network.dieAt(victim, step, USUAL_COUNT)
  }
  return victim
}

/** Whoever comes to the step first. */
async function killFirst({ network, nodes }: MortalRun, step: FailPoint): Promise<number> {
  const victim = await Promise.race(
    nodes.map(async (index) => {
      await network.dieAt(index, step, USUAL_COUNT)
      return index
    }),
  )
  for (const index of nodes) if (index !== victim) network.disarm(index, step)
  return victim
}

/** Not the first, where clients enter: without it the chain would have no work, and its views would last the idle interval. */
function absenteeOf({ nodes }: MortalRun): number {
  return nodes.at(-1) ?? 0
}

async function killSurvivor(run: MortalRun, step: FailPoint): Promise<number> {
  const { network, nodes } = run
  const down = absenteeOf(run)
  const victim = nodes[0] ?? 0
  await network.crash(down)
  await network.dieAt(victim, step, 1)
  await network.start(down)
  await network.ready(down)
  return victim
}

async function killHelper(run: MortalRun, step: FailPoint): Promise<number> {
  const { network, nodes } = run
  const late = absenteeOf(run)
  const helpers = nodes.filter((node) => node !== late)
  const heightOf = async (node: number) => (await network.heights(node))?.get(1) ?? 0
  const reference = helpers[0] ?? late
  let first: Promise<number> | undefined
  let victim: number | undefined
  while (victim === undefined) {
    const target = (await heightOf(reference)) + BLOCKS_BEHIND
    await network.crash(late)
    const behind = network.until(async () => (await heightOf(reference)) >= target)
    victim = await (first === undefined ? nobody(behind) : Promise.race([first, nobody(behind)]))
    first ??= Promise.race(
      helpers.map(async (index) => {
        await network.dieAt(index, step, 1)
        return index
      }),
    )
    await network.start(late)
    // What it is sent anyway may be all that it needs: then nobody was asked, and it falls behind once more.
    const caughtUp = network.until(async () => (await heightOf(late)) >= target)
    victim ??= await Promise.race([first, nobody(caughtUp)])
  }
  for (const index of helpers) if (index !== victim) network.disarm(index, step)
  return victim
}

async function nobody(event: Promise<unknown>): Promise<undefined> {
  await event
  return undefined
}
